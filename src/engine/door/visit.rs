//! One request at the door, from its head to the end of its answer, for those who look on: the counters, the access log and its route.

use super::Settings;
use super::access_log::{Asked, Told};
use super::head::ClientHead;
use super::stats::DoorStats;
use super::visitor::Visitor;
use crate::engine::route::Activity;
use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::time::Instant;

/// A request that is being answered. What it has come to is written down when it is dropped.
#[derive(Debug)]
pub(super) struct Visit {
    settings: Arc<Settings>,
    stats: Arc<DoorStats>,
    remote: Option<SocketAddr>,
    asked: Option<Asked>,
    /// If somebody wants to know how long it takes.
    began: Option<Instant>,
    is_admitted: bool,
    /// 0 while nothing was answered.
    status: AtomicU16,
    body: AtomicU64,
    /// Why it was not answered as it should have been.
    why: OnceLock<String>,
    /// Of the route that it has found, if that comes and goes.
    activity: OnceLock<Arc<Activity>>,
}

impl Visit {
    /// `head` is `None` for what was no request.
    pub(super) fn begin(visitor: &Visitor, head: Option<&ClientHead>) -> Self {
        let Visitor { settings, stats, remote, .. } = visitor;
        DoorStats::count(&stats.in_flight);
        let is_limited = settings.limits.in_flight < usize::MAX;
        let is_admitted =
            !is_limited || settings.in_flight.fetch_add(1, Ordering::Relaxed) < settings.limits.in_flight;
        let is_observed = settings.log.is_some() || settings.monitor.is_some();
        let asked = head.filter(|_| settings.log.is_some()).map(|head| Asked::new(&head.head));
        Self {
            settings: Arc::clone(settings),
            stats: Arc::clone(stats),
            remote: *remote,
            asked,
            began: is_observed.then(Instant::now),
            is_admitted,
            status: AtomicU16::new(0),
            body: AtomicU64::new(0),
            why: OnceLock::new(),
            activity: OnceLock::new(),
        }
    }

    /// Whether there is room for it among the requests that are in flight.
    pub(super) const fn is_admitted(&self) -> bool {
        self.is_admitted
    }

    /// It has found a route.
    pub(super) fn uses(&self, activity: Option<Arc<Activity>>) {
        if let Some(activity) = activity {
            self.activity.get_or_init(|| activity);
        }
    }

    /// The activity of its route, which goes on as long as its tunnel.
    pub(super) fn activity(&self) -> Option<&Arc<Activity>> {
        self.activity.get()
    }

    /// So much of its body has come.
    pub(super) fn heard(&self, bytes: usize) {
        if bytes > 0
            && let Some(activity) = self.activity()
        {
            activity.touch();
        }
    }

    /// The target has answered it, and the client has all of the answer. What fails or leads elsewhere is no use of a route.
    pub(super) fn answered(&self) {
        if self.status.load(Ordering::Relaxed) < 300
            && let Some(activity) = self.activity()
        {
            activity.touch();
        }
    }

    /// It is being answered with this status.
    pub(super) fn told(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// The status that it is being answered with.
    pub(super) fn status(&self) -> u16 {
        self.status.load(Ordering::Relaxed)
    }

    /// It has failed, or was refused; the first reason counts.
    pub(super) fn failed(&self, why: &dyn Display) {
        if self.settings.log.is_some() {
            self.why.get_or_init(|| why.to_string());
        }
    }

    /// So much of the answer's body is on its way.
    pub(super) fn wrote(&self, bytes: usize) {
        self.body.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let Self { settings, stats, .. } = self;
        stats.in_flight.fetch_sub(1, Ordering::Relaxed);
        if settings.limits.in_flight < usize::MAX {
            settings.in_flight.fetch_sub(1, Ordering::Relaxed);
        }
        let status = *self.status.get_mut();
        stats.count_answer(status);
        if let Some(registry) = settings.routes.registry() {
            registry.tally().answered(status);
        }
        let Some(took) = self.began.map(|began| began.elapsed()) else { return };
        if settings.monitor.is_some() {
            stats.times.add(took);
        }
        if let Some(log) = &settings.log {
            let status = if status == 0 { CLIENT_LEFT } else { status };
            let told =
                Told { status, body: *self.body.get_mut(), took, why: self.why.get().map(String::as_str) };
            log.add(self.remote.map(|remote| remote.ip()), self.asked.as_ref(), told);
        }
    }
}

/// What other servers write down for a client that left before it was answered.
const CLIENT_LEFT: u16 = 499;

//! A connection's requests that go to Node.

use super::super::answer::Answered;
use super::super::connection::{Connection, Course, Next, whole_body};
use super::super::head::ClientHead;
use super::super::stats::DoorStats;
use super::super::upgrades::Granted;
use super::super::upload::Progress;
use super::super::visit::Visit;
use super::{Failure, Guest, Handover, Receiver, head};
use crate::engine::error::{Error, Kind, Phase};
use crate::engine::exchange::{Context, Exchange, Life, Order, prepare};
use crate::engine::head::Framing;
use crate::engine::ring::{Completion, Event, Ring};
use crate::engine::tunnel;
use crate::engine::upstream::Io;
use bytes::{Bytes, BytesMut};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;

impl Connection {
    /// Has Node answer a request.
    pub(in super::super) async fn hand_over<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
        &mut self,
        asked: &ClientHead,
        receiver: Receiver,
        keep_alive: bool,
        visit: &Visit,
        (reader, writer, buffer): (&mut R, &mut W, &mut BytesMut),
    ) -> Next {
        let Some(handover) = self.handover() else { return Next::Drop };
        let has_body = &asked.head.method[..] != b"HEAD";
        let mut order = match head::order(&self.visitor, asked, receiver, handover.config(receiver)) {
            Ok(order) => order,
            Err(denial) => return self.deny(&denial, visit, writer, has_body).await,
        };
        DoorStats::count(&self.visitor.stats.handed_over);
        let progress = Progress::default();
        order.body = whole_body(asked.framing, buffer, asked.awaits_continue);
        progress.uploaded.store(order.body.is_some(), Ordering::Relaxed);
        visit.heard(order.body.as_ref().map_or(0, Bytes::len));
        let is_upgrade = order.upgrade.is_some();
        let context = self.context_of(&handover, receiver, None);
        let (exchange, life) = begin(order, context);
        let (asked, framing) = (asked.as_asked(keep_alive), asked.framing);
        let course = Course { asked, framing, progress, visit, by_node: true };
        let outcome = self.exchange(life, &exchange, &course, (reader, writer, buffer)).await;
        if !is_upgrade && matches!(outcome, Ok(Ok(Answered::Whole { .. }))) {
            visit.answered();
        }
        match outcome {
            Ok(Ok(Answered::Switched)) => {
                Next::Tunnel(Granted { exchange, idle: None, activity: visit.activity().cloned() })
            }
            Ok(Ok(Answered::Failed(error))) if error.phase == Phase::Connect => {
                self.visitor.stats.count_answered(&error);
                self.own_answer(503, None, visit, writer, (has_body, true)).await
            }
            Ok(Ok(Answered::Failed(_))) => self.closed_by_node(),
            other => self.over(other, &course, writer).await,
        }
    }

    /// Has Node answer a request whose target has failed; answers as ever if it does not.
    pub(in super::super) async fn hand_failure<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
        &mut self,
        asked: &ClientHead,
        failure: Failure,
        keep_alive: bool,
        visit: &Visit,
        (reader, writer, buffer): (&mut R, &mut W, &mut BytesMut),
    ) -> Next {
        let has_body = &asked.head.method[..] != b"HEAD";
        let status = failure.error.status();
        let usual = (has_body, !keep_alive);
        let handover = self.handover().filter(|handover| handover.needs.failures());
        let Some(handover) = handover else {
            return self.own_answer(status, None, visit, writer, usual).await;
        };
        let Ok(order) = head::failed(asked, &handover.failure) else {
            return self.own_answer(status, None, visit, writer, usual).await;
        };
        let context = self.context_of(&handover, Receiver::Proxy, Some(failure));
        let (exchange, life) = begin(order, context);
        // What has not been read of the body is not read any more.
        let progress = Progress::default();
        progress.uploaded.store(true, Ordering::Relaxed);
        let (asked, framing) = (asked.as_asked(keep_alive), Framing::Empty);
        let course = Course { asked, framing, progress, visit, by_node: true };
        let outcome = self.exchange(life, &exchange, &course, (reader, writer, buffer)).await;
        match outcome {
            Ok(Ok(Answered::Failed(Error { kind: Kind::Timeout(..), .. })))
            | Ok(Ok(Answered::Failed(Error { phase: Phase::Connect, .. }))) => {
                self.own_answer(status, None, visit, writer, usual).await
            }
            Ok(Ok(Answered::Failed(_))) => self.closed_by_node(),
            other => self.over(other, &course, writer).await,
        }
    }

    /// Node has closed its socket without an answer: so is the client's.
    fn closed_by_node(&self) -> Next {
        DoorStats::count(&self.visitor.stats.cut);
        Next::Drop
    }

    fn handover(&self) -> Option<Arc<Handover>> {
        self.visitor.settings.handover.clone()
    }

    /// What an exchange with Node uses.
    fn context_of(
        &mut self,
        handover: &Arc<Handover>,
        receiver: Receiver,
        failure: Option<Failure>,
    ) -> Context {
        let guest = self.guest.get_or_insert_with(|| Guest::new(handover, &self.visitor));
        guest.context(handover, receiver, failure, &self.context.ring)
    }
}

fn begin(order: Order, context: Context) -> (Exchange, Life) {
    if order.upgrade.is_some() { tunnel::prepare(order, context) } else { prepare(order, context) }
}

/// Lives a tunnel of a client's to its end. `early` is what the client has sent already.
pub(in super::super) async fn relay(
    client: Box<dyn Io>,
    early: BytesMut,
    Granted { exchange, idle, activity }: Granted,
    ring: &Ring,
    ready: &Notify,
) {
    let exchange = AbortOnDrop(exchange);
    if !early.is_empty()
        && let Some(activity) = &activity
    {
        activity.touch();
    }
    exchange.0.request_body().write(early.freeze());
    let client = Some(tunnel::Client::Owned(client));
    exchange.0.tunnel().begin(tunnel::Settings { client, idle, activity });
    let mut completions: Vec<Completion> = Vec::new();
    loop {
        ring.drain(8, &mut completions);
        if completions.iter().any(|one| matches!(one.event, Event::End(_) | Event::Failed(_))) {
            return;
        }
        if completions.is_empty() {
            ready.notified().await;
        }
        completions.clear();
    }
}

/// A tunnel is a task of its own: it does not end with whoever waits for it.
struct AbortOnDrop(Exchange);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

//! The door's life: it accepts, it closes, it waits for what is in progress, and at last it ends that.

use super::Settings;
use super::arrival::Arrival;
use super::listener::{Accepted, Bound, Listener};
use super::monitor::{Monitor, Sources};
use super::place::SocketFile;
use super::stats::DoorStats;
use super::stream::Stream;
use super::visitor::Visitor;
use crate::engine::exchange::Context;
use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};

/// Where the door is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It takes connections and requests.
    Open,
    /// It takes no more; requests in progress go on for so long.
    Draining(Duration),
    /// What is still in progress is dropped.
    Over,
}

/// What a door is on one of its threads.
pub(super) struct Life {
    pub(super) settings: Arc<Settings>,
    pub(super) stats: Arc<DoorStats>,
    pub(super) stage: Arc<watch::Sender<Stage>>,
    pub(super) context: Context,
    pub(super) places: Arc<Semaphore>,
}

impl Life {
    /// Accepts until the door closes; holds `accepting` for so long.
    pub(super) async fn run(self, bound: Bound, accepting: mpsc::Sender<Infallible>) {
        match bound.watched() {
            Ok(listener) => self.accept_all(listener).await,
            // The runtime cannot watch another descriptor: there is nothing to be served with.
            Err(_) => DoorStats::count(&self.stats.accept_errors),
        }
        drop(accepting);
    }

    async fn accept_all(&self, listener: Listener) {
        let mut stage = self.stage.subscribe();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stage.wait_for(|stage| *stage != Stage::Open) => break,
                accepted = self.accept(&listener) => accepted,
            };
            match accepted {
                Ok((accepted, place)) => self.begin(accepted, place),
                Err(error) => self.pause(&error).await,
            }
        }
        self.accept_rest(listener);
    }

    /// Takes what has been connected before the door closed: nobody has refused it.
    fn accept_rest(&self, listener: Listener) {
        let Ok(listener) = listener.unwatched() else { return };
        while let Ok(place) = Arc::clone(&self.places).try_acquire_owned()
            && let Ok(accepted) = listener.accept_now()
        {
            self.begin(accepted, place);
        }
    }

    /// The next connection, once there is a place for it.
    async fn accept(&self, listener: &Listener) -> io::Result<(Accepted, OwnedSemaphorePermit)> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
        Ok((listener.accept().await?, place))
    }

    fn begin(&self, accepted: Accepted, place: OwnedSemaphorePermit) {
        match accepted {
            Accepted::Tcp(stream, remote) => {
                // Without it the last part of a response may wait for the client's delayed acknowledgement. It can only fail on a socket that
                // is closed already.
                stream.set_nodelay(true).ok();
                let local = self.settings.handover.as_ref().and_then(|_| stream.local_addr().ok());
                self.serve(stream, (Some(remote), local), place);
            }
            #[cfg(unix)]
            Accepted::Unix(stream) => self.serve(stream, (None, None), place),
        }
    }

    fn serve<S: Stream + 'static>(
        &self,
        stream: S,
        (remote, local): (Option<SocketAddr>, Option<SocketAddr>),
        place: OwnedSemaphorePermit,
    ) {
        DoorStats::count(&self.stats.accepted);
        let (settings, stats) = (Arc::clone(&self.settings), Arc::clone(&self.stats));
        let visitor = Visitor { settings, stats, remote, local, session: None, asked: None };
        let arrival = Arrival { visitor, stage: self.stage.subscribe(), context: self.context.clone() };
        let mut stage = self.stage.subscribe();
        let gauge = Gauge::new(&self.stats);
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = arrival.serve(stream) => {}
                _ = stage.wait_for(|stage| *stage == Stage::Over) => {}
            }
            drop(gauge);
            drop(place);
        });
    }

    /// A client that left before it was accepted is nothing; without descriptors, trying again at once would be a busy loop.
    async fn pause(&self, error: &io::Error) {
        if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
            return;
        }
        DoorStats::count(&self.stats.accept_errors);
        sleep(PAUSE).await;
    }
}

/// The end of a door: waits until none of its threads accepts any more, then until all places are free again, and makes them so when the
/// time is over.
pub(super) struct Closing {
    pub(super) stage: Arc<watch::Sender<Stage>>,
    pub(super) places: Arc<Semaphore>,
    /// How many places there are.
    pub(super) all: u32,
    pub(super) accepting: mpsc::Receiver<Infallible>,
    pub(super) settings: Arc<Settings>,
    pub(super) file: Option<SocketFile>,
    /// Is there to the end, so that somebody can see it coming.
    pub(super) monitor: Option<(Monitor, Sources)>,
}

impl Closing {
    /// Lives to the end, and calls `on_closed`.
    pub(super) async fn run(mut self, on_closed: impl FnOnce()) {
        match self.monitor.take() {
            None => self.drain().await,
            Some((monitor, sources)) => tokio::select! {
                () = self.drain() => {}
                () = async { monitor.run(sources).await; pending().await } => {}
            },
        }
        if let Some(log) = &self.settings.log {
            log.finish().await;
        }
        on_closed();
    }

    async fn drain(&mut self) {
        // Nothing is ever sent: it ends with the last sender.
        self.accepting.recv().await;
        drop(self.file.take());
        let grace = match *self.stage.borrow() {
            Stage::Draining(grace) => grace,
            Stage::Open | Stage::Over => Duration::ZERO,
        };
        if timeout(grace, self.places.acquire_many(self.all)).await.is_err() {
            self.stage.send_replace(Stage::Over);
            // It fails only if the semaphore is closed, which nobody does.
            self.places.acquire_many(self.all).await.ok();
        }
    }
}

/// Counts a connection for as long as it lives.
struct Gauge(Arc<DoorStats>);

impl Gauge {
    fn new(stats: &Arc<DoorStats>) -> Self {
        DoorStats::count(&stats.connections);
        Self(Arc::clone(stats))
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Until descriptors may be there again.
const PAUSE: Duration = Duration::from_millis(100);

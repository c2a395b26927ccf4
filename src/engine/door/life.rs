//! The door's life: it accepts, it closes, it waits for what is in progress, and at last it ends that.

use super::Settings;
use super::connection::Connection;
use super::stats::DoorStats;
use super::visitor::Visitor;
use crate::engine::exchange::Context;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
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

/// The accepting half of a door.
pub(super) struct Life {
    pub(super) settings: Arc<Settings>,
    pub(super) stats: Arc<DoorStats>,
    pub(super) stage: Arc<watch::Sender<Stage>>,
    pub(super) context: Context,
    pub(super) places: Arc<Semaphore>,
}

impl Life {
    /// Lives until the door is closed and the last connection has ended.
    pub(super) async fn run(self, listener: std::net::TcpListener, on_closed: impl FnOnce()) {
        match TcpListener::from_std(listener) {
            Ok(listener) => self.accept_all(listener).await,
            // The runtime cannot watch another descriptor: there is nothing to be served with.
            Err(_) => DoorStats::count(&self.stats.accept_errors),
        }
        self.drain().await;
        on_closed();
    }

    async fn accept_all(&self, listener: TcpListener) {
        let mut stage = self.stage.subscribe();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stage.wait_for(|stage| *stage != Stage::Open) => break,
                accepted = self.accept(&listener) => accepted,
            };
            match accepted {
                Ok((stream, remote, place)) => self.begin(stream, remote, place),
                Err(error) => self.pause(&error).await,
            }
        }
        self.accept_rest(listener);
    }

    /// Takes what has been connected before the door closed: nobody has refused it. tokio would wait to hear of it.
    fn accept_rest(&self, listener: TcpListener) {
        let Ok(listener) = listener.into_std() else { return };
        while let Ok(place) = Arc::clone(&self.places).try_acquire_owned()
            && let Ok((stream, remote)) = listener.accept()
        {
            if let Ok(stream) = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)) {
                self.begin(stream, remote, place);
            }
        }
    }

    /// The next connection, once there is a place for it.
    async fn accept(
        &self,
        listener: &TcpListener,
    ) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, remote) = listener.accept().await?;
        Ok((stream, remote, place))
    }

    fn begin(&self, stream: TcpStream, remote: SocketAddr, place: OwnedSemaphorePermit) {
        DoorStats::count(&self.stats.accepted);
        // Without it the last part of a response may wait for the client's delayed acknowledgement. It can only fail on a socket that is
        // closed already.
        stream.set_nodelay(true).ok();
        let (settings, stats) = (Arc::clone(&self.settings), Arc::clone(&self.stats));
        let local = settings.handover.as_ref().and_then(|_| stream.local_addr().ok());
        let visitor = Visitor { settings, stats, remote, local, is_encrypted: false };
        let connection = Connection::new(visitor, self.stage.subscribe(), &self.context);
        let mut stage = self.stage.subscribe();
        let gauge = Gauge::new(&self.stats);
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = connection.serve(stream) => {}
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

    /// Waits until all places are free again, and makes them so when the time is over.
    async fn drain(&self) {
        let grace = match *self.stage.borrow() {
            Stage::Draining(grace) => grace,
            Stage::Open | Stage::Over => Duration::ZERO,
        };
        let all = self.settings.limits.connections;
        if timeout(grace, self.places.acquire_many(all)).await.is_err() {
            self.stage.send_replace(Stage::Over);
            // It fails only if the semaphore is closed, which nobody does.
            self.places.acquire_many(all).await.ok();
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

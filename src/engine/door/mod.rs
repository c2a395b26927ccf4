//! The native door: the engine listens itself, and a request goes from its client to its target and back without JavaScript.
//!
//! `head` reads what clients send and refuses what must not be forwarded; `connection` serves one of them; `upload` and `answer`
//! are the two directions of one exchange, whose middle is the engine's own [`super::exchange`]; `life` accepts and closes.

mod answer;
mod choice;
mod claims;
mod connection;
mod denial;
mod encode;
mod handover;
mod head;
mod life;
mod limits;
mod stats;
mod stream;
mod target;
mod upload;
mod visitor;

pub use denial::Denial;
pub use handover::{Ends, Handover, Needs, NodeSocket, Receiver, Visit};
pub use head::{ClientHead, Search};
pub use limits::Limits;
pub use stats::DoorStats;
pub use target::Form;

use super::exchange::Context;
use super::head::Fields;
use super::route::Routes;
use life::{Life, Stage};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// What a door does with the requests it takes.
#[derive(Debug)]
pub struct Settings {
    /// Which of them are forwarded, where and how.
    pub routes: Arc<Routes>,
    /// The `headers` option: fields that are added to each.
    pub added: Fields,
    /// What clients say of those before them (`X-Forwarded-*`, `Forwarded`) is passed on. Off: it is removed.
    pub trusts_clients: bool,
    /// What a client may take.
    pub limits: Limits,
    /// The way to Node, if there is one.
    pub handover: Option<Arc<Handover>>,
    /// What `Via` calls this proxy.
    id: String,
}

impl Settings {
    /// The settings of a door; its name is its own.
    pub fn new(routes: Arc<Routes>, added: Fields, trusts_clients: bool, limits: Limits) -> Self {
        // std's hash keys are the randomness that is at hand, and enough for a name.
        let random = std::hash::RandomState::new().build_hasher().finish();
        Self {
            routes,
            added,
            trusts_clients,
            limits,
            handover: None,
            id: format!("rs-proxy-{:08x}", random >> 32),
        }
    }
}

/// A door that is open, or closing. Dropping it closes nothing.
#[derive(Debug)]
pub struct Door {
    address: SocketAddr,
    stage: Arc<watch::Sender<Stage>>,
    stats: Arc<DoorStats>,
    grace: Duration,
}

impl Door {
    /// Binds a door and prepares its life, which is to be spawned on the engine's thread. `on_closed` is called when it is over.
    ///
    /// # Errors
    ///
    /// When the address cannot be had.
    pub(super) fn open(
        address: SocketAddr,
        settings: Settings,
        context: Context,
        on_closed: impl FnOnce() + Send + 'static,
    ) -> io::Result<(Self, impl Future<Output = ()> + Send + 'static)> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let stage = Arc::new(watch::Sender::new(Stage::Open));
        let stats = Arc::new(DoorStats::default());
        let places = usize::try_from(settings.limits.connections).unwrap_or(Semaphore::MAX_PERMITS);
        let grace = settings.limits.grace;
        let life = Life {
            settings: Arc::new(settings),
            stats: Arc::clone(&stats),
            stage: Arc::clone(&stage),
            context,
            places: Arc::new(Semaphore::new(places)),
        };
        Ok((Self { address, stage, stats, grace }, life.run(listener, on_closed)))
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has done.
    pub fn stats(&self) -> &DoorStats {
        &self.stats
    }

    /// Takes no more connections and no more requests; those in progress may go on for the time of grace.
    pub fn close(&self) {
        self.stage.send_if_modified(|stage| {
            let is_open = *stage == Stage::Open;
            if is_open {
                *stage = Stage::Draining(self.grace);
            }
            is_open
        });
    }
}

#[cfg(test)]
mod tests;

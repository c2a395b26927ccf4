//! The native door: the engine listens itself, and a request goes from its client to its target and back without JavaScript.
//!
//! `head` reads what clients send and refuses what must not be forwarded; `connection` serves one of them; `upload` and `answer`
//! are the two directions of one exchange, whose middle is the engine's own [`super::exchange`]; `life` accepts and closes.

mod access_log;
mod answer;
mod arrival;
mod choice;
mod claims;
mod connection;
mod denial;
mod encode;
mod h2;
mod handover;
mod head;
mod life;
mod limits;
mod listener;
mod monitor;
mod pace;
mod patience;
mod place;
mod rewound;
mod stats;
mod stream;
mod target;
mod tls;
mod trust;
mod upgrades;
mod upload;
mod visit;
mod visitor;

pub use access_log::{AccessLog, Format};
pub use denial::Denial;
pub use h2::read_head as read_http2_head;
pub use handover::{Ends, Failure, Handed, Handover, Needs, NodeSocket, Receiver};
pub use head::{ClientHead, Search};
pub use limits::Limits;
pub use place::{Access, Address, BACKLOG, Place};
pub use stats::DoorStats;
pub use target::Form;
pub use tls::{Secure, SecureContext, ServerTls, Session, Verdict};
pub use trust::Trust;
pub use upgrades::Upgrades;

use super::exchange::Context;
use super::head::Fields;
use super::inbox::Task;
use super::route::Routes;
use life::{Closing, Life, Stage};
use monitor::{Monitor, Sources};
use place::SocketFile;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Semaphore, mpsc, watch};

/// What a door does with the requests it takes.
#[derive(Debug)]
pub struct Settings {
    /// Which of them are forwarded, where and how.
    pub routes: Arc<Routes>,
    /// The `headers` option: fields that are added to each.
    pub added: Fields,
    /// Whose `X-Forwarded-*` and `Forwarded` are passed on; those of others are removed.
    pub trust: Trust,
    /// What a client may take.
    pub limits: Limits,
    /// Where a line is written for each request.
    pub log: Option<AccessLog>,
    /// Where `/metrics` and `/healthz` are to be had.
    pub monitor: Option<Place>,
    /// Requests in flight, of all threads, if there is a limit: threads that count together slow each other down.
    in_flight: AtomicUsize,
    /// WebSockets, if they are forwarded.
    pub upgrades: Option<Upgrades>,
    /// Clients may speak HTTP/2 without TLS, if they begin with it.
    pub h2c: bool,
    /// TLS, if that is what clients speak.
    pub secure: Option<Arc<Secure>>,
    /// The way to Node, if there is one.
    pub handover: Option<Arc<Handover>>,
    /// What `Via` calls this proxy.
    id: String,
}

impl Settings {
    /// The settings of a door without TLS that nobody looks on; its name is its own.
    pub fn new(routes: Arc<Routes>, added: Fields, trust: Trust, limits: Limits) -> Self {
        // std's hash keys are the randomness that is at hand, and enough for a name.
        let random = std::hash::RandomState::new().build_hasher().finish();
        Self {
            routes,
            added,
            trust,
            limits,
            handover: None,
            h2c: false,
            upgrades: None,
            secure: None,
            log: None,
            monitor: None,
            in_flight: AtomicUsize::new(0),
            id: format!("rs-proxy-{:08x}", random >> 32),
        }
    }
}

/// Why a door could not be opened.
#[derive(Debug)]
pub enum Unopened {
    /// Its own place cannot be had.
    Place(io::Error),
    /// The place of its monitor cannot be had.
    Monitor(io::Error),
    /// There are no threads to be had.
    Threads(io::Error),
}

/// A door that is open, or closing. Dropping it closes nothing.
#[derive(Debug)]
pub struct Door {
    address: Address,
    monitor: Option<Address>,
    settings: Arc<Settings>,
    stage: Arc<watch::Sender<Stage>>,
    /// Of each thread.
    stats: Vec<Arc<DoorStats>>,
}

impl Door {
    /// Binds a door and prepares what its threads are to do, each with a context of its own. `on_closed` is called when it is over.
    ///
    /// # Errors
    ///
    /// When the place cannot be had.
    pub(super) fn open(
        place: &Place,
        settings: Settings,
        threads: Vec<Context>,
        on_closed: impl FnOnce() + Send + 'static,
    ) -> Result<(Self, Vec<Task>), Unopened> {
        let listeners = place.bind(threads.len()).map_err(Unopened::Place)?;
        let address = listeners[0].address(&place.address).map_err(Unopened::Place)?;
        let file = SocketFile::of(&address);
        let monitor = settings.monitor.as_ref().map(Monitor::bind).transpose().map_err(Unopened::Monitor)?;
        let monitor_address = monitor.as_ref().map(|monitor| monitor.address().clone());
        let stage = Arc::new(watch::Sender::new(Stage::Open));
        let all = settings.limits.connections;
        let places = Arc::new(Semaphore::new(usize::try_from(all).unwrap_or(Semaphore::MAX_PERMITS)));
        let settings = Arc::new(settings);
        let (accepts, accepting) = mpsc::channel(1);
        let upstream = threads.iter().map(|context| Arc::clone(&context.stats)).collect();
        let mut stats = Vec::new();
        let mut tasks: Vec<Task> = Vec::new();
        for (context, listener) in threads.into_iter().zip(listeners) {
            let life = Life {
                settings: Arc::clone(&settings),
                stats: Arc::default(),
                stage: Arc::clone(&stage),
                context,
                places: Arc::clone(&places),
            };
            stats.push(Arc::clone(&life.stats));
            tasks.push(Box::pin(life.run(listener, accepts.clone())));
        }
        let sources = Sources {
            doors: stats.clone(),
            upstream,
            stage: stage.subscribe(),
            settings: Arc::clone(&settings),
        };
        let closing = Closing {
            stage: Arc::clone(&stage),
            places,
            all,
            accepting,
            settings: Arc::clone(&settings),
            file,
            monitor: monitor.map(|monitor| (monitor, sources)),
        };
        tasks.push(Box::pin(closing.run(on_closed)));
        Ok((Self { address, monitor: monitor_address, settings, stage, stats }, tasks))
    }

    /// Where it listens.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Where its monitor listens.
    pub const fn monitor_address(&self) -> Option<&Address> {
        self.monitor.as_ref()
    }

    /// How many lines of the access log could not be written.
    pub fn lost_lines(&self) -> usize {
        self.settings.log.as_ref().map_or(0, AccessLog::lost)
    }

    /// A gauge or a counter, of all its threads together.
    pub fn total(&self, of: impl Fn(&DoorStats) -> &AtomicUsize) -> usize {
        self.stats.iter().map(|stats| of(stats).load(Ordering::Relaxed)).sum()
    }

    /// Takes no more connections and no more requests; those in progress may go on for the time of grace.
    pub fn close(&self) {
        self.stage.send_if_modified(|stage| {
            let is_open = *stage == Stage::Open;
            if is_open {
                *stage = Stage::Draining(self.settings.limits.grace);
            }
            is_open
        });
    }
}

#[cfg(test)]
mod tests;

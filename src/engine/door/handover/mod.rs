//! Requests that JavaScript answers. For the engine Node is one target more: a request goes to it as HTTP/1.1 over a pair of sockets, one end
//! of which is Node's, and its answer comes back like any other. So whatever Node's servers can do works, and the kernel keeps the pace.
//!
//! One such pair belongs to one client's connection and is kept for its next requests: Node's socket says the client's addresses.

mod connector;
mod fates;
mod head;
mod serve;

pub use connector::{Failure, Handed, NodeSocket};
pub(super) use fates::Desertion;
pub(super) use head::{end_to_end, failed, order};
pub(super) use serve::relay;

use super::head::ClientHead;
use super::tls::Session;
use super::visitor::Visitor;
use crate::engine::config::{Agent, Config};
use crate::engine::error::Error;
use crate::engine::exchange::Context;
use crate::engine::observe::Stats;
use crate::engine::ring::Ring;
use crate::engine::target::{InvalidTarget, Target};
use crate::engine::upstream::{Pool, h1};
use bytes::BytesMut;
use connector::NodeConnector;
use fates::{Desertions, Fates};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// Who on Node's side answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// The proxy itself, with all that only JavaScript can do.
    Proxy,
    /// Likewise, for the route with this number: where the request goes is decided.
    Route(usize),
    /// Whoever serves what is not the proxy's.
    Fallback,
}

/// Where a client is, and how it has come.
#[derive(Clone, Debug)]
pub struct Ends {
    /// The client's address; a Unix socket's has none.
    pub remote: Option<SocketAddr>,
    /// The one at which it has found the door.
    pub local: Option<SocketAddr>,
    /// What was agreed on in its handshake, if it speaks TLS.
    pub session: Option<Arc<Session>>,
}

/// What of the proxy's requests needs JavaScript: changes whenever a listener comes or goes.
#[derive(Debug, Default)]
pub struct Needs(AtomicU8);

impl Needs {
    const REQUESTS: u8 = 1;
    const UPGRADES: u8 = 2;
    const FAILURES: u8 = 4;
    const DECISIONS: u8 = 8;

    /// Sets all of them; the bits stand in `lib/proxy-server/door-needs.js` as well.
    pub fn set(&self, bits: u8) {
        self.0.store(bits, Ordering::Relaxed);
    }

    fn has(&self, bit: u8) -> bool {
        self.0.load(Ordering::Relaxed) & bit != 0
    }

    /// Node says which requests are the proxy's, so it gets them all.
    pub fn decisions(&self) -> bool {
        self.has(Self::DECISIONS)
    }

    /// All requests of the proxy's go through Node.
    pub fn requests(&self) -> bool {
        self.has(Self::REQUESTS)
    }

    /// Those that ask for a WebSocket do.
    pub fn upgrades(&self) -> bool {
        self.has(Self::UPGRADES)
    }

    /// Those that have failed do.
    pub fn failures(&self) -> bool {
        self.has(Self::FAILURES)
    }
}

/// A door's way to Node.
pub struct Handover {
    /// What needs JavaScript.
    pub needs: Arc<Needs>,
    /// Whether somebody serves what is not the proxy's.
    pub has_fallback: bool,
    /// Gives a socket to Node.
    admit: Box<dyn Fn(Handed) + Send + Sync>,
    proxy: Arc<Config>,
    fallback: Arc<Config>,
    pub(super) failure: Arc<Config>,
    /// Those of targets, and those by which Node is asked for them.
    routes: Vec<(Arc<Config>, Arc<Config>)>,
    /// Not among those of the engine: nothing here goes to a target.
    stats: Arc<Stats>,
    fates: Fates,
}

impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handover").field("needs", &self.needs).finish_non_exhaustive()
    }
}

impl Handover {
    /// `routes`: where those of the option `routes` lead. `failure_limit`: for so long `error` listeners may take to answer.
    ///
    /// # Errors
    ///
    /// None that can happen.
    pub fn new(
        needs: Arc<Needs>,
        has_fallback: bool,
        routes: &[Arc<Config>],
        failure_limit: Duration,
        admit: impl Fn(Handed) + Send + Sync + 'static,
    ) -> Result<Self, InvalidTarget> {
        let mut failure = config("failure")?;
        failure.reuse = false;
        failure.timeouts.head = Some(failure_limit);
        Ok(Self {
            needs,
            has_fallback,
            admit: Box::new(admit),
            proxy: Arc::new(config("proxy")?),
            fallback: Arc::new(config("fallback")?),
            failure: Arc::new(failure),
            routes: routes.iter().enumerate().map(by_route).collect::<Result<_, _>>()?,
            stats: Arc::default(),
            fates: Fates::default(),
        })
    }

    /// Says that Node's socket of that number is about to end, and that this is not the end of what it says.
    pub fn reset(&self, number: u32) {
        self.fates.reset(number);
    }

    /// Says that Node has given up its socket of that number with an answer that it could not get rid of.
    pub fn desert(&self, number: u32) {
        self.fates.desert(number);
    }

    /// Tells `error` listeners, if there are any, of an answer with `status` that has broken off.
    pub(super) fn tell(
        &self,
        visitor: &Visitor,
        asked: &ClientHead,
        error: Error,
        config: &Config,
        status: u16,
    ) {
        if !self.needs.failures() {
            return;
        }
        let Ok(order) = failed(asked, &self.failure) else { return };
        let mut head = BytesMut::new();
        h1::whole_head(&order.outbound.head, &mut head);
        let failure = Failure { error, target: config.target.url(), begun: Some(status) };
        // Without a descriptor for it nobody can be told; that it was cut is counted in any case.
        connector::tell(self, visitor.ends(), &head, failure).ok();
    }

    /// Who on Node's side does what the target of `config` cannot be asked for without JavaScript.
    pub(super) fn receiver_for(&self, config: &Arc<Config>) -> Receiver {
        let route = self.routes.iter().position(|(target, _)| Arc::ptr_eq(target, config));
        route.map_or(Receiver::Proxy, Receiver::Route)
    }

    pub(super) fn config(&self, receiver: Receiver) -> &Arc<Config> {
        match receiver {
            Receiver::Proxy => &self.proxy,
            Receiver::Route(number) => self.routes.get(number).map_or(&self.proxy, |(_, node)| node),
            Receiver::Fallback => &self.fallback,
        }
    }
}

fn by_route((number, target): (usize, &Arc<Config>)) -> Result<(Arc<Config>, Arc<Config>), InvalidTarget> {
    Ok((Arc::clone(target), Arc::new(config(&format!("route-{number}"))?)))
}

/// How Node's side is asked. The name keeps the sockets of different receivers apart in a pool; nothing is ever looked up by it.
fn config(name: &str) -> Result<Config, InvalidTarget> {
    let mut config = Config::new(Target::parse(&format!("http://{name}"))?);
    config.preserve_header_key_case = true;
    // A client's connection ends when the door says so, and Node's with it.
    let agent = Agent {
        number: 0,
        most_open: None,
        most_idle: MOST_IDLE,
        idle_limit: Some(LONGEST),
        oldest_first: false,
    };
    config.agent = Some(Arc::new(agent));
    Ok(config)
}

/// The connections to Node of one client's connection. They end with it.
pub(super) struct Guest {
    ends: Ends,
    pool: Arc<Pool>,
    desertions: Desertions,
}

impl Guest {
    pub(super) fn new(handover: &Handover, visitor: &Visitor) -> Self {
        let pool = Arc::new(Pool::new(Arc::clone(&handover.stats)));
        Self { ends: visitor.ends(), pool, desertions: Desertions::default() }
    }

    /// To be asked by an answer of Node's that begins now.
    pub(super) fn desertion(&self) -> Desertion {
        self.desertions.watch()
    }

    /// What an exchange with Node uses in place of what others use. `failure`: why nobody else has answered.
    pub(super) fn context(
        &self,
        handover: &Arc<Handover>,
        receiver: Receiver,
        failure: Option<Failure>,
        ring: &Arc<Ring>,
    ) -> Context {
        let connector = NodeConnector::new(
            Arc::clone(handover),
            self.desertions.clone(),
            receiver,
            self.ends.clone(),
            failure,
        );
        Context {
            pool: Arc::clone(&self.pool),
            connector: Arc::new(connector),
            ring: Arc::clone(ring),
            stats: Arc::clone(&handover.stats),
        }
    }
}

/// As many as one client's connection may have requests at a time.
const MOST_IDLE: usize = 256;
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

//! Idle connections, kept for the next request to the same place with the same settings (docs/reliability-rows.md, D-24 to D-30).
//!
//! A connection is in here only while it is quiet: bytes nobody asked for, or its end, throw it out at once.

use super::connect::{Connection, noop_context};
use super::h2::Sessions;
use super::{Names, TlsProfile, UpstreamProxy};
use crate::engine::config::{Agent, Config, Http2};
use crate::engine::head::{Fields, is_host};
use crate::engine::observe::{Held, Stats};
use crate::engine::target::Scheme;
use rustc_hash::FxHashMap;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

/// What must be equal for two requests to share a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The host to connect to.
    pub host: Arc<str>,
    /// The port.
    pub port: u16,
    /// The Unix socket instead of both.
    pub socket_path: Option<Arc<str>>,
    /// The address that the connection comes from, if it was chosen.
    pub local_address: Option<IpAddr>,
    /// How TLS is spoken with the target; `None` for plain ones.
    pub tls: Option<Arc<TlsProfile>>,
    /// The name that the certificate must have: `servername`, or the outgoing `Host`.
    pub server_name: Option<Arc<str>>,
    /// Whose connection it is, if it is an agent's.
    pub agent: Option<Arc<Agent>>,
    /// How its name becomes addresses.
    pub names: Names,
    /// Whether HTTP/2 is spoken.
    pub http2: Http2,
    /// The proxy that it leads through.
    pub proxy: Option<Arc<UpstreamProxy>>,
}

impl Key {
    /// The key of a request with these fields.
    pub fn of(config: &Config, fields: &Fields) -> Self {
        let target = &config.target;
        let tls = config.tls.clone();
        let server_name = tls.as_ref().map(|_| match &config.server_name {
            Some(name) => Arc::clone(name),
            None => server_name(fields).unwrap_or_else(|| Arc::clone(&target.host)),
        });
        Self {
            host: Arc::clone(&target.host),
            port: target.port,
            socket_path: target.socket_path.clone(),
            local_address: config.local_address,
            tls,
            server_name,
            agent: config.agent.clone(),
            names: config.names,
            http2: if config.target.scheme == Scheme::Http && config.http2 == Http2::OverTls {
                Http2::Never
            } else {
                config.http2
            },
            proxy: config.proxy.clone(),
        }
    }

    /// How long an idle connection is kept if its target says nothing.
    pub(super) fn idle_limit(&self) -> Duration {
        self.agent.as_ref().and_then(|agent| agent.idle_limit).unwrap_or(IDLE_LIMIT)
    }
}

/// The host of the `Host` field, without port and brackets.
fn server_name(fields: &Fields) -> Option<Arc<str>> {
    let host = fields.get(b"host").filter(|host| is_host(host))?;
    let text = std::str::from_utf8(host).ok()?;
    let name = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => text.split(':').next()?,
    };
    Some(name.into())
}

/// The idle connections of one engine thread.
#[derive(Debug)]
pub struct Pool {
    state: Mutex<State>,
    /// Those that speak HTTP/2, idle or not.
    pub(super) sessions: Arc<Sessions>,
    pub(super) stats: Arc<Stats>,
}

#[derive(Debug, Default)]
struct State {
    /// Those of each place, the one that has waited longest first; none, until the next sweep, if all are used. Looked up twice for each
    /// request. Keys are the options', and few.
    idle: FxHashMap<Key, VecDeque<Idle>>,
    count: usize,
    /// Those that share a limit of connections; see [`Pool::turn`].
    turns: HashMap<Key, Weak<Semaphore>>,
    /// The task of [`Pool::keep_clean`].
    janitor: Option<Waker>,
    /// It waits for an idle connection to come. Where they come and go it looks at its time, not at each of them.
    rests: bool,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    expires: Instant,
    _held: Held,
}

impl State {
    /// Closes a connection: of those that have waited longest for their place, the one that would go first.
    fn make_room(&mut self) {
        let waiting = self.idle.iter().filter_map(|(key, idle)| Some((idle.front()?.expires, key)));
        let Some((_, key)) = waiting.min_by_key(|(expires, _)| *expires) else { return };
        let key = key.clone();
        if let Some(idle) = self.idle.get_mut(&key)
            && idle.pop_front().is_some()
        {
            self.count -= 1;
            // Places may be many, and each is looked at here.
            if idle.is_empty() {
                self.idle.remove(&key);
            }
        }
    }
}

impl Pool {
    /// An empty pool.
    pub fn new(stats: Arc<Stats>) -> Self {
        Self { state: Mutex::default(), sessions: Arc::default(), stats }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic cannot happen while the lock is held; if one did, the map is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the agent of `key` lets another request have a connection, and holds its place. Without a limit there is nothing to
    /// wait for.
    pub async fn turn(&self, key: &Key) -> Option<OwnedSemaphorePermit> {
        let most = key.agent.as_ref()?.most_open?;
        let places = self.places(key, most);
        // Nobody closes it.
        places.acquire_owned().await.ok()
    }

    #[expect(clippy::mutable_key_type, reason = "a profile is compared by its digest, which never changes")]
    fn places(&self, key: &Key, most: usize) -> Arc<Semaphore> {
        let turns = &mut self.lock().turns;
        if let Some(places) = turns.get(key).and_then(Weak::upgrade) {
            return places;
        }
        turns.retain(|_, places| places.strong_count() > 0);
        let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        turns.insert(key.clone(), Arc::downgrade(&places));
        places
    }

    /// The connection that was used last, if there is a quiet one; of an agent that wants it so, the one that has waited longest.
    pub fn take(&self, key: &Key) -> Option<Connection> {
        let now = Instant::now();
        let mut state = self.lock();
        let state = &mut *state;
        let idle = state.idle.get_mut(key)?;
        let oldest_first = key.agent.as_ref().is_some_and(|agent| agent.oldest_first);
        while let Some(mut candidate) = if oldest_first { idle.pop_front() } else { idle.pop_back() } {
            state.count -= 1;
            if candidate.expires > now && candidate.connection.poll_quiet(&mut noop_context()) {
                candidate.connection.reused = true;
                return Some(candidate.connection);
            }
        }
        None
    }

    /// Keeps a connection for as long as its target said, or four seconds, unless too many come meanwhile.
    pub fn give(&self, key: &Key, mut connection: Connection, lifetime: Duration) {
        if lifetime.is_zero() {
            return;
        }
        let mut state = self.lock();
        let janitor = state.janitor.clone().unwrap_or_else(|| Waker::noop().clone());
        if !connection.poll_quiet(&mut Context::from_waker(&janitor)) {
            return;
        }
        // An idle connection needs no buffer, and a large response's would be kept for nothing.
        connection.buffer = bytes::BytesMut::new();
        let most = key.agent.as_ref().map_or(MOST_IDLE, |agent| agent.most_idle);
        let held = Held::new(&self.stats, |s| &s.idle);
        let one = Idle { connection, expires: Instant::now() + lifetime, _held: held };
        match state.idle.get_mut(key) {
            Some(idle) if idle.len() < most => idle.push_back(one),
            None if most > 0 => {
                state.idle.insert(key.clone(), VecDeque::from([one]));
            }
            _ => return,
        }
        state.count += 1;
        if state.count > MOST_IDLE {
            state.make_room();
        }
        if std::mem::take(&mut state.rests) {
            janitor.wake();
        }
    }

    /// Throws out what has expired and what is not quiet any more, for ever. Without idle connections it sleeps until one comes; otherwise
    /// it looks when one stirs, and every half second.
    pub async fn keep_clean(self: Arc<Self>) {
        let mut tick = std::pin::pin!(sleep(TICK));
        std::future::poll_fn(|cx| {
            let is_empty = self.sweep(cx);
            while !is_empty && tick.as_mut().poll(cx).is_ready() {
                tick.as_mut().reset(Instant::now() + TICK);
            }
            Poll::Pending
        })
        .await
    }

    /// One look at all idle connections; says whether none is left.
    fn sweep(&self, cx: &mut Context<'_>) -> bool {
        let now = Instant::now();
        let mut state = self.lock();
        let state = &mut *state;
        state.janitor = Some(cx.waker().clone());
        state.idle.retain(|_, idle| {
            idle.retain_mut(|one| one.expires > now && one.connection.poll_quiet(cx));
            !idle.is_empty()
        });
        state.count = state.idle.values().map(VecDeque::len).sum();
        state.rests = state.count == 0;
        state.rests
    }
}

/// How long a connection may wait for its next request after a response with these fields: what the target said in `Keep-Alive`,
/// less a second for the way, or four seconds; with an agent no longer than that says. Zero: it must not be kept.
pub(crate) fn lifetime(fields: &Fields, agent: Option<&Agent>) -> Duration {
    let limit = agent.and_then(|agent| agent.idle_limit);
    let unsaid = limit.unwrap_or(IDLE_LIMIT);
    let Some(hint) = fields.get(b"keep-alive") else { return unsaid };
    let mut lifetime = unsaid;
    for part in hint.split(|&b| b == b',').map(<[u8]>::trim_ascii) {
        let number = |prefix: &[u8]| {
            let digits = part
                .get(..prefix.len())
                .filter(|p| p.eq_ignore_ascii_case(prefix))
                .map(|p| &part[p.len()..])?;
            crate::engine::head::parse_length(digits)
        };
        match (number(b"timeout="), number(b"max=")) {
            (Some(seconds), _) => {
                lifetime =
                    Duration::from_secs(seconds.saturating_sub(1)).min(limit.unwrap_or(LONGEST_LIFETIME))
            }
            (_, Some(0 | 1)) => return Duration::ZERO,
            _ => {}
        }
    }
    lifetime
}

/// Shorter than the five seconds after which Node's servers close.
pub(super) const IDLE_LIMIT: Duration = Duration::from_secs(4);
const LONGEST_LIFETIME: Duration = Duration::from_secs(60);
/// Of one place or of many: a place that has a thousand clients needs as many.
const MOST_IDLE: usize = 1024;
const TICK: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;

//! One request's life: a connection, the request sent over it, the response brought back, the connection kept or closed.
//!
//! Each exchange is one task on the engine's thread. Whoever started it holds an [`Exchange`]; giving it up drops the task, and with it
//! the connection. Whatever happens, the caller gets exactly one last completion.

mod attempt;
mod intake;
mod lookup;
pub(in crate::engine) mod multiplexed;
pub(in crate::engine) mod receive;
mod repeat;
pub(in crate::engine) mod report;
pub(in crate::engine) mod send;

use super::body::{Channel, End};
use super::config::Config;
use super::error::{Error, Kind, Limit, Phase};
use super::head::Framing;
use super::incoming::Outbound;
use super::observe::{Held, Stats};
use super::ring::{Event, Ring};
use super::tunnel::{Control, Upgrade};
use super::upstream::{Connect, Key, Link, Pool, Wanted, link};
use attempt::{Attempt, Failure, Retry};
use bytes::Bytes;
pub(in crate::engine) use lookup::Asking;
use lookup::Found;
use repeat::Repeat;
use send::Body;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;
use tokio::time::timeout;

/// A request to be made.
#[derive(Debug)]
pub struct Order {
    /// The caller's number for the exchange; free for another once the last completion was drained.
    pub id: u32,
    /// Where it goes and how.
    pub config: Arc<Config>,
    /// Its passed head.
    pub outbound: Outbound,
    /// Its whole body; `None` if the caller writes it through the [`Exchange`].
    pub body: Option<Bytes>,
    /// The caller wants the response head as the target sent it, and runs the outgoing passes itself.
    pub raw_head: bool,
    /// The caller is told, by [`Event::Writable`], when the request begins to be sent: what was not sent may go to another target.
    pub announced: bool,
    /// It asks for a WebSocket; see [`super::tunnel`].
    pub upgrade: Option<Upgrade>,
    /// Panic on purpose. An upgrade, which is never announced, does so in its tunnel if it is.
    #[cfg(feature = "fault-injection")]
    pub panic: bool,
}

/// The caller's hold on an exchange in progress.
#[derive(Clone, Debug)]
pub struct Exchange {
    shared: Arc<Shared>,
}

/// What caller and task share.
#[derive(Debug, Default)]
pub(in crate::engine) struct Shared {
    pub(in crate::engine) request: Channel,
    pub(in crate::engine) response: Channel,
    /// What becomes of an upgrade that was granted.
    pub(in crate::engine) tunnel: Control,
    given_up: AtomicBool,
    /// The response's head was handed over.
    has_head: AtomicBool,
    /// The addresses that the caller has found.
    pub(in crate::engine) found: Found,
    wake: Notify,
}

impl Shared {
    /// With channels that hold less than those of a body.
    pub(in crate::engine) fn with_window(window: usize) -> Self {
        let (request, response) = (Channel::with_window(window), Channel::with_window(window));
        Self { request, response, ..Self::default() }
    }
}

impl Exchange {
    pub(in crate::engine) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The request's body on its way to the target.
    pub fn request_body(&self) -> &Channel {
        &self.shared.request
    }

    /// The response's body on its way to the caller.
    pub fn response_body(&self) -> &Channel {
        &self.shared.response
    }

    /// What becomes of an upgrade that was granted.
    pub fn tunnel(&self) -> &Control {
        &self.shared.tunnel
    }

    /// The addresses that the caller was asked for ([`Event::Lookup`]), or why there are none.
    pub fn found(&self, addresses: Result<Vec<IpAddr>, Error>) {
        self.shared.found.put(addresses);
    }

    /// Gives the exchange up: its connection is closed, and it ends with [`Kind::Cancelled`] unless it is over already.
    pub fn abort(&self) {
        self.shared.given_up.store(true, Ordering::Release);
        self.shared.request.finish(End::Broken);
        self.shared.wake.notify_one();
    }
}

/// What every exchange of an engine thread uses.
#[derive(Clone)]
pub struct Context {
    /// The thread's idle connections.
    pub pool: Arc<Pool>,
    /// Makes new ones.
    pub connector: Arc<dyn Connect>,
    /// The way back to the caller.
    pub ring: Arc<Ring>,
    /// Gauges and counters.
    pub stats: Arc<Stats>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("stats", &self.stats).finish_non_exhaustive()
    }
}

/// What lives an exchange. It has several kilobytes, and is handed on by everybody who begins one: that must not copy it.
pub type Life = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Prepares an exchange: the caller's hold on it, and the future that lives it.
pub fn prepare(order: Order, context: Context) -> (Exchange, Life) {
    prepare_within(order, context, Channel::WINDOW)
}

/// The same, with a bound of its own on the bytes of either body.
pub(in crate::engine) fn prepare_within(order: Order, context: Context, window: usize) -> (Exchange, Life) {
    let shared = Arc::new(Shared::with_window(window));
    let exchange = Exchange { shared: Arc::clone(&shared) };
    let ending = Ending::new(order.id, context);
    Stats::count(&ending.context.stats.started);
    let gauge = Held::new(&ending.context.stats, |s| &s.exchanges);
    (exchange, Box::pin(live(order, shared, ending, gauge)))
}

async fn live(order: Order, shared: Arc<Shared>, mut ending: Ending, gauge: Held) {
    let result = {
        // Pinned where it is made: each move of it would copy kilobytes.
        let work = pin!(in_time(&order, &shared, &ending.context));
        tokio::select! {
            biased;
            () = given_up(&shared) => Err(Error::new(Kind::Cancelled, Phase::Accept)),
            result = work => result,
        }
    };
    // Before the last completion: whoever reads the gauges after it finds this exchange gone.
    drop(gauge);
    ending.report(match result {
        Ok(last) => last,
        Err(error) => Event::Failed(error),
    });
}

/// Runs within the limit for the whole of it, if there is one.
async fn in_time(order: &Order, shared: &Shared, context: &Context) -> Result<Event, Error> {
    let timeouts = &order.config.timeouts;
    let Some(total) = timeouts.total else { return run(order, shared, context).await };
    // On the heap: few have this limit, and all would hold their future twice.
    timeout(total, Box::pin(run(order, shared, context))).await.unwrap_or_else(|_| {
        let phase = if shared.has_head.load(Ordering::Relaxed) { Phase::Body } else { Phase::Head };
        Err(timeouts.exceeded(Limit::Total, phase))
    })
}

/// Waits until the caller gives the exchange up.
pub(in crate::engine) async fn given_up(shared: &Shared) {
    while !shared.given_up.load(Ordering::Acquire) {
        shared.wake.notified().await;
    }
}

/// Reports the last completion; if the task ends without one, because it panicked or its runtime was stopped, reports that.
pub(in crate::engine) struct Ending {
    pub(in crate::engine) id: u32,
    pub(in crate::engine) context: Context,
    reported: bool,
}

impl Ending {
    pub(in crate::engine) const fn new(id: u32, context: Context) -> Self {
        Self { id, context, reported: false }
    }

    pub(in crate::engine) fn report(&mut self, event: Event) {
        self.reported = true;
        self.context.ring.push(self.id, event);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if self.reported {
            return;
        }
        let kind = if std::thread::panicking() { Kind::Panic } else { Kind::Stopped };
        if matches!(kind, Kind::Panic) {
            Stats::count(&self.context.stats.panics);
        }
        self.report(Event::Failed(Error::new(kind, Phase::Accept)));
    }
}

/// Makes attempts until one succeeds or no further one is allowed; gives the last completion.
async fn run(order: &Order, shared: &Shared, context: &Context) -> Result<Event, Error> {
    #[cfg(feature = "fault-injection")]
    assert!(!order.panic, "a panic on purpose");
    let framing = request_framing(order);
    let key = Key::of(&order.config, &order.outbound.head.fields);
    let mut body = Body::new(order.body.clone(), &shared.request);
    let asking = Asking { order, shared, context };
    let mut wanted = if order.config.reuse { Wanted::Any } else { Wanted::Own };
    // Held until the connection is given back.
    let mut _turn = context.pool.turn(&key).await;
    let mut is_repeated = false;
    let mut repeat = None;
    loop {
        let link =
            link(&context.pool, &*context.connector, &key, order.config.timeouts, &asking, wanted).await?;
        if order.announced {
            context.ring.push(order.id, Event::Writable);
        }
        let attempt = Attempt { order, shared, context, key: &key, framing, repeat: repeat.take() };
        let result = match link {
            Link::Http1(connection) => attempt.run(connection, &mut body).await,
            Link::Http2(place) => {
                // The connection is not this request's alone.
                _turn = None;
                Box::pin(attempt.run_multiplexed(place, &mut body)).await
            }
        };
        match result {
            Ok(last) => return Ok(last),
            Err(Failure { error, retry }) => {
                // Once more, if nothing can happen twice.
                let may_retry = match retry {
                    Retry::None => false,
                    Retry::Idempotent => order.outbound.head.is_idempotent(),
                    Retry::Any => true,
                };
                if !may_retry || is_repeated || !body.rewind() {
                    return Err(error);
                }
                // It waits no longer than for a connection.
                let place = Repeat::place(&context.stats);
                let Ok(place) = timeout(order.config.timeouts.connect_limit(), place).await else {
                    return Err(error);
                };
                repeat = Some(place);
                is_repeated = true;
                Stats::count(&context.stats.retries);
                if wanted == Wanted::Any {
                    wanted = Wanted::Fresh;
                }
            }
        }
    }
}

/// How the request's body is sent: chunked if it came so, else with the length it really has.
fn request_framing(order: &Order) -> Framing {
    match (order.outbound.framing, &order.body) {
        (Some(Framing::Chunked), _) => Framing::Chunked,
        (_, Some(body)) if body.is_empty() => Framing::Empty,
        (_, Some(body)) => Framing::Length(body.len() as u64),
        (Some(Framing::Length(n)), None) => Framing::Length(n),
        // Nobody said how long it is, or said that there is none while writing one.
        (_, None) => Framing::Chunked,
    }
}

#[cfg(test)]
mod tests;

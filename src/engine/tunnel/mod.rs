//! WebSockets: the handshake with the target, and the tunnel that it becomes.
//!
//! An upgrade begins as an exchange does and may end as one: the target refuses, and its answer is relayed. If it grants the upgrade, the
//! caller is told ([`Event::Switched`]) and says what kind of tunnel there is to be: one that moves the bytes of a client's socket of its
//! own (`adopted`), or one whose client's bytes the caller carries (`bridged`). No byte of the client's reaches the target before.

mod accept;
mod adopted;
mod bridged;
mod handshake;
mod messages;
mod multiplexed;
mod relay;

pub(in crate::engine) use accept::base64;
pub use accept::check as check_upgrade;
pub(in crate::engine) use messages::keep_offers;
pub use messages::{Agreement, Direction, Lane, Message, Step, Verdict, Verdicts, kept_offers};

use super::error::{Call, Error, Peer, Phase};
use super::exchange::{self, Ending, Exchange, Life, Order, Shared, given_up};
use super::head::Fields;
use super::observe::{Held, Stats};
use super::ring::{Event, Ring};
use super::route::Activity;
use super::upstream::{Connection, Io};
use bytes::BytesMut;
use handshake::Answer;
use relay::{Failure, Side};
use std::net::TcpStream;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// What makes an order an upgrade.
#[derive(Clone, Copy, Debug)]
pub struct Upgrade {
    /// Whether the target's grant must be a valid one.
    pub verify: bool,
    /// Whether the caller judges each message.
    pub messages: bool,
}

/// A client's connection whose bytes the engine moves.
pub enum Client {
    /// The caller keeps its own descriptor of it, and must not read.
    Shared(TcpStream),
    /// It is the engine's alone.
    Owned(Box<dyn Io>),
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Shared(_)) { "Shared" } else { "Owned" })
    }
}

/// What becomes of an upgrade that was granted.
#[derive(Debug)]
pub struct Settings {
    /// The client's connection, if the engine is to move its bytes.
    pub client: Option<Client>,
    /// How long nothing may move. `None`: for ever.
    pub idle: Option<Duration>,
    /// What the client says is that of a route; only where the engine moves its bytes.
    pub activity: Option<Arc<Activity>>,
}

/// The caller's say in a tunnel.
#[derive(Debug, Default)]
pub struct Control {
    state: Mutex<State>,
    wake: Notify,
    /// Made when somebody judges messages.
    verdicts: OnceLock<Box<Verdicts>>,
}

#[derive(Debug, Default)]
struct State {
    settings: Option<Settings>,
    is_detached: bool,
    resets: bool,
    has_left: bool,
    /// The task of a tunnel whose client may leave.
    task: Option<Waker>,
}

impl Control {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic cannot happen while the lock is held; if one did, the state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins the tunnel of an upgrade that was granted.
    pub fn begin(&self, settings: Settings) {
        self.lock().settings = Some(settings);
        self.wake.notify_one();
    }

    /// What becomes of the messages.
    pub fn verdicts(&self) -> &Verdicts {
        self.verdicts.get_or_init(Box::default)
    }

    /// Asks for the client's socket back: from [`Event::Detached`] on the caller carries its bytes.
    pub fn detach(&self) {
        self.lock().is_detached = true;
        self.wake.notify_one();
    }

    /// A tunnel that is given up from now on is reset: its client has not left in good order.
    pub fn reset(&self) {
        self.lock().resets = true;
    }

    /// Says that a client whose bytes the caller carries is gone: what it has sent is still passed on, and nothing more is expected.
    pub fn leave(&self) {
        let mut state = self.lock();
        state.has_left = true;
        let task = state.task.take();
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
    }

    fn poll_left(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.has_left {
            return Poll::Ready(());
        }
        state.task = Some(cx.waker().clone());
        Poll::Pending
    }

    async fn settings(&self) -> Settings {
        loop {
            let settings = self.lock().settings.take();
            if let Some(settings) = settings {
                return settings;
            }
            self.wake.notified().await;
        }
    }

    async fn detached(&self) {
        while !self.lock().is_detached {
            self.wake.notified().await;
        }
    }
}

/// Prepares an upgrade: the caller's hold on it, and the future that lives it.
pub fn prepare(order: Order, context: exchange::Context) -> (Exchange, Life) {
    let shared = Arc::new(Shared::with_window(WINDOW));
    let exchange = Exchange::new(Arc::clone(&shared));
    Stats::count(&context.stats.started);
    let gauge = Held::new(&context.stats, |s| &s.exchanges);
    let ending = Ending::new(order.id, context);
    (exchange, Box::pin(live(order, shared, ending, gauge)))
}

async fn live(order: Order, shared: Arc<Shared>, mut ending: Ending, gauge: Held) {
    let context = ending.context.clone();
    let answer = tokio::select! {
        biased;
        () = given_up(&shared) => Err(Error::cancelled()),
        answer = handshake::run(&order, &shared, &context) => answer,
    };
    let last = match answer {
        Ok(Answer::Granted(connection, switched, stage)) => {
            context.ring.push(order.id, Event::Switched(switched));
            // A task of its own: what the handshake needed is not kept for as long as the tunnel lives.
            let tunnel = tunnel(connection, stage, shared, ending, gauge);
            #[cfg(feature = "fault-injection")]
            let tunnel = faulty(tunnel, order.panic);
            tokio::spawn(tunnel);
            return;
        }
        Ok(Answer::Refused(last)) => last,
        Err(error) => Event::Failed(error),
    };
    drop(gauge);
    ending.report(last);
}

#[allow(
    clippy::manual_async_fn,
    reason = "an async fn keeps its arguments twice, and an idle tunnel is little more than this future"
)]
fn tunnel(
    mut connection: Connection,
    stage: Option<Stage>,
    shared: Arc<Shared>,
    mut ending: Ending,
    gauge: Held,
) -> impl Future<Output = ()> + Send + 'static {
    async move {
        let tell = Tell { ring: &ending.context.ring, id: ending.id };
        let result = tokio::select! {
            biased;
            () = given_up(&shared) => {
                if shared.tunnel.lock().resets {
                    connection.io.reset_on_close();
                }
                Err(Error::cancelled())
            }
            result = carry_all(&mut connection, stage, &shared, tell) => result.map_err(|failure| failure.describe(&connection.peer)),
        };
        // Before the last completion: whoever hears of it finds nothing open any more.
        drop((connection, gauge));
        ending.report(match result {
            Ok(()) => Event::End(Fields::default()),
            Err(error) => Event::Failed(error),
        });
    }
}

/// Panics in the middle of it, if it is to.
#[cfg(feature = "fault-injection")]
async fn faulty(tunnel: impl Future<Output = ()>, panics: bool) {
    // While the tunnel is there: what is decided behind the futures would find it gone. By then the client has its grant.
    let fault = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!panics, "a panic on purpose");
        std::future::pending().await
    };
    tokio::select! {
        () = tunnel => {}
        () = fault => {}
    }
}

/// What stands between the tunnel and the target, if the caller judges messages: their compression, if that was agreed on.
type Stage = Option<Agreement>;

async fn carry_all(
    connection: &mut Connection,
    stage: Option<Stage>,
    shared: &Shared,
    tell: Tell<'_>,
) -> Result<(), Failure> {
    let Connection { io: target, buffer: leftover, .. } = connection;
    let leftover = std::mem::take(leftover);
    match stage {
        None => carry(target, leftover, shared, tell).await,
        Some(agreement) => Box::pin(carry_messages(target, leftover, agreement, shared, tell)).await,
    }
}

/// Carries bytes both ways until both ends have ended.
async fn carry(
    target: &mut Box<dyn Io>,
    mut leftover: BytesMut,
    shared: &Shared,
    tell: Tell<'_>,
) -> Result<(), Failure> {
    let Settings { client, idle, activity } = shared.tunnel.settings().await;
    let mut unsent = BytesMut::new();
    if let Some(client) = client {
        match adopted::run(target, &mut leftover, (client, activity), shared, idle, tell).await? {
            adopted::Outcome::Over => return Ok(()),
            adopted::Outcome::Detached(read) => unsent = read,
        }
        tell.event(Event::Detached);
    }
    // Large, and most tunnels never come here.
    Box::pin(bridged::run(target, leftover, unsent, shared, idle, tell)).await
}

/// The same, with the stage that shows messages in front of the target.
async fn carry_messages(
    target: &mut Box<dyn Io>,
    leftover: BytesMut,
    agreement: Stage,
    shared: &Shared,
    tell: Tell<'_>,
) -> Result<(), Failure> {
    let (near, far) = tokio::io::duplex(WINDOW);
    let mut near: Box<dyn Io> = Box::new(near);
    let verdicts = shared.tunnel.verdicts();
    let mut stage = pin!(messages::run(far, target, leftover.freeze(), agreement, verdicts, tell));
    {
        let mut tunnel = pin!(carry(&mut near, BytesMut::new(), shared, tell));
        tokio::select! {
            biased;
            // With both its ends over, there may still be something in the tunnel.
            result = &mut stage => return match result {
                Ok(()) => tunnel.await,
                Err(failure) => Err(failure),
            },
            result = &mut tunnel => result?,
        }
    }
    drop(near);
    // What the client has sent last may not have been judged yet.
    timeout(relay::HALF_CLOSED, stage).await.unwrap_or(Ok(())).or_else(unless_client)
}

/// The client's side of the stage is closed by now.
fn unless_client(failure: Failure) -> Result<(), Failure> {
    if failure.side == Side::Client { Ok(()) } else { Err(failure) }
}

/// The way to the caller.
#[derive(Clone, Copy, Debug)]
struct Tell<'a> {
    ring: &'a Ring,
    id: u32,
}

impl Tell<'_> {
    fn event(self, event: Event) {
        self.ring.push(self.id, event);
    }
}

impl Failure {
    fn describe(self, peer: &Peer) -> Error {
        Error::socket(&self.error, if self.is_write { Call::Write } else { Call::Read }, peer, Phase::Body)
    }
}

/// Bytes in either direction that the caller and the engine hold, together with one piece on its way.
const WINDOW: usize = 32 * 1024;

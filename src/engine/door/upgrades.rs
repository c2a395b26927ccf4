//! WebSockets: a handshake is forwarded as its passes want it, and what it becomes is a tunnel of the engine's.

use super::connection::{Connection, Course, Next};
use super::denial::Denial;
use super::handover::Failure;
use super::head::ClientHead;
use super::stats::DoorStats;
use super::upload::Progress;
use super::visit::Visit;
use super::visitor::Visitor;
use crate::engine::config::Config;
use crate::engine::door::answer::Answered;
use crate::engine::exchange::{Exchange, Order};
use crate::engine::head::Framing;
use crate::engine::route::Activity;
use crate::engine::tunnel::{self, Upgrade};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};

/// How WebSockets are forwarded.
#[derive(Clone, Debug)]
pub struct Upgrades {
    /// The target's grant must be a valid one (`verifyUpgrade`).
    pub verify: bool,
    /// Until the target answers a handshake (`upgradeTimeout`), if that is not as for other requests.
    pub head_limit: Option<Duration>,
    /// How long nothing may move in a tunnel (`tunnelTimeout`). `None`: for ever.
    pub idle: Option<Duration>,
    /// `X-Forwarded-Proto` says `http` of a WebSocket, too (`xfwdWsProtoAsHttp`).
    pub says_http: bool,
}

/// A tunnel that is to begin.
pub(super) struct Granted {
    pub(super) exchange: Exchange,
    /// How long nothing may move in it.
    pub(super) idle: Option<Duration>,
    /// What its client says is that of a route.
    pub(super) activity: Option<Arc<Activity>>,
}

impl Upgrades {
    /// What the engine is to do with a handshake.
    pub(super) fn order(
        &self,
        visitor: &Visitor,
        asked: &mut ClientHead,
        config: Arc<Config>,
    ) -> Result<Order, Denial> {
        let config = match self.head_limit {
            None => config,
            Some(limit) => Arc::new(within(&config, limit)),
        };
        let upgrade = Some(Upgrade { verify: self.verify, messages: false });
        let order = visitor.order_of(asked.take_head(), config, !self.says_http)?;
        Ok(Order { body: Some(Bytes::new()), upgrade, ..order })
    }
}

/// Without limits of several kinds, the one for handshakes holds for all of an answer.
fn within(config: &Config, limit: Duration) -> Config {
    let mut config = config.clone();
    config.timeouts.head = Some(limit);
    if !config.timeouts.named {
        config.timeouts.idle = Some(limit);
    }
    config
}

/// Whether a request is a handshake; what else is offered is not taken up.
///
/// # Errors
///
/// A [`Denial`] for one that cannot become a tunnel.
pub(super) fn is_handshake(asked: &ClientHead) -> Result<bool, Denial> {
    let names_websocket = |list: &[u8]| {
        list.split(|&b| b == b',').any(|token| token.trim_ascii().eq_ignore_ascii_case(b"websocket"))
    };
    if !asked.upgrade || !asked.head.fields.get_all(b"upgrade").any(names_websocket) {
        return Ok(false);
    }
    if &asked.head.method[..] != b"GET" {
        return Err(Denial::bad("The handshake of a WebSocket is not a GET"));
    }
    // What follows the head would not be the tunnel's yet.
    if asked.framing != Framing::Empty {
        return Err(Denial::bad("The handshake of a WebSocket has a body"));
    }
    Ok(true)
}

impl Connection {
    /// Forwards a handshake. Whatever the answer is, no other request follows.
    pub(super) async fn upgrade<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
        &mut self,
        asked: &mut ClientHead,
        visit: &Visit,
        (upgrades, config): (&Upgrades, Arc<Config>),
        (reader, writer, buffer): (&mut R, &mut W, &mut BytesMut),
    ) -> Next {
        let order = match upgrades.order(&self.visitor, asked, Arc::clone(&config)) {
            Ok(order) => order,
            Err(denial) => return self.deny(&denial, visit, writer, true).await,
        };
        DoorStats::count(&self.visitor.stats.forwarded);
        let progress = Progress::default();
        progress.uploaded.store(true, Ordering::Relaxed);
        let (exchange, life) = tunnel::prepare(order, self.context.clone());
        let course =
            Course { asked: asked.as_asked(false), framing: Framing::Empty, progress, visit, by_node: false };
        let outcome = self.exchange(life, &exchange, &course, (reader, writer, buffer)).await;
        match outcome {
            Ok(Ok(Answered::Switched)) => {
                let activity = visit.activity().cloned();
                Next::Tunnel(Granted { exchange, idle: upgrades.idle, activity })
            }
            Ok(Ok(Answered::Failed(error))) => {
                self.visitor.stats.count_answered(&error);
                visit.failed(&error);
                let failure = Failure { error, target: config.target.url(), begun: None };
                self.hand_failure(asked, failure, false, visit, (reader, writer, buffer)).await
            }
            other => self.over(other, &course, writer).await,
        }
    }
}

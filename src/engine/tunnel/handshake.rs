//! The handshake: the request over a connection of its own, and the target's answer.

use super::{Agreement, Stage, keep_offers};
use crate::engine::error::{Error, Fault, Limit, Phase};
use crate::engine::exchange::receive::{Received, Receiver};
use crate::engine::exchange::{Context, Order, Shared, send};
use crate::engine::head::Framing;
use crate::engine::ring::{Event, Switched};
use crate::engine::upstream::{Connection, Key, h1};
use bytes::{Bytes, BytesMut};
use tokio::time::timeout;

/// What the target says.
pub(super) enum Answer {
    /// It has switched protocols; this is the connection.
    Granted(Connection, Box<Switched>, Option<Stage>),
    /// It has answered otherwise, and this is the answer's last completion.
    Refused(Event),
}

/// Asks the target, within the limit for the whole of it, if there is one.
pub(super) async fn run(order: &Order, shared: &Shared, context: &Context) -> Result<Answer, Error> {
    let timeouts = &order.config.timeouts;
    let asking = ask(order, shared, context);
    let Some(total) = timeouts.total else { return asking.await };
    timeout(total, asking).await.unwrap_or_else(|_| Err(timeouts.exceeded(Limit::Total, Phase::Head)))
}

async fn ask(order: &Order, shared: &Shared, context: &Context) -> Result<Answer, Error> {
    #[cfg(feature = "fault-injection")]
    assert!(!order.panic || order.announced, "a panic on purpose");
    let key = Key::of(&order.config, &order.outbound.head.fields);
    let mut connection = context.connector.connect(&key, order.config.timeouts).await?;
    let mut head = BytesMut::with_capacity(1024);
    let shows_messages = order.upgrade.is_some_and(|upgrade| upgrade.messages);
    if order.outbound.verbatim {
        h1::whole_head(&order.outbound.head, &mut head);
    } else if shows_messages {
        let mut outbound = order.outbound.head.clone();
        keep_offers(&mut outbound.fields);
        h1::upgrade_head(&outbound, &mut head);
    } else {
        h1::upgrade_head(&order.outbound.head, &mut head);
    }
    // What cannot be written may still have been answered: that error is the receiving side's to find out.
    let sent =
        send::whole(&mut *connection.io, head, Framing::Empty, &Bytes::new(), &order.config.timeouts).await;
    let mut receiver = Receiver::new(order, shared, context, connection.peer.clone());
    let received = receiver.run(&mut connection.io, &mut connection.buffer, None, sent.err()).await?;
    Ok(match received {
        Received { last: Event::Switched(mut switched), .. } => {
            switched.ends = connection.io.ends();
            let agreed = || Agreement::of(&switched.head.fields);
            // What was not offered cannot be taken apart.
            let stage = shows_messages.then(agreed).transpose();
            let stage = stage.map_err(|_| Error::protocol(Fault::Upgrade, Phase::Head))?;
            Answer::Granted(connection, switched, stage)
        }
        Received { last, .. } => Answer::Refused(last),
    })
}

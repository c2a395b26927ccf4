//! The handshake: the request over a connection of its own, and the target's answer.

use super::{Agreement, Stage, keep_offers, multiplexed};
use crate::engine::config::Http2;
use crate::engine::error::{Error, Fault, Limit, Phase};
use crate::engine::exchange::receive::{Received, Receiver};
use crate::engine::exchange::{Asking, Context, Order, Shared, send};
use crate::engine::head::{Framing, RequestHead};
use crate::engine::ring::{Event, Switched};
use crate::engine::upstream::{Connection, Key, Link, Wanted, h1, link};
use bytes::{Bytes, BytesMut};
use std::borrow::Cow;
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
    let mut key = Key::of(&order.config, &order.outbound.head.fields);
    let timeouts = order.config.timeouts;
    let asking = Asking { order, shared, context };
    let wanted = if order.config.reuse { Wanted::Fresh } else { Wanted::Own };
    let mut connection =
        match link(&context.pool, &*context.connector, &key, timeouts, &asking, wanted).await? {
            Link::Http1(connection) => connection,
            Link::Http2(place) if place.session().takes_websockets() => {
                return multiplexed::ask(place, key.tls.is_some(), order, shared, context).await;
            }
            Link::Http2(_) => {
                // Over HTTP/2 the target takes none, but over HTTP/1.1 it may.
                key.http2 = Http2::Never;
                context.connector.connect(&key, timeouts, &asking).await?
            }
        };
    let mut head = BytesMut::with_capacity(1024);
    if order.outbound.verbatim {
        h1::whole_head(&order.outbound.head, &mut head);
    } else {
        h1::upgrade_head(&outbound(order), &mut head);
    }
    // What cannot be written may still have been answered: that error is the receiving side's to find out.
    let sent =
        send::whole(&mut *connection.io, head, Framing::Empty, &Bytes::new(), &order.config.timeouts).await;
    let mut receiver = Receiver::new(order, shared, context, connection.peer.clone());
    let received = receiver.run(&mut connection.io, &mut connection.buffer, None, sent.err()).await?;
    Ok(match received {
        Received { last: Event::Switched(mut switched), .. } => {
            switched.ends = connection.io.ends();
            let stage = stage(order, &switched)?;
            Answer::Granted(connection, switched, stage)
        }
        Received { last, .. } => Answer::Refused(last),
    })
}

/// The head to be sent. Where messages are shown, it offers only what can be taken apart.
pub(super) fn outbound(order: &Order) -> Cow<'_, RequestHead> {
    let head = &order.outbound.head;
    if !shows_messages(order) {
        return Cow::Borrowed(head);
    }
    let mut head = head.clone();
    keep_offers(&mut head.fields);
    Cow::Owned(head)
}

/// What stands between the tunnel and the target.
pub(super) fn stage(order: &Order, switched: &Switched) -> Result<Option<Stage>, Error> {
    let agreed = || Agreement::of(&switched.head.fields);
    // What was not offered cannot be taken apart.
    let stage = shows_messages(order).then(agreed).transpose();
    stage.map_err(|_| Error::protocol(Fault::Upgrade, Phase::Head))
}

fn shows_messages(order: &Order) -> bool {
    order.upgrade.is_some_and(|upgrade| upgrade.messages)
}

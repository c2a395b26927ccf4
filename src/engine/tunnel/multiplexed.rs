//! The handshake over HTTP/2 (RFC 8441): a stream of a session becomes the connection of the tunnel.

use super::accept::accept_of;
use super::handshake::{Answer, outbound, stage};
use crate::engine::error::{Error, Phase};
use crate::engine::exchange::multiplexed::Receiver;
use crate::engine::exchange::report::SWITCHING;
use crate::engine::exchange::{Context, Order, Shared};
use crate::engine::head::ResponseHead;
use crate::engine::ring::Event;
use crate::engine::upstream::Connection;
use crate::engine::upstream::h2::{self, Place, StreamIo, judge};
use std::sync::Arc;

/// Asks the target on this place of a session that takes WebSockets.
pub(super) async fn ask(
    place: Place,
    is_secure: bool,
    order: &Order,
    shared: &Shared,
    context: &Context,
) -> Result<Answer, Error> {
    let request = h2::websocket(&outbound(order), is_secure)?;
    let session = Arc::clone(place.session());
    let (response, sender) =
        place.send(request, false).map_err(|error| judge(&error, &session, Phase::Send).error)?;
    let mut receiver = Receiver::new(order, shared, context, &session, None);
    let (head, stream) = receiver.head(response).await?;
    if !(200..300).contains(&head.status) {
        // What it answers instead is all that is still to come.
        drop(sender);
        return receiver.rest(head, stream).await.map(Answer::Refused);
    }
    let Event::Switched(switched) = receiver.report.switched(granted(head, order))? else {
        return Err(Error::cancelled());
    };
    let stage = stage(order, &switched)?;
    let peer = session.peer();
    let connection = Connection::of_stream(StreamIo::new(sender, stream, Some(place)), peer);
    Ok(Answer::Granted(connection, switched, stage))
}

/// The grant as HTTP/1.1 has it, for clients that speak that: the key that they sent is answered here.
fn granted(head: ResponseHead, order: &Order) -> ResponseHead {
    let mut head = ResponseHead { status: SWITCHING, ..head };
    head.fields.set("connection", "Upgrade");
    head.fields.set("upgrade", "websocket");
    if let Some(key) = order.outbound.head.fields.get(b"sec-websocket-key") {
        head.fields.set("sec-websocket-accept", accept_of(key));
    }
    head
}

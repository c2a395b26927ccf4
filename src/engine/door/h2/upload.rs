//! The client's side of an exchange: its request body on the way to the target.

use crate::engine::body::End;
use crate::engine::door::pace::{Pace, TooSlow};
use crate::engine::door::visit::Visit;
use crate::engine::exchange::Exchange;
use crate::engine::head::Framing;
use crate::engine::upstream::h2::trailers_of;
use h2::RecvStream;

/// Why a body cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The client has reset the stream, or what it has sent is no body.
    Gone,
    /// Nothing has come for too long.
    Slow,
}

/// Passes the body on, and its trailers. The client may send more only when the target has taken what there is.
pub(super) async fn run(
    body: &mut RecvStream,
    framing: Framing,
    exchange: &Exchange,
    visit: &Visit,
    mut pace: Pace,
) -> Result<(), Fault> {
    if framing == Framing::Empty {
        return Ok(());
    }
    let slow = |TooSlow| Fault::Slow;
    let gone = |_| Fault::Gone;
    while let Some(data) = pace.wait(body.data()).await.map_err(slow)? {
        let data = data.map_err(gone)?;
        let length = data.len();
        pace.received(length);
        visit.heard(length);
        exchange.request_body().send(data).await;
        body.flow_control().release_capacity(length).map_err(gone)?;
    }
    let trailers = pace.wait(body.trailers()).await.map_err(slow)?.map_err(gone)?;
    let trailers = trailers.as_ref().map(trailers_of).unwrap_or_default();
    exchange.request_body().finish(End::Complete(trailers));
    Ok(())
}

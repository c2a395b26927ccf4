//! The client's side of an exchange: its request body on the way to the target, and then its departure.

use super::denial::Denial;
use super::pace::{Pace, TooSlow};
use super::visit::Visit;
use crate::engine::body::End;
use crate::engine::exchange::Exchange;
use crate::engine::head::Framing;
use crate::engine::upstream::h1::{Decoded, Decoder};
use bytes::BytesMut;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt};

/// What the two directions of an exchange tell each other.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The request's body has been read to its end.
    pub(super) uploaded: AtomicBool,
    /// Something of the final response may have been written.
    pub(super) begun: AtomicBool,
}

/// Why an exchange cannot go on.
#[derive(Debug)]
pub(super) enum Fault {
    /// The client has left.
    Gone,
    /// What it sends is no body, or too slow.
    Denied(Denial),
}

/// Reads the request's body from `buffer` and `reader` into `exchange`, then waits for the client to leave. Ends only with a fault.
pub(super) async fn run<R: AsyncRead + Unpin>(
    reader: &mut R,
    buffer: &mut BytesMut,
    framing: Framing,
    exchange: &Exchange,
    (progress, visit): (&Progress, &Visit),
    pace: Pace,
) -> Fault {
    if !progress.uploaded.load(Ordering::Relaxed) {
        if let Err(fault) = body(reader, buffer, framing, exchange, (visit, pace)).await {
            return fault;
        }
        progress.uploaded.store(true, Ordering::Relaxed);
    }
    departure(reader, buffer).await
}

async fn body<R: AsyncRead + Unpin>(
    reader: &mut R,
    buffer: &mut BytesMut,
    framing: Framing,
    exchange: &Exchange,
    (visit, mut pace): (&Visit, Pace),
) -> Result<(), Fault> {
    let mut decoder = Decoder::new(framing);
    // A body of tiny chunks would cost more memory than its bytes.
    let mut gathered = BytesMut::new();
    loop {
        let decoded = decoder.decode(buffer);
        if let Ok(Decoded::Data(data)) = &decoded {
            visit.heard(data.len());
        }
        if !matches!(&decoded, Ok(Decoded::Data(data)) if data.len() < TINY) {
            exchange.request_body().send(gathered.split().freeze()).await;
        }
        match decoded {
            Ok(Decoded::Data(data)) if data.len() < TINY => gathered.extend_from_slice(&data),
            Ok(Decoded::Data(data)) => exchange.request_body().send(data).await,
            Ok(Decoded::End(trailers)) => {
                exchange.request_body().finish(End::Complete(trailers));
                return Ok(());
            }
            Ok(Decoded::More) => {
                buffer.reserve(READ);
                match pace.wait(reader.read_buf(buffer)).await {
                    Ok(Ok(read)) if read > 0 => pace.received(read),
                    Ok(_) => return Err(Fault::Gone),
                    Err(TooSlow) => return Err(slow()),
                }
            }
            Err(_) => return Err(Fault::Denied(Denial::bad("The request's body is malformed"))),
        }
    }
}

fn slow() -> Fault {
    Fault::Denied(Denial::new(408, "The request's body did not go on in time"))
}

/// Waits until the client leaves. What it sends meanwhile is its next request, of which only so much is read in advance.
async fn departure<R: AsyncRead + Unpin>(reader: &mut R, buffer: &mut BytesMut) -> Fault {
    while buffer.len() < READ_AHEAD {
        // What the head has left over will mostly do.
        if buffer.len() == buffer.capacity() {
            buffer.reserve(READ_AHEAD - buffer.len());
        }
        match reader.read_buf(buffer).await {
            Ok(read) if read > 0 => {}
            _ => return Fault::Gone,
        }
    }
    std::future::pending().await
}

const READ: usize = 64 * 1024;
const READ_AHEAD: usize = 4 * 1024;
const TINY: usize = 512;

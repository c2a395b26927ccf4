//! Sends the request: head and body, framed by what is really sent.

use crate::engine::body::{Channel, End, Piece};
use crate::engine::config::Timeouts;
use crate::engine::error::{Call, Error, Kind, Limit, Peer, Phase, Refusal};
use crate::engine::head::{Fields, Framing};
use crate::engine::outgoing::run_trailers;
use crate::engine::ring::{Event, Ring};
use crate::engine::time::in_time;
use crate::engine::upstream::h1;
use bytes::{Bytes, BytesMut};
use std::io;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// The request's body, and as much of it as a second attempt may need.
#[derive(Debug)]
pub(super) struct Body<'a> {
    /// The whole body, if it was handed over in one piece.
    pub(super) whole: Option<Bytes>,
    channel: &'a Channel,
    /// The pieces taken from the channel so far; `None` once there were too many to keep.
    taken: Option<Vec<Bytes>>,
    bytes_taken: usize,
    /// How many of `taken` this attempt has sent.
    sent: usize,
}

impl<'a> Body<'a> {
    pub(super) const fn new(whole: Option<Bytes>, channel: &'a Channel) -> Self {
        Self { whole, channel, taken: Some(Vec::new()), bytes_taken: 0, sent: 0 }
    }

    /// Goes back to the beginning; `false` if that is not there any more.
    pub(super) fn rewind(&mut self) -> bool {
        self.sent = 0;
        self.whole.as_ref().is_none_or(|whole| whole.len() <= REPLAY_LIMIT) && self.taken.is_some()
    }

    /// Whether bytes wait to be sent.
    fn has_more(&self) -> bool {
        !self.channel.is_empty()
    }

    pub(super) async fn next(&mut self, id: u32, ring: &Ring) -> Piece {
        if let Some(again) = self.taken.as_ref().and_then(|taken| taken.get(self.sent)) {
            self.sent += 1;
            return Piece::Data(again.clone(), false);
        }
        let piece = self.channel.next().await;
        if let Piece::Data(bytes, unblocks) = &piece {
            self.bytes_taken += bytes.len();
            if self.bytes_taken > REPLAY_LIMIT {
                self.taken = None;
            }
            if let Some(taken) = &mut self.taken {
                taken.push(bytes.clone());
                self.sent += 1;
            }
            if *unblocks {
                ring.push(id, Event::Writable);
            }
        }
        piece
    }
}

/// Streams head and body. An error that is the target's doing is left to the receiving side, which may still find an answer.
pub(super) async fn stream<W: AsyncWrite + Unpin>(
    mut writer: W,
    head: BytesMut,
    framing: Framing,
    body: &mut Body<'_>,
    ring: &Ring,
    id: u32,
    timeouts: &Timeouts,
) -> Result<(), Error> {
    let mut out = head;
    let mut left = match framing {
        Framing::Length(n) => n,
        _ => 0,
    };
    // The head does not wait for the body: the target may answer before there is one.
    write(&mut writer, &mut out, timeouts).await?;
    loop {
        // A body of known length is over with its last byte, whether its writer has said so yet or not.
        if left == 0 && matches!(framing, Framing::Length(_)) && !body.has_more() {
            return Ok(());
        }
        match body.next(id, ring).await {
            Piece::Data(bytes, _) => {
                if framing == Framing::Chunked {
                    h1::chunk_head(bytes.len(), &mut out);
                    out.extend_from_slice(&bytes);
                    out.extend_from_slice(b"\r\n");
                } else {
                    left = left.checked_sub(bytes.len() as u64).ok_or(Error::refused(Refusal::BodyLength))?;
                    out.extend_from_slice(&bytes);
                }
                write(&mut writer, &mut out, timeouts).await?;
            }
            Piece::End(End::Complete(trailers)) => {
                if left > 0 {
                    return Err(Error::refused(Refusal::BodyLength));
                }
                finish(framing, trailers, &mut out);
                return write(&mut writer, &mut out, timeouts).await;
            }
            Piece::End(End::Broken) => return Err(Error::new(Kind::Cancelled, Phase::Send)),
        }
    }
}

/// Writes head and whole body.
pub(in crate::engine) async fn whole<W: AsyncWrite + Unpin + ?Sized>(
    writer: &mut W,
    mut out: BytesMut,
    framing: Framing,
    body: &Bytes,
    timeouts: &Timeouts,
) -> Result<(), Error> {
    if framing == Framing::Chunked {
        if !body.is_empty() {
            h1::chunk_head(body.len(), &mut out);
            out.extend_from_slice(body);
            out.extend_from_slice(b"\r\n");
        }
        finish(framing, Fields::default(), &mut out);
    } else {
        out.extend_from_slice(body);
    }
    write(writer, &mut out, timeouts).await
}

fn finish(framing: Framing, mut trailers: Fields, out: &mut BytesMut) {
    if framing == Framing::Chunked {
        run_trailers(&mut trailers);
        h1::last_chunk(&trailers, out);
    }
}

/// Writes everything and empties `out`. The limit is on each write, so that it runs only while the target is the one who is slow.
async fn write<W: AsyncWrite + Unpin + ?Sized>(
    writer: &mut W,
    out: &mut BytesMut,
    timeouts: &Timeouts,
) -> Result<(), Error> {
    let writing = async {
        writer.write_all(out).await?;
        writer.flush().await
    };
    let result: io::Result<()> = match timeouts.idle {
        None => writing.await,
        Some(limit) => match in_time(limit, writing).await {
            Ok(result) => result,
            Err(_) => return Err(timeouts.exceeded(Limit::Idle, Phase::Send)),
        },
    };
    out.clear();
    result.map_err(|error| Error::socket(&error, Call::Write, &Peer::Unknown, Phase::Send))
}

/// A body up to this size can be sent a second time.
const REPLAY_LIMIT: usize = 64 * 1024;

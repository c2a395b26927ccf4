//! The target's side of an exchange: its response on the way to the client.

use super::encode::{self, BodyKind, Connection};
use super::handover::{Desertion, end_to_end};
use super::upload::Progress;
use super::visit::Visit;
use crate::engine::error::Error;
use crate::engine::exchange::Exchange;
use crate::engine::head::{Fields, Version};
use crate::engine::ring::{Completion, Event, Head, Ring};
use crate::engine::time::in_time;
use crate::engine::upstream::h1;
use bytes::{Buf, BufMut, BytesMut};
use std::future::poll_fn;
use std::io;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// What the response is an answer to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a [u8],
    pub(super) version: Version,
    /// Client and door would both go on after this exchange.
    pub(super) keep_alive: bool,
}

/// How an exchange ended that its client has not ended.
#[derive(Debug)]
pub(super) enum Answered {
    /// The response is complete.
    Whole {
        /// Another request may follow.
        keep_alive: bool,
    },
    /// The protocol is another one from now on.
    Switched,
    /// The target failed before it answered.
    Failed(Error),
    /// The target failed in the middle of its response.
    Cut {
        /// Why.
        error: Error,
        /// An orderly close would be the response's end.
        ends_by_close: bool,
    },
}

/// Writes a response, as its pieces come.
pub(super) struct Answer<'a, W> {
    pub(super) writer: &'a mut W,
    pub(super) asked: Asked<'a>,
    /// Node has written it: it is the client's as it is.
    pub(super) by_node: bool,
    /// Says when Node has given it up.
    pub(super) desertion: Option<Desertion>,
    pub(super) ring: &'a Ring,
    pub(super) exchange: &'a Exchange,
    pub(super) progress: &'a Progress,
    pub(super) visit: &'a Visit,
    /// For each write.
    pub(super) idle: Duration,
    /// What the client is told of the time that it has for another request.
    pub(super) keep_alive: Duration,
    /// Written, and not sent yet.
    pub(super) out: BytesMut,
}

impl<W: AsyncWrite + Unpin> Answer<'_, W> {
    /// Writes the whole response.
    ///
    /// # Errors
    ///
    /// When the client does not take it.
    pub(super) async fn run(mut self) -> io::Result<Answered> {
        let mut begun: Option<(BodyKind, bool)> = None;
        let mut completions = Vec::with_capacity(1);
        loop {
            self.ring.drain(8, &mut completions);
            if completions.is_empty() {
                self.flush().await?;
                next_turn().await;
            }
            for Completion { event, .. } in completions.drain(..) {
                match (event, begun) {
                    (Event::Interim(head), None) => self.interim(&head),
                    (Event::Switched(switched), None) => {
                        let Head { status, reason, fields, .. } = &switched.head;
                        encode::switching_head((*status, reason), fields, self.by_node, &mut self.out);
                        self.flush().await?;
                        return Ok(Answered::Switched);
                    }
                    (Event::Response(mut head, whole), None) => {
                        if self.by_node {
                            head.ends_connection |= end_to_end(&mut head.fields);
                        }
                        let (kind, keep_alive) = self.head(&head);
                        let Some(body) = whole else {
                            begun = Some((kind, keep_alive));
                            continue;
                        };
                        self.data(body, 1, kind).await?;
                        return self.end(kind, &Fields::default(), keep_alive).await;
                    }
                    (Event::Readable, Some((kind, _))) => self.waiting(kind).await?,
                    (Event::End(trailers), Some((kind, keep_alive))) => {
                        self.waiting(kind).await?;
                        return self.end(kind, &trailers, keep_alive).await;
                    }
                    (Event::Failed(error), None) => return Ok(Answered::Failed(error)),
                    (Event::Failed(error), Some((kind, _))) => {
                        // What has come is the client's, as if there were no proxy in between.
                        self.waiting(kind).await?;
                        self.flush().await?;
                        return Ok(Answered::Cut { error, ends_by_close: kind == BodyKind::UntilClose });
                    }
                    // Room for the request's body, which its writer has seen itself; the rest is of tunnels, or out of turn.
                    _ => {}
                }
            }
        }
    }

    /// A target's `100` was said by the door itself, to whoever had asked for it; HTTP/1.0 knows none of them.
    fn interim(&mut self, head: &Head) {
        if (head.status != 100 || self.by_node) && self.asked.version == Version::Http11 {
            encode::interim_head((head.status, &head.reason), &head.fields, &mut self.out);
        }
    }

    fn head(&mut self, head: &Head) -> (BodyKind, bool) {
        self.progress.begun.store(true, Ordering::Relaxed);
        let Asked { method, version, keep_alive } = self.asked;
        self.visit.told(head.status);
        let kind = BodyKind::of(method, version, head.status, head.is_open_ended);
        // What of the request was not read would be taken for the next one.
        let uploaded = self.progress.uploaded.load(Ordering::Relaxed);
        let keep_alive = keep_alive && uploaded && !head.ends_connection && kind != BodyKind::UntilClose;
        let connection = if keep_alive { Connection::KeepAlive(self.keep_alive) } else { Connection::Close };
        let line = (head.status, &head.reason[..]);
        encode::response_head(line, &head.fields, kind, connection, &mut self.out);
        (kind, keep_alive)
    }

    /// Writes what of the body waits.
    async fn waiting(&mut self, kind: BodyKind) -> io::Result<()> {
        loop {
            let pieces = self.exchange.response_body().take_all();
            if !pieces.has_remaining() {
                return Ok(());
            }
            let number = pieces.number();
            self.data(pieces, number, kind).await?;
        }
    }

    /// Writes `data`, which is in so many pieces, as one part of the body.
    async fn data(&mut self, mut data: impl Buf, pieces: usize, kind: BodyKind) -> io::Result<()> {
        let length = data.remaining();
        if length == 0 || kind == BodyKind::None {
            return Ok(());
        }
        self.visit.wrote(length);
        let end: &[u8] = if kind == BodyKind::Chunked { b"\r\n" } else { b"" };
        if kind == BodyKind::Chunked {
            h1::chunk_head(length, &mut self.out);
        }
        if length <= COPIED * pieces {
            while data.has_remaining() {
                if self.out.len() >= PIECE {
                    self.flush().await?;
                }
                let most = PIECE - self.out.len();
                self.out.put((&mut data).take(most));
            }
            self.out.extend_from_slice(end);
            return Ok(());
        }
        let start = self.out.split().freeze();
        self.send(start.chain(data).chain(end)).await
    }

    async fn end(mut self, kind: BodyKind, trailers: &Fields, keep_alive: bool) -> io::Result<Answered> {
        if kind == BodyKind::Chunked {
            h1::last_chunk(trailers, &mut self.out);
        }
        self.flush().await?;
        Ok(Answered::Whole { keep_alive })
    }

    async fn flush(&mut self) -> io::Result<()> {
        let out = self.out.split();
        self.send(out).await
    }

    /// Writes all of `bytes`. A client whose answer Node has given up gets the rest of it if it takes that at once.
    async fn send(&mut self, mut bytes: impl Buf) -> io::Result<()> {
        if let Some(desertion) = &mut self.desertion {
            tokio::select! {
                biased;
                written = write_all(self.writer, &mut bytes, self.idle) => return written,
                () = desertion.happens() => self.idle = self.idle.min(DESERTED),
            }
            self.desertion = None;
        }
        write_all(self.writer, &mut bytes, self.idle).await
    }
}

/// Waits until the task is looked at again. The exchange lives in the same task, before its answer: whenever it has something to say, it is
/// heard at once, and nobody need be woken for it.
async fn next_turn() {
    let mut is_next = false;
    poll_fn(|_| if std::mem::replace(&mut is_next, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// Writes all of `bytes`; each write must get on within `idle`.
pub(super) async fn write_all<W: AsyncWrite + Unpin>(
    writer: &mut W,
    mut bytes: impl Buf,
    idle: Duration,
) -> io::Result<()> {
    let slow = |_| io::Error::from(io::ErrorKind::TimedOut);
    while bytes.has_remaining() {
        let written = if bytes.chunk().len() == bytes.remaining() {
            // One piece, as it mostly is: writing several takes the kernel longer.
            let written = in_time(idle, writer.write(bytes.chunk())).await.map_err(slow)??;
            bytes.advance(written);
            written
        } else {
            in_time(idle, writer.write_buf(&mut bytes)).await.map_err(slow)??
        };
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    // TLS takes more than the socket does.
    in_time(idle, writer.flush()).await.map_err(slow)?
}

/// Kept back at a time.
const PIECE: usize = 64 * 1024;
/// For each write, where Node has stopped waiting for the client.
pub(super) const DESERTED: Duration = Duration::from_secs(2);
/// Pieces of less are copied behind their head: one write instead of many parts.
const COPIED: usize = 4 * 1024;

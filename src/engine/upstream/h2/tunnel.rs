//! A stream as the connection of a tunnel, with a target or with a client: WebSockets over HTTP/2 (RFC 8441).

use super::session::Place;
use crate::engine::upstream::Io;
use bytes::{Buf, Bytes};
use h2::{RecvStream, SendStream};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Both directions of a stream, and its place on its session with a target.
pub(in crate::engine) struct StreamIo {
    sender: SendStream<Bytes>,
    receiver: RecvStream,
    /// Received, and not read yet.
    unread: Bytes,
    _place: Option<Place>,
}

impl StreamIo {
    pub(in crate::engine) const fn new(
        sender: SendStream<Bytes>,
        receiver: RecvStream,
        place: Option<Place>,
    ) -> Self {
        Self { sender, receiver, unread: Bytes::new(), _place: place }
    }
}

impl Io for StreamIo {
    fn reset_on_close(&mut self) {
        self.sender.send_reset(h2::Reason::CANCEL);
    }
}

impl AsyncRead for StreamIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.unread.is_empty() {
            match ready!(self.receiver.poll_data(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(data) => self.unread = data.map_err(in_stream)?,
            }
        }
        let length = self.unread.len().min(buf.remaining());
        buf.put_slice(&self.unread[..length]);
        self.unread.advance(length);
        // Not before it is read: a slow reader slows the other end.
        self.receiver.flow_control().release_capacity(length).map_err(in_stream)?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for StreamIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let room = match ready!(poll_room(&mut self.sender, bytes.len(), cx)) {
            Some(room) => room.map_err(in_stream)?,
            None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        };
        let length = room.min(bytes.len());
        self.sender.send_data(Bytes::copy_from_slice(&bytes[..length]), false).map_err(in_stream)?;
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A stream that is over already has nothing to say any more.
        self.sender.send_data(Bytes::new(), true).ok();
        Poll::Ready(Ok(()))
    }
}

/// Waits until some of `wanted` bytes can be sent, and says how many; `None` if nothing can be sent any more.
pub(in crate::engine) fn poll_room(
    sender: &mut SendStream<Bytes>,
    wanted: usize,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<usize, h2::Error>>> {
    sender.reserve_capacity(wanted);
    // What was given before is not told again.
    while sender.capacity() == 0 {
        match ready!(sender.poll_capacity(cx)) {
            Some(Ok(_)) => {}
            other => return Poll::Ready(other),
        }
    }
    Poll::Ready(Some(Ok(sender.capacity())))
}

/// A stream that fails is a connection that was reset.
fn in_stream(error: h2::Error) -> io::Error {
    error.into_io().unwrap_or_else(|| io::ErrorKind::ConnectionReset.into())
}

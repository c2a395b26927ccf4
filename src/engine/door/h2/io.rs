//! A stream as the client's connection of a tunnel (RFC 8441).

use super::answer::poll_room;
use crate::engine::upstream::Io;
use bytes::{Buf, Bytes};
use h2::{Reason, RecvStream, SendStream};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Both directions of a stream.
pub(super) struct StreamIo {
    sender: SendStream<Bytes>,
    receiver: RecvStream,
    /// Received, and not read yet.
    unread: Bytes,
}

impl StreamIo {
    pub(super) const fn new(sender: SendStream<Bytes>, receiver: RecvStream) -> Self {
        Self { sender, receiver, unread: Bytes::new() }
    }
}

impl Io for StreamIo {
    fn reset_on_close(&mut self) {
        self.sender.send_reset(Reason::CANCEL);
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
                Some(data) => self.unread = data.map_err(failed)?,
            }
        }
        let length = self.unread.len().min(buf.remaining());
        buf.put_slice(&self.unread[..length]);
        self.unread.advance(length);
        // Not before it is read: a slow target slows the client.
        self.receiver.flow_control().release_capacity(length).map_err(failed)?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for StreamIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Ok(room) = ready!(poll_room(&mut self.sender, bytes.len(), cx)) else {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        };
        let length = room.min(bytes.len());
        self.sender.send_data(Bytes::copy_from_slice(&bytes[..length]), false).map_err(failed)?;
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

/// A stream that fails is a connection that was reset.
fn failed(error: h2::Error) -> io::Error {
    error.into_io().unwrap_or_else(|| io::ErrorKind::ConnectionReset.into())
}

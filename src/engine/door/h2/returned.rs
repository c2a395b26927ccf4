//! A connection that is given back when whoever reads and writes it has done with it.

use crate::engine::upstream::Io;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

/// What is given away of a connection: it comes back when this is dropped.
pub(super) struct Returned {
    /// There until then.
    io: Option<Box<dyn Io>>,
    owner: Option<oneshot::Sender<Box<dyn Io>>>,
}

impl Returned {
    /// The connection to be given away, and where it comes back.
    pub(super) fn new(io: Box<dyn Io>) -> (Self, oneshot::Receiver<Box<dyn Io>>) {
        let (owner, back) = oneshot::channel();
        (Self { io: Some(io), owner: Some(owner) }, back)
    }

    fn io(&mut self) -> io::Result<Pin<&mut Box<dyn Io>>> {
        self.io.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Returned {
    fn drop(&mut self) {
        if let (Some(io), Some(owner)) = (self.io.take(), self.owner.take()) {
            // An owner that is gone does not want it: it is closed.
            owner.send(io).ok();
        }
    }
}

impl AsyncRead for Returned {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.io()?.poll_read(cx, buf)
    }
}

impl AsyncWrite for Returned {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.io()?.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.io()?.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io()?.poll_shutdown(cx)
    }
}

//! A connection whose first bytes have been looked at, and are read once more.

use crate::engine::upstream::Io;
use bytes::{Buf, Bytes};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Gives `first`, then what `io` gives.
pub(super) struct Rewound {
    first: Bytes,
    io: Box<dyn Io>,
}

impl Rewound {
    pub(super) fn new(first: impl Into<Bytes>, io: impl Io + 'static) -> Self {
        Self { first: first.into(), io: Box::new(io) }
    }
}

impl AsyncRead for Rewound {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let length = self.first.len().min(buf.remaining());
        buf.put_slice(&self.first[..length]);
        self.first.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl Io for Rewound {
    fn reset_on_close(&mut self) {
        self.io.reset_on_close();
    }

    fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.io.ends()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn what_was_read_first_is_read_again() {
        let (mut far, near) = tokio::io::duplex(64);
        let mut rewound = Rewound::new(&b"abc"[..], near);
        far.write_all(b"def").await.unwrap();
        let mut bytes = [0; 2];
        rewound.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"ab");
        let mut bytes = [0; 4];
        rewound.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"cdef");
    }
}

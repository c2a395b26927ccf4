//! What a session reads from and writes to: a connection, with a note of what happened to it. `h2` tells its streams less.

use crate::engine::error::{Call, Error, Peer, Phase};
use crate::engine::upstream::Io;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is noted.
#[derive(Debug)]
pub(super) struct Notes {
    pub(super) peer: Peer,
    /// Something has come since this was last cleared.
    pub(super) heard: AtomicBool,
    /// Why the connection has failed, if it has.
    failure: Mutex<Option<Error>>,
}

impl Notes {
    pub(super) fn new(peer: Peer) -> Self {
        Self { peer, heard: AtomicBool::new(false), failure: Mutex::default() }
    }

    /// Why the connection has failed, as an error of this phase; `None` if it was closed in good order, or is open.
    pub(super) fn failure(&self, phase: Phase) -> Option<Error> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        failure.map(|error| Error { phase, ..error })
    }

    fn note(&self, error: &io::Error, call: Call) {
        let noted = Error::socket(error, call, &self.peer, Phase::Head);
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(noted);
    }
}

/// A connection under notes.
pub(super) struct Watched {
    pub(super) io: Box<dyn Io>,
    pub(super) notes: Arc<Notes>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.io).poll_read(cx, buf));
        match &result {
            Ok(()) => self.notes.heard.store(true, Ordering::Relaxed),
            Err(error) => self.notes.note(error, Call::Read),
        }
        Poll::Ready(result)
    }
}

impl Watched {
    fn noted<T>(&self, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &result {
            self.notes.note(error, Call::Write);
        }
        result
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write(cx, buf);
        self.noted(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.noted(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.io).poll_flush(cx);
        self.noted(result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

//! One direction of a tunnel, and how long a tunnel may stand still.
//!
//! Bytes are read into a buffer that all tunnels of a thread share, and written from there. Only what the other end does not take at once
//! is copied, and nothing more is read before it is gone: an idle tunnel holds no buffer, a blocked one as much as one read gave.

use crate::engine::route::Activity;
use bytes::BytesMut;
use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// The most that one read takes, and so the most that is held for a direction.
pub(super) const MOST: usize = 64 * 1024;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; MOST].into_boxed_slice());
}

/// Reads up to `most` bytes, and does something with them before anybody else reads.
pub(super) fn poll_read_into<R, T>(
    cx: &mut Context<'_>,
    from: &mut R,
    most: usize,
    then: impl FnOnce(&mut Context<'_>, &[u8]) -> T,
) -> Poll<io::Result<T>>
where
    R: AsyncRead + Unpin + ?Sized,
{
    SCRATCH.with_borrow_mut(|scratch| {
        let mut buffer = ReadBuf::new(&mut scratch[..most]);
        ready!(Pin::new(from).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(then(cx, buffer.filled())))
    })
}

/// An end that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) side: Side,
    pub(super) is_write: bool,
    pub(super) error: io::Error,
}

/// An end of a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Target,
}

/// One direction: bytes from `from` to the other end.
#[derive(Debug)]
pub(super) struct Direction {
    from: Side,
    /// Read, and not yet taken by the other end.
    pub(super) pending: BytesMut,
    state: State,
    unflushed: bool,
    /// Something has moved since this was last cleared.
    moved: bool,
    /// What comes is that of a route.
    activity: Option<Arc<Activity>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The one end has ended; the other is to hear of it.
    Ending,
    Ended,
}

impl Direction {
    pub(super) const fn new(from: Side, pending: BytesMut) -> Self {
        Self { from, pending, state: State::Open, unflushed: false, moved: false, activity: None }
    }

    /// What comes is that of a route.
    pub(super) fn of(self, activity: Option<Arc<Activity>>) -> Self {
        Self { activity, ..self }
    }

    /// Whether its source has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.state != State::Open
    }

    /// Whether something has moved since this was last asked.
    pub(super) const fn take_moved(&mut self) -> bool {
        std::mem::replace(&mut self.moved, false)
    }

    /// Moves what can be moved; ready once the source's end was passed on.
    pub(super) fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut R,
        to: &mut W,
    ) -> Poll<Result<(), Failure>>
    where
        R: AsyncRead + Unpin + ?Sized,
        W: AsyncWrite + Unpin + ?Sized,
    {
        loop {
            while !self.pending.is_empty() {
                let written = ready!(Pin::new(&mut *to).poll_write(cx, &self.pending));
                let written = written.and_then(not_zero).map_err(|error| self.to_failed(error))?;
                bytes::Buf::advance(&mut self.pending, written);
                self.moved = true;
                self.unflushed = true;
            }
            // Given back: the next one may be long in coming.
            self.pending = BytesMut::new();
            match self.state {
                State::Ended => return Poll::Ready(Ok(())),
                State::Ending => {
                    // Who has closed altogether need not hear that no more is coming.
                    let ended = ready!(Pin::new(&mut *to).poll_shutdown(cx));
                    ended.or_else(unless_closed).map_err(|error| self.to_failed(error))?;
                    self.state = State::Ended;
                }
                State::Open => match self.poll_once(cx, from, to) {
                    Poll::Ready(result) => result?,
                    Poll::Pending => {
                        if self.unflushed {
                            let flushed = ready!(Pin::new(&mut *to).poll_flush(cx));
                            flushed.map_err(|error| self.to_failed(error))?;
                            self.unflushed = false;
                        }
                        return Poll::Pending;
                    }
                },
            }
        }
    }

    /// One read, and the write of what it gave.
    fn poll_once<R, W>(&mut self, cx: &mut Context<'_>, from: &mut R, to: &mut W) -> Poll<Result<(), Failure>>
    where
        R: AsyncRead + Unpin + ?Sized,
        W: AsyncWrite + Unpin + ?Sized,
    {
        let outcome = ready!(poll_read_into(cx, from, MOST, |cx, bytes| {
            if bytes.is_empty() {
                return Ok(None);
            }
            if let Some(activity) = &self.activity {
                activity.touch();
            }
            let written = match Pin::new(&mut *to).poll_write(cx, bytes) {
                Poll::Ready(written) => written.and_then(not_zero)?,
                Poll::Pending => 0,
            };
            Ok(Some(BytesMut::from(&bytes[written..])))
        }));
        self.moved = true;
        match outcome {
            Err(error) => {
                return Poll::Ready(Err(Failure { side: self.from, is_write: false, error }));
            }
            Ok(Err(error)) => return Poll::Ready(Err(self.to_failed(error))),
            Ok(Ok(None)) => self.state = State::Ending,
            Ok(Ok(Some(rest))) => {
                self.pending = rest;
                self.unflushed = true;
            }
        }
        Poll::Ready(Ok(()))
    }

    const fn to_failed(&self, error: io::Error) -> Failure {
        let side = match self.from {
            Side::Client => Side::Target,
            Side::Target => Side::Client,
        };
        Failure { side, is_write: true, error }
    }
}

fn not_zero(written: usize) -> io::Result<usize> {
    if written == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(written) }
}

fn unless_closed(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotConnected { Ok(()) } else { Err(error) }
}

/// How long a tunnel may stand still.
#[derive(Debug)]
pub(super) struct Idle {
    limit: Option<Duration>,
    since: Instant,
    /// Made when there is a limit. That bytes move does not touch it; it looks again when it is over.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Idle {
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Self { limit, since: Instant::now(), sleep: None }
    }

    /// Ready when nothing has moved for too long. A tunnel of which one end has ended is waited for no longer than [`HALF_CLOSED`].
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, moved: bool, is_half_closed: bool) -> Poll<()> {
        let half_closed = is_half_closed.then_some(HALF_CLOSED);
        let Some(limit) = [self.limit, half_closed].into_iter().flatten().min() else { return Poll::Pending };
        if moved {
            self.since = Instant::now();
        }
        let deadline = self.since + limit;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

/// Who has ended its half has long said all; the other is given this long between two of its pieces (docs/reliability-rows.md, E-15).
pub(super) const HALF_CLOSED: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;

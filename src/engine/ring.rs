//! The completion ring: what the engine has to tell its caller, in order. One wake-up for all that is ready.

use super::error::Error;
use super::head::{Fields, Version};
use super::tunnel::Message;
use bytes::Bytes;
use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something the caller of exchange `id` must know.
#[derive(Debug)]
pub struct Completion {
    /// The exchange, by the caller's number.
    pub id: u32,
    /// What happened.
    pub event: Event,
}

/// What happened to an exchange. Each exchange ends with exactly one of [`Event::Response`] with a whole body, [`Event::End`] or
/// [`Event::Failed`].
#[derive(Debug)]
pub enum Event {
    /// An interim response (1xx).
    Interim(Head),
    /// The response head, with its whole body if that is there already.
    Response(Head, Option<Bytes>),
    /// The response body has bytes to read.
    Readable,
    /// The request body has room again.
    Writable,
    /// The response body is complete; these are its trailers.
    End(Fields),
    /// The exchange failed.
    Failed(Error),
    /// The target has switched protocols: the exchange is a tunnel from now on, once its caller says of what kind.
    Switched(Box<Switched>),
    /// The target sends no more through the tunnel.
    TargetEnded,
    /// The caller has its client's socket back.
    Detached,
    /// The caller is asked for the addresses of a name, by its function of this number.
    Lookup(u32, Arc<str>),
    /// A message that the caller is to judge.
    Message(Message),
}

/// An upgrade that was granted.
#[derive(Debug)]
pub struct Switched {
    /// The head of the 101.
    pub head: Head,
    /// Our end and the target's end of the connection, if it has addresses.
    pub ends: Option<(SocketAddr, SocketAddr)>,
}

/// A response head as the caller asked for it: as the target sent it, or passed.
#[derive(Debug)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The reason phrase, perhaps empty.
    pub reason: Bytes,
    /// The fields.
    pub fields: Fields,
    /// The version that the target spoke.
    pub version: Version,
    /// Whether the body's length is unknown until it ends.
    pub is_open_ended: bool,
    /// The client's connection cannot be kept: its request body was not read to the end.
    pub ends_connection: bool,
}

/// The ring of one caller.
pub struct Ring {
    state: Mutex<State>,
    wake: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Completion>,
    /// The caller was woken and has not drained the queue since.
    woken: bool,
}

impl Ring {
    /// A ring that calls `wake`, from any thread, when there is something to drain.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { state: Mutex::default(), wake: Box::new(wake) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic cannot happen while the lock is held; if one did, the queue is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a completion, and wakes the caller unless it is awake.
    pub fn push(&self, id: u32, event: Event) {
        let mut state = self.lock();
        state.queue.push_back(Completion { id, event });
        let asleep = !std::mem::replace(&mut state.woken, true);
        drop(state);
        if asleep {
            (self.wake)();
        }
    }

    /// Takes up to `most` completions. The caller comes again at once until there are none; only then is it woken anew.
    pub fn drain(&self, most: usize, out: &mut Vec<Completion>) {
        let mut state = self.lock();
        if state.queue.is_empty() {
            state.woken = false;
            return;
        }
        let most = most.min(state.queue.len());
        out.extend(state.queue.drain(..most));
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").field("ready", &self.lock().queue.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn many_completions_are_one_wake_up() {
        let wakes = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&wakes);
        let ring = Ring::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let drain = |most| {
            let mut out = Vec::new();
            ring.drain(most, &mut out);
            out.into_iter().map(|c| c.id).collect::<Vec<_>>()
        };
        for id in 0..3 {
            ring.push(id, Event::Readable);
        }
        assert_eq!(wakes.load(Ordering::Relaxed), 1);
        assert_eq!(drain(2), [0, 1]);
        ring.push(3, Event::Readable);
        assert_eq!(drain(9), [2, 3]);
        assert_eq!(wakes.load(Ordering::Relaxed), 1, "the caller is still awake");
        assert_eq!(drain(9), []);
        ring.push(4, Event::Readable);
        assert_eq!(wakes.load(Ordering::Relaxed), 2);
    }
}

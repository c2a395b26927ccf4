//! The sessions of one engine thread: which one a request goes over, and who opens another.

use super::session::{Place, Session};
use crate::engine::error::Error;
use crate::engine::upstream::Key;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::watch;

/// What is open to each place.
#[derive(Default)]
pub(in crate::engine) struct Sessions {
    state: Mutex<HashMap<Key, Entry>>,
}

#[derive(Default)]
struct Entry {
    open: Vec<Arc<Session>>,
    /// Somebody is about to connect; what comes of it.
    opening: Option<watch::Receiver<Outcome>>,
    /// The target has chosen HTTP/1.1 when it was last asked: there is nothing to share, and nobody waits for anybody.
    speaks_http1: bool,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("places", &self.lock().len()).finish_non_exhaustive()
    }
}

/// `None`: not known yet.
type Outcome = Option<Result<(), Error>>;

/// What a request does for a connection.
pub(in crate::engine::upstream) enum Turn {
    /// It goes over a session.
    Place(Place),
    /// It waits for somebody who connects already.
    Wait(watch::Receiver<Outcome>),
    /// It connects, for others as well.
    Open(Opening),
    /// It takes or makes a connection for itself.
    Alone,
}

/// Somebody who connects. Dropped without a word, another one does.
pub(in crate::engine::upstream) struct Opening {
    outcome: watch::Sender<Outcome>,
    sessions: Arc<Sessions>,
    key: Key,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        // A panic cannot happen while the lock is held; if one did, the map is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a request for `key` does. Beyond `most` sessions none is opened: further requests queue.
    pub(in crate::engine::upstream) fn turn(self: &Arc<Self>, key: &Key, most: usize) -> Turn {
        let mut state = self.lock();
        if state.len() >= MOST_KEYS && !state.contains_key(key) {
            state.retain(|_, entry| !entry.open.is_empty() || entry.opening.is_some());
        }
        let entry = state.entry(key.clone()).or_default();
        entry.open.retain(|session| session.is_usable());
        // The fullest that has room: what is not needed any more becomes idle, and ends.
        let with_room =
            entry.open.iter().map(|session| (session.room(), session)).filter(|(room, _)| *room > 0);
        if let Some((_, session)) = with_room.min_by_key(|(room, _)| *room) {
            return Turn::Place(session.place());
        }
        if entry.speaks_http1 {
            return Turn::Alone;
        }
        if entry.open.len() >= most
            && let Some(session) = entry.open.first()
        {
            let place = session.place();
            entry.open.rotate_left(1);
            return Turn::Place(place);
        }
        if let Some(outcome) = &entry.opening {
            return Turn::Wait(outcome.clone());
        }
        let (outcome, receiver) = watch::channel(None);
        entry.opening = Some(receiver);
        Turn::Open(Opening { outcome, sessions: Arc::clone(self), key: key.clone() })
    }

    /// Keeps a session for others.
    pub(in crate::engine::upstream) fn keep(&self, key: &Key, session: &Arc<Session>) {
        let mut state = self.lock();
        let entry = state.entry(key.clone()).or_default();
        entry.speaks_http1 = false;
        entry.open.push(Arc::clone(session));
    }

    /// Leaves a session to those who use it.
    pub(super) fn forget(&self, key: &Key, session: &Weak<Session>) {
        let mut state = self.lock();
        let Some(entry) = state.get_mut(key) else { return };
        let at = entry.open.iter().position(|one| std::ptr::eq(Arc::as_ptr(one), session.as_ptr()));
        let forgotten = at.map(|at| entry.open.remove(at));
        if entry.open.is_empty() && entry.opening.is_none() && !entry.speaks_http1 {
            state.remove(key);
        }
        drop(state);
        drop(forgotten);
    }
}

impl Opening {
    /// There is a session.
    pub(in crate::engine::upstream) fn opened(self, session: &Arc<Session>) {
        self.sessions.keep(&self.key, session);
        self.outcome.send_replace(Some(Ok(())));
    }

    /// The target speaks HTTP/1.1.
    pub(in crate::engine::upstream) fn speaks_http1(self) {
        self.sessions.lock().entry(self.key.clone()).or_default().speaks_http1 = true;
        self.outcome.send_replace(Some(Ok(())));
    }

    /// It could not be connected to: that is the answer for all who wait.
    pub(in crate::engine::upstream) fn failed(self, error: &Error) {
        self.outcome.send_replace(Some(Err(error.clone())));
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let mut state = self.sessions.lock();
        let Some(entry) = state.get_mut(&self.key) else { return };
        entry.opening = None;
        if entry.open.is_empty() && !entry.speaks_http1 {
            state.remove(&self.key);
        }
    }
}

/// Targets of which it is remembered what they speak.
const MOST_KEYS: usize = 1024;

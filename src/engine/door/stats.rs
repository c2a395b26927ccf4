//! What a door has done: nobody is called for a failed request, so it is counted.

use crate::engine::error::{Error, Side};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The gauge and the counters of one door.
#[derive(Debug, Default)]
pub struct DoorStats {
    /// Connections of clients that are open.
    pub connections: AtomicUsize,
    /// Connections accepted.
    pub accepted: AtomicUsize,
    /// Connections that could not be accepted for want of descriptors and the like.
    pub accept_errors: AtomicUsize,
    /// Requests forwarded.
    pub forwarded: AtomicUsize,
    /// Requests that no route is for.
    pub unrouted: AtomicUsize,
    /// Requests that Node was given to answer.
    pub handed_over: AtomicUsize,
    /// Requests that the door refused: malformed, too large, too slow.
    pub refused: AtomicUsize,
    /// Requests whose target failed before it answered: the client was told with a 5xx.
    pub failed: AtomicUsize,
    /// Responses that were cut because their target failed in the middle.
    pub cut: AtomicUsize,
    /// Requests whose client left before the end.
    pub abandoned: AtomicUsize,
}

impl DoorStats {
    pub(super) fn count(counter: &AtomicUsize) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A failure that the client is told of.
    pub(super) fn count_answered(&self, error: &Error) {
        Self::count(if error.side() == Side::Client { &self.refused } else { &self.failed });
    }
}

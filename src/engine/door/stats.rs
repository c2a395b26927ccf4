//! What a door has done: nobody is called for a failed request, so it is counted. Each of a door's threads counts for itself.

use crate::engine::error::{Error, Side};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// The gauges and counters of one door, on one of its threads.
#[derive(Debug, Default)]
pub struct DoorStats {
    /// Connections of clients that are open.
    pub connections: AtomicUsize,
    /// Requests that are being answered.
    pub in_flight: AtomicUsize,
    /// Connections accepted.
    pub accepted: AtomicUsize,
    /// Connections that could not be accepted for want of descriptors and the like.
    pub accept_errors: AtomicUsize,
    /// Connections that were to be TLS and did not become it.
    pub handshake_failures: AtomicUsize,
    /// Requests forwarded.
    pub forwarded: AtomicUsize,
    /// Requests that no route is for.
    pub unrouted: AtomicUsize,
    /// Requests that Node was given to answer.
    pub handed_over: AtomicUsize,
    /// Requests that the door refused: malformed, too large, too slow.
    pub refused: AtomicUsize,
    /// Requests that came while as many as may be were in flight.
    pub overloaded: AtomicUsize,
    /// Requests whose target failed before it answered: the client was told with a 5xx.
    pub failed: AtomicUsize,
    /// Responses that were cut because their target failed in the middle.
    pub cut: AtomicUsize,
    /// Requests whose client left before the end.
    pub abandoned: AtomicUsize,
    /// Answers by the first digit of their status.
    pub answers: [AtomicUsize; 5],
    /// How long requests took, where that is looked at.
    pub times: Times,
}

impl DoorStats {
    pub(super) fn count(counter: &AtomicUsize) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A failure that the client is told of.
    pub(super) fn count_answered(&self, error: &Error) {
        Self::count(if error.side() == Side::Client { &self.refused } else { &self.failed });
    }

    /// An answer with this status.
    pub(super) fn count_answer(&self, status: u16) {
        if let Some(counter) =
            usize::from(status / 100).checked_sub(1).and_then(|class| self.answers.get(class))
        {
            Self::count(counter);
        }
    }
}

/// A histogram of durations.
#[derive(Debug, Default)]
pub struct Times {
    counts: [AtomicUsize; Self::BOUNDS.len()],
    microseconds: AtomicU64,
}

impl Times {
    /// Upper bounds of its buckets, in seconds.
    pub const BOUNDS: [f64; 13] =
        [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, f64::INFINITY];

    pub(super) fn add(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        if let Some(at) = Self::BOUNDS.iter().position(|bound| seconds <= *bound) {
            self.counts[at].fetch_add(1, Ordering::Relaxed);
        }
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    /// How many there are in a bucket.
    pub(super) fn count(&self, bucket: usize) -> u64 {
        self.counts[bucket].load(Ordering::Relaxed) as u64
    }

    /// All of them together, in seconds.
    pub(super) fn sum(&self) -> f64 {
        Duration::from_micros(self.microseconds.load(Ordering::Relaxed)).as_secs_f64()
    }
}

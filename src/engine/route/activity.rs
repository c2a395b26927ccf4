//! When a route was used last, and what its registry's requests come to: what configurable-http-proxy says of its routes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// When a route was used last. The routes that replace it go on with it.
#[derive(Debug)]
pub struct Activity {
    /// Milliseconds since the epoch.
    last: AtomicU64,
    tally: Arc<Tally>,
}

impl Activity {
    /// Of a route that is registered now.
    pub(super) fn new(tally: Arc<Tally>) -> Self {
        let activity = Self { last: AtomicU64::new(0), tally };
        activity.touch();
        activity
    }

    /// It is used now. Whoever asks is told milliseconds, so that is how often it is written down at most, however many bytes come.
    pub fn touch(&self) {
        let now = now();
        if self.last.load(Ordering::Relaxed) != now {
            self.last.store(now, Ordering::Relaxed);
            Tally::count(&self.tally.updates);
        }
    }

    /// When that was, in milliseconds since the epoch.
    pub fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }
}

fn now() -> u64 {
    // A clock that is set before 1970 says nothing of use.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis().try_into().unwrap_or(0))
}

/// What the requests of a registry have come to.
pub struct Tally {
    /// Requests whose route was looked up, but for those that asked for another protocol.
    pub web: AtomicU64,
    /// Requests that asked for another protocol.
    pub upgrades: AtomicU64,
    /// For how long routes were looked up, in nanoseconds.
    pub searching: AtomicU64,
    /// How often the last activity of a route was written down.
    pub updates: AtomicU64,
    answers: [AtomicU64; STATUSES],
}

const STATUSES: usize = 600;

impl Default for Tally {
    fn default() -> Self {
        Self {
            web: AtomicU64::default(),
            upgrades: AtomicU64::default(),
            searching: AtomicU64::default(),
            updates: AtomicU64::default(),
            answers: std::array::from_fn(|_| AtomicU64::default()),
        }
    }
}

impl Tally {
    pub(super) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// An answer with this status.
    pub fn answered(&self, status: u16) {
        if let Some(counter) = self.answers.get(usize::from(status)) {
            Self::count(counter);
        }
    }

    /// The statuses that were answered with, and how often.
    pub fn answers(&self) -> impl Iterator<Item = (u16, u64)> {
        let counts = self.answers.iter().map(|counter| counter.load(Ordering::Relaxed));
        (0..).zip(counts).filter(|(_, count)| *count > 0)
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.answers()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    ///
    #[test]
    fn a_storm_is_written_down_once_a_millisecond() {
        let tally = Arc::new(Tally::default());
        let activity = Activity::new(Arc::clone(&tally));
        let (begun, mut touched) = (now(), 0_u64);
        while now() < begun + 20 {
            activity.touch();
            touched += 1;
        }
        let took = now() - begun;
        let updates = tally.updates.load(Ordering::Relaxed);
        assert!(updates <= took + 2, "{updates} updates of {touched} in {took} ms");
        assert!((begun..=now()).contains(&activity.last()));
        std::thread::sleep(Duration::from_millis(5));
        activity.touch();
        assert_eq!(tally.updates.load(Ordering::Relaxed), updates + 1);
    }

    #[test]
    fn answers_are_counted_by_their_status() {
        let tally = Tally::default();
        for status in [200, 404, 200, 999] {
            tally.answered(status);
        }
        assert_eq!(tally.answers().collect::<Vec<_>>(), [(200, 2), (404, 1)]);
    }
}

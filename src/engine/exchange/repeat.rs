//! How many requests are sent a second time at once.
//!
//! What ends many connections in one moment, a target that is restarted, or that one of their requests has brought down, is not met by all of
//! them again in the next: few go ahead, and the others follow as these are answered.

use crate::engine::observe::Stats;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A request's place among those that are sent a second time; given back when it is dropped.
#[derive(Debug)]
pub(in crate::engine) struct Repeat {
    stats: Arc<Stats>,
}

impl Repeat {
    /// Waits for a place.
    pub(super) async fn place(stats: &Arc<Stats>) -> Self {
        loop {
            let mut freed = pin!(stats.repeat_ended.notified());
            // Before the look at the gauge: no end goes unheard in between.
            freed.as_mut().enable();
            let most = LEAST.max(stats.exchanges.load(Ordering::Relaxed) / SHARE);
            let take = |taken| (taken < most).then_some(taken + 1);
            if stats.repeating.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                return Self { stats: Arc::clone(stats) };
            }
            freed.await;
        }
    }
}

impl Drop for Repeat {
    fn drop(&mut self) {
        self.stats.repeating.fetch_sub(1, Ordering::Relaxed);
        self.stats.repeat_ended.notify_one();
    }
}

/// So many always may.
const LEAST: usize = 3;
/// One of so many exchanges may.
const SHARE: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test(start_paused = true)]
    async fn three_may_or_a_fifth_of_all_and_the_next_one_follows_each() {
        for (exchanges, most) in [(1, 3), (19, 3), (40, 8)] {
            let stats = Arc::new(Stats::default());
            stats.exchanges.store(exchanges, Ordering::Relaxed);
            let mut places = Vec::new();
            for _ in 0..most {
                places.push(Repeat::place(&stats).await);
            }
            let one_more = tokio::spawn({
                let stats = Arc::clone(&stats);
                async move { Repeat::place(&stats).await }
            });
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(!one_more.is_finished(), "{exchanges}");
            places.pop();
            timeout(Duration::from_secs(1), one_more).await.unwrap().unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_no_more_takes_nobodys_turn() {
        let stats = Arc::new(Stats::default());
        let mut places = Vec::new();
        for _ in 0..LEAST {
            places.push(Repeat::place(&stats).await);
        }
        assert!(timeout(Duration::from_secs(1), Repeat::place(&stats)).await.is_err());
        drop(places);
        assert_eq!(stats.repeating.load(Ordering::Relaxed), 0);
        Repeat::place(&stats).await;
    }
}

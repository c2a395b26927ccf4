//! How fast a client must send a request's body. Only the time counts that is spent waiting for the client: a slow target is not its fault.

use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The client sends too slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooSlow;

/// What has come of a body, and what it took.
#[derive(Debug)]
pub(super) struct Pace {
    /// Between two reads.
    idle: Duration,
    /// Bytes a second, on average; 0: no least rate.
    least_rate: u32,
    received: u64,
    waited: Duration,
}

impl Pace {
    pub(super) const fn new(idle: Duration, least_rate: u32) -> Self {
        Self { idle, least_rate, received: 0, waited: Duration::ZERO }
    }

    /// Waits for the client.
    ///
    /// # Errors
    ///
    /// When it has taken too long.
    pub(super) async fn wait<T>(&mut self, reading: impl Future<Output = T>) -> Result<T, TooSlow> {
        let began = Instant::now();
        let read = timeout(self.idle.min(self.left()), reading).await.map_err(|_| TooSlow);
        self.waited += began.elapsed();
        read
    }

    /// So many bytes have come.
    pub(super) const fn received(&mut self, bytes: usize) {
        self.received += bytes as u64;
    }

    /// How much longer it may be waited for.
    fn left(&self) -> Duration {
        match self.received.saturating_mul(1000).checked_div(u64::from(self.least_rate)) {
            None => Duration::MAX,
            Some(milliseconds) => (LEEWAY + Duration::from_millis(milliseconds)).saturating_sub(self.waited),
        }
    }
}

/// Connections begin slowly, and have their pauses.
const LEEWAY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    /// For how long a client is listened to that sends so many bytes each second, up to two minutes.
    async fn seconds_of(bytes: usize, mut pace: Pace) -> u64 {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(120)
            && pace.wait(sleep(Duration::from_secs(1))).await.is_ok()
        {
            pace.received(bytes);
        }
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_keeps_the_rate_may_go_on_and_another_one_may_not() {
        let pace = || Pace::new(Duration::from_secs(60), 100);
        assert_eq!(seconds_of(100, pace()).await, 120);
        assert_eq!(seconds_of(1, pace()).await, 10);
        assert_eq!(seconds_of(50, pace()).await, 19);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_least_rate_only_pauses_count() {
        assert_eq!(seconds_of(0, Pace::new(Duration::from_secs(60), 0)).await, 120);
        assert_eq!(seconds_of(1, Pace::new(Duration::from_millis(500), 0)).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_between_two_waits_does_not_count() {
        let mut pace = Pace::new(Duration::from_secs(60), 1000);
        for _ in 0..3 {
            assert!(pace.wait(sleep(Duration::from_secs(1))).await.is_ok());
            sleep(Duration::from_secs(100)).await;
        }
    }
}

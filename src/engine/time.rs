//! Time limits that cost nothing where nothing has to be waited for.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// As tokio's `timeout`, but that the clock is first looked at when `future` is not ready at once.
///
/// # Errors
///
/// When the time is over.
pub(in crate::engine) async fn in_time<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    let at_once = poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    });
    match at_once.await {
        Some(output) => Ok(output),
        None => timeout(limit, future).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    #[tokio::test(start_paused = true)]
    async fn what_is_ready_is_given_and_what_takes_too_long_is_not() {
        let limit = Duration::from_secs(2);
        assert_eq!(in_time(Duration::ZERO, async { 1 }).await, Ok(1));
        assert!(in_time(limit, sleep(Duration::from_secs(1))).await.is_ok());
        assert!(in_time(limit, sleep(Duration::from_secs(3))).await.is_err());
    }
}

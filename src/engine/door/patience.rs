//! How long a connection is waited for between two requests. It is waited for again and again: what that takes is made once.

use super::arrival::too_late;
use super::life::Stage;
use std::pin::Pin;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

/// The patience with one connection.
pub(super) struct Patience {
    /// To be put off is cheap for one that is waited for already.
    limit: Pin<Box<Sleep>>,
    closing: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
}

impl Patience {
    /// With a connection of a door that is at this stage.
    pub(super) fn new(mut stage: watch::Receiver<Stage>) -> Self {
        let closing = Box::pin(async move { too_late(&mut stage).await });
        Self { limit: Box::pin(sleep_until(Instant::now())), closing }
    }

    /// Comes to its end then, or when the door has closed and a request that was on its way would be here. After that there is none.
    pub(super) async fn ends(&mut self, then: Instant) {
        self.limit.as_mut().reset(then);
        tokio::select! {
            biased;
            () = self.limit.as_mut() => {}
            () = self.closing.as_mut() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn it_begins_anew_with_each_request_and_is_short_in_a_door_that_closes() {
        let (life, stage) = watch::channel(Stage::Open);
        let mut patience = Patience::new(stage);
        for _ in 0..3 {
            let then = Instant::now() + 3 * SECOND;
            assert!(timeout(2 * SECOND, patience.ends(then)).await.is_err());
        }
        let began = Instant::now();
        patience.ends(began + 3 * SECOND).await;
        assert_eq!(began.elapsed(), 3 * SECOND);
        life.send_replace(Stage::Draining(60 * SECOND));
        patience.ends(Instant::now() + 60 * SECOND).await;
        assert!(began.elapsed() < 4 * SECOND);
    }
}

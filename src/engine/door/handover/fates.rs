//! How Node's sockets end. A pair of sockets has no resets of its own, and what waits in it hides its end from whoever does not read on: both
//! are said beside it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The sockets that there are, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Fates {
    last: AtomicU32,
    open: Mutex<HashMap<u32, Fate>>,
}

#[derive(Debug)]
struct Fate {
    /// Its end would look like an orderly one, and a client could take half a body for the whole.
    is_reset: bool,
    desertions: Desertions,
}

impl Fates {
    /// A number for nobody.
    pub(super) fn number(&self) -> u32 {
        self.last.fetch_add(1, Ordering::Relaxed)
    }

    /// The number of a socket, until its [`end`](Self::end).
    pub(super) fn begin(&self, desertions: Desertions) -> u32 {
        let number = self.number();
        self.lock().insert(number, Fate { is_reset: false, desertions });
        number
    }

    pub(super) fn reset(&self, number: u32) {
        if let Some(fate) = self.lock().get_mut(&number) {
            fate.is_reset = true;
        }
    }

    pub(super) fn desert(&self, number: u32) {
        if let Some(fate) = self.lock().get(&number) {
            fate.desertions.0.send_replace(());
        }
    }

    pub(super) fn is_reset(&self, number: u32) -> bool {
        self.lock().get(&number).is_some_and(|fate| fate.is_reset)
    }

    pub(super) fn end(&self, number: u32) {
        self.lock().remove(&number);
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Fate>> {
        // A panic cannot happen while the lock is held; if one did, the map is still whole.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the answers of one client's connection that Node has given up on that client.
#[derive(Clone, Debug)]
pub(super) struct Desertions(Arc<watch::Sender<()>>);

impl Default for Desertions {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(())))
    }
}

impl Desertions {
    /// Sees those that are still to come.
    pub(super) fn watch(&self) -> Desertion {
        Desertion(self.0.subscribe())
    }
}

/// What an answer is told by.
#[derive(Debug)]
pub(in super::super) struct Desertion(watch::Receiver<()>);

impl Desertion {
    /// Waits for it.
    pub(in super::super) async fn happens(&mut self) {
        if self.0.changed().await.is_err() {
            // The connection is gone, and nobody waits for long.
            std::future::pending().await
        }
    }
}

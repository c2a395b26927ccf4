//! What a thread of the engine is to begin. One wake-up takes all that waits.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// A task that is to be begun.
pub(super) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tasks that wait for their thread.
#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<InboxState>,
}

#[derive(Default)]
struct InboxState {
    waiting: Vec<Task>,
    /// The engine's thread, while it has nothing to take.
    idle: Option<Waker>,
    stopped: bool,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, InboxState> {
        // A panic cannot happen while the lock is held; if one did, the list is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a task. The thread is not woken for it before [`Inbox::flush`], unless many wait.
    pub(super) fn put(&self, task: Task) {
        let mut state = self.lock();
        if state.stopped {
            return;
        }
        state.waiting.push(task);
        if state.waiting.len() >= WAKE_AT {
            Self::wake(state);
        }
    }

    /// Wakes the thread for what waits.
    pub(super) fn flush(&self) {
        Self::wake(self.lock());
    }

    /// Ends [`Inbox::work`]; what waits is dropped.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        state.waiting.clear();
        Self::wake(state);
    }

    /// Waking costs a system call: it is made once for all orders that come before the thread has taken them.
    fn wake(mut state: MutexGuard<'_, InboxState>) {
        let idle = state.idle.take();
        drop(state);
        if let Some(idle) = idle {
            idle.wake();
        }
    }

    /// Begins what comes, until it is stopped; runs on the thread.
    pub(super) async fn work(&self) {
        let mut taken = Vec::new();
        loop {
            let goes_on = std::future::poll_fn(|cx| {
                let mut state = self.lock();
                if state.stopped {
                    return Poll::Ready(false);
                }
                if state.waiting.is_empty() {
                    state.idle = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                std::mem::swap(&mut state.waiting, &mut taken);
                Poll::Ready(true)
            })
            .await;
            if !goes_on {
                return;
            }
            for task in taken.drain(..) {
                tokio::spawn(task);
            }
            tokio::task::yield_now().await;
        }
    }
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbox").field("waiting", &self.lock().waiting.len()).finish_non_exhaustive()
    }
}

/// So many orders do not wait for [`Inbox::flush`]: the thread can work while its caller goes on.
const WAKE_AT: usize = 8;

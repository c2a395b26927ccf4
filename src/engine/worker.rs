//! The engine's thread: a single-threaded tokio runtime with its own pool. Orders come in through an inbox; one wake-up takes all that
//! wait.

use super::door::{Door, Settings};
use super::exchange::{Context, Exchange, Order, prepare};
use super::observe::Stats;
use super::ring::Ring;
use super::tunnel;
use super::upstream::{Connector, Pool};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread::JoinHandle;

/// An engine: one thread that makes exchanges. Dropping it stops the thread and ends what is in progress.
#[derive(Debug)]
pub struct Engine {
    inbox: Arc<Inbox>,
    context: Context,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts an engine that reports to `ring`.
    ///
    /// # Errors
    ///
    /// When the operating system gives no thread or no event queue.
    pub fn start(ring: Arc<Ring>) -> io::Result<Self> {
        let stats = Arc::new(Stats::default());
        let pool = Arc::new(Pool::new(Arc::clone(&stats)));
        let connector = Arc::new(Connector::new(Arc::clone(&stats)));
        let context = Context { pool, connector, ring, stats };
        let inbox = Arc::new(Inbox::default());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(RESOLVER_THREADS)
            .thread_name("rs-proxy-resolver")
            .build()?;
        let thread = std::thread::Builder::new().name("rs-proxy-engine".to_owned()).spawn({
            let (inbox, pool) = (Arc::clone(&inbox), Arc::clone(&context.pool));
            move || {
                runtime.block_on(async {
                    tokio::spawn(pool.keep_clean());
                    inbox.work().await;
                });
                // A name look-up that hangs must not hold up the end of the process.
                runtime.shutdown_background();
            }
        })?;
        Ok(Self { inbox, context, thread: Some(thread) })
    }

    /// Begins an exchange. Its thread is not woken for it before [`Engine::flush`], unless many wait.
    pub fn submit(&self, order: Order) -> Exchange {
        let context = self.context.clone();
        let (exchange, life): (_, Life) = if order.upgrade.is_some() {
            let (exchange, life) = tunnel::prepare(order, context);
            (exchange, Box::pin(life))
        } else {
            let (exchange, life) = prepare(order, context);
            (exchange, Box::pin(life))
        };
        self.inbox.put(life);
        exchange
    }

    /// Opens a door at `address`, whose requests are served on this engine's thread. `on_closed` is called when it has closed.
    ///
    /// # Errors
    ///
    /// When the address cannot be had.
    pub fn listen(
        &self,
        address: SocketAddr,
        settings: Settings,
        on_closed: impl FnOnce() + Send + 'static,
    ) -> io::Result<Door> {
        let (door, life) = Door::open(address, settings, self.context.clone(), on_closed)?;
        self.inbox.put(Box::pin(life));
        self.inbox.flush();
        Ok(door)
    }

    /// Wakes the thread for what was submitted.
    pub fn flush(&self) {
        self.inbox.flush();
    }

    /// Gauges and counters.
    pub fn stats(&self) -> &Stats {
        &self.context.stats
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.inbox.stop();
        if let Some(thread) = self.thread.take() {
            // It can only have panicked, and then it is over as well.
            let _ = thread.join();
        }
    }
}

type Life = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Exchanges waiting to be begun.
#[derive(Default)]
struct Inbox {
    state: Mutex<InboxState>,
}

#[derive(Default)]
struct InboxState {
    waiting: Vec<Life>,
    /// The engine's thread, while it has nothing to take.
    idle: Option<Waker>,
    stopped: bool,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, InboxState> {
        // A panic cannot happen while the lock is held; if one did, the list is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, life: Life) {
        let mut state = self.lock();
        if state.stopped {
            return;
        }
        state.waiting.push(life);
        if state.waiting.len() >= WAKE_AT {
            Self::wake(state);
        }
    }

    fn flush(&self) {
        Self::wake(self.lock());
    }

    fn stop(&self) {
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

    async fn work(&self) {
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
            for life in taken.drain(..) {
                tokio::spawn(life);
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

/// Each name is asked for once at a time; those that answer do not wait for those that hang.
const RESOLVER_THREADS: usize = 64;
/// So many orders do not wait for [`Engine::flush`]: the thread can work while its caller goes on.
const WAKE_AT: usize = 8;

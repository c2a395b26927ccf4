//! One thread of the engine: a single-threaded tokio runtime with its own pool. Nothing moves from one thread to another.

use super::exchange::Context;
use super::inbox::{Inbox, Task};
use super::observe::Stats;
use super::ring::Ring;
use super::upstream::{Connector, Pool};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

/// A thread that does what it is given. Dropping it stops the thread and ends what is in progress.
#[derive(Debug)]
pub(super) struct Thread {
    inbox: Arc<Inbox>,
    context: Context,
    handle: Option<JoinHandle<()>>,
}

impl Thread {
    /// Starts a thread whose exchanges report to `ring`.
    pub(super) fn start(ring: Arc<Ring>) -> io::Result<Self> {
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
        let handle = std::thread::Builder::new().name("rs-proxy-engine".to_owned()).spawn({
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
        Ok(Self { inbox, context, handle: Some(handle) })
    }

    /// What its exchanges need.
    pub(super) const fn context(&self) -> &Context {
        &self.context
    }

    /// Gives it something to do. It is not woken for that before [`Thread::flush`], unless much waits.
    pub(super) fn begin(&self, task: Task) {
        self.inbox.put(task);
    }

    /// Wakes it for what it was given.
    pub(super) fn flush(&self) {
        self.inbox.flush();
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.inbox.stop();
        if let Some(handle) = self.handle.take() {
            // It can only have panicked, and then it is over as well.
            let _ = handle.join();
        }
    }
}

/// Each name is asked for once at a time; those that answer do not wait for those that hang.
const RESOLVER_THREADS: usize = 64;

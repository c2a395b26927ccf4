//! The engine: threads that make exchanges. Those of its caller are made on the first one; doors may have more.

use super::door::{Door, Place, Settings, Unopened};
use super::exchange::{Exchange, Order, prepare};
use super::observe::Stats;
use super::ring::Ring;
use super::thread::Thread;
use super::tunnel;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An engine. Dropping it stops its threads and ends what is in progress.
#[derive(Debug)]
pub struct Engine {
    ring: Arc<Ring>,
    first: Thread,
    /// What doors have asked for beyond the first. They stay for the next door.
    others: Mutex<Vec<Thread>>,
}

impl Engine {
    /// Starts an engine that reports to `ring`.
    ///
    /// # Errors
    ///
    /// When the operating system gives no thread or no event queue.
    pub fn start(ring: Arc<Ring>) -> io::Result<Self> {
        let first = Thread::start(Arc::clone(&ring))?;
        Ok(Self { ring, first, others: Mutex::default() })
    }

    /// Begins an exchange. Its thread is not woken for it before [`Engine::flush`], unless many wait.
    pub fn submit(&self, order: Order) -> Exchange {
        let context = self.first.context().clone();
        let is_upgrade = order.upgrade.is_some();
        let (exchange, life) =
            if is_upgrade { tunnel::prepare(order, context) } else { prepare(order, context) };
        self.first.begin(life);
        exchange
    }

    /// Opens a door at `place`, whose requests are served by so many of the engine's threads. `on_closed` is called when it has closed.
    ///
    /// # Errors
    ///
    /// When the place cannot be had, or the threads.
    pub fn listen(
        &self,
        place: &Place,
        settings: Settings,
        threads: NonZeroUsize,
        on_closed: impl FnOnce() + Send + 'static,
    ) -> Result<Door, Unopened> {
        let mut others = self.others();
        while others.len() + 1 < threads.get() {
            others.push(Thread::start(Arc::clone(&self.ring)).map_err(Unopened::Threads)?);
        }
        let threads = || std::iter::once(&self.first).chain(&*others).take(threads.get());
        let contexts = threads().map(|thread| thread.context().clone()).collect();
        let (door, tasks) = Door::open(place, settings, contexts, on_closed)?;
        // The last one, the door's end, is for the first thread again.
        for (thread, task) in threads().cycle().zip(tasks) {
            thread.begin(task);
            thread.flush();
        }
        Ok(door)
    }

    /// Wakes the first thread for what was submitted.
    pub fn flush(&self) {
        self.first.flush();
    }

    /// A gauge or a counter, of all threads together.
    pub fn total(&self, of: impl Fn(&Stats) -> &AtomicUsize) -> usize {
        let read = |thread: &Thread| of(&thread.context().stats).load(Ordering::Relaxed);
        read(&self.first) + self.others().iter().map(read).sum::<usize>()
    }

    fn others(&self) -> MutexGuard<'_, Vec<Thread>> {
        // A panic while the lock is held leaves a list of whole threads.
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

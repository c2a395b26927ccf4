//! Gauges and counters of an engine: what is open now, and what has happened since it started.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// The gauges and counters of one engine. After all exchanges are over and idle connections have expired, every gauge is zero.
#[derive(Debug, Default)]
pub struct Stats {
    /// Exchanges in progress.
    pub exchanges: AtomicUsize,
    /// Connections to targets, idle or in use.
    pub connections: AtomicUsize,
    /// Connections waiting in the pool.
    pub idle: AtomicUsize,
    /// Exchanges started.
    pub started: AtomicUsize,
    /// Connections made.
    pub connected: AtomicUsize,
    /// Requests sent a second time.
    pub retries: AtomicUsize,
    /// Those of them that have not been answered yet.
    pub repeating: AtomicUsize,
    /// One of these has been answered.
    pub repeat_ended: Notify,
    /// Tasks that panicked.
    pub panics: AtomicUsize,
}

impl Stats {
    /// Adds one to a counter.
    pub fn count(counter: &AtomicUsize) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Holds a gauge up by one for as long as it lives.
#[derive(Debug)]
pub struct Held {
    stats: Arc<Stats>,
    gauge: fn(&Stats) -> &AtomicUsize,
}

impl Held {
    /// Raises `gauge`.
    pub fn new(stats: &Arc<Stats>, gauge: fn(&Stats) -> &AtomicUsize) -> Self {
        gauge(stats).fetch_add(1, Ordering::Relaxed);
        Self { stats: Arc::clone(stats), gauge }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        (self.gauge)(&self.stats).fetch_sub(1, Ordering::Relaxed);
    }
}

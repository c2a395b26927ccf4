//! Where the lines go: they gather in memory, and a thread writes them, several times a second.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// Lines on their way. Dropping it ends the thread once everything is written.
#[derive(Debug)]
pub(super) struct Sink {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Something is there to be written, or it is over.
    changed: Condvar,
    written: Notify,
    /// Lines that were taken and could not be written.
    lost: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Some are being written.
    is_writing: bool,
    /// The thread sleeps until it is told.
    is_idle: bool,
    is_over: bool,
    /// Nobody reads any more.
    is_closed: bool,
}

impl Sink {
    pub(super) fn open(path: Option<&Path>) -> io::Result<Self> {
        let file = path.map(|path| OpenOptions::new().append(true).create(true).open(path)).transpose()?;
        let shared = Arc::new(Shared::default());
        thread::Builder::new().name("rs-proxy-log".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.work(file)
        })?;
        Ok(Self { shared })
    }

    /// Lets `write` add a line; `false` if there is no room for it.
    pub(super) fn put(&self, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        let mut state = self.shared.lock();
        if state.is_closed || state.waiting.len() >= MOST_WAITING {
            return false;
        }
        write(&mut state.waiting);
        if std::mem::take(&mut state.is_idle) {
            drop(state);
            self.shared.changed.notify_one();
        }
        true
    }

    pub(super) fn lost(&self) -> usize {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Waits until what was put is written; a reader that has stopped is not waited for.
    pub(super) async fn finish(&self) {
        let all = async {
            loop {
                let written = self.shared.written.notified();
                if self.shared.is_done() {
                    return;
                }
                written.await;
            }
        };
        timeout(FINISH, all).await.ok();
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.lock().is_over = true;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Formatting does not panic; if it did, half a line is still text.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_done(&self) -> bool {
        let state = self.lock();
        state.is_closed || state.waiting.is_empty() && !state.is_writing
    }

    fn work(&self, mut file: Option<File>) {
        let mut lines = Vec::new();
        while self.take(&mut lines) {
            let result = match &mut file {
                Some(file) => write(file, &lines),
                None => write(&mut io::stdout().lock(), &lines),
            };
            if let Err(error) = result {
                self.lost.fetch_add(memchr::memchr_iter(b'\n', &lines).count(), Ordering::Relaxed);
                // A full disk may have room again; a closed pipe stays closed.
                self.lock().is_closed = error.kind() == io::ErrorKind::BrokenPipe;
            }
            lines.clear();
            self.lock().is_writing = false;
            self.written.notify_waiters();
            thread::sleep(PAUSE);
        }
    }

    /// Takes what waits, once there is something; `false` at the end.
    fn take(&self, lines: &mut Vec<u8>) -> bool {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.is_over {
                return false;
            }
            state.is_idle = true;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut state.waiting, lines);
        state.is_writing = true;
        true
    }
}

/// Writes everything, also to a pipe that somebody has made non-blocking.
fn write(out: &mut impl Write, mut lines: &[u8]) -> io::Result<()> {
    while !lines.is_empty() {
        match out.write(lines) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => lines = &lines[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    out.flush()
}

/// Between two writes: what comes meanwhile is one write.
const PAUSE: Duration = Duration::from_millis(50);
/// Bytes of lines that wait for a slow reader; further ones are lost, and counted.
const MOST_WAITING: usize = 1024 * 1024;
const FINISH: Duration = Duration::from_secs(1);

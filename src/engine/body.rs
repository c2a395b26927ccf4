//! A bounded body on its way between the engine's thread and its caller's.
//!
//! One end is asynchronous (a task of the engine), the other synchronous (the caller, which must never block). The bound is in bytes:
//! whoever reads slowly slows the other end, and memory stays flat.

mod pieces;

use super::head::Fields;
use bytes::{Buf, Bytes};
pub(in crate::engine) use pieces::Pieces;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// One direction of an exchange's body.
#[derive(Debug)]
pub struct Channel {
    state: Mutex<State>,
    window: usize,
}

impl Default for Channel {
    fn default() -> Self {
        Self::with_window(Self::WINDOW)
    }
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Bytes>,
    bytes: usize,
    end: Option<End>,
    /// The task at the asynchronous end, waiting for bytes or for room.
    task: Option<Waker>,
    /// A writer that can wait, and does.
    writer: Option<Waker>,
    /// The synchronous end was told to come, and has not been here since.
    signalled: bool,
    /// The synchronous end was told that there is no room, and waits to hear that there is.
    blocked: bool,
}

/// How a body ended.
#[derive(Clone, Debug)]
pub enum End {
    /// As it should, with these trailers.
    Complete(Fields),
    /// Its writer gave up.
    Broken,
}

/// What an asynchronous reader gets.
#[derive(Debug)]
pub enum Piece {
    /// Some bytes; `unblocks` says that the writer waits to hear that there is room again.
    Data(Bytes, /* unblocks */ bool),
    /// The end.
    End(End),
}

impl Channel {
    /// Bytes in the channel before its writer is told to wait.
    pub const WINDOW: usize = 256 * 1024;

    /// A channel with a bound of its own.
    pub fn with_window(window: usize) -> Self {
        Self { state: Mutex::default(), window }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic cannot happen while the lock is held; if one did, the state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Caller's end: adds bytes. `false` asks it to wait until [`Piece::Data`] unblocks it; bytes are taken all the same.
    pub fn write(&self, bytes: Bytes) -> bool {
        let mut state = self.lock();
        if state.end.is_some() || bytes.is_empty() {
            return true;
        }
        state.bytes += bytes.len();
        state.chunks.push_back(bytes);
        state.blocked = state.bytes >= self.window;
        let room = !state.blocked;
        Self::wake(state);
        room
    }

    /// Caller's end: no more bytes.
    pub fn finish(&self, end: End) {
        let mut state = self.lock();
        state.end.get_or_insert(end);
        Self::wake(state);
    }

    /// Caller's end: takes bytes into `out`; 0 if there are none now.
    pub fn read(&self, out: &mut [u8]) -> usize {
        let (mut at, taken) = (0, self.take(out.len()));
        // Copied outside the lock: the other thread may go on meanwhile.
        for chunk in taken {
            out[at..at + chunk.len()].copy_from_slice(&chunk);
            at += chunk.len();
        }
        at
    }

    /// Caller's end: takes all there is.
    pub(in crate::engine) fn take_all(&self) -> Pieces {
        let mut state = self.lock();
        state.signalled = false;
        let pieces = Pieces::new(std::mem::take(&mut state.chunks), state.bytes);
        self.took(state, pieces.remaining());
        pieces
    }

    /// Caller's end: takes chunks of `most` bytes at most.
    fn take(&self, most: usize) -> Vec<Bytes> {
        let mut state = self.lock();
        state.signalled = false;
        let mut taken = Vec::new();
        let mut left = most;
        while left > 0 {
            let Some(chunk) = state.chunks.front_mut() else { break };
            let part = chunk.split_to(chunk.len().min(left));
            left -= part.len();
            taken.push(part);
            if chunk.is_empty() {
                state.chunks.pop_front();
            }
        }
        self.took(state, most - left);
        taken
    }

    /// So many bytes less: there may be room again.
    fn took(&self, mut state: MutexGuard<'_, State>, bytes: usize) {
        let was_full = state.bytes >= self.window;
        state.bytes -= bytes;
        if was_full && state.bytes < self.window {
            Self::wake(state);
        }
    }

    /// Caller's end: how many bytes wait.
    pub fn len(&self) -> usize {
        self.lock().bytes
    }

    /// Whether no byte waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Task's end: adds bytes. `true` says that the caller must be told that there is something to read.
    pub fn push(&self, bytes: Bytes) -> bool {
        let mut state = self.lock();
        state.bytes += bytes.len();
        state.chunks.push_back(bytes);
        !std::mem::replace(&mut state.signalled, true)
    }

    /// Task's end: waits until the channel is below its bound.
    pub async fn room(&self) {
        std::future::poll_fn(|cx| self.poll_when(cx, |state| (state.bytes < self.window).then_some(())))
            .await;
    }

    /// Task's end: the next piece.
    pub async fn next(&self) -> Piece {
        std::future::poll_fn(|cx| {
            self.poll_when(cx, |state| {
                if let Some(bytes) = state.chunks.pop_front() {
                    state.bytes -= bytes.len();
                    let unblocks = state.blocked && state.bytes <= self.window / 2;
                    state.blocked &= !unblocks;
                    if unblocks && let Some(writer) = state.writer.take() {
                        writer.wake();
                    }
                    return Some(Piece::Data(bytes, unblocks));
                }
                state.end.clone().map(Piece::End)
            })
        })
        .await
    }

    /// For a writer that is a task as well: adds bytes, and waits as long as [`Channel::write`] says.
    pub async fn send(&self, bytes: Bytes) {
        if self.write(bytes) {
            return;
        }
        std::future::poll_fn(|cx| {
            let mut state = self.lock();
            if !state.blocked {
                return Poll::Ready(());
            }
            state.writer = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn poll_when<T>(&self, cx: &Context<'_>, mut ready: impl FnMut(&mut State) -> Option<T>) -> Poll<T> {
        let mut state = self.lock();
        if let Some(value) = ready(&mut state) {
            return Poll::Ready(value);
        }
        state.task = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Wakes the task, outside the lock.
    fn wake(mut state: MutexGuard<'_, State>) {
        let task = state.task.take();
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_writer_is_told_to_wait_and_told_when_there_is_room() {
        let channel = Channel::default();
        assert!(channel.write(Bytes::from_static(b"small")));
        assert!(!channel.write(Bytes::from(vec![0; Channel::WINDOW])));
        assert!(matches!(channel.next().await, Piece::Data(_, false)));
        assert!(matches!(channel.next().await, Piece::Data(_, true)));
        channel.finish(End::Broken);
        assert!(matches!(channel.next().await, Piece::End(End::Broken)));
    }

    #[tokio::test]
    async fn a_writer_that_is_a_task_waits_for_room() {
        let channel = Arc::new(Channel::default());
        let sending = tokio::spawn({
            let channel = Arc::clone(&channel);
            async move { channel.send(Bytes::from(vec![0; Channel::WINDOW])).await }
        });
        tokio::task::yield_now().await;
        assert!(!sending.is_finished());
        assert!(matches!(channel.next().await, Piece::Data(..)));
        sending.await.unwrap();
    }

    #[tokio::test]
    async fn a_task_waits_for_a_slow_reader() {
        let channel = Arc::new(Channel::default());
        assert!(channel.push(Bytes::from(vec![1; Channel::WINDOW])), "the reader must be told once");
        assert!(!channel.push(Bytes::from_static(b"more")), "and once only");
        let waiting = tokio::spawn({
            let channel = Arc::clone(&channel);
            async move { channel.room().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        let mut out = vec![0; 1000];
        assert_eq!(channel.read(&mut out), 1000);
        waiting.await.unwrap();
        assert_eq!(channel.len(), Channel::WINDOW + 4 - 1000);
    }

    #[test]
    fn reading_crosses_chunks_and_stops_when_empty() {
        let channel = Channel::default();
        channel.push(Bytes::from_static(b"ab"));
        channel.push(Bytes::from_static(b"cde"));
        let mut out = [0; 4];
        assert_eq!((channel.read(&mut out), &out), (4, b"abcd"));
        assert_eq!((channel.read(&mut out), out[0]), (1, b'e'));
        assert_eq!(channel.read(&mut out), 0);
    }
}

//! Messages, for those who have asked for them: a stage between the tunnel and the target's connection that takes frames apart, shows each
//! message to the caller, and sends what the caller makes of it.
//!
//! What is no WebSocket is not judged here: from the first byte that cannot be understood on, a direction is passed on as it is, and its
//! recipient says what is wrong with it.

mod deflate;
mod lane;
mod pump;
mod reader;

pub(in crate::engine) use deflate::keep_offers;
pub use deflate::{Agreement, kept_offers};
pub use lane::{Lane, Step};

use super::Tell;
use super::relay::{Failure, Side};
use crate::engine::ring::Event;
use bytes::Bytes;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite, split};
use tokio::sync::Notify;

/// Where a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the target.
    ToTarget,
    /// From the target to the client.
    ToClient,
}

/// A message as the caller gets it.
#[derive(Debug)]
pub struct Message {
    /// Where it goes.
    pub direction: Direction,
    /// Bytes, as opposed to text, which is valid UTF-8.
    pub is_binary: bool,
    /// What it says.
    pub payload: Bytes,
}

/// What the caller makes of a message.
#[derive(Debug)]
pub enum Verdict {
    /// It goes on as it is.
    Pass,
    /// It does not go on.
    Drop,
    /// Another one goes on in its place.
    Replace {
        /// Bytes, as opposed to text.
        is_binary: bool,
        /// What it says.
        payload: Bytes,
    },
}

/// The caller's verdicts on their way to the stage: one message of each direction is judged at a time.
#[derive(Debug, Default)]
pub struct Verdicts {
    slots: [Slot; 2],
}

#[derive(Debug, Default)]
struct Slot {
    verdict: Mutex<Option<Verdict>>,
    wake: Notify,
}

impl Verdicts {
    const fn slot(&self, direction: Direction) -> &Slot {
        &self.slots[match direction {
            Direction::ToTarget => 0,
            Direction::ToClient => 1,
        }]
    }

    /// Says what becomes of the message of this direction that was shown last.
    pub fn give(&self, direction: Direction, verdict: Verdict) {
        let slot = self.slot(direction);
        *slot.lock() = Some(verdict);
        slot.wake.notify_one();
    }

    async fn take(&self, direction: Direction) -> Verdict {
        let slot = self.slot(direction);
        loop {
            let verdict = slot.lock().take();
            if let Some(verdict) = verdict {
                return verdict;
            }
            slot.wake.notified().await;
        }
    }
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<Verdict>> {
        // A panic cannot happen while the lock is held; if one did, the slot is still whole.
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The caller, as the pumps see it.
#[derive(Clone, Copy)]
struct Judge<'a> {
    tell: Tell<'a>,
    verdicts: &'a Verdicts,
}

impl Judge<'_> {
    async fn judge(&self, message: Message) -> Verdict {
        let direction = message.direction;
        self.tell.event(Event::Message(message));
        self.verdicts.take(direction).await
    }
}

/// Carries messages between the tunnel (`near`) and the target, until both have ended. `leftover` is what the target has sent already.
pub(super) async fn run<N, T>(
    near: N,
    target: T,
    leftover: Bytes,
    agreement: Option<Agreement>,
    verdicts: &Verdicts,
    tell: Tell<'_>,
) -> Result<(), Failure>
where
    N: AsyncRead + AsyncWrite,
    T: AsyncRead + AsyncWrite,
{
    let (near_reader, near_writer) = split(near);
    let (target_reader, target_writer) = split(target);
    let judge = Judge { tell, verdicts };
    let up = Lane::new(Direction::ToTarget, agreement);
    let mut down = Lane::new(Direction::ToClient, agreement);
    down.input().extend_from_slice(&leftover);
    let up = async {
        let carried = pump::run(up, judge, near_reader, target_writer).await;
        carried.map_err(|error| named(error, Side::Target))
    };
    let down = async {
        let carried = pump::run(down, judge, target_reader, near_writer).await;
        carried.map_err(|error| named(error, Side::Client))
    };
    tokio::try_join!(up, down).map(|_| ())
}

/// The failure of the end that was written to, or of the other one.
fn named(error: pump::Error, written: Side) -> Failure {
    let other = if written == Side::Target { Side::Client } else { Side::Target };
    match error {
        pump::Error::Read(error) => Failure { side: other, is_write: false, error },
        pump::Error::Write(error) => Failure { side: written, is_write: true, error },
    }
}

#[cfg(test)]
mod tests;

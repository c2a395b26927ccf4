//! A tunnel whose client's bytes the caller carries, through the channels of a body.

use super::Tell;
use super::relay::{Failure, Idle, Side, poll_read_into};
use crate::engine::body::{End, Piece};
use crate::engine::exchange::Shared;
use crate::engine::ring::Event;
use crate::engine::upstream::Io;
use bytes::{Bytes, BytesMut};
use std::future::{pending, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

/// What both directions note.
#[derive(Default)]
struct Course {
    moved: AtomicBool,
    client_ended: AtomicBool,
    /// … and the target has been told so.
    is_all_sent: AtomicBool,
    target_ended: AtomicBool,
}

/// Moves bytes until both ends have ended, or the target has failed. `leftover` is what the target has sent already, `unsent` what the
/// client has.
pub(super) async fn run(
    target: &mut Box<dyn Io>,
    leftover: BytesMut,
    unsent: BytesMut,
    shared: &Shared,
    idle: Option<Duration>,
    tell: Tell<'_>,
) -> Result<(), Failure> {
    let (reader, writer) = tokio::io::split(target);
    let course = Course::default();
    let up = send(writer, unsent, shared, tell, &course);
    let down = receive(reader, leftover, shared, tell, &course);
    let mut both = pin!(async { tokio::try_join!(up, down).map(|_| ()) });
    let mut idle = Idle::new(idle);
    let result = poll_fn(|cx| {
        if let Poll::Ready(result) = both.as_mut().poll(cx) {
            return Poll::Ready(result);
        }
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        // There is nobody left for what the target may still say.
        if is(&course.is_all_sent) && shared.tunnel.poll_left(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let moved = course.moved.swap(false, Ordering::Relaxed);
        idle.poll(cx, moved, is(&course.client_ended) || is(&course.target_ended)).map(Ok)
    })
    .await;
    // A target that has ended may have closed: that it takes no more is no failure then.
    result.or_else(|failure| if course.target_ended.load(Ordering::Relaxed) { Ok(()) } else { Err(failure) })
}

async fn send<W: AsyncWrite + Unpin>(
    mut writer: W,
    unsent: BytesMut,
    shared: &Shared,
    tell: Tell<'_>,
    course: &Course,
) -> Result<(), Failure> {
    writer.write_all(&unsent).await.map_err(write_failed)?;
    drop(unsent);
    loop {
        if shared.request.is_empty() {
            writer.flush().await.map_err(write_failed)?;
        }
        match shared.request.next().await {
            Piece::Data(bytes, unblocks) => {
                if unblocks {
                    tell.event(Event::Writable);
                }
                writer.write_all(&bytes).await.map_err(write_failed)?;
                course.moved.store(true, Ordering::Relaxed);
            }
            Piece::End(End::Complete(_)) => {
                course.client_ended.store(true, Ordering::Relaxed);
                writer.shutdown().await.map_err(write_failed)?;
                course.is_all_sent.store(true, Ordering::Relaxed);
                return Ok(());
            }
            // The exchange was given up, and is dropped for it.
            Piece::End(End::Broken) => pending().await,
        }
    }
}

async fn receive<R: AsyncRead + Unpin>(
    mut reader: R,
    leftover: BytesMut,
    shared: &Shared,
    tell: Tell<'_>,
    course: &Course,
) -> Result<(), Failure> {
    let push = |bytes: Bytes| {
        if shared.response.push(bytes) {
            tell.event(Event::Readable);
        }
    };
    if !leftover.is_empty() {
        push(leftover.freeze());
    }
    loop {
        shared.response.room().await;
        let read =
            poll_fn(|cx| poll_read_into(cx, &mut reader, MOST, |_, bytes| Bytes::copy_from_slice(bytes)));
        let bytes = read.await.map_err(|error| Failure { side: Side::Target, is_write: false, error })?;
        course.moved.store(true, Ordering::Relaxed);
        if bytes.is_empty() {
            course.target_ended.store(true, Ordering::Relaxed);
            tell.event(Event::TargetEnded);
            return Ok(());
        }
        push(bytes);
    }
}

const fn write_failed(error: io::Error) -> Failure {
    Failure { side: Side::Target, is_write: true, error }
}

/// One read; together with what the channel holds it is no more than an adopted tunnel holds.
const MOST: usize = 32 * 1024;

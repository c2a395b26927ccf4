//! What comes from targets is read into a few buffers that all connections of a thread share. They stay in the processor's cache and are not
//! given back to the system to be got again, and a connection that waits has none.

use bytes::BytesMut;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncReadExt};

thread_local! {
    static SHARED: Cell<Vec<BytesMut>> = const { Cell::new(Vec::new()) };
}

/// Reads into `buffer`, behind what is there; 0: the end.
pub(super) async fn read<R: AsyncRead + Unpin>(reader: &mut R, buffer: &mut BytesMut) -> io::Result<usize> {
    if !buffer.is_empty() {
        // Half a head, or half the line of a chunk: rare.
        buffer.reserve(READ);
        return reader.read_buf(buffer).await;
    }
    poll_fn(|cx| {
        let mut shared = SHARED.take();
        // One can be used again once nobody has a piece of what was read into it.
        let free = shared.iter_mut().position(|one| one.try_reclaim(READ));
        let at = free.unwrap_or_else(|| {
            shared.push(BytesMut::with_capacity(READ));
            shared.len() - 1
        });
        let intake = &mut shared[at];
        let polled = pin!(reader.read_buf(intake)).poll(cx);
        if intake.len() > COPIED {
            *buffer = intake.split();
        } else if !intake.is_empty() {
            buffer.extend_from_slice(intake);
            intake.clear();
        }
        shared.truncate(MOST);
        SHARED.set(shared);
        polled
    })
    .await
}

/// Read at a time, at most.
pub(super) const READ: usize = 64 * 1024;
/// Less gets memory of its own: while its client is slow it would keep all of its buffer.
const COPIED: usize = READ / 4;
/// As many are shared. Where more are needed, clients are slow, and the others are let go of.
const MOST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};
    use tokio::io::AsyncWriteExt;

    async fn read_of(sent: &[u8], buffer: &mut BytesMut) -> usize {
        let (mut far, mut near) = tokio::io::duplex(READ * 2);
        far.write_all(sent).await.unwrap();
        drop(far);
        read(&mut near, buffer).await.unwrap()
    }

    #[tokio::test]
    async fn what_comes_is_put_behind_what_is_there() {
        for sent in [&b"de"[..], &[b'x'; READ], b""] {
            let mut buffer = BytesMut::from("abc");
            assert_eq!(read_of(sent, &mut buffer).await, sent.len());
            assert_eq!((&buffer[..3], &buffer[3..]), (&b"abc"[..], sent));
        }
    }

    #[tokio::test]
    async fn what_was_not_read_into_one_is_not_in_another() {
        let (_far, mut near) = tokio::io::duplex(1);
        let mut waiting = BytesMut::new();
        {
            let reading = pin!(read(&mut near, &mut waiting));
            assert!(matches!(reading.poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
        }
        let (mut few, mut many) = (BytesMut::new(), BytesMut::new());
        read_of(b"few", &mut few).await;
        read_of(&[b'x'; COPIED + 1], &mut many).await;
        assert_eq!((&waiting[..], &few[..], &many[..]), (&b""[..], &b"few"[..], &[b'x'; COPIED + 1][..]));
    }

    #[tokio::test]
    async fn memory_is_used_again_once_its_bytes_are_passed_on() {
        let [mut first, mut second, mut third] = <[BytesMut; 3]>::default();
        read_of(&[0; READ], &mut first).await;
        let place = first.as_ptr();
        read_of(&[0; READ], &mut second).await;
        assert_ne!(second.as_ptr(), place, "while somebody has the first, it is his");
        drop(first);
        read_of(&[0; READ], &mut third).await;
        assert_eq!(third.as_ptr(), place);
    }

    #[tokio::test]
    async fn what_slow_clients_need_is_not_kept_for_ever() {
        let mut slow = vec![BytesMut::new(); 2 * MOST];
        for one in &mut slow {
            read_of(&[0; READ], one).await;
        }
        drop(slow);
        let shared = SHARED.take();
        assert_eq!((shared.len(), shared.iter().map(BytesMut::capacity).max()), (MOST, Some(0)));
    }

    #[tokio::test]
    async fn a_few_bytes_that_nobody_takes_do_not_keep_a_buffer() {
        let mut few = BytesMut::new();
        read_of(&[0; COPIED], &mut few).await;
        assert!(few.capacity() < 2 * COPIED);
    }
}

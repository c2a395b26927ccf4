//! A tunnel between two sockets of the engine's: no byte of it crosses to the caller.

use super::relay::{Direction, Failure, Idle, Side};
use super::{Client, Tell};
use crate::engine::body::Piece;
use crate::engine::exchange::Shared;
use crate::engine::ring::Event;
use crate::engine::route::Activity;
use crate::engine::upstream::Io;
use bytes::BytesMut;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;

/// How such a tunnel ends.
pub(super) enum Outcome {
    Over,
    /// The caller wants its socket back. What was read of it, and is not sent yet, is this.
    Detached(BytesMut),
}

struct Relay<'a> {
    client: Box<dyn Io>,
    target: &'a mut Box<dyn Io>,
    up: Direction,
    down: Direction,
    idle: Idle,
    tell: Tell<'a>,
    has_told: bool,
}

/// Moves bytes until both ends have ended, or one has failed. `leftover` is what the target has sent already.
pub(super) async fn run(
    target: &mut Box<dyn Io>,
    leftover: &mut BytesMut,
    (client, activity): (Client, Option<Arc<Activity>>),
    shared: &Shared,
    idle: Option<Duration>,
    tell: Tell<'_>,
) -> Result<Outcome, Failure> {
    let client = io_of(client).map_err(|error| Failure { side: Side::Client, is_write: false, error })?;
    let up = Direction::new(Side::Client, early(shared).await).of(activity);
    let down = Direction::new(Side::Target, std::mem::take(leftover));
    let mut relay = Relay { client, target, up, down, idle: Idle::new(idle), tell, has_told: false };
    tokio::select! {
        biased;
        () = shared.tunnel.detached() => {
            *leftover = relay.down.pending;
            Ok(Outcome::Detached(relay.up.pending))
        }
        result = std::future::poll_fn(|cx| relay.poll(cx)) => result.map(|()| Outcome::Over),
    }
}

fn io_of(client: Client) -> io::Result<Box<dyn Io>> {
    match client {
        Client::Owned(io) => Ok(io),
        Client::Shared(stream) => {
            stream.set_nonblocking(true)?;
            Ok(Box::new(TcpStream::from_std(stream)?))
        }
    }
}

/// What the client had sent before the engine had its socket.
async fn early(shared: &Shared) -> BytesMut {
    let mut early = BytesMut::new();
    while !shared.request.is_empty() {
        if let Piece::Data(bytes, _) = shared.request.next().await {
            early.extend_from_slice(&bytes);
        }
    }
    early
}

impl Relay<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        let up = self.up.poll(cx, &mut *self.client, &mut **self.target);
        let down = self.down.poll(cx, &mut **self.target, &mut *self.client);
        if self.down.has_ended() && !self.has_told {
            self.has_told = true;
            self.tell.event(Event::TargetEnded);
        }
        for result in [&up, &down] {
            if let Poll::Ready(Err(failure)) = result {
                self.passes_on(failure);
            }
        }
        match (up, down) {
            (Poll::Ready(Err(failure)), _) | (_, Poll::Ready(Err(failure))) => {
                Poll::Ready(if self.is_failure(&failure) { Err(failure) } else { Ok(()) })
            }
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Poll::Ready(Ok(())),
            _ => {
                let moved = self.up.take_moved() | self.down.take_moved();
                let is_half_closed = self.up.has_ended() || self.down.has_ended();
                self.idle.poll(cx, moved, is_half_closed).map(Ok)
            }
        }
    }

    /// What one end's failure means for the other: an orderly close would be a lie.
    fn passes_on(&mut self, failure: &Failure) {
        match failure.side {
            Side::Client if !self.up.has_ended() => self.target.reset_on_close(),
            // The caller's own descriptor is closed last, and then it is reset.
            Side::Target if !self.down.has_ended() => self.client.reset_on_close(),
            _ => {}
        }
    }

    /// A client that leaves is nobody's failure; nor is a target that cannot be written to any more after it has ended.
    fn is_failure(&self, failure: &Failure) -> bool {
        failure.side == Side::Target && !self.down.has_ended()
    }
}

//! HTTP/2 with clients: a connection, and its streams, each a task of its own.
//!
//! The crate `h2` does frames, HPACK and flow control, and closes what floods it (reliability.md B-17 to B-24). What it leaves to its user is
//! here: how long anything may take, how many resets are too many, how the connection ends.

mod answer;
mod head;
mod returned;
mod stream;
mod upload;

pub use head::read as read_head;

use super::connection::linger;
use super::handover::Guest;
use super::life::Stage;
use super::stats::DoorStats;
use super::visitor::Visitor;
use crate::engine::exchange::Context;
use crate::engine::upstream::Io;
use bytes::Bytes;
use h2::server::{Builder, Connection};
use h2::{Ping, PingPong, Reason};
use returned::Returned;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use stream::Ended;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

/// Serves a connection to its end.
pub(super) async fn serve(
    io: Box<dyn Io>,
    visitor: Visitor,
    stage: watch::Receiver<Stage>,
    context: Context,
) {
    let limits = &visitor.settings.limits;
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(limits.streams)
        // Each field counts 32 bytes more than it has, and none is compressed in the counting.
        .max_header_list_size(u32::try_from(limits.head_size / 2).unwrap_or(u32::MAX))
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER)
        .max_local_error_reset_streams(Some(MOST_RESETS));
    if visitor.settings.upgrades.is_some() {
        builder.enable_connect_protocol();
    }
    let (io, back) = Returned::new(io);
    // The preface has the time of a head.
    let Ok(Ok(connection)) = timeout(limits.head_time, builder.handshake(io)).await else {
        return DoorStats::count(&visitor.stats.refused);
    };
    let first = Instant::now() + limits.head_time;
    let session = Session {
        connection,
        visitor,
        context,
        streams: JoinSet::new(),
        served: 0,
        resets: Resets::default(),
        guest: Arc::default(),
        alarm: Box::pin(sleep_until(first)),
        idle_until: first,
        is_closing: false,
        is_refused: false,
        pong_until: None,
    };
    let is_refused = session.run(stage).await;
    if is_refused && let Ok(io) = back.await {
        linger(io).await;
    }
}

struct Session {
    connection: Connection<Returned, Bytes>,
    visitor: Visitor,
    context: Context,
    streams: JoinSet<Ended>,
    served: usize,
    resets: Resets,
    /// Its connections to Node, once one of its requests has gone there.
    guest: Arc<OnceLock<Guest>>,
    /// Rings when something is to be looked after.
    alarm: Pin<Box<Sleep>>,
    /// Without a stream, the connection is kept until then.
    idle_until: Instant,
    is_closing: bool,
    /// It ends because of what the client has done.
    is_refused: bool,
    /// The client is to have answered a ping by then.
    pong_until: Option<Instant>,
}

impl Session {
    /// Says whether the client was told why it ends, and is to hear it.
    async fn run(mut self, mut stage: watch::Receiver<Stage>) -> bool {
        let mut pinger = self.connection.ping_pong();
        loop {
            tokio::select! {
                biased;
                accepted = self.connection.accept() => match accepted {
                    Some(Ok((request, respond))) => self.begin(request, respond),
                    Some(Err(error)) => {
                        if error.is_library() && !self.is_refused {
                            DoorStats::count(&self.visitor.stats.refused);
                            self.is_refused = true;
                        }
                        break;
                    }
                    None => break,
                },
                Some(ended) = self.streams.join_next() => self.ended(ended.unwrap_or(Ended::Well)),
                () = pong(&mut pinger), if self.pong_until.is_some() => self.pong_until = None,
                () = closing(&mut stage), if !self.is_closing => self.close(),
                () = &mut self.alarm => {
                    if self.is_over() {
                        break;
                    }
                    self.look_after(&mut pinger);
                }
            }
        }
        // Those that have ended have counted themselves.
        while self.streams.try_join_next().is_some() {}
        for _ in 0..self.streams.len() {
            DoorStats::count(&self.visitor.stats.abandoned);
        }
        self.is_refused
    }

    fn begin(&mut self, request: http::Request<h2::RecvStream>, respond: h2::server::SendResponse<Bytes>) {
        let (visitor, context, guest) = (self.visitor.clone(), self.context.clone(), Arc::clone(&self.guest));
        // On the heap, so that a task that begins and ends does not copy all of it.
        self.streams.spawn(Box::pin(stream::serve(visitor, context, guest, request, respond)));
        self.served += 1;
        if self.served >= self.visitor.settings.limits.requests {
            self.close();
        }
    }

    fn ended(&mut self, ended: Ended) {
        if ended == Ended::Reset && self.resets.are_too_many() {
            DoorStats::count(&self.visitor.stats.refused);
            self.connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
            self.is_closing = true;
            self.is_refused = true;
            self.streams.abort_all();
        }
        if self.streams.is_empty() {
            let kept = if self.is_closing { LAST_WORDS } else { self.visitor.settings.limits.keep_alive };
            self.idle_until = Instant::now() + kept;
            self.alarm.as_mut().reset(self.idle_until);
        }
    }

    /// Says that no more requests are taken. Those that there are go on.
    fn close(&mut self) {
        if self.is_closing {
            return;
        }
        self.is_closing = true;
        self.connection.graceful_shutdown();
        if self.streams.is_empty() {
            self.alarm.as_mut().reset(Instant::now() + LAST_WORDS);
        }
    }

    /// Whether nothing is to be waited for any more: the end was said, or the client does not answer.
    fn is_over(&self) -> bool {
        let has_left = self.pong_until.is_some_and(|until| Instant::now() >= until);
        has_left || self.is_closing && self.streams.is_empty()
    }

    /// An idle connection is closed; a busy one is asked whether its client is there.
    fn look_after(&mut self, pinger: &mut Option<PingPong>) {
        let now = Instant::now();
        if self.streams.is_empty() {
            if now >= self.idle_until {
                self.close();
            } else {
                self.alarm.as_mut().reset(self.idle_until);
            }
            return;
        }
        let until = self.pong_until.unwrap_or(now + PING);
        self.alarm.as_mut().reset(until);
        if self.pong_until.is_none() && pinger.as_mut().is_some_and(|p| p.send_ping(Ping::opaque()).is_ok()) {
            self.pong_until = Some(until);
        }
    }
}

/// Waits for the answer to a ping.
async fn pong(pinger: &mut Option<PingPong>) {
    match pinger {
        // An error is the connection's, and comes there.
        Some(pinger) => drop(poll_fn(|cx| pinger.poll_pong(cx)).await),
        None => pending().await,
    }
}

async fn closing(stage: &mut watch::Receiver<Stage>) {
    // An error says that the door is gone altogether.
    stage.wait_for(|stage| *stage != Stage::Open).await.ok();
}

/// Resets of the last while: a client that asks and does not want to know makes work for nothing.
#[derive(Debug, Default)]
struct Resets {
    count: usize,
    since: Option<Instant>,
}

impl Resets {
    /// Counts one.
    fn are_too_many(&mut self) -> bool {
        let now = Instant::now();
        if self.since.is_none_or(|since| now - since > RESETS_WITHIN) {
            self.since = Some(now);
            self.count = 0;
        }
        self.count += 1;
        self.count > MOST_RESETS
    }
}

const MOST_RESETS: usize = 100;
const RESETS_WITHIN: Duration = Duration::from_secs(10);
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
const SEND_BUFFER: usize = 64 * 1024;
/// Between two questions whether the client of a busy connection is there, and for its answer.
const PING: Duration = Duration::from_secs(15);
/// For the end of a connection to be said and heard.
const LAST_WORDS: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;

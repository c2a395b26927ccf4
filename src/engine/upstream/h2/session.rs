//! One session: an HTTP/2 connection with a target, and the requests that share it.
//!
//! A task drives it. It lives as long as somebody can still use it: the requests that have a place on it, and the list of sessions, which
//! forgets one that has been idle for too long.

use super::sessions::Sessions;
use super::watched::{Notes, Watched};
use crate::engine::error::{Error, Http2Fault, Kind, Peer, Phase};
use crate::engine::observe::{Held, Stats};
use crate::engine::upstream::{Connection, Key};
use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Ping, PingPong, SendStream};
use http::Request;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::{Instant, interval};

/// A session with a target.
pub(in crate::engine) struct Session {
    sender: SendRequest<Bytes>,
    notes: Arc<Notes>,
    stats: Arc<Stats>,
    /// The target has not answered a ping in time: it may live, but gets no further requests before it has.
    is_silent: AtomicBool,
    use_: Mutex<Use>,
}

/// Who uses a session.
#[derive(Debug)]
struct Use {
    active: usize,
    /// It has had a request.
    reused: bool,
    idle_since: Instant,
    idle: Option<Held>,
}

/// A request's place on a session; given back when it is dropped.
pub(in crate::engine) struct Place {
    session: Arc<Session>,
    /// The session had carried other requests before.
    pub(in crate::engine) reused: bool,
}

impl Session {
    /// Opens a session over a fresh connection, and waits for what the target says of itself: then it is known how many requests it takes.
    ///
    /// # Errors
    ///
    /// When the target does not speak HTTP/2 after all, or closes.
    pub(in crate::engine) async fn open(
        connection: Connection,
        stats: &Arc<Stats>,
        list: Option<(Weak<Sessions>, Key)>,
    ) -> Result<Arc<Self>, Error> {
        let Connection { io, peer, held, .. } = connection;
        let notes = Arc::new(Notes::new(peer));
        let watched = Watched { io, notes: Arc::clone(&notes) };
        let opened = settings().handshake::<_, Bytes>(watched).await;
        let (sender, mut driver) = opened.map_err(|error| failed(&error, &notes))?;
        poll_fn(|cx| {
            let over = pin!(&mut driver).poll(cx);
            if driver.max_concurrent_send_streams() > 0 {
                return Poll::Ready(Ok(()));
            }
            match over {
                Poll::Ready(Ok(())) => Poll::Ready(Err(closed(&notes))),
                Poll::Ready(Err(error)) => Poll::Ready(Err(failed(&error, &notes))),
                Poll::Pending => Poll::Pending,
            }
        })
        .await?;
        let unused = Use { active: 0, reused: false, idle_since: Instant::now(), idle: None };
        let session = Arc::new(Self {
            sender,
            notes,
            stats: Arc::clone(stats),
            is_silent: AtomicBool::new(false),
            use_: Mutex::new(unused),
        });
        tokio::spawn(drive(driver, Arc::downgrade(&session), list, held));
        Ok(session)
    }

    fn lock(&self) -> MutexGuard<'_, Use> {
        // A panic cannot happen while the lock is held; if one did, the numbers are still right.
        self.use_.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it takes further requests at all: it is open, and the target has neither said good-bye nor fallen silent.
    pub(super) fn is_usable(&self) -> bool {
        let ready = self.sender.clone().poll_ready(&mut Context::from_waker(Waker::noop()));
        !self.is_silent.load(Ordering::Relaxed) && matches!(ready, Poll::Ready(Ok(())))
    }

    /// How many more requests it takes now.
    pub(super) fn room(&self) -> usize {
        self.sender.current_max_send_streams().min(MOST_STREAMS).saturating_sub(self.lock().active)
    }

    /// A place on it.
    pub(in crate::engine) fn place(self: &Arc<Self>) -> Place {
        let mut state = self.lock();
        state.active += 1;
        state.idle = None;
        let reused = std::mem::replace(&mut state.reused, true);
        Place { session: Arc::clone(self), reused }
    }

    /// The other end.
    pub(in crate::engine) fn peer(&self) -> Peer {
        self.notes.peer.clone()
    }

    /// Whether the target takes WebSockets (RFC 8441).
    pub(in crate::engine) fn takes_websockets(&self) -> bool {
        self.sender.is_extended_connect_protocol_enabled()
    }

    /// Why its connection has failed, if it has.
    pub(super) fn failure(&self, phase: Phase) -> Option<Error> {
        self.notes.failure(phase)
    }

    fn is_expired(&self, lifetime: Duration) -> bool {
        let state = self.lock();
        state.active == 0 && state.idle_since.elapsed() >= lifetime
    }
}

impl Place {
    /// The session.
    pub(in crate::engine) const fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Sends a head; `is_whole`: nothing follows.
    ///
    /// # Errors
    ///
    /// When the session takes no more requests.
    pub(in crate::engine) fn send(
        &self,
        request: Request<()>,
        is_whole: bool,
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        self.session.sender.clone().send_request(request, is_whole)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.session.lock();
        state.active -= 1;
        if state.active == 0 {
            state.idle_since = Instant::now();
            state.idle = Some(Held::new(&self.session.stats, |s| &s.idle));
        }
    }
}

fn settings() -> Builder {
    let mut settings = Builder::new();
    settings
        .enable_push(false)
        .initial_window_size(WINDOW)
        // No request can use up what another one is waiting for.
        .initial_connection_window_size(WINDOW * MOST_STREAMS as u32)
        .max_header_list_size(LARGEST_HEAD)
        // None before the target has said how many.
        .initial_max_send_streams(0)
        .max_send_buffer_size(WINDOW as usize);
    settings
}

fn closed(notes: &Notes) -> Error {
    notes.failure(Phase::Connect).unwrap_or_else(|| Error::new(Kind::Closed, Phase::Connect))
}

fn failed(error: &h2::Error, notes: &Notes) -> Error {
    if error.is_io() { closed(notes) } else { Error::new(Kind::Http2(Http2Fault::Protocol), Phase::Connect) }
}

/// Moves the session's frames until it is over, and looks after it meanwhile.
async fn drive(
    mut driver: h2::client::Connection<Watched, Bytes>,
    session: Weak<Session>,
    list: Option<(Weak<Sessions>, Key)>,
    _connection: Option<Held>,
) {
    let mut pings =
        driver.ping_pong().map(|ping_pong| Pings { ping_pong, heard: Instant::now(), sent: None });
    let mut driver = pin!(driver);
    let mut tick = interval(TICK);
    let lifetime = list.as_ref().map_or(Duration::ZERO, |(_, key)| key.idle_limit());
    let forget = || {
        if let Some((list, key)) = &list
            && let Some(list) = list.upgrade()
        {
            list.forget(key, &session);
        }
    };
    loop {
        tokio::select! {
            // What it ended with, its streams have been told.
            _ = &mut driver => break,
            _ = tick.tick() => {
                let Some(session) = session.upgrade() else { continue };
                if session.is_expired(lifetime) {
                    forget();
                } else if let Some(pings) = &mut pings {
                    pings.look(&session);
                }
            }
        }
    }
    forget();
}

/// Pings keep the way open while a request waits for long, and find out whether the target is still there.
struct Pings {
    ping_pong: PingPong,
    /// When something has come last, as far as was looked.
    heard: Instant,
    /// When the ping was sent that has not been answered.
    sent: Option<Instant>,
}

impl Pings {
    fn look(&mut self, session: &Session) {
        if session.notes.heard.swap(false, Ordering::Relaxed) {
            self.heard = Instant::now();
        }
        if let Some(sent) = self.sent {
            match self.ping_pong.poll_pong(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(_) => {
                    self.sent = None;
                    session.is_silent.store(false, Ordering::Relaxed);
                }
                Poll::Pending if sent.elapsed() >= PONG_LIMIT => {
                    session.is_silent.store(true, Ordering::Relaxed)
                }
                Poll::Pending => {}
            }
        } else if self.heard.elapsed() >= QUIET_LIMIT
            && session.lock().active > 0
            && self.ping_pong.send_ping(Ping::opaque()).is_ok()
        {
            self.sent = Some(Instant::now());
        }
    }
}

/// What a target may send of one response before it is read. Together with the channel's it bounds what a slow client makes us hold.
const WINDOW: u32 = 256 * 1024;
/// Requests at the same time over one session, whatever the target allows.
pub(super) const MOST_STREAMS: usize = 100;
/// As for HTTP/1.1 (docs/reliability-rows.md, D-19).
const LARGEST_HEAD: u32 = 64 * 1024;
const TICK: Duration = Duration::from_millis(500);
const QUIET_LIMIT: Duration = Duration::from_secs(20);
const PONG_LIMIT: Duration = Duration::from_secs(10);

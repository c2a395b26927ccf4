//! What a client may take of the door: sizes, counts and time. Every limit is finite by default (reliability.md §1.1).

use std::time::Duration;

/// The limits of one door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's head; more are answered with 431.
    pub head_size: usize,
    /// Fields of a request's head, up to [`Limits::MOST_FIELDS`]; more are answered with 431, none is ever dropped.
    pub fields: usize,
    /// Bytes of a request's target; more are answered with 414.
    pub target_size: usize,
    /// For a whole head, from its first byte (or from the connection on, for its first one).
    pub head_time: Duration,
    /// Between two reads of a request's body.
    pub body_idle: Duration,
    /// Bytes of a request's body each second, on average; 0: as slowly as it likes.
    pub body_rate: u32,
    /// Between two writes of a response that its client is slow to take.
    pub write_idle: Duration,
    /// Between two requests.
    pub keep_alive: Duration,
    /// Requests on one connection.
    pub requests: usize,
    /// Streams of one HTTP/2 connection at a time; further ones are refused.
    pub streams: u32,
    /// Connections at a time; further ones wait to be accepted.
    pub connections: u32,
    /// Requests in flight at a time; further ones are answered with 503 at once.
    pub in_flight: usize,
    /// For requests in progress, once the door closes.
    pub grace: Duration,
}

impl Limits {
    /// The largest number of fields that may be allowed.
    pub const MOST_FIELDS: usize = 1000;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_size: 32 * 1024,
            fields: 100,
            target_size: 8 * 1024,
            head_time: Duration::from_secs(60),
            body_idle: Duration::from_secs(60),
            body_rate: 0,
            write_idle: Duration::from_secs(60),
            keep_alive: Duration::from_secs(5),
            requests: 1000,
            streams: 100,
            connections: 10_000,
            in_flight: usize::MAX,
            grace: Duration::from_secs(10),
        }
    }
}

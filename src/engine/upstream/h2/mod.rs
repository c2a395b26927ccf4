//! HTTP/2 on the way to targets (RFC 9113): sessions that many requests share, heads in its form, its errors.
//!
//! `h2` keeps the frames, HPACK and the windows; here is what a proxy decides: which session a request goes over, when one is left, and
//! what may be sent again.

mod fault;
mod head;
mod session;
mod sessions;
mod tunnel;
mod watched;

pub(in crate::engine) use fault::judge;
pub(in crate::engine) use head::{map_of, request, response, trailers, trailers_of, websocket};
pub(in crate::engine) use session::{Place, Session};
pub(super) use sessions::{Sessions, Turn};
pub(in crate::engine) use tunnel::{StreamIo, poll_room};

#[cfg(test)]
mod tests;

//! What an error of HTTP/2 means: in Node's words, and for the question whether the request may be sent again (RFC 9113 §8.7).

use super::session::Session;
use crate::engine::error::{Error, Http2Fault, Kind, Phase};
use h2::Reason;

/// Why a stream failed.
pub(in crate::engine) struct Verdict {
    /// The error.
    pub(in crate::engine) error: Error,
    /// The target says that it has not acted on the request, or it never got it.
    pub(in crate::engine) is_unprocessed: bool,
}

/// Judges an error of a stream, or of the attempt to open one.
pub(in crate::engine) fn judge(error: &h2::Error, session: &Session, phase: Phase) -> Verdict {
    let is_refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    // It says so of the streams only that it has not taken up; of others a session that ends early is a connection that was closed.
    let is_unprocessed = error.is_remote() && (is_refused || error.is_go_away());
    Verdict { error: describe(error, session, phase), is_unprocessed }
}

fn describe(error: &h2::Error, session: &Session, phase: Phase) -> Error {
    let closed = || Error::new(if phase == Phase::Body { Kind::Cut } else { Kind::Closed }, phase);
    let http2 = |fault| Error::new(Kind::Http2(fault), phase);
    let Some(reason) = error.reason() else {
        return session
            .failure(phase)
            .filter(|failure| !matches!(failure.kind, Kind::Closed))
            .unwrap_or_else(closed);
    };
    if error.is_go_away() {
        // Our own is what `h2` says to a peer that breaks the protocol.
        return http2(if error.is_remote() {
            Http2Fault::Session(reason.into())
        } else {
            Http2Fault::Protocol
        });
    }
    match reason {
        // The target has given up, and says nothing of why.
        Reason::NO_ERROR | Reason::CANCEL => closed(),
        reason => http2(Http2Fault::Stream(reason.into())),
    }
}

//! The one error type of the engine: what went wrong ([`Kind`]), when ([`Phase`]), on whose side ([`Side`]).
//!
//! [`Error::status`] is the only place that maps an error to a status, [`Error::code`] the only one that maps it to the code
//! that Node's users branch on.

mod alert;
mod fault;
mod refusal;
mod system;

pub(in crate::engine) use alert::alert;
pub use fault::{Fault, Http2Fault, TlsFault, TunnelFault};
pub use refusal::Refusal;
pub use system::{Call, Errno, Peer};

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// A failed exchange.
#[derive(Clone, Debug)]
pub struct Error {
    /// What happened.
    pub kind: Kind,
    /// The part of the exchange in which it happened.
    pub phase: Phase,
    /// Something had come back from the target: the request must not be sent again.
    pub answered: bool,
}

impl Error {
    /// An error of `kind` in `phase`.
    pub const fn new(kind: Kind, phase: Phase) -> Self {
        Self { kind, phase, answered: false }
    }

    /// An exchange that its caller has given up.
    pub const fn cancelled() -> Self {
        Self::new(Kind::Cancelled, Phase::Accept)
    }

    /// A request that must not be forwarded.
    pub const fn refused(why: Refusal) -> Self {
        Self::new(Kind::Refused(why), Phase::Accept)
    }

    /// An answer of the target that is no HTTP/1.1.
    pub const fn protocol(fault: Fault, phase: Phase) -> Self {
        Self::new(Kind::Protocol(fault), phase)
    }

    /// A socket that failed, with the address it was connected (or connecting) to.
    pub fn socket(error: &io::Error, call: Call, peer: &Peer, phase: Phase) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return Self::new(Kind::Closed, phase);
        }
        if let Some(fault) = alert(error) {
            return Self::new(Kind::Tls(fault), phase);
        }
        Self::new(Kind::Socket { errno: Errno::of(error), call, peer: peer.clone() }, phase)
    }

    /// Whose doing it was.
    pub const fn side(&self) -> Side {
        match self.kind {
            Kind::Refused(_) | Kind::Cancelled => Side::Client,
            Kind::Panic | Kind::Stopped => Side::Internal,
            _ => Side::Upstream,
        }
    }

    /// The status for a client that can still be answered (502 for what the target did, 504 for every time-out,
    /// 503 when this machine is out of descriptors or ports).
    pub const fn status(&self) -> u16 {
        match &self.kind {
            Kind::Refused(why) => why.status(),
            Kind::Timeout(..) => 504,
            Kind::Socket { errno: Errno::TooManyFiles | Errno::NoAddressLeft, .. } => 503,
            Kind::Panic => 500,
            _ => 502,
        }
    }

    /// The `code` of Node's error for the same event.
    pub fn code(&self) -> &str {
        match &self.kind {
            Kind::Refused(why) => why.code(),
            Kind::Resolve { temporary: true, .. } => "EAI_AGAIN",
            Kind::Lookup { code, .. } if !code.is_empty() => code,
            Kind::Lookup { .. } | Kind::Resolve { .. } => "ENOTFOUND",
            Kind::Socket { errno, .. } => errno.name(),
            Kind::Closed | Kind::Cut | Kind::Cancelled => "ECONNRESET",
            Kind::Timeout(limit, Some(_)) => limit.code(),
            Kind::Timeout(Limit::Connect, None) => "ECONNECT_TIMEOUT",
            Kind::Timeout(_, None) => "ECONNRESET",
            Kind::Http2(fault) => fault.code(),
            Kind::Protocol(fault) => fault.code(),
            Kind::Tls(fault) => fault.code,
            Kind::Tunnel(fault) => fault.code,
            Kind::Panic => "ERR_PROXY_PANIC",
            Kind::Stopped => "ERR_PROXY_STOPPED",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Refused(why) => f.write_str(why.message()),
            Kind::Resolve { host, .. } => write!(f, "getaddrinfo {} {host}", self.code()),
            Kind::Socket { errno, call: call @ (Call::Bind | Call::Connect), peer } => {
                write!(f, "{} {} {peer}", call.name(), errno.name())
            }
            Kind::Socket { errno, call, .. } => write!(f, "{} {}", call.name(), errno.name()),
            Kind::Cut => f.write_str("aborted"),
            Kind::Timeout(limit, Some(after)) => {
                let (what, name) = (limit.exceeded(), limit.name());
                write!(f, "{what} within {} ms (option timeouts.{name})", after.as_millis())
            }
            Kind::Timeout(Limit::Connect, None) => f.write_str("ECONNECT_TIMEOUT"),
            Kind::Closed | Kind::Cancelled | Kind::Timeout(..) => f.write_str("socket hang up"),
            Kind::Http2(fault) => fault.fmt(f),
            Kind::Protocol(fault) => write!(f, "Parse Error: {}", fault.message()),
            Kind::Lookup { message, .. } => f.write_str(message),
            Kind::Tls(fault) => f.write_str(&fault.message),
            Kind::Tunnel(fault) => f.write_str(&fault.message),
            Kind::Panic => {
                f.write_str("the proxy engine panicked while it served this request; please report it")
            }
            Kind::Stopped => f.write_str("the proxy engine was stopped while it served this request"),
        }
    }
}

impl std::error::Error for Error {}

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// The caller gave the exchange up (its client left).
    Cancelled,
    /// The target closed before it answered.
    Closed,
    /// The target closed, or was reset, in the middle of its body.
    Cut,
    /// HTTP/2 with the target failed.
    Http2(Http2Fault),
    /// A task of the engine panicked; the exchange is lost, the process is not.
    Panic,
    /// The answer is no HTTP/1.1 message.
    Protocol(Fault),
    /// The request is one that must not be forwarded.
    Refused(Refusal),
    /// The target's name has no address.
    Resolve {
        /// The name that was looked up.
        host: Arc<str>,
        /// The resolver says it may be different later.
        temporary: bool,
    },
    /// A socket failed.
    Socket {
        /// The operating system's reason.
        errno: Errno,
        /// The call that failed.
        call: Call,
        /// The other end.
        peer: Peer,
    },
    /// The caller has found no address for the target's name, or says why not.
    Lookup {
        /// The name.
        host: Arc<str>,
        /// The code of its error, perhaps empty.
        code: Arc<str>,
        /// What its error says.
        message: Arc<str>,
    },
    /// The engine was stopped.
    Stopped,
    /// A time limit ran out. One that the option `timeouts` has set is known by its own code and says how long it was; the others have the
    /// codes of the originals.
    Timeout(Limit, Option<Duration>),
    /// TLS with the target failed.
    Tls(TlsFault),
    /// The proxy that leads to the target has not led there.
    Tunnel(TunnelFault),
}

/// The part of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading what the caller hands in.
    Accept,
    /// Resolving and connecting.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for the response head.
    Head,
    /// Receiving the response body.
    Body,
}

impl Phase {
    /// Its name, as users see it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Send => "send",
            Self::Head => "head",
            Self::Body => "body",
        }
    }
}

/// Whose doing an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client's.
    Client,
    /// The target's, or of the way to it.
    Upstream,
    /// Ours.
    Internal,
}

impl Side {
    /// Its name, as users see it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
            Self::Internal => "internal",
        }
    }
}

/// A time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Name, connection and TLS handshake.
    Connect,
    /// From the request sent to the response head.
    Head,
    /// Between two reads of the response.
    Idle,
    /// From the beginning of the exchange to the end of the response.
    Total,
}

impl Limit {
    /// Its name, as users see it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Total => "total",
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Connect => "ERR_PROXY_CONNECT_TIMEOUT",
            Self::Head => "ERR_PROXY_HEAD_TIMEOUT",
            Self::Idle => "ERR_PROXY_IDLE_TIMEOUT",
            Self::Total => "ERR_PROXY_TOTAL_TIMEOUT",
        }
    }

    /// What has not happened in time.
    const fn exceeded(self) -> &'static str {
        match self {
            Self::Connect => "The target could not be connected to",
            Self::Head => "The target has not begun to answer",
            Self::Idle => "The target has neither taken nor sent anything",
            Self::Total => "The target has not answered completely",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_connection_reads_as_in_node() {
        let io = io::Error::from(io::ErrorKind::ConnectionRefused);
        let peer = Peer::Tcp("127.0.0.1:81".parse().unwrap());
        let error = Error::socket(&io, Call::Connect, &peer, Phase::Connect);
        assert_eq!(error.to_string(), "connect ECONNREFUSED 127.0.0.1:81");
        assert_eq!((error.code(), error.status()), ("ECONNREFUSED", 502));
    }

    #[test]
    fn every_time_out_is_504_and_keeps_the_original_code() {
        for (limit, code) in
            [(Limit::Connect, "ECONNECT_TIMEOUT"), (Limit::Head, "ECONNRESET"), (Limit::Idle, "ECONNRESET")]
        {
            let error = Error::new(Kind::Timeout(limit, None), Phase::Head);
            assert_eq!((error.code(), error.status()), (code, 504));
        }
    }

    #[test]
    fn a_time_out_of_the_option_timeouts_has_a_code_of_its_own() {
        let second = Some(Duration::from_secs(1));
        for (limit, code) in [
            (Limit::Connect, "ERR_PROXY_CONNECT_TIMEOUT"),
            (Limit::Head, "ERR_PROXY_HEAD_TIMEOUT"),
            (Limit::Idle, "ERR_PROXY_IDLE_TIMEOUT"),
            (Limit::Total, "ERR_PROXY_TOTAL_TIMEOUT"),
        ] {
            let error = Error::new(Kind::Timeout(limit, second), Phase::Head);
            assert_eq!((error.code(), error.status()), (code, 504));
            let option = format!(" within 1000 ms (option timeouts.{})", limit.name());
            assert!(error.to_string().ends_with(&option), "{error}");
        }
    }

    #[test]
    fn no_descriptors_left_is_503() {
        let io = io::Error::from_raw_os_error(system::TOO_MANY_FILES);
        let error = Error::socket(&io, Call::Connect, &Peer::Unknown, Phase::Connect);
        assert_eq!((error.code(), error.status()), ("EMFILE", 503));
    }
}

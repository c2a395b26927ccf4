//! What the operating system says of sockets, in Node's words.

use std::fmt;
use std::io;
use std::sync::Arc;

/// The system call of a socket error, as Node's `syscall`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `bind`, of the local address.
    Bind,
    /// `connect`.
    Connect,
    /// `read`.
    Read,
    /// `write`.
    Write,
}

impl Call {
    /// Node's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Connect => "connect",
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// The reasons for which sockets fail, by their POSIX names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errno {
    /// `EACCES`: the Unix socket's permissions.
    Access,
    /// `EPIPE`: written after the other end closed.
    BrokenPipe,
    /// `EHOSTUNREACH`.
    HostUnreachable,
    /// `EINVAL`: a local address of another family.
    Invalid,
    /// `ENETUNREACH`.
    NetUnreachable,
    /// `EADDRNOTAVAIL`: no local port left, or no such local address.
    NoAddressLeft,
    /// `ENOENT`: no such Unix socket.
    NoEntry,
    /// `ECONNREFUSED`.
    Refused,
    /// `ECONNRESET`.
    Reset,
    /// `ETIMEDOUT`: the operating system gave up.
    TimedOut,
    /// `EMFILE` or `ENFILE`.
    TooManyFiles,
    /// Anything else.
    Other,
}

impl Errno {
    /// The reason of an I/O error.
    pub fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Access,
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            io::ErrorKind::HostUnreachable => Self::HostUnreachable,
            io::ErrorKind::InvalidInput => Self::Invalid,
            io::ErrorKind::NetworkUnreachable => Self::NetUnreachable,
            io::ErrorKind::AddrNotAvailable => Self::NoAddressLeft,
            io::ErrorKind::NotFound => Self::NoEntry,
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Self::Reset,
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => match error.raw_os_error() {
                Some(TOO_MANY_FILES | TOO_MANY_FILES_ON_SYSTEM) => Self::TooManyFiles,
                _ => Self::Other,
            },
        }
    }

    /// Its POSIX name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Access => "EACCES",
            Self::BrokenPipe => "EPIPE",
            Self::HostUnreachable => "EHOSTUNREACH",
            Self::Invalid => "EINVAL",
            Self::NetUnreachable => "ENETUNREACH",
            Self::NoAddressLeft => "EADDRNOTAVAIL",
            Self::NoEntry => "ENOENT",
            Self::Refused => "ECONNREFUSED",
            Self::Reset => "ECONNRESET",
            Self::TimedOut => "ETIMEDOUT",
            Self::TooManyFiles => "EMFILE",
            Self::Other => "EIO",
        }
    }
}

/// `EMFILE`; the same number on every platform, and std has no stable kind for it.
pub(super) const TOO_MANY_FILES: i32 = 24;
/// `ENFILE`; likewise.
const TOO_MANY_FILES_ON_SYSTEM: i32 = 23;

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A TCP address.
    Tcp(std::net::SocketAddr),
    /// This end's address: it could not be had.
    Local(std::net::IpAddr),
    /// A Unix socket's path.
    Unix(Arc<str>),
    /// Not known yet, or an in-memory pipe.
    Unknown,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // As Node prints it: no brackets around an IPv6 address.
            Self::Tcp(address) => write!(f, "{}:{}", address.ip(), address.port()),
            Self::Local(address) => write!(f, "{address}"),
            Self::Unix(path) => f.write_str(path),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

//! An engine's error as text that `lib/bridge/errors.js` makes a Node-style error of: one item a line.

use crate::engine::error::{Call, Error, Kind, Peer};

/// `code`, `status`, `phase`, `side`, `syscall`, `address`, `port`, `hostname`, `timeout`, `message`; empty where there is none.
pub(super) fn pack(error: &Error) -> String {
    let mut syscall = "";
    let (mut address, mut port, mut hostname) = (String::new(), String::new(), String::new());
    let mut timeout = "";
    match &error.kind {
        Kind::Socket { call, peer, .. } => {
            syscall = call.name();
            match peer {
                // As Node does: a connection that exists is not named in its errors.
                _ if !matches!(call, Call::Bind | Call::Connect) => {}
                Peer::Tcp(socket) => {
                    address = socket.ip().to_string();
                    port = socket.port().to_string();
                }
                Peer::Local(local) => address = local.to_string(),
                Peer::Unix(path) => address = path.to_string(),
                Peer::Unknown => {}
            }
        }
        Kind::Resolve { host, .. } => {
            syscall = "getaddrinfo";
            hostname = host.to_string();
        }
        Kind::Timeout(limit) => timeout = limit.name(),
        _ => {}
    }
    let (code, status) = (error.code(), error.status());
    let (phase, side) = (error.phase.name(), error.side().name());
    // The message comes last: it is the only item that may hold a line feed.
    format!("{code}\n{status}\n{phase}\n{side}\n{syscall}\n{address}\n{port}\n{hostname}\n{timeout}\n{error}")
}

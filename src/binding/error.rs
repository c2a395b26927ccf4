//! An engine's error as text that `lib/bridge/errors.js` makes a Node-style error of: one item a line.

use crate::engine::error::{Call, Error, Kind, Peer};

/// `code`, `status`, `phase`, `side`, `syscall`, `address`, `port`, `hostname`, `timeout`, `answered`, `message`; empty where there is none.
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
        Kind::Lookup { host, .. } => hostname = host.to_string(),
        Kind::Timeout(limit, _) => timeout = limit.name(),
        _ => {}
    }
    let (code, status) = (error.code(), error.status());
    let (phase, side) = (error.phase.name(), error.side().name());
    let answered = if error.answered { "1" } else { "" };
    // The message comes last: it is the only item that may hold a line feed.
    [code, &status.to_string(), phase, side, syscall, &address, &port, &hostname, timeout, answered]
        .into_iter()
        .fold(String::new(), |packed, item| packed + item + "\n")
        + &error.to_string()
}

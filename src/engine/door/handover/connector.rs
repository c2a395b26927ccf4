//! Connections to Node: pairs of sockets, of which Node gets one.

use super::{Ends, Handover, Receiver};
use crate::engine::config::Timeouts;
use crate::engine::error::{Call, Error, Peer, Phase};
use crate::engine::upstream::{Connect, Connection, Io, Key, Lookup};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

/// Node's end of a pair.
#[cfg(unix)]
pub type NodeSocket = std::os::fd::OwnedFd;
/// There are no pairs of sockets.
#[cfg(not(unix))]
pub type NodeSocket = std::convert::Infallible;

/// A client's connection that comes to Node.
#[derive(Debug)]
pub struct Visit {
    /// Node's end.
    pub socket: NodeSocket,
    /// Who is to serve it.
    pub receiver: Receiver,
    /// Where the client is.
    pub ends: Ends,
    /// Its one request has failed so, and is to be answered.
    pub failure: Option<Error>,
}

/// Makes the connections of one client's connection.
pub(super) struct NodeConnector {
    handover: Arc<Handover>,
    receiver: Receiver,
    ends: Ends,
    failure: Mutex<Option<Error>>,
}

impl NodeConnector {
    pub(super) const fn new(
        handover: Arc<Handover>,
        receiver: Receiver,
        ends: Ends,
        failure: Option<Error>,
    ) -> Self {
        Self { handover, receiver, ends, failure: Mutex::new(failure) }
    }

    fn open(&self) -> io::Result<Connection> {
        let (io, socket) = pair()?;
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        (self.handover.admit)(Visit { socket, receiver: self.receiver, ends: self.ends, failure });
        Ok(Connection::new(io, Peer::Unknown, &self.handover.stats))
    }
}

impl Connect for NodeConnector {
    fn connect<'a>(
        &'a self,
        _key: &'a Key,
        _timeouts: Timeouts,
        _lookup: &'a dyn Lookup,
    ) -> Pin<Box<dyn Future<Output = Result<Connection, Error>> + Send + 'a>> {
        let opened = self.open();
        let failed = |error| Error::socket(&error, Call::Connect, &Peer::Unknown, Phase::Connect);
        Box::pin(std::future::ready(opened.map_err(failed)))
    }
}

#[cfg(unix)]
fn pair() -> io::Result<(Box<dyn Io>, NodeSocket)> {
    let (ours, nodes) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((Box::new(tokio::net::UnixStream::from_std(ours)?), nodes.into()))
}

#[cfg(not(unix))]
fn pair() -> io::Result<(Box<dyn Io>, NodeSocket)> {
    Err(io::ErrorKind::Unsupported.into())
}

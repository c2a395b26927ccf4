//! Connections to Node: pairs of sockets, of which Node gets one.

use super::{Ends, Handover, Receiver};
use crate::engine::config::Timeouts;
use crate::engine::error::{Call, Error, Peer, Phase};
use crate::engine::upstream::{Connect, Connection, Io, Key, Lookup};
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Node's end of a pair.
#[cfg(unix)]
pub type NodeSocket = std::os::fd::OwnedFd;
/// There are no pairs of sockets.
#[cfg(not(unix))]
pub type NodeSocket = std::convert::Infallible;

/// A request that its target has not answered.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub error: Error,
    /// The target's URL.
    pub target: String,
}

/// A client's connection that comes to Node.
#[derive(Debug)]
pub struct Handed {
    /// Node's end.
    pub socket: NodeSocket,
    /// Its number, for [`Handover::reset`].
    pub number: u32,
    /// Who is to serve it.
    pub receiver: Receiver,
    /// Where the client is.
    pub ends: Ends,
    /// Its one request has failed, and is to be answered.
    pub failure: Option<Failure>,
}

/// Makes the connections of one client's connection.
pub(super) struct NodeConnector {
    handover: Arc<Handover>,
    receiver: Receiver,
    ends: Ends,
    failure: Mutex<Option<Failure>>,
}

impl NodeConnector {
    pub(super) const fn new(
        handover: Arc<Handover>,
        receiver: Receiver,
        ends: Ends,
        failure: Option<Failure>,
    ) -> Self {
        Self { handover, receiver, ends, failure: Mutex::new(failure) }
    }

    fn open(&self) -> io::Result<Connection> {
        let (io, socket) = pair()?;
        let number = self.handover.resets.begin();
        let io = Box::new(NodeEnd { io, number, handover: Arc::clone(&self.handover) });
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        (self.handover.admit)(Handed { socket, number, receiver: self.receiver, ends: self.ends, failure });
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

/// The sockets that Node has reset. A pair has no resets of its own: its end would look like an orderly one, and a client could take half a
/// body for the whole.
#[derive(Debug, Default)]
pub(super) struct Resets {
    last: AtomicU32,
    /// Of each socket that there is, whether it has been reset.
    open: Mutex<HashMap<u32, bool>>,
}

impl Resets {
    fn begin(&self) -> u32 {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        self.lock().insert(number, false);
        number
    }

    pub(super) fn add(&self, number: u32) {
        if let Some(is_reset) = self.lock().get_mut(&number) {
            *is_reset = true;
        }
    }

    fn has(&self, number: u32) -> bool {
        self.lock().get(&number).copied().unwrap_or(false)
    }

    fn end(&self, number: u32) {
        self.lock().remove(&number);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, bool>> {
        // A panic cannot happen while the lock is held; if one did, the map is still whole.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Our end of a pair.
struct NodeEnd {
    io: Box<dyn Io>,
    number: u32,
    handover: Arc<Handover>,
}

impl Io for NodeEnd {}

impl AsyncRead for NodeEnd {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        let is_end = buffer.filled().len() == before && buffer.remaining() > 0;
        if is_end && self.handover.resets.has(self.number) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for NodeEnd {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl Drop for NodeEnd {
    fn drop(&mut self) {
        self.handover.resets.end(self.number);
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

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::super::Needs;
    use super::*;
    use crate::engine::config::Config;
    use crate::engine::head::Fields;
    use crate::engine::target::Target;
    use std::io::Write as _;
    use std::net::IpAddr;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;
    use tokio::io::AsyncReadExt;

    /// What Node has been given.
    type Given = Arc<Mutex<Vec<Handed>>>;

    /// Is not asked: Node has no name.
    struct Nobody;

    impl Lookup for Nobody {
        fn lookup<'a>(
            &'a self,
            _host: &'a Arc<str>,
        ) -> Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, Error>> + Send + 'a>> {
            Box::pin(std::future::ready(Ok(Vec::new())))
        }
    }

    async fn connected() -> (Connection, Handed, Arc<Handover>) {
        let given = Given::default();
        let admit = {
            let given = Arc::clone(&given);
            move |one| given.lock().unwrap().push(one)
        };
        let handover = Handover::new(Arc::new(Needs::default()), false, &[], Duration::ZERO, admit).unwrap();
        let handover = Arc::new(handover);
        let ends = Ends { remote: None, local: None, encrypted: false };
        let connector = NodeConnector::new(Arc::clone(&handover), Receiver::Proxy, ends, None);
        let config = Config::new(Target::parse("http://a").unwrap());
        let key = Key::of(&config, &Fields::default());
        let connection = connector.connect(&key, Timeouts::default(), &Nobody).await.unwrap();
        let handed = given.lock().unwrap().pop().unwrap();
        (connection, handed, handover)
    }

    #[tokio::test]
    async fn an_orderly_end_is_one() {
        let (mut connection, handed, _) = connected().await;
        let mut node = UnixStream::from(handed.socket);
        node.write_all(b"all").unwrap();
        drop(node);
        let mut text = String::new();
        connection.io.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "all");
    }

    #[tokio::test]
    async fn a_reset_is_no_end_and_is_forgotten_with_its_socket() {
        let (mut connection, handed, handover) = connected().await;
        let mut node = UnixStream::from(handed.socket);
        node.write_all(b"part").unwrap();
        handover.reset(handed.number);
        drop(node);
        let mut bytes = Vec::new();
        let error = connection.io.read_to_end(&mut bytes).await.unwrap_err();
        assert_eq!((error.kind(), &bytes[..]), (io::ErrorKind::ConnectionReset, &b"part"[..]));
        drop(connection);
        handover.reset(handed.number);
        assert!(handover.resets.lock().is_empty());
    }
}

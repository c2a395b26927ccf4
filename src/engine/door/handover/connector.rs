//! Connections to Node: pairs of sockets, of which Node gets one.

use super::fates::Desertions;
use super::{Ends, Handover, Receiver};
use crate::engine::config::Timeouts;
use crate::engine::error::{Call, Error, Peer, Phase};
use crate::engine::upstream::{Connect, Connection, Io, Key, Lookup};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Node's end of a pair.
#[cfg(unix)]
pub type NodeSocket = std::os::fd::OwnedFd;
/// There are no pairs of sockets.
#[cfg(not(unix))]
pub type NodeSocket = std::convert::Infallible;

/// A request that its target has not answered, or not to the end.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub error: Error,
    /// The target's URL.
    pub target: String,
    /// The status of its answer, if it has failed in the middle of that: the client has been cut off.
    pub begun: Option<u16>,
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
    desertions: Desertions,
    receiver: Receiver,
    ends: Ends,
    failure: Mutex<Option<Failure>>,
}

impl NodeConnector {
    pub(super) const fn new(
        handover: Arc<Handover>,
        desertions: Desertions,
        receiver: Receiver,
        ends: Ends,
        failure: Option<Failure>,
    ) -> Self {
        Self { handover, desertions, receiver, ends, failure: Mutex::new(failure) }
    }

    fn open(&self) -> io::Result<Connection> {
        let (io, socket) = pair()?;
        let number = self.handover.fates.begin(self.desertions.clone());
        let io = Box::new(NodeEnd { io, number, handover: Arc::clone(&self.handover) });
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ends = self.ends.clone();
        (self.handover.admit)(Handed { socket, number, receiver: self.receiver, ends, failure });
        Ok(Connection::new(io, Peer::Unknown, &self.handover.stats))
    }
}

/// Tells Node of a request whose answer was cut: its head, for which nobody waits to be answered.
pub(super) fn tell(handover: &Handover, ends: Ends, head: &[u8], failure: Failure) -> io::Result<()> {
    let socket = told(head)?;
    let (number, receiver) = (handover.fates.number(), Receiver::Proxy);
    (handover.admit)(Handed { socket, number, receiver, ends, failure: Some(failure) });
    Ok(())
}

/// A socket with this to be read, and no more.
#[cfg(unix)]
fn told(head: &[u8]) -> io::Result<NodeSocket> {
    use std::io::Write;
    let (mut ours, nodes) = std::os::unix::net::UnixStream::pair()?;
    // What does not fit would never be read while we wait.
    ours.set_nonblocking(true)?;
    ours.write_all(head)?;
    Ok(nodes.into())
}

#[cfg(not(unix))]
fn told(_head: &[u8]) -> io::Result<NodeSocket> {
    Err(io::ErrorKind::Unsupported.into())
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
        if is_end && self.handover.fates.is_reset(self.number) {
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
        self.handover.fates.end(self.number);
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

#[cfg(test)]
#[cfg(unix)]
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

    /// There is no name to be looked up.
    struct NoNames;

    impl Lookup for NoNames {
        fn lookup<'a>(
            &'a self,
            _host: &'a Arc<str>,
        ) -> Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, Error>> + Send + 'a>> {
            Box::pin(async { Ok(Vec::new()) })
        }
    }

    /// What Node has been given.
    type Given = Arc<Mutex<Vec<Handed>>>;

    async fn connected() -> (Connection, Handed, Arc<Handover>) {
        let given = Given::default();
        let admit = {
            let given = Arc::clone(&given);
            move |one| given.lock().unwrap().push(one)
        };
        let handover = Handover::new(Arc::new(Needs::default()), false, &[], Duration::ZERO, admit).unwrap();
        let handover = Arc::new(handover);
        let ends = Ends { remote: None, local: None, session: None };
        let connector =
            NodeConnector::new(Arc::clone(&handover), Desertions::default(), Receiver::Proxy, ends, None);
        let config = Config::new(Target::parse("http://a").unwrap());
        let key = Key::of(&config, &Fields::default());
        let connection = connector.connect(&key, Timeouts::default(), &NoNames).await.unwrap();
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
        assert!(handover.fates.is_empty());
    }
}

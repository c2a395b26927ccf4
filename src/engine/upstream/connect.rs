//! Connections to targets: TCP (several addresses raced, RFC 8305) or Unix socket, then TLS if the target wants it.

use super::h2::StreamIo;
use super::pool::Key;
use super::resolve::{Lookup, Resolver, in_order, literal};
use super::through_proxy;
use super::tls;
use crate::engine::config::{Http2, Timeouts};
use crate::engine::error::{Call, Error, Kind, Limit, Peer, Phase};
use crate::engine::observe::{Held, Stats};
use bytes::BytesMut;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{timeout, timeout_at};
use tokio_rustls::client::TlsStream;

/// The bytes of a connection, whatever carries them.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {
    /// Makes a reset of its close, where it can be one.
    fn reset_on_close(&mut self) {}

    /// The addresses of its two ends, ours first, if they have any.
    fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        None
    }
}

impl Io for TcpStream {
    fn reset_on_close(&mut self) {
        // It can only fail on a socket that is closed already.
        let _ = self.set_zero_linger();
    }

    fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.local_addr().ok().zip(self.peer_addr().ok())
    }
}

#[cfg(unix)]
impl Io for tokio::net::UnixStream {}

impl Io for TlsStream<Box<dyn Io>> {
    fn reset_on_close(&mut self) {
        self.get_mut().0.reset_on_close();
    }

    fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.get_ref().0.ends()
    }
}

impl Io for tokio::io::DuplexStream {}

/// A connection to a target.
pub struct Connection {
    /// What carries its bytes.
    pub io: Box<dyn Io>,
    /// Bytes received and not yet looked at.
    pub buffer: BytesMut,
    /// The other end.
    pub peer: Peer,
    /// It has carried an exchange before.
    pub reused: bool,
    /// HTTP/2 is to be spoken over it.
    pub is_http2: bool,
    /// Counts it.
    pub(super) held: Option<Held>,
}

impl Connection {
    /// A connection over `io`.
    pub fn new(io: Box<dyn Io>, peer: Peer, stats: &Arc<Stats>) -> Self {
        Stats::count(&stats.connected);
        let held = Some(Held::new(stats, |s| &s.connections));
        Self { io, buffer: BytesMut::new(), peer, reused: false, is_http2: false, held }
    }

    /// A stream of a session as a connection of its own. Its session is counted; it is not.
    pub(in crate::engine) fn of_stream(io: StreamIo, peer: Peer) -> Self {
        Self { io: Box::new(io), buffer: BytesMut::new(), peer, reused: true, is_http2: false, held: None }
    }

    /// Whether nothing has arrived on an idle connection; bytes nobody asked for and its end both make it unusable. The task of `cx`
    /// is woken when that changes.
    pub fn poll_quiet(&mut self, cx: &mut Context<'_>) -> bool {
        let mut byte = [0];
        self.buffer.is_empty()
            && Pin::new(&mut self.io).poll_read(cx, &mut ReadBuf::new(&mut byte)).is_pending()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("peer", &self.peer)
            .field("reused", &self.reused)
            .finish_non_exhaustive()
    }
}

/// Makes connections; tests bring their own.
pub trait Connect: Send + Sync {
    /// A fresh connection for `key`. `lookup` is asked for addresses if the key says so.
    fn connect<'a>(
        &'a self,
        key: &'a Key,
        timeouts: Timeouts,
        lookup: &'a dyn Lookup,
    ) -> Pin<Box<dyn Future<Output = Result<Connection, Error>> + Send + 'a>>;
}

/// Connects over the network.
#[derive(Debug)]
pub struct Connector {
    stats: Arc<Stats>,
    resolver: Arc<Resolver>,
}

impl Connector {
    /// A connector that counts in `stats`.
    pub fn new(stats: Arc<Stats>) -> Self {
        Self { stats, resolver: Arc::default() }
    }

    async fn addresses(
        &self,
        host: &Arc<str>,
        port: u16,
        key: &Key,
        lookup: &dyn Lookup,
    ) -> Result<Vec<SocketAddr>, Error> {
        if key.names.lookup.is_none() {
            return self.resolver.resolve(host, port, key.names.keep).await;
        }
        // As Node does: an address is not looked up.
        match literal(host, port) {
            Some(address) => Ok(vec![address]),
            None => Ok(in_order(lookup.lookup(host).await?, port)),
        }
    }

    async fn open(&self, key: &Key, lookup: &dyn Lookup) -> Result<Connection, Error> {
        let (io, peer): (Box<dyn Io>, Peer) = match &key.socket_path {
            Some(path) => open_unix(path).await?,
            None => {
                let (host, port) = match &key.proxy {
                    Some(proxy) => (&proxy.host, proxy.port),
                    None => (&key.host, key.port),
                };
                let (stream, address) =
                    race(self.addresses(host, port, key, lookup).await?, key.local_address).await?;
                // Without it the last part of a request may wait for the target's delayed acknowledgement.
                stream.set_nodelay(true).ok();
                let (io, peer): (Box<dyn Io>, Peer) = (Box::new(stream), Peer::Tcp(address));
                match &key.proxy {
                    Some(proxy) => (through_proxy::tunnel(proxy, key, io, &peer).await?, peer),
                    None => (io, peer),
                }
            }
        };
        let (io, is_http2) = match &key.tls {
            Some(tls) => tls::handshake(tls, key, io, &peer).await?,
            None => (io, key.http2 == Http2::Everywhere),
        };
        Ok(Connection { is_http2, ..Connection::new(io, peer, &self.stats) })
    }
}

impl Connect for Connector {
    fn connect<'a>(
        &'a self,
        key: &'a Key,
        timeouts: Timeouts,
        lookup: &'a dyn Lookup,
    ) -> Pin<Box<dyn Future<Output = Result<Connection, Error>> + Send + 'a>> {
        Box::pin(async move {
            match timeout(timeouts.connect_limit(), self.open(key, lookup)).await {
                Ok(result) => result,
                Err(_) => Err(timeouts.exceeded(Limit::Connect, Phase::Connect)),
            }
        })
    }
}

#[cfg(unix)]
async fn open_unix(path: &Arc<str>) -> Result<(Box<dyn Io>, Peer), Error> {
    let peer = Peer::Unix(Arc::clone(path));
    match tokio::net::UnixStream::connect(&**path).await {
        Ok(stream) => Ok((Box::new(stream), peer)),
        Err(error) => Err(Error::socket(&error, Call::Connect, &peer, Phase::Connect)),
    }
}

#[cfg(not(unix))]
async fn open_unix(path: &Arc<str>) -> Result<(Box<dyn Io>, Peer), Error> {
    let error = io::Error::from(io::ErrorKind::NotFound);
    Err(Error::socket(&error, Call::Connect, &Peer::Unix(Arc::clone(path)), Phase::Connect))
}

/// Tries the addresses one after another, the next one as soon as one fails or has not answered for a moment. The first that
/// answers wins; if none does, the error is the first address's.
async fn race(
    mut addresses: Vec<SocketAddr>,
    local: Option<IpAddr>,
) -> Result<(TcpStream, SocketAddr), Error> {
    // From an address of one family nothing of the other can be reached; if that is all there is, that is the error.
    if let Some(local) = local
        && addresses.iter().any(|address| address.is_ipv4() == local.is_ipv4())
    {
        addresses.retain(|address| address.is_ipv4() == local.is_ipv4());
    }
    let mut attempts = JoinSet::new();
    let mut waiting = addresses.into_iter();
    let mut first_error = None;
    loop {
        if let Some(address) = waiting.next() {
            attempts.spawn(open_tcp(address, local));
        }
        let next_at = tokio::time::Instant::now() + STAGGER;
        loop {
            let joined = if waiting.len() > 0 {
                // Nobody has answered yet: let the next address try as well.
                let Ok(joined) = timeout_at(next_at, attempts.join_next()).await else { break };
                joined
            } else {
                attempts.join_next().await
            };
            match joined {
                Some(Ok(Ok(connected))) => return Ok(connected),
                Some(Ok(Err(error))) => {
                    first_error.get_or_insert(error);
                    if waiting.len() > 0 {
                        break;
                    }
                }
                Some(Err(_)) => {}
                None => {
                    let unreached = || Error::new(Kind::Closed, Phase::Connect);
                    return Err(first_error.unwrap_or_else(unreached));
                }
            }
        }
    }
}

async fn open_tcp(address: SocketAddr, local: Option<IpAddr>) -> Result<(TcpStream, SocketAddr), Error> {
    let connecting = match local {
        None => TcpStream::connect(address).await,
        Some(local) => {
            let socket = bound(address, local)
                .map_err(|error| Error::socket(&error, Call::Bind, &Peer::Local(local), Phase::Connect))?;
            socket.connect(address).await
        }
    };
    let failed = |error: &io::Error| Error::socket(error, Call::Connect, &Peer::Tcp(address), Phase::Connect);
    connecting.map(|stream| (stream, address)).map_err(|error| failed(&error))
}

fn bound(address: SocketAddr, local: IpAddr) -> io::Result<TcpSocket> {
    let socket = match (address, local) {
        (SocketAddr::V4(_), IpAddr::V4(_)) => TcpSocket::new_v4()?,
        (SocketAddr::V6(_), IpAddr::V6(_)) => TcpSocket::new_v6()?,
        // Each system has its own word for it; this is Node's.
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    socket.bind(SocketAddr::new(local, 0))?;
    Ok(socket)
}

/// Lets the caller poll for readiness without being woken.
pub(super) fn noop_context() -> Context<'static> {
    Context::from_waker(std::task::Waker::noop())
}

/// RFC 8305 §5 recommends 250 ms.
const STAGGER: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_refused_address_is_followed_by_the_next_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let refused = {
            let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
            closed.local_addr().unwrap()
        };
        let (_, address) = race(vec![refused, good], None).await.unwrap();
        assert_eq!(address, good);
    }

    #[tokio::test]
    async fn when_all_fail_the_first_says_why() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error = race(vec![closed], None).await.unwrap_err();
        assert_eq!(error.to_string(), format!("connect ECONNREFUSED {closed}"));
    }

    #[tokio::test]
    async fn a_connection_comes_from_the_local_address() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = listener.local_addr().unwrap();
        let other_family = SocketAddr::new(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), target.port());
        let local = "127.0.0.9".parse().unwrap();
        let (stream, address) = race(vec![other_family, target], Some(local)).await.unwrap();
        assert_eq!((stream.local_addr().unwrap().ip(), address), (local, target));
    }

    #[tokio::test]
    async fn a_local_address_that_is_not_here_says_so() {
        let target = "127.0.0.1:9".parse().unwrap();
        let error = race(vec![target], Some("192.0.2.1".parse().unwrap())).await.unwrap_err();
        assert_eq!(error.to_string(), "bind EADDRNOTAVAIL 192.0.2.1");
        let error = race(vec![target], Some("::1".parse().unwrap())).await.unwrap_err();
        assert_eq!(error.code(), "EINVAL");
    }
}

//! The way to targets that leads through a proxy: what is asked of it before TLS or HTTP is spoken with the target.
//!
//! Every target is reached through a tunnel, plain ones too: what we send arrives as it is, its `Host` included, which a proxy that is given
//! the absolute URL would have to write anew (RFC 9112 §3.2.2). The proxy finds the addresses of names.

mod connect;
mod socks5;

use super::connect::Io;
use super::pool::Key;
use super::tls::{self, TlsProfile};
use crate::engine::error::{Call, Error, Kind, Peer, Phase, TlsFault, TunnelFault};
use bytes::Bytes;
use std::fmt;
use std::io;
use std::sync::Arc;

/// A proxy between us and the targets.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UpstreamProxy {
    /// What it speaks.
    pub protocol: ProxyProtocol,
    /// Its host: a name, or an address without brackets.
    pub host: Arc<str>,
    /// Its port.
    pub port: u16,
    /// How TLS is spoken with it; `None` if it is not.
    pub tls: Option<Arc<TlsProfile>>,
}

/// What is spoken with a proxy, and who it is told that we are.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum ProxyProtocol {
    /// HTTP/1.1: `CONNECT`, with this value of a `Proxy-Authorization` field.
    Http(Option<Bytes>),
    /// SOCKS 5 (RFC 1928), with user and password.
    Socks5(Option<(Arc<str>, Arc<str>)>),
}

impl fmt::Debug for UpstreamProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not what it is told of us.
        write!(f, "UpstreamProxy({}:{})", self.host, self.port)
    }
}

/// Asks the proxy at the other end of `io` for a tunnel to the target of `key`, and gives that.
///
/// # Errors
///
/// When the proxy refuses, does not speak as it should, or is not who it should be.
pub(super) async fn tunnel(
    proxy: &UpstreamProxy,
    key: &Key,
    io: Box<dyn Io>,
    peer: &Peer,
) -> Result<Box<dyn Io>, Error> {
    let mut io = match &proxy.tls {
        Some(profile) => tls::handshake_with_proxy(profile, &proxy.host, io, peer)
            .await
            .map_err(|error| proxy.unfit(error))?,
        None => io,
    };
    ask(proxy, key, &mut io, peer).await?;
    Ok(io)
}

impl UpstreamProxy {
    /// Says whose fault it is: the words alone could be about the target.
    fn unfit(&self, error: Error) -> Error {
        let Kind::Tls(fault) = error.kind else { return error };
        let message = format!("{} (the proxy {}:{})", fault.message, self.host, self.port);
        Error { kind: Kind::Tls(TlsFault { message: message.into(), ..fault }), ..error }
    }
}

async fn ask(proxy: &UpstreamProxy, key: &Key, io: &mut Box<dyn Io>, peer: &Peer) -> Result<(), Error> {
    let asked = Asked { proxy, host: &key.host, port: key.port };
    let answer = match &proxy.protocol {
        ProxyProtocol::Http(authorization) => connect::ask(asked, authorization.as_deref(), io).await,
        ProxyProtocol::Socks5(credentials) => socks5::ask(asked, credentials.as_ref(), io).await,
    };
    answer.map_err(|failure| match failure {
        Failure::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            asked.fault(REFUSED, "it has closed the connection")
        }
        Failure::Io(error) => Error::socket(&error, Call::Read, peer, Phase::Connect),
        Failure::Refused(error) => error,
    })
}

/// What is asked of whom.
#[derive(Clone, Copy)]
struct Asked<'a> {
    proxy: &'a UpstreamProxy,
    host: &'a str,
    port: u16,
}

impl Asked<'_> {
    /// The target as `CONNECT` names it.
    fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    fn fault(&self, code: &'static str, why: &str) -> Error {
        let Self { proxy, .. } = self;
        let message = format!(
            "Failed to establish a tunnel to {} through the proxy {}:{}: {why}",
            self.authority(),
            proxy.host,
            proxy.port
        );
        Error::new(Kind::Tunnel(TunnelFault { code, message: message.into() }), Phase::Connect)
    }

    fn refused(&self, why: &str) -> Failure {
        Failure::Refused(self.fault(REFUSED, why))
    }
}

/// As Node calls it.
const REFUSED: &str = "ERR_PROXY_TUNNEL";

/// Why there is no tunnel.
enum Failure {
    Io(io::Error),
    Refused(Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[cfg(test)]
mod tests;

//! TLS with clients: rustls, with certificates that can be exchanged while the door is open.

mod certificates;
mod clients;
mod session;

pub use session::{Session, Verdict};

use super::rewound::Rewound;
use crate::engine::upstream::{Identity, InvalidTls, Io};
use certificates::Certificates;
use clients::Clients;
use rustls::ServerConfig;
use rustls::version::{TLS12, TLS13};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How TLS is spoken with clients.
pub struct ServerTls<'a> {
    /// Who the door is: certificates of several kinds, or for several names.
    pub identities: Vec<Identity>,
    /// … and who it is for those who ask for a name of their own; `*.` in front of a name stands for one label.
    pub contexts: Vec<(String, Vec<Identity>)>,
    /// PEM certificates that vouch for clients (`ca`); `None`: Mozilla's roots.
    pub ca: Option<&'a [u8]>,
    /// Whether clients are asked for a certificate (`requestCert`).
    pub asks_clients: bool,
    /// … and whether those without a good one are turned away (`rejectUnauthorized`).
    pub rejects_clients: bool,
    /// Whether TLS 1.2 may be spoken.
    pub tls12: bool,
    /// Whether TLS 1.3 may be spoken.
    pub tls13: bool,
    /// The protocols that are offered, the best first.
    pub protocols: Vec<Vec<u8>>,
}

/// Settings that handshakes are made with.
pub struct SecureContext {
    config: Arc<ServerConfig>,
    certificates: Arc<Certificates>,
    /// If they are asked for certificates.
    clients: Option<Clients>,
}

impl SecureContext {
    /// # Errors
    ///
    /// When there is no identity, one cannot be used, or `ca` holds no certificates.
    pub fn new(settings: &ServerTls<'_>) -> Result<Self, InvalidTls> {
        if settings.identities.is_empty() {
            return Err(InvalidTls::Identity("cert", "there is no certificate with its key".into()));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let certificates = Certificates::new(&settings.identities, &settings.contexts, &provider)?;
        let certificates = Arc::new(certificates);
        let versions: Vec<_> = [(settings.tls12, &TLS12), (settings.tls13, &TLS13)]
            .into_iter()
            .filter_map(|(wanted, version)| wanted.then_some(version))
            .collect();
        let invalid = |error: rustls::Error| InvalidTls::Settings(error.to_string());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions)
            .map_err(invalid)?;
        let clients =
            settings.asks_clients.then(|| Clients::new(settings.ca, settings.rejects_clients, provider));
        let clients = clients.transpose()?;
        let builder = match &clients {
            Some(clients) => builder.with_client_cert_verifier(clients.verifier()),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(Arc::clone(&certificates) as _);
        config.alpn_protocols.clone_from(&settings.protocols);
        // Sessions are the clients' to keep: nothing is held here for those who never come back.
        config.ticketer = rustls::crypto::ring::Ticketer::new().map_err(invalid)?;
        Ok(Self { config: Arc::new(config), certificates, clients })
    }
}

impl fmt::Debug for SecureContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecureContext").field("certificates", &self.certificates).finish_non_exhaustive()
    }
}

/// A door's side of TLS.
#[derive(Debug)]
pub struct Secure {
    context: RwLock<Arc<SecureContext>>,
    handshake_time: Duration,
}

/// A connection after its handshake.
pub(super) struct Accepted {
    pub(super) stream: TlsStream<Rewound>,
    /// Client and door have agreed on HTTP/2.
    pub(super) is_http2: bool,
    /// The name that the client has asked for, if it made a difference.
    pub(super) asked: Option<Arc<AskedName>>,
    pub(super) session: Arc<Session>,
}

/// What a client was shown for the name that it asked for.
#[derive(Debug)]
pub(super) struct AskedName {
    certificates: Arc<Certificates>,
    set: usize,
}

impl AskedName {
    /// Whether a client that asks for this host would have been shown the same.
    pub(super) fn covers(&self, host: &[u8]) -> bool {
        let port = host.iter().rposition(|&b| b == b':').filter(|at| !host[*at..].contains(&b']'));
        let name = std::str::from_utf8(&host[..port.unwrap_or(host.len())]).ok();
        self.certificates.set_of(name) == self.set
    }
}

impl Secure {
    /// TLS with these settings; a handshake may take so long.
    pub const fn new(context: Arc<SecureContext>, handshake_time: Duration) -> Self {
        Self { context: RwLock::new(context), handshake_time }
    }

    /// Other settings, for the handshakes to come. Connections that there are stay as they are.
    pub fn replace(&self, context: Arc<SecureContext>) {
        *self.context.write().unwrap_or_else(PoisonError::into_inner) = context;
    }

    /// For how long a handshake may go on.
    pub(super) const fn handshake_time(&self) -> Duration {
        self.handshake_time
    }

    /// The handshake with a client.
    pub(super) async fn accept(&self, stream: Rewound) -> io::Result<Accepted> {
        let context = Arc::clone(&self.context.read().unwrap_or_else(PoisonError::into_inner));
        let accepting = TlsAcceptor::from(Arc::clone(&context.config)).accept(stream);
        let Ok(accepted) = timeout(self.handshake_time, accepting).await else {
            return Err(io::ErrorKind::TimedOut.into());
        };
        let stream = accepted?;
        let connection = stream.get_ref().1;
        let is_http2 = connection.alpn_protocol() == Some(b"h2");
        let name = connection.server_name().filter(|_| context.certificates.are_named());
        let asked = name.map(|name| {
            let set = context.certificates.set_of(Some(name));
            Arc::new(AskedName { certificates: Arc::clone(&context.certificates), set })
        });
        let session = Arc::new(Session::of(connection, context.clients.as_ref()));
        Ok(Accepted { stream, is_http2, asked, session })
    }
}

impl Io for TlsStream<Rewound> {
    fn reset_on_close(&mut self) {
        self.get_mut().0.reset_on_close();
    }

    fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.get_ref().0.ends()
    }
}

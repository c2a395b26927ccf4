//! TLS with targets: rustls, with Mozilla's roots or the user's, and errors in the words of Node's TLS.

use super::connect::Io;
use super::identity::{Identities, Identity};
use super::pool::Key;
use super::roots;
use super::verify::{Verifier, VerifyFault};
use crate::engine::config::Http2;
use crate::engine::error::{Call, Error, Kind, Peer, Phase, TlsFault, alert};
use rustls::client::WebPkiServerVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, ClientConfig};
use rustls_pki_types::{CertificateDer, ServerName};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::io;
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How TLS is spoken with a target.
pub struct TlsSettings<'a> {
    /// Whether certificates are checked (`secure`).
    pub verify: bool,
    /// PEM certificates that vouch for the target (`ca`); `None`: Mozilla's roots.
    pub ca: Option<&'a [u8]>,
    /// Without `ca`: files of PEM certificates that vouch for it as well.
    pub root_files: &'a [String],
    /// Without `ca`: so do those of the system.
    pub system_roots: bool,
    /// Who we are; the first that the target can check is shown.
    pub identities: Vec<Identity>,
    /// Whether TLS 1.2 may be spoken.
    pub tls12: bool,
    /// Whether TLS 1.3 may be spoken.
    pub tls13: bool,
    /// What the target may choose from (`ALPNProtocols`). `None`: as the request's way needs it.
    pub protocols: Option<Vec<Vec<u8>>>,
}

impl Default for TlsSettings<'_> {
    fn default() -> Self {
        Self {
            verify: true,
            ca: None,
            root_files: &[],
            system_roots: false,
            identities: Vec::new(),
            tls12: true,
            tls13: true,
            protocols: None,
        }
    }
}

/// How TLS is spoken with a target. Two profiles are equal if their settings are; only then do their connections share a pool.
pub struct TlsProfile {
    /// Of the settings.
    digest: [u8; 32],
    /// Offers what the user said, or HTTP/2 before HTTP/1.1.
    config: Arc<ClientConfig>,
    /// Offers HTTP/1.1 alone.
    http1: Arc<ClientConfig>,
}

/// Why a TLS profile cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidTls {
    /// The `ca` text holds no certificate.
    NoCertificate,
    /// The `ca` text holds something that is none.
    Certificate(String),
    /// A client's certificate or key cannot be used: the option, and why.
    Identity(&'static str, String),
    /// A file of roots, or the system's, cannot be read: what it is, and why.
    Roots(String, String),
    /// rustls refuses the settings.
    Settings(String),
}

impl fmt::Display for InvalidTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str("it holds no PEM certificate"),
            Self::Certificate(why) => write!(f, "one of its certificates cannot be read ({why})"),
            Self::Roots(what, why) => write!(f, "{what} cannot be read ({why})"),
            Self::Identity(_, why) | Self::Settings(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for InvalidTls {}

impl InvalidTls {
    /// The option whose value is wrong.
    pub const fn option(&self) -> &'static str {
        match self {
            Self::NoCertificate | Self::Certificate(_) => "ca",
            Self::Identity(option, _) => option,
            Self::Roots(..) => "useSystemCa",
            Self::Settings(_) => "minVersion",
        }
    }
}

impl TlsProfile {
    /// A profile with these settings.
    ///
    /// # Errors
    ///
    /// When `ca` holds no usable certificate, or an identity's key is not its certificate's.
    pub fn new(settings: &TlsSettings<'_>) -> Result<Self, InvalidTls> {
        let (store, roots) = match settings.ca {
            Some(ca) => roots::given(ca)?,
            None => roots::usual(settings.root_files, settings.system_roots)?,
        };
        let digest = digest(settings, &roots);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let invalid = |error: &dyn fmt::Display| InvalidTls::Settings(error.to_string());
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider))
            .build()
            .map_err(|error| invalid(&error))?;
        let verifier = Verifier::new(settings.verify, webpki, roots);
        let identities = Identities::new(&settings.identities, &provider)?;
        let versions: Vec<_> = [(settings.tls12, &TLS12), (settings.tls13, &TLS13)]
            .into_iter()
            .filter_map(|(wanted, version)| wanted.then_some(version))
            .collect();
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)
            .map_err(|error| invalid(&error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(identities));
        let offered = settings.protocols.clone().unwrap_or_else(|| vec![HTTP2.to_vec(), HTTP1.to_vec()]);
        config.alpn_protocols = offered.iter().filter(|protocol| *protocol != HTTP2).cloned().collect();
        let http1 = Arc::new(config.clone());
        config.alpn_protocols = offered;
        Ok(Self { digest, config: Arc::new(config), http1 })
    }
}

/// Of all that two profiles may differ in.
fn digest(settings: &TlsSettings<'_>, roots: &[CertificateDer<'_>]) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let flags =
        [settings.verify, settings.tls12, settings.tls13, settings.ca.is_some(), settings.system_roots];
    context.update(&flags.map(u8::from));
    let mut add = |parts: &mut dyn Iterator<Item = &[u8]>| {
        for part in parts {
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        // No part is so long.
        context.update(&usize::MAX.to_be_bytes());
    };
    add(&mut roots.iter().map(AsRef::as_ref));
    for identity in &settings.identities {
        add(&mut identity.parts());
    }
    add(&mut settings.protocols.iter().flatten().map(Vec::as_slice));
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

impl Default for TlsProfile {
    fn default() -> Self {
        // Mozilla's roots and ring's algorithms always make a profile.
        #[expect(clippy::expect_used, reason = "no input of anybody's is involved")]
        Self::new(&TlsSettings::default()).expect("the built-in roots are valid")
    }
}

impl PartialEq for TlsProfile {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for TlsProfile {}

impl Hash for TlsProfile {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

impl fmt::Debug for TlsProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsProfile").finish_non_exhaustive()
    }
}

/// The handshake on a fresh connection; says whether the target has chosen HTTP/2.
pub(super) async fn handshake(
    profile: &TlsProfile,
    key: &Key,
    io: Box<dyn Io>,
    peer: &Peer,
) -> Result<(Box<dyn Io>, bool), Error> {
    let wanted = key.server_name.as_deref().unwrap_or(&key.host);
    let name = ServerName::try_from(wanted.to_owned())
        .or_else(|_| ServerName::try_from(key.host.to_string()))
        .map_err(|_| nameless(wanted))?;
    let config = if key.http2 == Http2::Never { &profile.http1 } else { &profile.config };
    let stream = connect(config, name, io, peer).await?;
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP2);
    Ok((Box::new(stream), is_http2))
}

/// The same with a proxy, which is spoken to in HTTP/1.1.
pub(super) async fn handshake_with_proxy(
    profile: &TlsProfile,
    host: &str,
    io: Box<dyn Io>,
    peer: &Peer,
) -> Result<Box<dyn Io>, Error> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| nameless(host))?;
    Ok(Box::new(connect(&profile.http1, name, io, peer).await?))
}

async fn connect(
    config: &Arc<ClientConfig>,
    name: ServerName<'static>,
    io: Box<dyn Io>,
    peer: &Peer,
) -> Result<TlsStream<Box<dyn Io>>, Error> {
    let connecting = TlsConnector::from(Arc::clone(config)).connect(name, io);
    connecting.await.map_err(|error| classify(&error, peer))
}

fn nameless(name: &str) -> Error {
    fault("ERR_TLS_CERT_ALTNAME_INVALID", format!("{name} is not a name that a certificate can have"))
}

const HTTP1: &[u8] = b"http/1.1";
const HTTP2: &[u8] = b"h2";

fn classify(error: &io::Error, peer: &Peer) -> Error {
    let Some(tls) = error.get_ref().and_then(|source| source.downcast_ref::<rustls::Error>()) else {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            let message = "Client network socket disconnected before secure TLS connection was established";
            return fault("ECONNRESET", message);
        }
        return Error::socket(error, Call::Read, peer, Phase::Tls);
    };
    if let rustls::Error::InvalidCertificate(CertificateError::Other(other)) = tls
        && let Some(VerifyFault { code, message }) = other.0.downcast_ref()
    {
        return fault(code, message.clone());
    }
    let words = alert(error).map_or_else(|| tls.to_string().into(), |fault| fault.message);
    fault("EPROTO", format!("write EPROTO {words}"))
}

fn fault(code: &'static str, message: impl Into<Arc<str>>) -> Error {
    Error::new(Kind::Tls(TlsFault { code, message: message.into() }), Phase::Tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_ca(ca: &[u8]) -> Result<TlsProfile, InvalidTls> {
        TlsProfile::new(&TlsSettings { ca: Some(ca), ..TlsSettings::default() })
    }

    #[test]
    fn a_ca_without_certificates_is_an_error() {
        assert_eq!(with_ca(b"").unwrap_err(), InvalidTls::NoCertificate);
        assert_eq!(with_ca(b"junk").unwrap_err(), InvalidTls::NoCertificate);
        let bad = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(with_ca(bad), Err(InvalidTls::Certificate(_))));
    }

    fn identity() -> Identity {
        let own = rcgen::generate_simple_self_signed(["client".into()]).unwrap();
        Identity::from_pem(own.cert.pem().as_bytes(), own.signing_key.serialize_pem().as_bytes()).unwrap()
    }

    #[test]
    fn profiles_of_different_settings_are_different() {
        let root = rcgen::generate_simple_self_signed(["h".into()]).unwrap().cert.pem();
        let settings = [
            TlsSettings::default(),
            TlsSettings { verify: false, ..TlsSettings::default() },
            TlsSettings { ca: Some(root.as_bytes()), ..TlsSettings::default() },
            TlsSettings { identities: vec![identity()], ..TlsSettings::default() },
            TlsSettings { identities: vec![identity()], ..TlsSettings::default() },
            TlsSettings { tls12: false, ..TlsSettings::default() },
            TlsSettings { tls13: false, ..TlsSettings::default() },
            TlsSettings { protocols: Some(vec![b"h2".to_vec()]), ..TlsSettings::default() },
        ];
        for (i, one) in settings.iter().enumerate() {
            for (j, other) in settings.iter().enumerate() {
                let is_same = TlsProfile::new(one).unwrap() == TlsProfile::new(other).unwrap();
                assert_eq!(is_same, i == j, "{i} and {j}");
            }
        }
    }

    #[test]
    fn a_key_that_is_not_the_certificates_is_an_error() {
        let [one, other] = [(); 2].map(|()| rcgen::generate_simple_self_signed(["client".into()]).unwrap());
        let key = other.signing_key.serialize_pem();
        let mixed = Identity::from_pem(one.cert.pem().as_bytes(), key.as_bytes()).unwrap();
        let settings = TlsSettings { identities: vec![mixed], ..TlsSettings::default() };
        assert_eq!(TlsProfile::new(&settings).unwrap_err().option(), "key");
    }

    #[test]
    fn what_is_no_identity_is_an_error() {
        let own = rcgen::generate_simple_self_signed(["client".into()]).unwrap();
        let [cert, key] = [own.cert.pem(), own.signing_key.serialize_pem()];
        let refused = |cert: &str, key: &str| {
            Identity::from_pem(cert.as_bytes(), key.as_bytes()).err().unwrap().option()
        };
        assert_eq!(refused("junk", &key), "cert");
        assert_eq!(refused(&cert, "junk"), "key");
        assert_eq!(Identity::from_pkcs12(b"junk", "").err().unwrap().option(), "pfx");
    }
}

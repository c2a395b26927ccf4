//! TLS with targets: rustls, with Mozilla's roots or the user's, and errors in the words of Node's TLS.

use super::connect::Io;
use super::pool::Key;
use super::verify::{Verifier, VerifyFault};
use crate::engine::error::{Call, Error, Kind, Peer, Phase, TlsFault};
use rustls::client::WebPkiServerVerifier;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::io;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// How a target is verified. Two profiles are equal if they verify alike; only then do their connections share a pool.
pub struct TlsProfile {
    verify: bool,
    roots: Vec<CertificateDer<'static>>,
    config: Arc<ClientConfig>,
}

/// Why a TLS profile cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidTls {
    /// The `ca` text holds no certificate.
    NoCertificate,
    /// The `ca` text holds something that is none.
    Certificate(String),
    /// rustls refuses the settings.
    Settings(String),
}

impl fmt::Display for InvalidTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str("it holds no PEM certificate"),
            Self::Certificate(why) => write!(f, "one of its certificates cannot be read ({why})"),
            Self::Settings(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for InvalidTls {}

impl TlsProfile {
    /// A profile that checks certificates (`secure`, unless that is `false`) against the PEM certificates of `ca`, or Mozilla's roots
    /// where there is none.
    ///
    /// # Errors
    ///
    /// When `ca` holds no usable certificate.
    pub fn new(verify: bool, ca: Option<&[u8]>) -> Result<Self, InvalidTls> {
        let roots = ca.map(read_certificates).transpose()?.unwrap_or_default();
        let mut store = RootCertStore::empty();
        if roots.is_empty() {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for root in &roots {
            store.add(root.clone()).map_err(|error| InvalidTls::Certificate(error.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let settings = |error: &dyn fmt::Display| InvalidTls::Settings(error.to_string());
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider))
            .build()
            .map_err(|error| settings(&error))?;
        let verifier = Verifier::new(verify, webpki, roots.clone());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| settings(&error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { verify, roots, config: Arc::new(config) })
    }
}

impl Default for TlsProfile {
    fn default() -> Self {
        // Mozilla's roots and ring's algorithms always make a profile.
        #[expect(clippy::expect_used, reason = "no input of anybody's is involved")]
        Self::new(true, None).expect("the built-in roots are valid")
    }
}

impl PartialEq for TlsProfile {
    fn eq(&self, other: &Self) -> bool {
        self.verify == other.verify && self.roots == other.roots
    }
}

impl Eq for TlsProfile {}

impl Hash for TlsProfile {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.verify.hash(state);
        self.roots.len().hash(state);
    }
}

impl fmt::Debug for TlsProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsProfile")
            .field("verify", &self.verify)
            .field("roots", &self.roots.len())
            .finish_non_exhaustive()
    }
}

fn read_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, InvalidTls> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = read.map_err(|error| InvalidTls::Certificate(error.to_string()))?;
    if certificates.is_empty() { Err(InvalidTls::NoCertificate) } else { Ok(certificates) }
}

/// The handshake on a fresh connection.
pub(super) async fn handshake(
    profile: &TlsProfile,
    key: &Key,
    io: Box<dyn Io>,
    peer: &Peer,
) -> Result<Box<dyn Io>, Error> {
    let wanted = key.server_name.as_deref().unwrap_or(&key.host);
    let name = ServerName::try_from(wanted.to_owned())
        .or_else(|_| ServerName::try_from(key.host.to_string()))
        .map_err(|_| {
            fault(
                "ERR_TLS_CERT_ALTNAME_INVALID",
                format!("{wanted} is not a name that a certificate can have"),
            )
        })?;
    match TlsConnector::from(Arc::clone(&profile.config)).connect(name, io).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(classify(&error, peer)),
    }
}

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
    fault("EPROTO", format!("write EPROTO {tls}"))
}

fn fault(code: &'static str, message: impl Into<Arc<str>>) -> Error {
    Error::new(Kind::Tls(TlsFault { code, message: message.into() }), Phase::Tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_without_certificates_is_an_error() {
        assert_eq!(TlsProfile::new(true, Some(b"")).unwrap_err(), InvalidTls::NoCertificate);
        assert_eq!(TlsProfile::new(true, Some(b"junk")).unwrap_err(), InvalidTls::NoCertificate);
        let bad = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(TlsProfile::new(true, Some(bad)), Err(InvalidTls::Certificate(_))));
    }

    #[test]
    fn profiles_that_verify_differently_are_different() {
        assert_eq!(TlsProfile::default(), TlsProfile::new(true, None).unwrap());
        assert_ne!(TlsProfile::default(), TlsProfile::new(false, None).unwrap());
    }
}

//! Client certificates: `requestCert`, `ca` and `rejectUnauthorized`, as Node's servers have them.

use super::session::Verdict;
use crate::engine::upstream::{InvalidTls, code_of, read_certificates};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::sync::Arc;

/// Clients that are asked for a certificate that `ca` vouches for.
#[derive(Debug)]
pub(super) struct Clients {
    strict: Arc<dyn ClientCertVerifier>,
    rejects: bool,
}

impl Clients {
    /// # Errors
    ///
    /// When `ca` holds no certificate, or something else.
    pub(super) fn new(
        ca: Option<&[u8]>,
        rejects: bool,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, InvalidTls> {
        Ok(Self { strict: verifier(ca, provider)?, rejects })
    }

    /// What handshakes are made with.
    pub(super) fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        let strict = Arc::clone(&self.strict);
        if self.rejects { strict } else { Arc::new(Lenient(strict)) }
    }

    /// What there is to be said of the certificates of a client that was let in.
    pub(super) fn judge(&self, certificates: &[CertificateDer<'_>]) -> Verdict {
        if self.rejects {
            return Verdict::Good;
        }
        // As OpenSSL says of those who have none.
        let Some((own, others)) = certificates.split_first() else {
            return Verdict::Bad("UNABLE_TO_GET_ISSUER_CERT");
        };
        match self.strict.verify_client_cert(own, others, UnixTime::now()) {
            Ok(_) => Verdict::Good,
            Err(why) => Verdict::Bad(code_of(&why, certificates)),
        }
    }
}

fn verifier(
    ca: Option<&[u8]>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, InvalidTls> {
    let mut roots = RootCertStore::empty();
    match ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(pem) => {
            for root in read_certificates(pem)? {
                roots.add(root).map_err(|error| InvalidTls::Certificate(error.to_string()))?;
            }
        }
    }
    let built = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    built.map_err(|error| InvalidTls::Settings(error.to_string()))
}

/// Asks for a certificate, and lets everybody in, with another one or none.
#[derive(Debug)]
struct Lenient(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for Lenient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

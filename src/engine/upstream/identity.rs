//! Client certificates: who we are, for targets that want to know.

use super::tls::InvalidTls;
use p12_keystore::KeyStore;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;

/// A certificate, those that vouch for it, and its private key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Of the PEM certificates of `cert` and the PEM key of `key`, which is not encrypted.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read.
    pub fn from_pem(cert: &[u8], key: &[u8]) -> Result<Self, InvalidTls> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(cert).collect();
        let chain = read.map_err(|error| InvalidTls::Identity("cert", error.to_string()))?;
        if chain.is_empty() {
            return Err(InvalidTls::Identity("cert", "it holds no PEM certificate".into()));
        }
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| InvalidTls::Identity("key", error.to_string()))?;
        Ok(Self { chain, key })
    }

    /// Of a PKCS#12 archive.
    ///
    /// # Errors
    ///
    /// When it cannot be read, such as with another passphrase, or has no key.
    pub fn from_pkcs12(archive: &[u8], passphrase: &str) -> Result<Self, InvalidTls> {
        let invalid = |why: String| InvalidTls::Identity("pfx", why);
        let store = KeyStore::from_pkcs12(archive, passphrase).map_err(|error| invalid(error.to_string()))?;
        let Some((_, entry)) = store.private_key_chain() else {
            return Err(invalid("it holds no private key with a certificate".into()));
        };
        let chain = entry.chain().iter().map(|one| one.as_der().to_vec().into()).collect();
        Ok(Self { chain, key: PrivatePkcs8KeyDer::from(entry.key().to_vec()).into() })
    }

    /// What tells it from others.
    pub(super) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.chain.iter().map(AsRef::as_ref).chain([self.key.secret_der()])
    }

    /// As rustls wants it.
    pub(in crate::engine) fn certified(
        &self,
        provider: &CryptoProvider,
    ) -> Result<Arc<CertifiedKey>, InvalidTls> {
        CertifiedKey::from_der(self.chain.clone(), self.key.clone_key(), provider)
            .map(Arc::new)
            .map_err(|error| InvalidTls::Identity("key", error.to_string()))
    }
}

/// Shows the first of several that the target can check.
#[derive(Debug)]
pub(super) struct Identities(Vec<Arc<CertifiedKey>>);

impl Identities {
    pub(super) fn new(all: &[Identity], provider: &CryptoProvider) -> Result<Self, InvalidTls> {
        all.iter().map(|one| one.certified(provider)).collect::<Result<_, _>>().map(Self)
    }
}

impl ResolvesClientCert for Identities {
    fn resolve(&self, _issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.iter().find(|one| one.key.choose_scheme(schemes).is_some()).cloned()
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}

//! Who vouches for targets: the certificates that the options name, or Mozilla's and those that the machine adds.

use super::tls::InvalidTls;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

type Certificates = Vec<CertificateDer<'static>>;

/// The certificates of a PEM text, and no others.
///
/// # Errors
///
/// When it holds none, or one that cannot be used.
pub(super) fn given(pem: &[u8]) -> Result<(RootCertStore, Certificates), InvalidTls> {
    let roots = read_certificates(pem)?;
    let mut store = RootCertStore::empty();
    for root in &roots {
        store.add(root.clone()).map_err(|error| InvalidTls::Certificate(error.to_string()))?;
    }
    Ok((store, roots))
}

/// The certificates in a PEM text.
pub(in crate::engine) fn read_certificates(pem: &[u8]) -> Result<Certificates, InvalidTls> {
    let read: Result<Certificates, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = read.map_err(|error| InvalidTls::Certificate(error.to_string()))?;
    if certificates.is_empty() { Err(InvalidTls::NoCertificate) } else { Ok(certificates) }
}

/// Mozilla's, and those that the machine adds to them. What of these cannot be used is left out, as OpenSSL does. Gives them, too.
///
/// # Errors
///
/// When a file, or the system's store, cannot be read.
pub(super) fn usual(files: &[String], of_system: bool) -> Result<(RootCertStore, Certificates), InvalidTls> {
    let mut store = RootCertStore::empty();
    store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let added = added_roots(files, of_system)?;
    store.add_parsable_certificates(added.iter().cloned());
    Ok((store, added))
}

/// What the machine adds to Mozilla's: the certificates of the files, and the system's if they are asked for.
///
/// # Errors
///
/// When a file, or the system's store, cannot be read.
pub fn added_roots(files: &[String], of_system: bool) -> Result<Certificates, InvalidTls> {
    let mut added = Certificates::new();
    for file in files {
        added.extend(of_file(file)?.iter().cloned());
    }
    if of_system {
        added.extend(system()?.iter().cloned());
    }
    Ok(added)
}

/// Read once, as in Node.
fn of_file(path: &str) -> Result<Arc<Certificates>, InvalidTls> {
    static READ: OnceLock<Mutex<HashMap<String, Arc<Certificates>>>> = OnceLock::new();
    let mut read = READ.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = read.get(path) {
        return Ok(Arc::clone(known));
    }
    let pem = std::fs::read(path).map_err(|error| InvalidTls::Roots(path.to_owned(), error.to_string()))?;
    let certificates = Arc::new(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect());
    read.insert(path.to_owned(), Arc::clone(&certificates));
    Ok(certificates)
}

/// Likewise.
fn system() -> Result<&'static Certificates, InvalidTls> {
    static SYSTEM: OnceLock<Result<Certificates, String>> = OnceLock::new();
    let loaded = SYSTEM.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        if found.certs.is_empty() {
            let why: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
            return Err(if why.is_empty() { "it holds no certificate".to_owned() } else { why.join("; ") });
        }
        Ok(found.certs)
    });
    let failed =
        |why: &String| InvalidTls::Roots("the system's store of certificates".to_owned(), why.clone());
    loaded.as_ref().map_err(failed)
}

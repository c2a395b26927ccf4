//! Verifies targets' certificates as Node does, and says what is wrong with Node's codes and messages.
//!
//! webpki decides; this adds what Node's users rely on and webpki refuses: a self-signed certificate that is itself in `ca`, and a
//! name that stands only in the subject.

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::fmt;
use std::sync::Arc;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// Verifies certificates, or does not (`secure: false`).
#[derive(Debug)]
pub(super) struct Verifier {
    verify: bool,
    webpki: Arc<WebPkiServerVerifier>,
    roots: Vec<CertificateDer<'static>>,
}

/// What is wrong with a certificate, in Node's words.
#[derive(Debug)]
pub(super) struct VerifyFault {
    /// Node's `code`.
    pub(super) code: &'static str,
    /// Node's message.
    pub(super) message: String,
}

impl fmt::Display for VerifyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for VerifyFault {}

impl Verifier {
    /// A verifier that trusts what `webpki` trusts, and the very certificates of `roots`.
    pub(super) const fn new(
        verify: bool,
        webpki: Arc<WebPkiServerVerifier>,
        roots: Vec<CertificateDer<'static>>,
    ) -> Self {
        Self { verify, webpki, roots }
    }

    fn check(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), VerifyFault> {
        let Ok((_, certificate)) = X509Certificate::from_der(leaf) else {
            return Err(fault(UNREADABLE, "the certificate cannot be read"));
        };
        // The order of OpenSSL: first the chain and its dates, then, in Node, the name.
        let is_pinned = self.roots.iter().any(|root| root.as_ref() == leaf.as_ref());
        if is_pinned {
            check_dates(&certificate, now)?;
            return check_name(&certificate, name);
        }
        match self.webpki.verify_server_cert(leaf, chain, name, &[], now) {
            Ok(_) => Ok(()),
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => check_name(&certificate, name),
            Err(why) => Err(fault_of(&why, &certificate, chain)),
        }
    }
}

/// What is wrong with a certificate that webpki refuses, apart from its name.
fn fault_of(why: &Error, leaf: &X509Certificate<'_>, chain: &[CertificateDer<'_>]) -> VerifyFault {
    let Error::InvalidCertificate(why) = why else { return fault("EPROTO", &why.to_string()) };
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            fault("CERT_HAS_EXPIRED", "certificate has expired")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            fault("CERT_NOT_YET_VALID", "certificate is not yet valid")
        }
        CertificateError::Revoked => fault("CERT_REVOKED", "certificate revoked"),
        CertificateError::BadSignature => fault("CERT_SIGNATURE_FAILURE", "certificate signature failure"),
        _ => untrusted(leaf, chain),
    }
}

/// Node's code for a chain of certificates that webpki refuses, the leaf first.
pub(in crate::engine) fn code_of(why: &Error, certificates: &[CertificateDer<'_>]) -> &'static str {
    let Some((leaf, chain)) = certificates.split_first() else { return "UNABLE_TO_GET_ISSUER_CERT" };
    match X509Certificate::from_der(leaf) {
        Ok((_, certificate)) => fault_of(why, &certificate, chain).code,
        Err(_) => UNREADABLE,
    }
}

const UNREADABLE: &str = "ERR_TLS_CERT_PARSE";

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.verify {
            self.check(leaf, chain, name, now).map_err(|fault| {
                Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(fault))))
            })?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

/// Why nobody we trust vouches for this certificate.
fn untrusted(leaf: &X509Certificate<'_>, chain: &[CertificateDer<'_>]) -> VerifyFault {
    let is_self_signed = |certificate: &X509Certificate<'_>| certificate.issuer() == certificate.subject();
    if is_self_signed(leaf) {
        return fault("DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate");
    }
    match chain.last().map(|last| X509Certificate::from_der(last)) {
        None => fault("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate"),
        Some(Ok((_, last))) if is_self_signed(&last) => {
            fault("SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain")
        }
        Some(_) => fault("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "unable to get local issuer certificate"),
    }
}

fn check_dates(certificate: &X509Certificate<'_>, now: UnixTime) -> Result<(), VerifyFault> {
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now > certificate.validity().not_after.timestamp() {
        return Err(fault("CERT_HAS_EXPIRED", "certificate has expired"));
    }
    if now < certificate.validity().not_before.timestamp() {
        return Err(fault("CERT_NOT_YET_VALID", "certificate is not yet valid"));
    }
    Ok(())
}

/// Node's `checkServerIdentity`: the alternative names, or the subject's common name where there are none.
fn check_name(certificate: &X509Certificate<'_>, name: &ServerName<'_>) -> Result<(), VerifyFault> {
    let names =
        certificate.subject_alternative_name().ok().flatten().map(|extension| &extension.value.general_names);
    let names = names.map(Vec::as_slice).unwrap_or_default();
    let dns: Vec<&str> = names
        .iter()
        .filter_map(|n| if let GeneralName::DNSName(dns) = n { Some(*dns) } else { None })
        .collect();
    let wanted = name.to_str();
    let (matches, reason) = match name {
        ServerName::IpAddress(wanted_address) => {
            let octets = match wanted_address {
                rustls_pki_types::IpAddr::V4(v4) => v4.as_ref().to_vec(),
                rustls_pki_types::IpAddr::V6(v6) => v6.as_ref().to_vec(),
            };
            let matches = names.iter().any(|n| matches!(n, GeneralName::IPAddress(ip) if *ip == &octets[..]));
            let addresses: Vec<String> = names.iter().filter_map(address).map(|ip| ip.to_string()).collect();
            (matches, format!("IP: {wanted} is not in the cert's list: {}", addresses.join(", ")))
        }
        _ if dns.is_empty() => {
            let common: Vec<&str> =
                certificate.subject().iter_common_name().filter_map(|cn| cn.as_str().ok()).collect();
            let matches = common.iter().any(|pattern| host_matches(pattern, &wanted));
            (matches, format!("Host: {wanted}. is not cert's CN: {}", common.join(", ")))
        }
        _ => {
            let matches = dns.iter().any(|pattern| host_matches(pattern, &wanted));
            (matches, format!("Host: {wanted}. is not in the cert's altnames: {}", list(names)))
        }
    };
    if matches {
        return Ok(());
    }
    let message = format!("Hostname/IP does not match certificate's altnames: {reason}");
    Err(VerifyFault { code: "ERR_TLS_CERT_ALTNAME_INVALID", message })
}

/// A name, or a pattern whose first label is `*`.
fn host_matches(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    match pattern.strip_prefix("*.") {
        Some(parent) => host.split_once('.').is_some_and(|(label, rest)| {
            !label.is_empty() && rest.contains('.') && rest.eq_ignore_ascii_case(parent)
        }),
        None => pattern.eq_ignore_ascii_case(host),
    }
}

/// As Node prints alternative names.
fn list(names: &[GeneralName<'_>]) -> String {
    let print = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(dns) => Some(format!("DNS:{dns}")),
        other => address(other).map(|address| format!("IP Address:{address}")),
    };
    names.iter().filter_map(print).collect::<Vec<_>>().join(", ")
}

/// The address of an alternative name that is one.
fn address(name: &GeneralName<'_>) -> Option<std::net::IpAddr> {
    let GeneralName::IPAddress(octets) = name else { return None };
    let v4 = <[u8; 4]>::try_from(*octets).map(std::net::IpAddr::from).ok();
    v4.or_else(|| <[u8; 16]>::try_from(*octets).map(std::net::IpAddr::from).ok())
}

fn fault(code: &'static str, message: &str) -> VerifyFault {
    VerifyFault { code, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label() {
        assert!(host_matches("*.example.com", "a.EXAMPLE.com"));
        for host in ["example.com", "a.b.example.com", ".example.com"] {
            assert!(!host_matches("*.example.com", host), "{host}");
        }
        assert!(!host_matches("*.com", "example.com"));
        assert!(host_matches("Localhost", "localhost."));
    }
}

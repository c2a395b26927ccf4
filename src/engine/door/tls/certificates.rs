//! A door's own certificates, and which of them a client is shown.

use crate::engine::upstream::{Identity, InvalidTls};
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::ServerName;
use std::collections::HashMap;
use std::sync::Arc;

/// The certificates by the names that clients ask for.
#[derive(Debug)]
pub(super) struct Certificates {
    /// The first is for those who ask for no name, or for one that is not known.
    sets: Vec<Vec<Arc<CertifiedKey>>>,
    /// Names in lower case, perhaps with `*` as first label, and their set.
    names: HashMap<String, usize>,
}

impl Certificates {
    /// # Errors
    ///
    /// When a key cannot be used, or is not its certificate's.
    pub(super) fn new(
        usual: &[Identity],
        named: &[(String, Vec<Identity>)],
        provider: &CryptoProvider,
    ) -> Result<Self, InvalidTls> {
        let certify =
            |all: &[Identity]| all.iter().map(|one| one.certified(provider)).collect::<Result<_, _>>();
        let mut sets: Vec<Vec<Arc<CertifiedKey>>> = vec![certify(usual)?];
        let mut names = HashMap::new();
        for (name, identities) in named {
            names.insert(name.to_ascii_lowercase(), sets.len());
            sets.push(certify(identities)?);
        }
        Ok(Self { sets, names })
    }

    /// Whether there is something to choose by name.
    pub(super) fn are_named(&self) -> bool {
        !self.names.is_empty()
    }

    /// Which set is for this name.
    pub(super) fn set_of(&self, name: Option<&str>) -> usize {
        let Some(name) = name else { return 0 };
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let wildcard = || name.split_once('.').map(|(_, rest)| format!("*.{rest}"));
        let found = self.names.get(&name).or_else(|| self.names.get(&wildcard()?));
        found.copied().unwrap_or(0)
    }

    /// Of a set, the first that is for this name and that the client can check; else the first that it can check.
    fn choose(&self, hello: &ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let set = &self.sets[self.set_of(hello.server_name())];
        let fits = |one: &&Arc<CertifiedKey>| one.key.choose_scheme(hello.signature_schemes()).is_some();
        let asked = hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let named = asked
            .filter(|_| set.len() > 1)
            .and_then(|name| set.iter().filter(fits).find(|one| is_for(one, &name)));
        named.or_else(|| set.iter().find(fits)).or(set.first()).cloned()
    }
}

fn is_for(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let parsed = key.end_entity_cert().and_then(ParsedCertificate::try_from);
    parsed.is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(&hello)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(name: &str) -> Identity {
        let own = rcgen::generate_simple_self_signed([name.into()]).unwrap();
        Identity::from_pem(own.cert.pem().as_bytes(), own.signing_key.serialize_pem().as_bytes()).unwrap()
    }

    #[test]
    fn names_choose_the_set() {
        let provider = rustls::crypto::ring::default_provider();
        let named = [
            ("A.test".to_owned(), vec![identity("a.test")]),
            ("*.b.test".to_owned(), vec![identity("b.test")]),
        ];
        let certificates = Certificates::new(&[identity("localhost")], &named, &provider).unwrap();
        for (name, set) in [
            (None, 0),
            (Some("c.test"), 0),
            (Some("a.test"), 1),
            (Some("A.TEST."), 1),
            (Some("x.a.test"), 0),
            (Some("x.b.test"), 2),
            (Some("x.y.b.test"), 0),
            (Some("b.test"), 0),
            (Some(""), 0),
        ] {
            assert_eq!(certificates.set_of(name), set, "{name:?}");
        }
    }
}

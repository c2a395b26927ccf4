//! Hosts as routes and requests compare them: in lower case and without port. Their keys are written backwards, so that a suffix is a prefix.

use super::Extent;
use std::fmt;
use url::Host;

/// The hosts that a route is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// Every one.
    Any,
    /// All below this one: `*.example.com`, without the star and its dot.
    Below(Box<str>),
    /// This one.
    Exactly(Box<str>),
}

/// What is no host, nor `*.` with one behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidHost;

impl HostPattern {
    /// Reads a name, an address, or `*.` and a name; the empty text and `*` are every host.
    ///
    /// # Errors
    ///
    /// For anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidHost> {
        match text {
            "" | "*" => Ok(Self::Any),
            _ => match text.strip_prefix("*.") {
                Some(rest) => host(rest).map(Self::Below),
                None => host(text).map(Self::Exactly),
            },
        }
    }

    /// Its key in the tree of hosts; that of every host has none.
    pub(super) fn key(&self) -> Option<(Vec<u8>, Extent)> {
        match self {
            Self::Any => None,
            Self::Below(host) => Some((host.bytes().rev().chain(*b".").collect(), Extent::Text)),
            Self::Exactly(host) => Some((host.bytes().rev().collect(), Extent::Exact)),
        }
    }
}

fn host(text: &str) -> Result<Box<str>, InvalidHost> {
    match Host::parse(text.strip_suffix('.').unwrap_or(text)) {
        // URLs may have stars in their hosts; here they would be taken for patterns.
        Ok(host) if !text.contains('*') => Ok(host.to_string().into()),
        _ => Err(InvalidHost),
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Below(host) => write!(f, "*.{host}"),
            Self::Exactly(host) => f.write_str(host),
        }
    }
}

impl fmt::Display for InvalidHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is neither a host nor *. with one behind it")
    }
}

impl std::error::Error for InvalidHost {}

/// The host that a request names, as the key that it is looked up by.
pub(super) struct RequestHost {
    bytes: [u8; LONGEST],
    length: usize,
}

/// As long as a name can be.
const LONGEST: usize = 255;

impl RequestHost {
    /// Of a `Host` field. What is too long for a host is none.
    pub(super) fn new(field: &[u8]) -> Self {
        let host = match field.first() {
            Some(b'[') => memchr::memchr(b']', field).map_or(field, |end| &field[..=end]),
            _ => memchr::memchr(b':', field).map_or(field, |colon| &field[..colon]),
        };
        let host = host.strip_suffix(b".").unwrap_or(host);
        let mut bytes = [0; LONGEST];
        let length = if host.len() > LONGEST { 0 } else { host.len() };
        for (to, from) in bytes.iter_mut().zip(host[..length].iter().rev()) {
            *to = from.to_ascii_lowercase();
        }
        Self { bytes, length }
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

//! Where requests go: scheme, host, port or Unix socket, and the path that is put in front of theirs.

use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use url::{Host, Url};

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Plain or TLS.
    pub scheme: Scheme,
    /// The host to connect to: a name in ASCII, or an address without brackets.
    pub host: Arc<str>,
    /// The port to connect to.
    pub port: u16,
    /// Connect to this Unix socket instead of host and port.
    pub socket_path: Option<Arc<str>>,
    /// The path that is put in front of the request's; empty or beginning with `/`.
    pub path: Bytes,
    /// The query that is put in front of the request's, without `?`.
    pub query: Option<Bytes>,
    /// The `Host` field that names this target: the port only where it is not the scheme's.
    pub authority: Bytes,
}

/// How the target is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The port of a target that names none.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Why a text is no target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidTarget {
    /// No URL at all.
    Url(String),
    /// A URL of another scheme.
    Scheme(String),
    /// A URL without a host.
    Host,
}

impl fmt::Display for InvalidTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(why) => write!(f, "it is not a URL ({why})"),
            Self::Scheme(scheme) => {
                write!(f, "its protocol is {scheme:?}; use http:, https:, ws: or wss:")
            }
            Self::Host => f.write_str("it names no host"),
        }
    }
}

impl std::error::Error for InvalidTarget {}

impl Target {
    /// Parses an absolute URL of `http:`, `https:`, `ws:` or `wss:`, as Node's `new URL` does.
    /// Credentials and fragment are not part of a target.
    ///
    /// # Errors
    ///
    /// [`InvalidTarget`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, InvalidTarget> {
        let url = Url::parse(text).map_err(|error| InvalidTarget::Url(error.to_string()))?;
        let scheme = match url.scheme() {
            "http" | "ws" => Scheme::Http,
            "https" | "wss" => Scheme::Https,
            other => return Err(InvalidTarget::Scheme(format!("{other}:"))),
        };
        let host: Arc<str> = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => name.into(),
            Some(Host::Ipv4(address)) => address.to_string().into(),
            Some(Host::Ipv6(address)) => address.to_string().into(),
            _ => return Err(InvalidTarget::Host),
        };
        let port = url.port().unwrap_or(scheme.default_port());
        let path = match url.path() {
            "/" => Bytes::new(),
            path => Bytes::copy_from_slice(path.as_bytes()),
        };
        let query = url.query().map(|query| Bytes::copy_from_slice(query.as_bytes()));
        let authority = authority(&host, port, scheme);
        Ok(Self { scheme, host, port, socket_path: None, path, query, authority })
    }

    /// The same target behind a Unix socket.
    #[must_use]
    pub fn through_socket(mut self, path: &str) -> Self {
        self.socket_path = Some(path.into());
        self
    }
}

/// `host`, `host:port` or `[address]:port`, as a `Host` field has it.
fn authority(host: &str, port: u16, scheme: Scheme) -> Bytes {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    if port == scheme.default_port() { Bytes::from(host) } else { Bytes::from(format!("{host}:{port}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn authority_of(text: &str) -> String {
        String::from_utf8(Target::parse(text).unwrap().authority.to_vec()).unwrap()
    }

    #[test]
    fn the_authority_has_the_port_only_where_it_says_something() {
        for (text, authority) in [
            ("http://ex.com", "ex.com"),
            ("http://ex.com:80", "ex.com"),
            ("https://ex.com:443/x", "ex.com"),
            ("ws://ex.com:80", "ex.com"),
            ("http://ex.com:8080", "ex.com:8080"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("http://b\u{fc}cher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(authority_of(text), authority);
        }
    }

    #[test]
    fn what_is_no_target_is_said() {
        for text in
            ["", "foo", "http://", "//x", "http://[::1", "http://a b", "http://a:65536", "http://a:80x"]
        {
            assert!(matches!(Target::parse(text), Err(InvalidTarget::Url(_))), "{text}");
        }
        for text in ["ftp://x", "file:///etc/passwd", "javascript:1"] {
            assert!(matches!(Target::parse(text), Err(InvalidTarget::Scheme(_))), "{text}");
        }
    }

    #[test]
    fn path_and_query_are_kept_credentials_and_fragment_are_not() {
        let target = Target::parse("http://u:p@h:1/base/?k=v#f").unwrap();
        assert_eq!((&target.path[..], target.query.as_deref()), (&b"/base/"[..], Some(&b"k=v"[..])));
        assert_eq!(&target.authority[..], b"h:1");
    }

    proptest! {
        #[test]
        fn any_text_is_a_target_or_an_error(text: String) {
            let _ = Target::parse(&text);
            let _ = Target::parse(&format!("http://{text}"));
        }
    }
}

//! Where requests go: scheme, host, port or Unix socket, and the path that is put in front of theirs.

use super::head::is_host;
use bytes::Bytes;
use std::borrow::Cow;
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
    /// Its name in a URL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

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
    /// A URL with port 0, to which nobody can connect.
    Port,
    /// A name for the `Host` field that is no host.
    Authority,
}

impl fmt::Display for InvalidTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(why) => write!(f, "it is not a URL ({why})"),
            Self::Scheme(scheme) => {
                write!(f, "its protocol is {scheme:?}; use http:, https:, ws: or wss:")
            }
            Self::Host => f.write_str("it names no host"),
            Self::Port => f.write_str("nothing can be reached at port 0"),
            Self::Authority => f.write_str("its host is not a host, with or without a port"),
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
        if port == 0 {
            return Err(InvalidTarget::Port);
        }
        let path = match url.path() {
            "/" => Bytes::new(),
            path => Bytes::copy_from_slice(path.as_bytes()),
        };
        let query = url.query().map(|query| Bytes::copy_from_slice(query.as_bytes()));
        let authority = authority(&host, port, scheme);
        Ok(Self { scheme, host, port, socket_path: None, path, query, authority })
    }

    /// The same target, called `host` in the `Host` field: a target in parts may name the host to connect to (`hostname`) and the one to
    /// speak of (`host`).
    ///
    /// # Errors
    ///
    /// [`InvalidTarget::Authority`], if that is no host.
    pub fn called(mut self, host: &str) -> Result<Self, InvalidTarget> {
        if !is_host(host.as_bytes()) {
            return Err(InvalidTarget::Authority);
        }
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
        let is_bare = has_port || self.port == self.scheme.default_port();
        self.authority = if is_bare { host.to_owned() } else { format!("{host}:{}", self.port) }.into();
        Ok(self)
    }

    /// Its URL, as far as it has one.
    pub fn url(&self) -> String {
        let (scheme, authority) = (self.scheme.name(), String::from_utf8_lossy(&self.authority));
        let path =
            if self.path.is_empty() { Cow::Borrowed("/") } else { String::from_utf8_lossy(&self.path) };
        let query = self.query.as_ref().map(|query| format!("?{}", String::from_utf8_lossy(query)));
        format!("{scheme}://{authority}{path}{}", query.unwrap_or_default())
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
    fn its_url_is_the_one_it_was_made_of() {
        for text in ["http://a/", "https://a:8443/b?c", "http://[::1]:81/", "http://a/?q"] {
            assert_eq!(Target::parse(text).unwrap().url(), text);
        }
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
        assert_eq!(Target::parse("http://a:0"), Err(InvalidTarget::Port));
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

    #[test]
    fn a_target_may_be_called_otherwise_than_it_is_reached() {
        for (url, name, authority) in [
            ("http://127.0.0.1:81", "t.test", "t.test:81"),
            ("http://127.0.0.1:81", "t.test:82", "t.test:82"),
            ("http://127.0.0.1", "t.test", "t.test"),
            ("https://[::1]:81", "[::2]", "[::2]:81"),
            ("https://[::1]:81", "[::2]:82", "[::2]:82"),
        ] {
            let target = Target::parse(url).unwrap().called(name).unwrap();
            assert_eq!(&target.authority[..], authority.as_bytes());
        }
        let refused = Target::parse("http://a").unwrap().called("a/b");
        assert_eq!(refused, Err(InvalidTarget::Authority));
    }

    proptest! {
        #[test]
        fn any_text_is_a_target_or_an_error(text: String) {
            let _ = Target::parse(&text);
            let _ = Target::parse(&format!("http://{text}"));
        }
    }
}

//! `setRedirectHostRewrite`: redirects that lead to the target lead to us instead (`hostRewrite`, `autoRewrite`, `protocolRewrite`).

use crate::engine::head::Fields;
use crate::engine::target::{Scheme, Target};
use std::fmt;
use url::Url;

/// Where redirects to the target are to lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectRewrite {
    host: NewHost,
    scheme: Option<Scheme>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum NewHost {
    /// The one that they name.
    Kept,
    /// `autoRewrite`: the one that the client has asked.
    Clients,
    /// `hostRewrite`.
    Given(String),
}

/// A part of the rewriting that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidRewrite {
    /// `hostRewrite` is no host.
    Host,
    /// `protocolRewrite` is neither http nor https.
    Protocol,
}

impl fmt::Display for InvalidRewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "it is not a host, with or without a port",
            Self::Protocol => "it is neither http nor https",
        })
    }
}

impl std::error::Error for InvalidRewrite {}

impl RedirectRewrite {
    /// What the three options mean together; `None` if none of them asks for anything. `hostRewrite` counts more than `autoRewrite`.
    ///
    /// # Errors
    ///
    /// [`InvalidRewrite`] says which option cannot be used.
    pub fn new(
        host: Option<&str>,
        auto: bool,
        protocol: Option<&str>,
    ) -> Result<Option<Self>, InvalidRewrite> {
        let scheme = match protocol.map(|protocol| protocol.strip_suffix(':').unwrap_or(protocol)) {
            None => None,
            Some("http") => Some(Scheme::Http),
            Some("https") => Some(Scheme::Https),
            Some(_) => return Err(InvalidRewrite::Protocol),
        };
        let host = match host {
            Some(host) if parse_host(host).is_none() => return Err(InvalidRewrite::Host),
            Some(host) => NewHost::Given(host.to_owned()),
            None if auto => NewHost::Clients,
            None => NewHost::Kept,
        };
        Ok((host != NewHost::Kept || scheme.is_some()).then_some(Self { host, scheme }))
    }

    /// Whether the client's own `Host` is needed.
    pub fn is_to_client_host(&self) -> bool {
        self.host == NewHost::Clients
    }

    /// The pass. Whatever cannot be understood, or leads elsewhere, stays as it is.
    pub(super) fn run(&self, fields: &mut Fields, status: u16, target: &Target, client_host: Option<&[u8]>) {
        if !matches!(status, 201 | 301 | 302 | 303 | 307 | 308) {
            return;
        }
        let new = |location: &[u8]| self.rewrite(location, target, client_host).map(String::into_bytes);
        fields.rewrite(b"location", new);
    }

    fn rewrite(&self, location: &[u8], target: &Target, client_host: Option<&[u8]>) -> Option<String> {
        // As Node reads it: a character for each byte.
        let text: String = location.iter().copied().map(char::from).collect();
        let is_protocol_relative = text.starts_with("//");
        let mut url = match Url::parse(&text) {
            // A path that is relative to the request's is right whatever the host is called.
            Err(url::ParseError::RelativeUrlWithoutBase) if text.starts_with('/') => {
                origin(target)?.join(&text)
            }
            parsed => parsed,
        }
        .ok()?;
        if !matches!(url.scheme(), "http" | "https" | "ws" | "wss") || !leads_to(&url, target) {
            return None;
        }
        let client_host = || std::str::from_utf8(client_host?).ok();
        let host = match &self.host {
            NewHost::Kept => None,
            NewHost::Clients => client_host(),
            NewHost::Given(host) => Some(&host[..]),
        };
        // Which port goes without saying depends on the scheme.
        if let Some(scheme) = self.scheme {
            url.set_scheme(scheme.name()).ok()?;
        }
        if let Some(host) = host {
            let (name, port) = parse_host(host)?;
            url.set_host(Some(&name)).ok()?;
            // A host without a port means its scheme's, not the target's.
            url.set_port(port).ok()?;
        }
        let text = String::from(url);
        if is_protocol_relative && self.scheme.is_none() {
            return text.find("//").map(|slashes| text[slashes..].to_owned());
        }
        Some(text)
    }
}

/// `host` or `host:port` in its normal form.
fn parse_host(text: &str) -> Option<(String, Option<u16>)> {
    let url = Url::parse(&format!("http://{text}/")).ok()?;
    let is_host_alone = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        && !text.contains(['/', '\\', '?', '#', '@', '\t', '\n', '\r']);
    if !is_host_alone {
        return None;
    }
    // The URL does not tell its scheme's port from none.
    let port = text.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    Some((url.host_str()?.to_owned(), port))
}

fn origin(target: &Target) -> Option<Url> {
    let authority = std::str::from_utf8(&target.authority).ok()?;
    Url::parse(&format!("{}://{authority}/", target.scheme.name())).ok()
}

/// Whether host and port are the target's, as `URL.host` compares.
fn leads_to(url: &Url, target: &Target) -> bool {
    let Some(target) = origin(target) else { return false };
    url.host() == target.host() && url.port() == target.port()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rewritten(rewrite: &RedirectRewrite, target: &str, location: &[u8]) -> String {
        let target = Target::parse(target).unwrap();
        let mut fields = Fields::default();
        fields.push("Location", location);
        rewrite.run(&mut fields, 302, &target, Some(b"pub.test:8080"));
        fields.get(b"location").unwrap().escape_ascii().to_string()
    }

    fn rewrite(host: Option<&str>, auto: bool, protocol: Option<&str>) -> RedirectRewrite {
        RedirectRewrite::new(host, auto, protocol).unwrap().unwrap()
    }

    #[test]
    fn a_redirect_to_the_target_leads_to_the_new_host() {
        let cases = [
            (rewrite(Some("new.test"), true, None), "http://t:9000/p?q#f", "http://new.test/p?q#f"),
            (rewrite(Some("new.test:81"), false, None), "http://t:9000/p", "http://new.test:81/p"),
            (rewrite(Some("[::1]:81"), false, None), "http://t:9000/p", "http://[::1]:81/p"),
            (rewrite(Some("new.test:80"), false, None), "http://t:9000/p", "http://new.test/p"),
            (rewrite(Some("new.test:443"), false, Some("https")), "http://t:9000/p", "https://new.test/p"),
            (rewrite(Some("new.test:80"), false, Some("https")), "http://t:9000/p", "https://new.test:80/p"),
            (rewrite(None, true, None), "http://t:9000", "http://pub.test:8080/"),
            (rewrite(None, true, None), "http://u:p@t:9000/", "http://u:p@pub.test:8080/"),
            (rewrite(None, true, Some("https:")), "http://t:9000/p", "https://pub.test:8080/p"),
            (rewrite(None, false, Some("https")), "http://t:9000/p", "https://t:9000/p"),
            (rewrite(None, true, None), "/p", "http://pub.test:8080/p"),
            (rewrite(None, true, None), "//t:9000/p", "//pub.test:8080/p"),
            (rewrite(None, true, Some("https")), "//t:9000/p", "https://pub.test:8080/p"),
        ];
        for (rewrite, location, wanted) in cases {
            assert_eq!(rewritten(&rewrite, "http://t:9000/base", location.as_bytes()), wanted, "{location}");
        }
    }

    #[test]
    fn what_leads_elsewhere_or_is_no_url_stays_as_it_is() {
        let all = rewrite(Some("new.test"), true, Some("https"));
        for location in [
            "http://other/",
            "http://t/",
            "http://t:9001/",
            "//other/",
            "http://[bad",
            "next",
            "?q",
            "",
            "mailto:a@t:9000",
            "ftp://t:9000/",
        ] {
            assert_eq!(rewritten(&all, "http://t:9000", location.as_bytes()), location);
        }
    }

    #[test]
    fn other_statuses_and_a_client_without_host_change_nothing() {
        let target = Target::parse("http://t").unwrap();
        for (status, host) in
            [(200, Some(&b"pub"[..])), (300, Some(b"pub")), (304, Some(b"pub")), (302, None)]
        {
            let mut fields = Fields::default();
            fields.push("location", "http://t/x");
            rewrite(None, true, None).run(&mut fields, status, &target, host);
            assert_eq!(fields.get(b"location").unwrap(), b"http://t/x");
        }
    }

    #[test]
    fn a_target_by_its_default_port_is_the_target() {
        let auto = rewrite(None, true, None);
        for (target, location) in [
            ("http://t", "http://t:80/x"),
            ("http://t:80", "http://t/x"),
            ("ws://T", "http://t/x"),
            ("http://[::1]:80", "http://[0::1]/x"),
        ] {
            assert_eq!(rewritten(&auto, target, location.as_bytes()), "http://pub.test:8080/x");
        }
    }

    #[test]
    fn options_that_are_no_host_or_no_protocol() {
        for host in ["", "a b", "a/b", "http://a", "a:80x", "a:99999", "u@a", "[::1", "a?b", ":80"] {
            assert_eq!(RedirectRewrite::new(Some(host), false, None), Err(InvalidRewrite::Host), "{host}");
        }
        for protocol in ["", ":", "ftp", "https://", "HTTPS"] {
            let refused = RedirectRewrite::new(None, false, Some(protocol));
            assert_eq!(refused, Err(InvalidRewrite::Protocol), "{protocol}");
        }
        assert_eq!(RedirectRewrite::new(None, false, None), Ok(None));
    }

    proptest! {
        #[test]
        fn any_bytes_are_rewritten_or_left(location: Vec<u8>, path: Vec<u8>, host in prop::option::of("[ -~]{0,20}")) {
            let target = Target::parse("http://t:9000").unwrap();
            for rewrite in [rewrite(None, true, None), rewrite(Some("new.test"), false, Some("https"))] {
                for location in [location.clone(), [b"http://t:9000/", &path[..]].concat()] {
                    let new = rewrite.rewrite(&location, &target, host.as_deref().map(str::as_bytes));
                    prop_assert!(new.is_none_or(|new| new.bytes().all(|byte| byte.is_ascii_graphic())));
                }
            }
        }
    }
}

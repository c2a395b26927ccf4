//! The passes on a response head, from the target's to the one that the client gets. Pure: a head in, a head out.
//!
//! Where the originals have a pass for it, the function has its name.

mod cookies;
mod merge;
mod redirect;

use super::config::Config;
use super::head::{Field, Fields, Framing, parse_length};
use super::incoming::strip_hop_by_hop;

pub use cookies::CookieRewrite;
pub use merge::write_headers;
pub use redirect::{InvalidRewrite, RedirectRewrite};

/// What the passes look at beside the head.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The options.
    pub config: &'a Config,
    /// The host by which the client knows this server.
    pub client_host: Option<&'a [u8]>,
    /// The names stay as they are spelled.
    pub keeps_case: bool,
}

/// Runs all passes on the fields of a response whose body is framed so.
///
/// The result has each name once (but `set-cookie`), as Node's `IncomingMessage` merges them, in lower case unless it is to be kept.
pub fn run(mut fields: Fields, status: u16, framing: Framing, view: View<'_>) -> Fields {
    let config = view.config;
    let length = content_length(&fields, status, framing, config);
    let keeps_case = view.keeps_case || config.preserve_header_key_case;
    let name = if keeps_case { announced(&fields).map(|field| field.name.to_vec()) } else { None };
    // removeChunked and setConnection: framing is written by whoever sends, the connection is the door's own.
    strip_hop_by_hop(&mut fields);
    if let Some(redirects) = &config.redirects {
        redirects.run(&mut fields, status, &config.target, view.client_host);
    }
    if let Some(domain) = &config.cookie_domain {
        domain.run(&mut fields, b"domain");
    }
    if let Some(path) = &config.cookie_path {
        path.run(&mut fields, b"path");
    }
    let mut fields = write_headers(fields, keeps_case);
    if let Some(length) = length {
        fields.push(name.as_deref().unwrap_or(CONTENT_LENGTH), length.to_string());
    }
    fields
}

const CONTENT_LENGTH: &[u8] = b"content-length";

/// The length to announce: the body's own, or for a response without a body the one the target announced (HEAD, 304).
fn content_length(fields: &Fields, status: u16, framing: Framing, config: &Config) -> Option<u64> {
    match framing {
        Framing::Length(n) => Some(n),
        // Where the options ask with HEAD, the client may have asked otherwise, and would wait for the body.
        Framing::Empty if config.method.as_deref() == Some(b"HEAD") && status != 304 => None,
        // Also where HEAD and 304 say how long the body would be.
        Framing::Empty if status != 204 && status >= 200 => parse_length(announced(fields)?.value),
        _ => None,
    }
}

/// The last one counts.
fn announced(fields: &Fields) -> Option<Field<'_>> {
    fields.iter().rfind(|field| field.name.eq_ignore_ascii_case(CONTENT_LENGTH))
}

/// Drops trailers that would change what was already said (docs/reliability-rows.md, D-41).
pub fn run_trailers(trailers: &mut Fields) {
    strip_hop_by_hop(trailers);
    trailers.retain(|field| !FORBIDDEN_IN_TRAILERS.iter().any(|name| field.name.eq_ignore_ascii_case(name)));
}

/// Framing, routing, authentication and everything that a recipient acts on before the body (RFC 9110 §6.5.1).
const FORBIDDEN_IN_TRAILERS: [&[u8]; 15] = [
    b"authorization",
    b"cache-control",
    b"content-encoding",
    b"content-range",
    b"content-type",
    b"cookie",
    b"forwarded",
    b"host",
    b"location",
    b"set-cookie",
    b"www-authenticate",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"x-forwarded-proto",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Target;

    fn fields(lines: &[(&'static str, &'static str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in lines {
            fields.push(*name, *value);
        }
        fields
    }

    fn run(fields: Fields, status: u16, framing: Framing) -> Fields {
        let config = Config::new(Target::parse("http://t").unwrap());
        super::run(fields, status, framing, View { config: &config, client_host: None, keeps_case: false })
    }

    fn lines(fields: &Fields) -> Vec<String> {
        fields.iter().map(|f| format!("{}: {}", f.name.escape_ascii(), f.value.escape_ascii())).collect()
    }

    #[test]
    fn hop_by_hop_and_nominated_fields_stay_here() {
        let head = fields(&[
            ("Connection", "close, X-Internal"),
            ("X-Internal", "1"),
            ("Keep-Alive", "timeout=5"),
            ("Trailer", "x"),
            ("Upgrade", "h2"),
            ("Proxy-Authenticate", "Basic"),
            ("Transfer-Encoding", "chunked"),
            ("Alt-Svc", "h3"),
        ]);
        assert_eq!(lines(&run(head, 200, Framing::Chunked)), ["alt-svc: h3"]);
    }

    #[test]
    fn the_length_is_the_bodys_own() {
        let head = || fields(&[("Content-Length", "005")]);
        assert_eq!(lines(&run(head(), 200, Framing::Length(5))), ["content-length: 5"]);
        assert_eq!(lines(&run(head(), 304, Framing::Empty)), ["content-length: 5"]);
        assert!(run(head(), 204, Framing::Empty).is_empty());
        assert!(run(fields(&[]), 200, Framing::Empty).is_empty());
    }

    #[test]
    fn the_options_rewrite_redirects_cookies_and_the_case_of_names() {
        let mut config = Config::new(Target::parse("http://t:81").unwrap());
        config.redirects = RedirectRewrite::new(None, true, Some("https")).unwrap();
        config.cookie_domain = Some(CookieRewrite::new([("*".into(), "pub".into())]));
        config.cookie_path = Some(CookieRewrite::new([("/a".into(), "".into())]));
        config.preserve_header_key_case = true;
        let head = fields(&[
            ("Location", "http://t:81/x"),
            ("Set-Cookie", "a=1; Domain=t; Path=/a"),
            ("set-cookie", "b=1; Path=/b"),
            ("Content-LENGTH", "2"),
        ]);
        let view = View { config: &config, client_host: Some(b"pub:82"), keeps_case: false };
        let wanted = [
            "Location: https://pub:82/x",
            "Set-Cookie: a=1; Domain=pub",
            "set-cookie: b=1; Path=/b",
            "Content-LENGTH: 2",
        ];
        assert_eq!(lines(&super::run(head, 302, Framing::Length(2), view)), wanted);
    }

    #[test]
    fn a_length_without_its_body_is_not_announced_to_a_client_that_may_wait_for_it() {
        let mut config = Config::new(Target::parse("http://t").unwrap());
        config.method = Some("HEAD".into());
        let view = View { config: &config, client_host: None, keeps_case: false };
        assert!(super::run(fields(&[("Content-Length", "5")]), 200, Framing::Empty, view).is_empty());
    }

    #[test]
    fn trailers_cannot_change_what_was_said_before() {
        let mut trailers =
            fields(&[("Content-Length", "5"), ("Set-Cookie", "a"), ("Location", "/"), ("X-Sum", "1")]);
        run_trailers(&mut trailers);
        assert_eq!(lines(&trailers), ["X-Sum: 1"]);
    }
}

//! The passes on a response head, from the target's to the one that the client gets. Pure: a head in, a head out.
//!
//! Where the originals have a pass for it, the function has its name (contract/http-proxy.md §3.2).

mod merge;

use super::head::{Fields, Framing};
use super::incoming::strip_hop_by_hop;
use bytes::Bytes;

pub use merge::write_headers;

/// Runs all passes on the fields of a response whose body is framed so.
///
/// The result has lower-case names, each once (but `set-cookie`), as Node's `IncomingMessage` merges them.
pub fn run(mut fields: Fields, status: u16, framing: Framing) -> Fields {
    let length = content_length(&fields, status, framing);
    // removeChunked and setConnection: framing is written by whoever sends, the connection is the door's own.
    strip_hop_by_hop(&mut fields);
    let mut fields = write_headers(fields);
    if let Some(length) = length {
        fields.set("content-length", length);
    }
    fields
}

/// The length to announce: the body's own, or for a response without a body the one the target announced (HEAD, 304).
fn content_length(fields: &Fields, status: u16, framing: Framing) -> Option<Bytes> {
    match framing {
        Framing::Length(n) => Some(Bytes::from(n.to_string())),
        // Also where HEAD and 304 say how long the body would be.
        Framing::Empty if status != 204 && status >= 200 => {
            let announced = fields.get(b"content-length")?;
            super::head::parse_length(announced).map(|n| Bytes::from(n.to_string()))
        }
        _ => None,
    }
}

/// Drops trailers that would change what was already said (reliability.md A-35, D-41).
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

    fn fields(lines: &[(&'static str, &'static str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in lines {
            fields.push(*name, *value);
        }
        fields
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
    fn trailers_cannot_change_what_was_said_before() {
        let mut trailers =
            fields(&[("Content-Length", "5"), ("Set-Cookie", "a"), ("Location", "/"), ("X-Sum", "1")]);
        run_trailers(&mut trailers);
        assert_eq!(lines(&trailers), ["X-Sum: 1"]);
    }
}

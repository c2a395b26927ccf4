//! What holds for every head of an HTTP/2 request that the native door takes: as one of HTTP/1.1 it is one request, and the same.

use bytes::BytesMut;
use http::header::{HeaderName, HeaderValue};
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{HeaderMap, Method, Request, Uri, request};
use rs_proxy_middleware::engine::door::{ClientHead, Limits, Search, read_http2_head};
use rs_proxy_middleware::engine::head::{Framing, is_host};

/// `data` is `+` or `-` for a body or none, then lines: method, scheme, authority (perhaps none), path, and fields. Gives `taken` or `refused`.
pub(crate) fn check(data: &[u8]) -> &'static str {
    let Some(parts) = parts(data) else { return "refused" };
    let has_ended = data.first() != Some(&b'+');
    match read_http2_head(&parts, has_ended, true, &Limits::default()) {
        Ok(head) => {
            check_head(&head, has_ended);
            "taken"
        }
        Err(denial) => {
            assert!((400..=599).contains(&denial.status) && !denial.why.contains(['\r', '\n']));
            "refused"
        }
    }
}

/// The head as the library gives it, which refuses what is no HTTP/2.
fn parts(data: &[u8]) -> Option<request::Parts> {
    let mut lines = data.get(1..)?.split(|&b| b == b'\n');
    let method = Method::from_bytes(lines.next()?).ok()?;
    let mut uri = Parts::default();
    let scheme = Scheme::try_from(lines.next()?).ok()?;
    let authority = lines.next()?;
    if !authority.is_empty() {
        uri.authority = Some(Authority::try_from(authority).ok()?);
        uri.scheme = Some(scheme);
    }
    uri.path_and_query = Some(PathAndQuery::try_from(lines.next()?).ok()?);
    let mut headers = HeaderMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let colon = memchr(line)?;
        let name = HeaderName::from_lowercase(&line[..colon]).ok()?;
        if OF_A_CONNECTION.contains(&name.as_str()) {
            return None;
        }
        headers.append(name, HeaderValue::from_bytes(&line[colon + 1..]).ok()?);
    }
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from_parts(uri).ok()?;
    *request.headers_mut() = headers;
    Some(request.into_parts().0)
}

fn memchr(line: &[u8]) -> Option<usize> {
    line.iter().position(|&b| b == b':')
}

fn check_head(taken: &ClientHead, has_ended: bool) {
    let head = &taken.head;
    assert!(head.target.iter().all(u8::is_ascii_graphic) && !head.target.contains(&b'#'));
    assert!(matches!(head.target.first(), Some(b'/')) || &head.target[..] == b"*");
    assert!(head.fields.get_all(b"host").all(is_host));
    assert_eq!(head.fields.get_all(b"host").count(), 1);
    assert!(taken.framing == Framing::Empty || !has_ended);
    // What is written is read again by the strict reader of HTTP/1.1.
    let mut written = BytesMut::from(&taken.sent[..]);
    let limits = Limits { fields: Limits::MOST_FIELDS, head_size: usize::MAX, ..Limits::default() };
    let read = Search::default().take(&mut written, &limits);
    let read = read.ok().flatten().unwrap_or_else(|| panic!("{}", taken.sent.escape_ascii()));
    assert!(written.is_empty());
    assert_eq!((&read.head.method, &read.head.target), (&head.method, &head.target));
    assert_eq!(read.head.fields.get(b"host"), head.fields.get(b"host"));
    if !has_ended {
        assert_eq!(read.framing, taken.framing);
    }
}

const OF_A_CONNECTION: [&str; 6] =
    ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te"];

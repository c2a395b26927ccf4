//! Heads in the form of HTTP/2 (RFC 9113 §8.3), and back.

use crate::engine::error::{Error, Refusal};
use crate::engine::head::{Fields, Framing, RequestHead, ResponseHead, Version, is_token};
use bytes::Bytes;
use h2::ext::Protocol;
use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TE};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Method, Request, Uri};

/// The head of a request whose body is framed so.
///
/// # Errors
///
/// A refusal, for what has no form in HTTP/2.
pub(in crate::engine) fn request(
    head: &RequestHead,
    framing: Framing,
    is_secure: bool,
) -> Result<Request<()>, Error> {
    let mut request = Request::new(());
    *request.method_mut() = Method::from_bytes(&head.method).map_err(|_| Error::refused(Refusal::Method))?;
    *request.uri_mut() = uri(head, is_secure)?;
    let fields = request.headers_mut();
    *fields = map(&head.fields)?;
    match framing {
        Framing::Length(n) => {
            fields.insert(CONTENT_LENGTH, HeaderValue::from(n));
        }
        Framing::Empty if head.announces_empty_body() => {
            fields.insert(CONTENT_LENGTH, HeaderValue::from(0));
        }
        Framing::Empty | Framing::Chunked | Framing::UntilClose => {}
    }
    // gRPC takes it for the sign that trailers come through, and they do.
    if head.fields.get(b"content-type").is_some_and(|kind| kind.starts_with(b"application/grpc")) {
        fields.insert(TE, HeaderValue::from_static("trailers"));
    }
    Ok(request)
}

/// The head of a request for a WebSocket (RFC 8441 §5). That it is one, its protocol says; the key belongs to HTTP/1.1.
///
/// # Errors
///
/// As [`request`].
pub(in crate::engine) fn websocket(head: &RequestHead, is_secure: bool) -> Result<Request<()>, Error> {
    let mut request = request(head, Framing::Chunked, is_secure)?;
    *request.method_mut() = Method::CONNECT;
    request.headers_mut().remove("sec-websocket-key");
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    Ok(request)
}

fn uri(head: &RequestHead, is_secure: bool) -> Result<Uri, Error> {
    let host = head.fields.get(b"host").filter(|host| !host.is_empty());
    let host = host.ok_or(Error::refused(Refusal::Host))?;
    let authority = Authority::try_from(host).map_err(|_| Error::refused(Refusal::Host))?;
    Uri::builder()
        .scheme(if is_secure { Scheme::HTTPS } else { Scheme::HTTP })
        .authority(authority)
        .path_and_query(path(&head.target)?)
        .build()
        .map_err(|_| Error::refused(Refusal::Target))
}

/// The path as it is; bytes that none may have, but some send, are percent-encoded.
fn path(target: &Bytes) -> Result<PathAndQuery, Error> {
    // It would be taken for a fragment, and cut off.
    let has_mark = memchr::memchr(b'#', target).is_some();
    if !has_mark && let Ok(path) = PathAndQuery::from_maybe_shared(target.clone()) {
        return Ok(path);
    }
    let mut encoded = Vec::with_capacity(target.len() + 32);
    let mut is_query = false;
    for &byte in target {
        is_query |= byte == b'?';
        let alone: &[u8] = if is_query { &[b'/', b'?', byte] } else { &[b'/', byte] };
        if byte.is_ascii() && byte != b'#' && PathAndQuery::try_from(alone).is_ok() {
            encoded.push(byte);
        } else {
            encoded.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    PathAndQuery::try_from(encoded).map_err(|_| Error::refused(Refusal::Target))
}

/// The fields but for the host, which is the authority's.
fn map(fields: &Fields) -> Result<HeaderMap, Error> {
    map_of(fields, |name| !name.eq_ignore_ascii_case(b"host")).ok_or(Error::refused(Refusal::Field))
}

/// The fields that `takes` says as a map, their names in lower case; `None` if HTTP/2 cannot carry one. White space around a value (where the last of several is
/// empty) means nothing in HTTP/1.1, but peers drop such a field of HTTP/2 without a word (RFC 9113 §8.2.1).
pub(in crate::engine) fn map_of(fields: &Fields, takes: impl Fn(&[u8]) -> bool) -> Option<HeaderMap> {
    let mut map = HeaderMap::with_capacity(fields.len() + 2);
    for (name, value) in fields.shared().filter(|(name, _)| takes(name)) {
        let name = HeaderName::from_bytes(name).ok()?;
        let value = value.slice_ref(value.trim_ascii());
        map.append(name, HeaderValue::from_maybe_shared(value).ok()?);
    }
    Some(map)
}

/// Trailers to be sent.
///
/// # Errors
///
/// A refusal, for what has no form in HTTP/2.
pub(in crate::engine) fn trailers(fields: &Fields) -> Result<HeaderMap, Error> {
    map(fields)
}

/// A response's head. HTTP/2 has no reason phrases.
pub(in crate::engine) fn response(response: http::Response<()>) -> ResponseHead {
    let (parts, ()) = response.into_parts();
    let fields = trailers_of(&parts.headers);
    ResponseHead { status: parts.status.as_u16(), reason: Bytes::new(), fields, version: Version::Http2 }
}

/// The fields of a map, such as trailers that have come.
pub(in crate::engine) fn trailers_of(map: &HeaderMap) -> Fields {
    let mut fields = Fields::with_capacity(map.len() + 2);
    // `http` takes quotes in names, which no reader of HTTP/1.1 does.
    for (name, value) in map.iter().filter(|(name, _)| is_token(name.as_str().as_bytes())) {
        fields.push(name.as_str(), value.as_bytes());
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(
        method: &'static str,
        target: &'static [u8],
        lines: &[(&'static str, &'static str)],
    ) -> RequestHead {
        let mut fields = Fields::default();
        for (name, value) in lines {
            fields.push(*name, *value);
        }
        RequestHead { method: method.into(), target: target.into(), version: Version::Http11, fields }
    }

    #[test]
    fn the_host_is_the_authority_and_names_are_lower_case() {
        let head = head("POST", b"/a?b=c", &[("Host", "h:1"), ("X-Own", "1"), ("x-own", "2")]);
        let request = request(&head, Framing::Length(3), true).unwrap();
        assert_eq!(request.uri(), "https://h:1/a?b=c");
        let fields: Vec<_> =
            request.headers().iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
        assert_eq!(fields, [("x-own", "1"), ("x-own", "2"), ("content-length", "3")]);
    }

    #[test]
    fn a_name_that_is_none_is_left_out() {
        let mut map = HeaderMap::new();
        for name in ["a", "b\"c", "d"] {
            map.append(HeaderName::from_lowercase(name.as_bytes()).unwrap(), HeaderValue::from_static("1"));
        }
        let fields = trailers_of(&map);
        assert_eq!(fields.iter().map(|field| field.name).collect::<Vec<_>>(), [b"a", b"d"]);
    }

    #[test]
    fn nothing_stands_around_a_value() {
        let head = head("GET", b"/", &[("host", "h"), ("x", "a, "), ("y", "\t b c"), ("z", " ")]);
        let request = request(&head, Framing::Empty, true).unwrap();
        let values: Vec<_> = request.headers().values().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(values, ["a,", "b c", ""]);
    }

    #[test]
    fn a_path_is_kept_but_for_bytes_that_none_may_have() {
        let path_of = |target: &'static [u8]| path(&Bytes::from_static(target)).unwrap().to_string();
        for kept in ["/a//b/../%2e?x[]={y}&'(|)", "*", "/"] {
            assert_eq!(path_of(kept.as_bytes()), kept);
        }
        assert_eq!(path_of(b"/<a>{b}\xff?{\"y\"}#z"), "/%3Ca%3E{b}%FF?{%22y%22}%23z");
        assert!(path(&Bytes::from_static(b"no-slash")).is_err());
    }

    #[test]
    fn only_grpc_is_told_that_trailers_come_through() {
        let te = |kind| {
            let head = head("POST", b"/", &[("host", "h"), ("content-type", kind)]);
            request(&head, Framing::Chunked, false).unwrap().headers().contains_key("te")
        };
        assert!(te("application/grpc+proto"));
        assert!(!te("text/plain"));
    }

    #[test]
    fn a_websocket_is_asked_for_without_its_key() {
        let lines = [("host", "h"), ("sec-websocket-key", "k"), ("sec-websocket-version", "13")];
        let request = websocket(&head("GET", b"/ws", &lines), true).unwrap();
        assert_eq!(request.method(), Method::CONNECT);
        assert!(!request.headers().contains_key("sec-websocket-key"));
        assert!(request.headers().contains_key("sec-websocket-version"));
        assert_eq!(request.extensions().get::<Protocol>().unwrap().as_str(), "websocket");
    }

    #[test]
    fn what_has_no_authority_is_refused() {
        assert!(request(&head("GET", b"/", &[]), Framing::Empty, false).is_err());
        assert!(request(&head("GET", b"/", &[("host", "a b")]), Framing::Empty, false).is_err());
    }
}

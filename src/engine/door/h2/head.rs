//! Heads of HTTP/2 (RFC 9113 §8.3), for the rules that hold for every version.
//!
//! The crate `h2` refuses what is malformed by itself (names in upper case, fields of a connection, pseudo-fields that are doubled, missing
//! or out of place, lengths that are not the body's). What is left is quotes in names, and what two readers could understand in two ways.

use crate::engine::door::denial::Denial;
use crate::engine::door::head::{ClientHead, check, check_expect};
use crate::engine::door::limits::Limits;
use crate::engine::head::{Fields, Framing, RequestHead, Version, is_host, is_token};
use crate::engine::tunnel::base64;
use crate::engine::upstream::h2::{map_of, trailers_of};
use bytes::Bytes;
use h2::ext::Protocol;
use http::header::CONTENT_LENGTH;
use http::{Response, StatusCode, request};
use std::hash::{BuildHasher, Hasher, RandomState};

/// The head of a request that may be forwarded. `has_ended`: it has no body. `keeps_sent`: it may be Node's to answer.
///
/// # Errors
///
/// A [`Denial`], if it may not.
pub fn read(
    parts: &request::Parts,
    has_ended: bool,
    keeps_sent: bool,
    limits: &Limits,
) -> Result<ClientHead, Denial> {
    if parts.headers.len() > limits.fields {
        return Err(Denial::new(431, "The request has too many fields"));
    }
    if !parts.headers.keys().all(|name| is_token(name.as_str().as_bytes())) {
        return Err(Denial::bad("A field of the request is malformed"));
    }
    let protocol = parts.extensions.get::<Protocol>();
    if protocol.is_some_and(|protocol| !protocol.as_str().eq_ignore_ascii_case("websocket")) {
        return Err(Denial::new(501, "The protocol of the CONNECT request is not offered"));
    }
    let is_websocket = protocol.is_some();
    let target = target(parts)?;
    let mut fields = Fields::with_capacity(parts.headers.len() + 6);
    let own = trailers_of(&parts.headers);
    if let Some(host) = host(parts, &own)? {
        fields.push("host", host);
    }
    for field in own.iter().filter(|field| field.name != b"host") {
        fields.push(field.name, field.value);
    }
    let method = if is_websocket {
        Bytes::from_static(b"GET")
    } else {
        Bytes::copy_from_slice(parts.method.as_str().as_bytes())
    };
    if is_websocket {
        // A handshake of HTTP/1.1 is what the target knows (RFC 8441 §5).
        fields.push("connection", "Upgrade");
        fields.push("upgrade", "websocket");
        fields.set("sec-websocket-key", key());
    }
    let sent = if keeps_sent {
        as_http1(&method, &target, &fields, has_ended || is_websocket)
    } else {
        Bytes::new()
    };
    let asked = check(RequestHead { method, target, version: Version::Http2, fields }, limits)?;
    let says_length = parts.headers.contains_key(CONTENT_LENGTH);
    let framing = match asked.framing {
        _ if has_ended || is_websocket => Framing::Empty,
        // Nobody has said how long the body is that is still to come.
        Framing::Empty if !says_length => Framing::Chunked,
        framing => framing,
    };
    let awaits_continue = check_expect(&asked.head, framing)?;
    Ok(ClientHead { framing, awaits_continue, upgrade: is_websocket, sent, ..asked })
}

/// The request as one of HTTP/1.1, for Node.
fn as_http1(method: &[u8], target: &[u8], fields: &Fields, has_ended: bool) -> Bytes {
    let mut text = [method, b" ", target, b" HTTP/1.1\r\n"].concat();
    let mut line = |name: &[u8], value: &[u8]| {
        for part in [name, b": ", value, b"\r\n"] {
            text.extend_from_slice(part);
        }
    };
    for field in fields.iter() {
        line(field.name, field.value);
    }
    if !has_ended && fields.get(b"content-length").is_none() {
        line(b"transfer-encoding", b"chunked");
    }
    text.extend_from_slice(b"\r\n");
    text.into()
}

/// A key for a handshake. It is no secret; the target is to see that it is there, and to answer it.
fn key() -> String {
    let random = || RandomState::new().build_hasher().finish().to_be_bytes();
    String::from_utf8_lossy(&base64(&[random(), random()].concat())).into_owned()
}

/// `:path`. Of the forms that HTTP/1.1 has, only two are left.
fn target(parts: &request::Parts) -> Result<Bytes, Denial> {
    let Some(path) = parts.uri.path_and_query().map(|path| path.as_str().as_bytes()) else {
        return Err(Denial::new(405, "CONNECT is not offered"));
    };
    match path {
        [b'/', ..] | b"*" => Ok(Bytes::copy_from_slice(path)),
        _ => Err(Denial::bad("The request's path does not begin with a slash")),
    }
}

/// `:authority`, which is what `Host` was before. Whoever sends both means one.
fn host(parts: &request::Parts, fields: &Fields) -> Result<Option<Bytes>, Denial> {
    let Some(authority) = parts.uri.authority().map(|authority| authority.as_str().as_bytes()) else {
        return match fields.get_all(b"host").count() {
            0 | 1 => Ok(fields.get(b"host").map(Bytes::copy_from_slice)),
            _ => Err(Denial::bad("The request has more than one Host field")),
        };
    };
    if !is_host(authority) {
        return Err(Denial::bad("The request's authority is not a host"));
    }
    if fields.get_all(b"host").any(|host| !host.eq_ignore_ascii_case(authority)) {
        return Err(Denial::bad("The request's Host field is not its authority"));
    }
    Ok(Some(Bytes::copy_from_slice(authority)))
}

/// The head of a response; `None` for one that HTTP/2 cannot carry.
pub(super) fn response(status: u16, fields: &Fields) -> Option<Response<()>> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    *response.headers_mut() = map_of(fields, |_| true)?;
    Some(response)
}

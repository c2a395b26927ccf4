//! Writes responses. Framing and `connection` fields towards clients are written here and nowhere else.

use crate::engine::head::{Fields, Version};
use bytes::{BufMut, BytesMut};
use std::time::{Duration, SystemTime};

/// How a response's body is told from what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyKind {
    /// No body, whatever its fields say of one (HEAD, 204, 304).
    None,
    /// As long as its `content-length` says, or empty.
    Sized,
    /// Chunks.
    Chunked,
    /// All that comes until the connection ends: for clients that do not know chunks.
    UntilClose,
}

impl BodyKind {
    /// For the response with this status to a request of this method and version.
    pub(super) fn of(method: &[u8], version: Version, status: u16, is_open_ended: bool) -> Self {
        match (is_open_ended, version) {
            _ if method == b"HEAD" || matches!(status, 204 | 304) => Self::None,
            (false, _) => Self::Sized,
            (true, Version::Http10) => Self::UntilClose,
            (true, _) => Self::Chunked,
        }
    }
}

/// What becomes of the connection after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connection {
    /// It ends.
    Close,
    /// It waits so long for another request.
    KeepAlive(Duration),
}

/// Writes a response head.
pub(super) fn response_head(
    (status, reason): (u16, &[u8]),
    fields: &Fields,
    body: BodyKind,
    connection: Connection,
    out: &mut BytesMut,
) {
    out.reserve(fields.most_bytes() + reason.len() + 160);
    status_line(status, reason, out);
    lines(fields, out);
    if fields.get(b"date").is_none() {
        // RFC 9110 §6.6.1: whoever has a clock adds it to what it forwards.
        line(b"date", date().as_bytes(), out);
    }
    match body {
        BodyKind::Chunked => line(b"transfer-encoding", b"chunked", out),
        BodyKind::Sized if fields.get(b"content-length").is_none() => line(b"content-length", b"0", out),
        _ => {}
    }
    match connection {
        Connection::Close => line(b"connection", b"close", out),
        Connection::KeepAlive(limit) => {
            // Clients that know it do not send a request to a connection that is about to be closed. Node's servers say it, too.
            out.extend_from_slice(b"connection: keep-alive\r\nkeep-alive: timeout=");
            decimal(limit.as_secs(), out);
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes an interim response.
pub(super) fn interim_head((status, reason): (u16, &[u8]), fields: &Fields, out: &mut BytesMut) {
    status_line(status, reason, out);
    lines(fields, out);
    out.extend_from_slice(b"\r\n");
}

/// Writes the grant of an upgrade; the passes leave what it says of its connection to us, and Node has said it itself.
pub(super) fn switching_head(
    (status, reason): (u16, &[u8]),
    fields: &Fields,
    by_node: bool,
    out: &mut BytesMut,
) {
    if by_node {
        return interim_head((status, reason), fields, out);
    }
    let mut fields = fields.clone();
    fields.push("connection", "Upgrade");
    fields.push("upgrade", "websocket");
    interim_head((status, b"Switching Protocols"), &fields, out);
}

/// Writes a whole response of the door's own.
pub(super) fn own_answer(
    status: u16,
    why: Option<&str>,
    has_body: bool,
    connection: Connection,
    out: &mut BytesMut,
) {
    let (fields, text) = own(status, why);
    whole_answer(status, fields, &text, has_body, connection, out);
}

/// The fields and the text of a response of the door's own.
pub(super) fn own(status: u16, why: Option<&str>) -> (Fields, String) {
    let reason = reason(status);
    let text = match why {
        Some(why) => format!("{status} {reason}: {why}\n"),
        None => format!("{status} {reason}\n"),
    };
    let mut fields = Fields::with_capacity(3);
    fields.push("content-type", "text/plain; charset=utf-8");
    if status == 503 {
        // It is over with the next request that ends, or with the door.
        fields.push("retry-after", "1");
    }
    (fields, text)
}

/// The `Date` of now.
pub(super) fn date() -> String {
    httpdate::fmt_http_date(SystemTime::now())
}

/// Writes a whole response that has these fields.
pub(super) fn whole_answer(
    status: u16,
    mut fields: Fields,
    text: &str,
    has_body: bool,
    connection: Connection,
    out: &mut BytesMut,
) {
    fields.push("content-length", text.len().to_string());
    response_head((status, reason(status).as_bytes()), &fields, BodyKind::Sized, connection, out);
    if has_body {
        out.extend_from_slice(text.as_bytes());
    }
}

fn status_line(status: u16, reason: &[u8], out: &mut BytesMut) {
    out.extend_from_slice(b"HTTP/1.1 ");
    let digit = |n: u16| b'0' + u8::try_from(n % 10).unwrap_or(0);
    out.extend_from_slice(&[digit(status / 100), digit(status / 10), digit(status), b' ']);
    out.extend_from_slice(reason);
    out.extend_from_slice(b"\r\n");
}

fn decimal(number: u64, out: &mut BytesMut) {
    if number >= 10 {
        decimal(number / 10, out);
    }
    out.put_u8(b'0' + (number % 10) as u8);
}

fn lines(fields: &Fields, out: &mut BytesMut) {
    for piece in fields.pieces() {
        out.extend_from_slice(piece);
    }
}

fn line(name: &[u8], value: &[u8], out: &mut BytesMut) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// The reason phrases of the statuses that the door gives itself.
const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Payload Too Large",
        414 => "URI Too Long",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        508 => "Loop Detected",
        _ => "Error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(body: BodyKind, lines: &[(&'static str, &'static str)]) -> String {
        let mut fields = Fields::default();
        for (name, value) in lines {
            fields.push(*name, *value);
        }
        let mut out = BytesMut::new();
        response_head((200, b"OK"), &fields, body, Connection::Close, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    const DATE: (&str, &str) = ("date", "now");

    #[test]
    fn a_body_is_announced_once_and_in_one_way() {
        let head = |line: &str| format!("HTTP/1.1 200 OK\r\ndate: now\r\n{line}connection: close\r\n\r\n");
        assert_eq!(written(BodyKind::None, &[DATE]), head(""));
        assert_eq!(written(BodyKind::UntilClose, &[DATE]), head(""));
        assert_eq!(written(BodyKind::Chunked, &[DATE]), head("transfer-encoding: chunked\r\n"));
        assert_eq!(written(BodyKind::Sized, &[DATE]), head("content-length: 0\r\n"));
        let sized = written(BodyKind::Sized, &[DATE, ("content-length", "5")]);
        assert_eq!(sized, head("content-length: 5\r\n"));
    }

    #[test]
    fn a_response_without_a_date_gets_one() {
        let head = written(BodyKind::None, &[]);
        let date = head.split("date: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
        assert!(httpdate::parse_http_date(date).is_ok(), "{head}");
    }

    #[test]
    fn who_does_not_know_chunks_gets_none() {
        let of = |method: &str, version, status, open| BodyKind::of(method.as_bytes(), version, status, open);
        assert_eq!(of("GET", Version::Http11, 200, true), BodyKind::Chunked);
        assert_eq!(of("GET", Version::Http10, 200, true), BodyKind::UntilClose);
        assert_eq!(of("GET", Version::Http10, 200, false), BodyKind::Sized);
        assert_eq!(of("HEAD", Version::Http11, 200, true), BodyKind::None);
        assert_eq!(of("GET", Version::Http11, 304, false), BodyKind::None);
    }
}

//! Writes requests. Framing and `connection` fields are written here and nowhere else.

use crate::engine::head::{Fields, Framing, RequestHead, Version};
use bytes::BytesMut;

/// Writes a request head for a body framed so.
pub fn request_head(head: &RequestHead, framing: Framing, keep_alive: bool, out: &mut BytesMut) {
    line_and_fields(head, HTTP11, out);
    match framing {
        Framing::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        Framing::Length(n) => line(b"content-length", n.to_string().as_bytes(), out),
        Framing::Empty if head.announces_empty_body() => out.extend_from_slice(b"content-length: 0\r\n"),
        // A request cannot end with its connection: whoever builds one says how long it is.
        Framing::Empty | Framing::UntilClose => {}
    }
    let connection: &[u8] =
        if keep_alive { b"connection: keep-alive\r\n\r\n" } else { b"connection: close\r\n\r\n" };
    out.extend_from_slice(connection);
}

/// Writes the head of a request for a WebSocket. Nothing else is offered, whatever the client has offered us.
pub fn upgrade_head(head: &RequestHead, out: &mut BytesMut) {
    line_and_fields(head, HTTP11, out);
    out.extend_from_slice(b"connection: Upgrade\r\nupgrade: websocket\r\n\r\n");
}

/// Writes a head that has all its fields, those of framing and connection as well, in its own version.
pub fn whole_head(head: &RequestHead, out: &mut BytesMut) {
    line_and_fields(head, if head.version == Version::Http10 { b" HTTP/1.0\r\n" } else { HTTP11 }, out);
    out.extend_from_slice(b"\r\n");
}

fn line_and_fields(head: &RequestHead, version: &[u8], out: &mut BytesMut) {
    out.reserve(head.method.len() + head.target.len() + head.fields.most_bytes() + 96);
    out.extend_from_slice(&head.method);
    out.extend_from_slice(b" ");
    out.extend_from_slice(&head.target);
    out.extend_from_slice(version);
    lines(&head.fields, out);
}

/// Writes the line in front of a chunk of `length` bytes. The chunk and a CRLF follow.
pub fn chunk_head(length: usize, out: &mut BytesMut) {
    out.extend_from_slice(format!("{length:x}\r\n").as_bytes());
}

/// Writes the last chunk and the trailers.
pub fn last_chunk(trailers: &Fields, out: &mut BytesMut) {
    out.extend_from_slice(b"0\r\n");
    lines(trailers, out);
    out.extend_from_slice(b"\r\n");
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

const HTTP11: &[u8] = b" HTTP/1.1\r\n";

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn written(method: &'static str, framing: Framing) -> String {
        let mut fields = Fields::default();
        fields.push("host", "x");
        let target = Bytes::from_static(b"/a");
        let head = RequestHead { method: method.into(), target, version: Version::Http11, fields };
        let mut out = BytesMut::new();
        request_head(&head, framing, true, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn a_body_is_announced_once_and_in_one_way() {
        let end = "connection: keep-alive\r\n\r\n";
        assert_eq!(written("GET", Framing::Empty), format!("GET /a HTTP/1.1\r\nhost: x\r\n{end}"));
        for (framing, line) in [
            (Framing::Empty, "content-length: 0"),
            (Framing::Length(7), "content-length: 7"),
            (Framing::Chunked, "transfer-encoding: chunked"),
        ] {
            assert_eq!(
                written("DELETE", framing),
                format!("DELETE /a HTTP/1.1\r\nhost: x\r\n{line}\r\n{end}")
            );
        }
    }
}

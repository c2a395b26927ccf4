//! What holds for every chunked body of a client: cut anywhere, it is read as it is in one piece; another reader sees the same chunks; and
//! what is written of it for the target is the same body again.

use bytes::BytesMut;
use rs_proxy_middleware::engine::head::{Fields, Framing, is_field_value, is_token};
use rs_proxy_middleware::engine::upstream::h1::{Decoded, Decoder, chunk_head, last_chunk};

/// `data` is what a connection brings behind a head. Gives `complete`, `partial` (there may be more to come) or `refused`.
pub(crate) fn check(data: &[u8]) -> &'static str {
    let whole = read(data, data.len());
    // Byte by byte, and in pieces that begin at another byte each.
    for step in [1, 2, 3, 7, 64] {
        assert_eq!(read(data, step), whole, "in pieces of {step}: {}", data.escape_ascii());
    }
    match whole {
        Read::Complete { body, trailers, length } => {
            assert_eq!(body, judged(&data[..length]), "{}", data.escape_ascii());
            assert!(trailers.iter().all(|field| is_token(field.name) && is_field_value(field.value)));
            check_written(&body, &trailers);
            "complete"
        }
        Read::Partial => "partial",
        Read::Refused => "refused",
    }
}

#[derive(Debug, PartialEq)]
enum Read {
    Complete {
        body: Vec<u8>,
        trailers: Fields,
        /// How many bytes of the connection it was.
        length: usize,
    },
    Partial,
    Refused,
}

fn read(data: &[u8], step: usize) -> Read {
    let mut decoder = Decoder::new(Framing::Chunked);
    let (mut buffer, mut body) = (BytesMut::new(), Vec::new());
    let mut received = 0;
    for piece in data.chunks(step.max(1)) {
        buffer.extend_from_slice(piece);
        received += piece.len();
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Decoded::Data(data)) => body.extend_from_slice(&data),
                Ok(Decoded::More) => break,
                Ok(Decoded::End(trailers)) => {
                    return Read::Complete { body, trailers, length: received - buffer.len() };
                }
                Err(_) => return Read::Refused,
            }
        }
    }
    Read::Partial
}

/// The same body as httparse sees it, which goes by sizes alone.
fn judged(mut wire: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(wire) else {
            panic!("not a chunk: {}", wire.escape_ascii());
        };
        let Some(end) = usize::try_from(size).ok().and_then(|size| start.checked_add(size)) else {
            panic!("{size} bytes cannot have come");
        };
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&wire[start..end]);
        assert_eq!(&wire[end..end + 2], b"\r\n");
        wire = &wire[end + 2..];
    }
}

fn check_written(body: &[u8], trailers: &Fields) {
    let mut wire = BytesMut::new();
    for chunk in body.chunks(1000) {
        chunk_head(chunk.len(), &mut wire);
        wire.extend_from_slice(chunk);
        wire.extend_from_slice(b"\r\n");
    }
    last_chunk(trailers, &mut wire);
    match read(&wire, wire.len()) {
        Read::Complete { body: again, trailers: same, length } => {
            assert_eq!((&again[..], &same, length), (body, trailers, wire.len()));
        }
        // The blank behind each colon is one byte more than has come.
        other => assert!(wire.len() > 15 * 1024, "{other:?}: {}", wire.escape_ascii()),
    }
}

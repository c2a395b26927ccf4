//! What holds for every request head that a client sends to the native door: cut anywhere, it is taken or refused as it is in one piece.

use bytes::BytesMut;
use rs_proxy_middleware::engine::door::{ClientHead, Denial, Limits, Search};
use rs_proxy_middleware::engine::head::{Framing, Version, is_field_value, is_host, is_token};

/// `data` is what a connection brings. Gives `taken`, `partial` (there may be more to come) or `refused`.
pub(crate) fn check(data: &[u8]) -> &'static str {
    let whole = read(data, data.len());
    // Byte by byte, and in pieces that begin at another byte each.
    for step in [1, 2, 3, 7, 64] {
        assert_eq!(shown(&read(data, step)), shown(&whole), "in pieces of {step}: {}", data.escape_ascii());
    }
    match whole {
        Ok(Some((head, _))) => {
            check_head(&head);
            "taken"
        }
        Ok(None) => "partial",
        Err(denial) => {
            assert!((400..=599).contains(&denial.status) && !denial.why.contains(['\r', '\n']));
            "refused"
        }
    }
}

/// The head, and how many bytes follow it.
type Read = Result<Option<(ClientHead, usize)>, Denial>;

fn read(data: &[u8], step: usize) -> Read {
    let (mut search, mut buffer) = (Search::default(), BytesMut::new());
    let mut received = 0;
    for piece in data.chunks(step.max(1)) {
        buffer.extend_from_slice(piece);
        received += piece.len();
        if let Some(head) = search.take(&mut buffer, &Limits::default())? {
            return Ok(Some((head, data.len() - received + buffer.len())));
        }
    }
    Ok(None)
}

/// What must be the same. Which of several faults is found first depends on how much is there.
fn shown(read: &Read) -> String {
    read.as_ref().map_or_else(|_| "refused".to_owned(), |head| format!("{head:?}"))
}

/// A head that was taken says everything in one way only.
fn check_head(taken: &ClientHead) {
    let head = &taken.head;
    assert!(is_token(&head.method) && head.method.len() <= 32);
    assert!(head.target.iter().all(u8::is_ascii_graphic) && !head.target.contains(&b'#'));
    for field in head.fields.iter() {
        assert!(is_token(field.name) && !field.name.iter().any(u8::is_ascii_uppercase));
        assert!(is_field_value(field.value));
    }
    let count = |name: &[u8]| head.fields.get_all(name).count();
    assert!(count(b"host") == 1 || head.version == Version::Http10 && count(b"host") == 0);
    assert!(head.fields.get_all(b"host").all(is_host));
    assert!(count(b"content-length") + count(b"transfer-encoding") <= 1);
    assert_eq!(count(b"transfer-encoding") == 1, taken.framing == Framing::Chunked);
    assert!(matches!(taken.framing, Framing::Empty | Framing::Length(1..) | Framing::Chunked));
}

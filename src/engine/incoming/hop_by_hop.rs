//! Fields that end at the next hop (RFC 9110 §7.6.1): the fixed ones, and those that `Connection` nominates.

use crate::engine::head::{Field, Fields};
use bytes::Bytes;

/// Removes them, and the framing fields, which the sender derives from the body it really has.
pub fn strip(fields: &mut Fields) {
    let nominations: Vec<Bytes> = fields.get_all(b"connection").cloned().collect();
    fields.retain(|field| !is_fixed(field) && !nominations.iter().any(|list| nominates(list, &field.name)));
}

/// Fields that never travel on. `TE: trailers` alone says something to the next hop; we do not need it to relay trailers.
fn is_fixed(field: &Field) -> bool {
    let name = &field.name[..];
    let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
    match name.len() {
        2 => is(b"te"),
        6 => is(b"expect"),
        7 => is(b"trailer") || is(b"upgrade"),
        10 => is(b"connection") || is(b"keep-alive"),
        14 => is(b"content-length") || is(b"http2-settings"),
        16 => is(b"proxy-connection"),
        17 => is(b"transfer-encoding"),
        18 => is(b"proxy-authenticate"),
        19 => is(b"proxy-authorization"),
        _ => name.first() == Some(&b':'),
    }
}

/// Whether a `Connection` list names this field. Fields that a message cannot do without cannot be nominated.
fn nominates(list: &[u8], name: &[u8]) -> bool {
    !is_essential(name)
        && list
            .split(|&b| b == b',')
            .take(MOST_NOMINATIONS)
            .any(|token| token.trim_ascii().eq_ignore_ascii_case(name))
}

fn is_essential(name: &[u8]) -> bool {
    [&b"host"[..], b"cookie", b"authorization", b"set-cookie", b"content-type"]
        .iter()
        .any(|e| e.eq_ignore_ascii_case(name))
}

/// More are an attack on the quadratic comparison.
const MOST_NOMINATIONS: usize = 64;

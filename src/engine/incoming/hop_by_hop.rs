//! Fields that end at the next hop (RFC 9110 §7.6.1): the fixed ones, and those that `Connection` nominates.

use crate::engine::head::{Fields, Marks};

/// Removes them, and the framing fields, which the sender derives from the body it really has.
pub fn strip(fields: &mut Fields) {
    let nominations: Vec<Vec<u8>> = fields.get_all(b"connection").map(<[u8]>::to_ascii_lowercase).collect();
    let mut marks = FIXED;
    for name in nominations.iter().flat_map(|list| nominated(list)) {
        marks = marks.and(name);
    }
    fields.drop_marked(marks, |name| {
        is_fixed(name) || !is_essential(name) && nominations.iter().any(|list| nominates(list, name))
    });
}

/// The names that a `Connection` list has.
fn nominated(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&b| b == b',').take(MOST_NOMINATIONS).map(<[u8]>::trim_ascii)
}

/// Fields that never travel on. `TE: trailers` alone says something to the next hop; we do not need it to relay trailers.
fn is_fixed(name: &[u8]) -> bool {
    FIXED_NAMES.iter().any(|fixed| name.eq_ignore_ascii_case(fixed))
}

fn nominates(list: &[u8], name: &[u8]) -> bool {
    nominated(list).any(|token| token.eq_ignore_ascii_case(name))
}

/// Fields that a message cannot do without cannot be nominated.
fn is_essential(name: &[u8]) -> bool {
    [&b"host"[..], b"cookie", b"authorization", b"set-cookie", b"content-type"]
        .iter()
        .any(|e| e.eq_ignore_ascii_case(name))
}

const FIXED_NAMES: [&[u8]; 12] = [
    b"te",
    b"expect",
    b"trailer",
    b"upgrade",
    b"connection",
    b"keep-alive",
    b"content-length",
    b"http2-settings",
    b"proxy-connection",
    b"transfer-encoding",
    b"proxy-authenticate",
    b"proxy-authorization",
];
const FIXED: Marks = Marks::of(&FIXED_NAMES);
/// More are an attack on the quadratic comparison.
const MOST_NOMINATIONS: usize = 64;

//! Fields that end at the next hop (RFC 9110 §7.6.1): the fixed ones, and those that `Connection` nominates.

use crate::engine::head::{Fields, Marks};

/// Removes them, and the framing fields, which the sender derives from the body it really has.
pub fn strip(fields: &mut Fields) {
    let lists = || fields.get_all(b"connection").flat_map(nominated);
    // Most nominate what goes anyway, or what is not there.
    let is_needed = |name: &&[u8]| !is_fixed(name) && fields.may_have(Marks::of(&[name]));
    let nominations: Vec<Vec<u8>> = lists().filter(is_needed).map(<[u8]>::to_vec).collect();
    if nominations.is_empty() {
        return fields.drop_marked(FIXED, is_fixed);
    }
    let marks = nominations.iter().fold(FIXED, |marks, name| marks.with(Marks::of(&[name])));
    let is_nominated = |name: &[u8]| nominations.iter().any(|other| other.eq_ignore_ascii_case(name));
    fields.drop_marked(marks, |name| is_fixed(name) || !is_essential(name) && is_nominated(name));
}

/// The names that a `Connection` list has.
fn nominated(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&b| b == b',').take(MOST_NOMINATIONS).map(<[u8]>::trim_ascii)
}

/// Fields that never travel on. `TE: trailers` alone says something to the next hop; we do not need it to relay trailers.
fn is_fixed(name: &[u8]) -> bool {
    FIXED_NAMES.iter().any(|fixed| name.eq_ignore_ascii_case(fixed))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nominated_name_goes_whatever_its_mark_is() {
        for letter in b'a'..=b'z' {
            for length in 1..20 {
                let name = [letter].repeat(length);
                let mut fields = Fields::default();
                fields.push(&name, "1");
                fields.push("Connection", [b"close, ", &name.to_ascii_uppercase()[..]].concat());
                fields.push("kept", "1");
                strip(&mut fields);
                assert_eq!(fields.iter().map(|field| field.name).collect::<Vec<_>>(), [b"kept"]);
            }
        }
    }
}

//! What a request says of the way it has come: who sent it first, and through whom it went (reliability.md …A-77).

use super::denial::Denial;
use crate::engine::head::{Fields, Version, parse_length};
use bytes::Bytes;
use std::borrow::Cow;

/// Removes what an untrusted client claims, and twins of important names that some back ends take for them.
pub(super) fn strip(fields: &mut Fields, trusts_client: bool) {
    fields.retain(|field| {
        if !may_be_claim(&field.name) {
            return true;
        }
        // As they were sent, names may be in any case.
        let name = if field.name.iter().any(u8::is_ascii_uppercase) {
            Cow::Owned(field.name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(&field.name[..])
        };
        let has_underscore = memchr::memchr(b'_', &name).is_some();
        if !has_underscore {
            return trusts_client || !is_claim(&name);
        }
        let twin: Vec<u8> = name.iter().map(|&b| if b == b'_' { b'-' } else { b }).collect();
        !is_claim(&twin) && !matches!(&twin[..], b"content-length" | b"transfer-encoding" | b"host")
    });
}

/// Most names are told apart by their first letter; in any case.
fn may_be_claim(name: &[u8]) -> bool {
    matches!(name.first(), Some(b'x' | b'X' | b'f' | b'F' | b'e' | b'E')) || name.contains(&b'_')
}

/// By a name in lower case.
fn is_claim(name: &[u8]) -> bool {
    match name.strip_prefix(b"x-forwarded-") {
        Some(what) => matches!(what, b"for" | b"proto" | b"host" | b"port" | b"prefix" | b"server"),
        None => matches!(name, b"x-real-ip" | b"forwarded" | b"early-data"),
    }
}

/// The `Via` field to be sent: what came, and this proxy behind it.
///
/// # Errors
///
/// 508 for a request that has been here before, several times.
pub(super) fn via(fields: &Fields, version: Version, id: &str) -> Result<Bytes, Denial> {
    let mut via = Vec::new();
    let mut passes = 0;
    for value in fields.get_all(b"via") {
        passes += memchr::memmem::find_iter(value, id.as_bytes()).count();
        if passes >= MOST_PASSES {
            return Err(Denial::new(508, "The request goes round in circles"));
        }
        via.extend_from_slice(value);
        via.extend_from_slice(b", ");
    }
    via.extend_from_slice(match version {
        Version::Http10 => b"1.0 ",
        Version::Http11 => b"1.1 ",
        Version::Http2 => b"2.0 ",
    });
    via.extend_from_slice(id.as_bytes());
    Ok(via.into())
}

/// `Max-Forwards` of an `OPTIONS` request: one less. `true`: it ends here (RFC 9110 §7.6.2).
pub(super) fn ends_here(fields: &mut Fields) -> bool {
    match fields.get(b"max-forwards").and_then(|value| parse_length(value)) {
        Some(0) => true,
        Some(left) => {
            fields.set("max-forwards", (left - 1).to_string());
            false
        }
        None => false,
    }
}

/// A proxy that several routes lead through may see a request more than once; not this often.
const MOST_PASSES: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(lines: &[(&'static str, &'static str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in lines {
            fields.push(*name, *value);
        }
        fields
    }

    fn names(fields: &Fields) -> Vec<&str> {
        fields.iter().map(|field| std::str::from_utf8(&field.name).unwrap()).collect()
    }

    const ALL: [(&str, &str); 7] = [
        ("x-forwarded-for", "1"),
        ("x_forwarded_for", "1"),
        ("content_length", "5"),
        ("forwarded", "for=1"),
        ("x-real-ip", "1"),
        ("x_other", "1"),
        ("x-forwarded-mine", "1"),
    ];

    #[test]
    fn claims_are_for_those_who_are_trusted() {
        let mut untrusted = fields(&ALL);
        strip(&mut untrusted, false);
        assert_eq!(names(&untrusted), ["x_other", "x-forwarded-mine"]);
        let mut trusted = fields(&ALL);
        strip(&mut trusted, true);
        let wanted = ["x-forwarded-for", "forwarded", "x-real-ip", "x_other", "x-forwarded-mine"];
        assert_eq!(names(&trusted), wanted);
    }

    #[test]
    fn a_loop_is_noticed() {
        let seen = |times| fields(&[("via", "1.1 other"), ("via", if times == 4 { FOUR } else { FIVE })]);
        const FOUR: &str = "1.1 me, 1.1 me, 1.1 me, 1.1 me";
        const FIVE: &str = "1.1 me, 1.1 me, 1.1 me, 1.1 me, 1.1 me";
        let via4 = via(&seen(4), Version::Http11, "me").unwrap();
        assert_eq!(&via4[..], b"1.1 other, 1.1 me, 1.1 me, 1.1 me, 1.1 me, 1.1 me");
        assert_eq!(via(&seen(5), Version::Http11, "me").unwrap_err().status, 508);
        assert_eq!(&via(&fields(&[]), Version::Http10, "me").unwrap()[..], b"1.0 me");
    }

    #[test]
    fn max_forwards_counts_down() {
        let mut three = fields(&[("max-forwards", "3")]);
        assert!(!ends_here(&mut three));
        assert_eq!(&three.get(b"max-forwards").unwrap()[..], b"2");
        assert!(ends_here(&mut fields(&[("max-forwards", "0")])));
        assert!(!ends_here(&mut fields(&[("max-forwards", "x")])));
    }
}

//! What a request says of the way it has come: who sent it first, and through whom it went (reliability.md …A-77).

use super::denial::Denial;
use crate::engine::head::{Fields, Marks, Version, parse_length};

/// Removes what an untrusted client claims, and twins of important names that some back ends take for them.
pub(super) fn strip(fields: &mut Fields, trusts_client: bool) {
    // As they were sent, names may be in any case. An underscore within a name leaves its mark as it is.
    fields.drop_marked(MARKS, |name| {
        let same_as = |other: &&[u8]| is_twin(name, other);
        if name.contains(&b'_') {
            CLAIMS.iter().any(same_as) || TWINS.iter().any(same_as)
        } else {
            !trusts_client && CLAIMS.iter().any(same_as)
        }
    });
}

/// Whether two names are the same for those who take an underscore for a hyphen.
fn is_twin(name: &[u8], other: &[u8]) -> bool {
    let hyphened = |b: &u8| if *b == b'_' { b'-' } else { b.to_ascii_lowercase() };
    name.len() == other.len() && name.iter().map(hyphened).eq(other.iter().copied())
}

const CLAIMS: [&[u8]; 9] = [
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"x-forwarded-prefix",
    b"x-forwarded-server",
    b"x-real-ip",
    b"forwarded",
    b"early-data",
];
/// Names that have a meaning of their own, and none with an underscore.
const TWINS: [&[u8]; 2] = [b"content-length", b"transfer-encoding"];
const MARKS: Marks = Marks::of(&CLAIMS).with(Marks::of(&TWINS));

/// The `Via` field to be sent: what came, and this proxy behind it.
///
/// # Errors
///
/// 508 for a request that has been here before, several times.
pub(super) fn via(fields: &Fields, version: Version, id: &str) -> Result<Vec<u8>, Denial> {
    let mut via = Vec::with_capacity(id.len() + 4);
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
    Ok(via)
}

/// `Max-Forwards` of an `OPTIONS` request: one less. `true`: it ends here (RFC 9110 §7.6.2).
pub(super) fn ends_here(fields: &mut Fields) -> bool {
    match fields.get(b"max-forwards").and_then(parse_length) {
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
        fields.iter().map(|field| std::str::from_utf8(field.name).unwrap()).collect()
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
        assert_eq!(three.get(b"max-forwards").unwrap(), b"2");
        assert!(ends_here(&mut fields(&[("max-forwards", "0")])));
        assert!(!ends_here(&mut fields(&[("max-forwards", "x")])));
    }
}

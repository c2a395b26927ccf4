//! `cookieDomainRewrite` and `cookiePathRewrite`: another domain or path in what `Set-Cookie` says.

use crate::engine::head::Fields;
use bytes::Bytes;

/// What becomes of an attribute's value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CookieRewrite {
    /// By the exact old value.
    values: Vec<(Bytes, Bytes)>,
    /// For every other one (`*`).
    others: Option<Bytes>,
}

impl CookieRewrite {
    /// From pairs of an old value, or `*`, and the new one. An empty new value takes the attribute away.
    pub fn new(pairs: impl IntoIterator<Item = (Bytes, Bytes)>) -> Self {
        let mut rewrite = Self::default();
        for (old, new) in pairs {
            if &old[..] == b"*" {
                rewrite.others = Some(new);
            } else {
                rewrite.values.push((old, new));
            }
        }
        rewrite
    }

    /// The pass, for the attribute of this (lower-case) name.
    pub(super) fn run(&self, fields: &mut Fields, attribute: &[u8]) {
        fields.rewrite(b"set-cookie", |cookie| self.rewrite(cookie, attribute));
    }

    fn rewrite(&self, cookie: &[u8], attribute: &[u8]) -> Option<Vec<u8>> {
        let Found { start, value, end } = find(cookie, attribute)?;
        let old = &cookie[value..end];
        let listed = self.values.iter().find(|(from, _)| from == old).map(|(_, to)| to);
        let new = listed.or(self.others.as_ref())?;
        let kept = if new.is_empty() { &cookie[..start] } else { &cookie[..value] };
        Some([kept, new, &cookie[end..]].concat())
    }
}

/// Where an attribute stands.
struct Found {
    /// Its semicolon.
    start: usize,
    /// Behind its equals sign.
    value: usize,
    end: usize,
}

/// The first attribute of this name that has a value: as the originals' `/;\s*name=[^;]+/i`, so that quotes and a leading dot are part of it.
fn find(cookie: &[u8], attribute: &[u8]) -> Option<Found> {
    let mut from = 0;
    while let Some(offset) = memchr::memchr(b';', &cookie[from..]) {
        let start = from + offset;
        from = start + 1;
        let name = from + cookie[from..].iter().take_while(|byte| is_space(**byte)).count();
        let value = name + attribute.len() + 1;
        let is_it = cookie.len() > value
            && cookie[name..value - 1].eq_ignore_ascii_case(attribute)
            && cookie[value - 1] == b'='
            && cookie[value] != b';';
        if is_it {
            let end = memchr::memchr(b';', &cookie[value..]).map_or(cookie.len(), |length| value + length);
            return Some(Found { start, value, end });
        }
    }
    None
}

/// JavaScript's `\s`, of what a field value may hold.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0xa0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rewritten(pairs: &[(&'static str, &'static str)], cookie: &str) -> String {
        let rewrite = CookieRewrite::new(pairs.iter().map(|&(old, new)| (old.into(), new.into())));
        let mut fields = Fields::default();
        fields.push("Set-Cookie", cookie);
        rewrite.run(&mut fields, b"domain");
        String::from_utf8(fields.get(b"set-cookie").unwrap().to_vec()).unwrap()
    }

    #[test]
    fn the_first_domain_of_a_cookie_is_another() {
        for (pairs, cookie, wanted) in [
            (&[("*", "new")][..], "a=1; Domain=old; Path=/", "a=1; Domain=new; Path=/"),
            (&[("*", "new")], "a=1;domain=old", "a=1;domain=new"),
            (&[("*", "new")], "a=1; DOMAIN=x; Domain=y", "a=1; DOMAIN=new; Domain=y"),
            (&[("*", "new")], "a=1; Domain=; Domain=y", "a=1; Domain=; Domain=new"),
            (&[("*", "new")], "a=1; Path=/", "a=1; Path=/"),
            (&[("*", "new")], "domain=old; a", "domain=old; a"),
            (&[("*", "")], "a=1; Domain=old; Path=/", "a=1; Path=/"),
            (&[("*", "")], "a=1; Domain=old", "a=1"),
            (&[("old", "new"), ("*", "")], "a=1; Domain=old", "a=1; Domain=new"),
            (&[("old", "new")], "a=1; Domain=.old", "a=1; Domain=.old"),
            (&[("old", "new")], "a=1; Domain=OLD", "a=1; Domain=OLD"),
            (&[("\"old\"", "new")], "a=1; Domain=\"old\"", "a=1; Domain=new"),
            (&[("constructor", "")], "a=1; Domain=toString", "a=1; Domain=toString"),
            (&[], "a=1; Domain=old", "a=1; Domain=old"),
        ] {
            assert_eq!(rewritten(pairs, cookie), wanted, "{cookie} by {pairs:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_around_the_value_stays(before in "[a-z=;, ]{0,9}", value in "[a-z.]{1,9}", after in "(; [a-z]{0,9})?") {
            let cookie = format!("x=1; Secure{before}; Domain={value}{after}");
            prop_assert_eq!(rewritten(&[("*", "new")], &cookie), format!("x=1; Secure{before}; Domain=new{after}"));
        }

        #[test]
        fn any_bytes_are_rewritten_or_left(cookie: Vec<u8>) {
            let rewrite = CookieRewrite::new([("*".into(), "".into())]);
            prop_assert!(rewrite.rewrite(&cookie, b"path").is_none_or(|new| new.len() < cookie.len()));
        }
    }
}

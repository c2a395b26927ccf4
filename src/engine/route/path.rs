//! The one form in which routes and requests compare paths, so that no way of writing a path leads past a route.
//!
//! What may stand in a segment unescaped (RFC 3986, pchar) is compared so, everything else as an escape in upper case: `/%61b%2fc` is
//! `/ab%2Fc`, and an encoded slash separates nothing. Dot segments, however they are written, and broken escapes are no paths:
//! what a target would make of them is not what a route has decided on.

use std::borrow::Cow;
use std::fmt;

/// Why something is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPath {
    /// A percent sign without two hexadecimal digits behind it.
    Escape,
    /// `.` or `..` as a segment.
    DotSegment,
    /// It does not begin with a slash.
    Relative,
}

/// The form of `path`, without query, in which paths are compared.
///
/// # Errors
///
/// For what is no path that a route could decide on.
pub(super) fn canonical(path: &[u8]) -> Result<Cow<'_, [u8]>, BadPath> {
    if path.first() != Some(&b'/') {
        return Err(BadPath::Relative);
    }
    let plain = path.iter().take_while(|b| is_plain(**b)).count();
    let whole = if plain == path.len() {
        Cow::Borrowed(path)
    } else {
        let mut whole = Vec::with_capacity(path.len() + 16);
        whole.extend_from_slice(&path[..plain]);
        let mut rest = &path[plain..];
        while !rest.is_empty() {
            rest = &rest[push_unit(rest, &mut whole)?..];
        }
        Cow::Owned(whole)
    };
    if has_dot_segment(&whole) { Err(BadPath::DotSegment) } else { Ok(whole) }
}

/// The form of a prefix of paths: a slash at its end says nothing, so that `/` is the empty prefix.
///
/// # Errors
///
/// For a path that has a dot segment or a broken escape.
pub fn canonical_prefix(path: &[u8]) -> Result<Box<[u8]>, BadPath> {
    let path = canonical(path)?;
    let length = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    Ok(path[..length].into())
}

/// How much of `path`, as it came, the first `length` bytes of its canonical form are.
pub(super) fn raw_length(path: &[u8], length: usize) -> usize {
    let mut unit = Vec::with_capacity(3);
    let (mut raw, mut seen) = (0, 0);
    while seen < length && raw < path.len() {
        unit.clear();
        // What has a canonical form has no broken escapes.
        raw += push_unit(&path[raw..], &mut unit).unwrap_or(1);
        seen += unit.len();
    }
    raw
}

/// Writes the first character of `rest` as it is compared; says how much of `rest` it was.
fn push_unit(rest: &[u8], out: &mut Vec<u8>) -> Result<usize, BadPath> {
    let (byte, length) = match rest {
        [b'%', high, low, ..] => (hex(*high)? << 4 | hex(*low)?, 3),
        [b'%', ..] | [] => return Err(BadPath::Escape),
        [byte, ..] => (*byte, 1),
    };
    let is_escaped_slash = length == 3 && byte == b'/';
    if is_plain(byte) && !is_escaped_slash {
        out.push(byte);
    } else {
        out.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    Ok(length)
}

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

fn hex(digit: u8) -> Result<u8, BadPath> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).ok_or(BadPath::Escape)
}

/// A slash, and what may stand in a segment as it is.
const fn is_plain(byte: u8) -> bool {
    PLAIN[byte as usize]
}

const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let others = b"/-._~!$&'()*+,;=:@";
    let mut i = 0;
    while i < others.len() {
        table[others[i] as usize] = true;
        i += 1;
    }
    let mut byte = 0;
    while byte < 128 {
        if (byte as u8).is_ascii_alphanumeric() {
            table[byte] = true;
        }
        byte += 1;
    }
    table
};

fn has_dot_segment(path: &[u8]) -> bool {
    let begins_segment = |at: &usize| *at > 0 && path[at - 1] == b'/';
    let mut at_dots = memchr::memchr_iter(b'.', path).filter(begins_segment);
    at_dots.any(|at| matches!(&path[at + 1..], [] | [b'/', ..] | [b'.'] | [b'.', b'/', ..]))
}

impl fmt::Display for BadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Escape => "a percent sign has no two hexadecimal digits behind it",
            Self::DotSegment => "it has a dot segment",
            Self::Relative => "it does not begin with a slash",
        })
    }
}

impl std::error::Error for BadPath {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(path: &str) -> Result<String, BadPath> {
        canonical(path.as_bytes()).map(|path| String::from_utf8(path.into_owned()).unwrap())
    }

    #[test]
    fn one_form_for_all_ways_of_writing() {
        for (path, wanted) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/%61pi", "/api"),
            ("/a%2fb", "/a%2Fb"),
            ("/a%2Fb", "/a%2Fb"),
            ("/a b", "/a%20b"),
            ("/a%20b", "/a%20b"),
            ("/a%40b@c", "/a@b@c"),
            ("/\u{e9}", "/%C3%A9"),
            ("/%c3%a9", "/%C3%A9"),
            ("/%2561", "/%2561"),
            ("/a|b", "/a%7Cb"),
            ("//a//", "//a//"),
            ("/...", "/..."),
            ("/.well-known/..a/a..", "/.well-known/..a/a.."),
        ] {
            assert_eq!(text(path).as_deref(), Ok(wanted), "{path}");
        }
    }

    #[test]
    fn what_is_no_path() {
        for (path, wanted) in [
            ("", BadPath::Relative),
            ("a", BadPath::Relative),
            ("/%", BadPath::Escape),
            ("/%a", BadPath::Escape),
            ("/%zz", BadPath::Escape),
            ("/%+1", BadPath::Escape),
            ("/..", BadPath::DotSegment),
            ("/a/../b", BadPath::DotSegment),
            ("/a/./b", BadPath::DotSegment),
            ("/a/%2e%2E", BadPath::DotSegment),
            ("/a/.%2e/b", BadPath::DotSegment),
        ] {
            assert_eq!(text(path), Err(wanted), "{path}");
        }
    }

    #[test]
    fn a_slash_at_the_end_of_a_prefix_says_nothing() {
        for (prefix, wanted) in [("/", ""), ("//", ""), ("/a/", "/a"), ("/%61//", "/a"), ("/a//b", "/a//b")] {
            assert_eq!(canonical_prefix(prefix.as_bytes()).as_deref(), Ok(wanted.as_bytes()));
        }
        assert_eq!(canonical_prefix(b"/a/../b"), Err(BadPath::DotSegment));
    }

    #[test]
    fn a_prefix_is_cut_where_it_ends_in_what_came() {
        for (path, prefix, rest) in [
            ("/api/x", "/api", "/x"),
            ("/%61pi/x", "/api", "/x"),
            ("/b%20r/x", "/b%20r", "/x"),
            ("/a|b/x", "/a%7Cb", "/x"),
            ("/api", "/api", ""),
        ] {
            let cut = raw_length(path.as_bytes(), prefix.len());
            assert_eq!(&path[cut..], rest, "{path}");
        }
    }

    proptest! {
        #[test]
        fn the_form_of_a_form_is_itself(path in "/[a-c%2/.|@ ]{0,12}") {
            if let Ok(once) = canonical(path.as_bytes()) {
                let again = canonical(&once);
                prop_assert_eq!(again.as_deref(), Ok(&*once));
                prop_assert_eq!(raw_length(path.as_bytes(), once.len()), path.len());
            }
        }
    }
}

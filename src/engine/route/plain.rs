//! The globs that mean the same to globset and to picomatch.

use globset::{GlobBuilder, GlobMatcher};

/// Compiles `glob` if it is plain: segments of unreserved characters, in which a wildcard stands behind at least one character that is
/// not a dot, and alternatives are words.
///
/// Such a wildcard can neither begin a segment, where picomatch's refuses dots and empty segments and globset's does not, nor be a part of
/// a `**`, an extglob or a class. What is beyond ASCII is out: globset counts characters where picomatch counts code units.
pub(super) fn compile(glob: &[u16]) -> Option<GlobMatcher> {
    let glob =
        glob.iter().map(|&unit| u8::try_from(unit).ok().filter(u8::is_ascii)).collect::<Option<Vec<_>>>()?;
    let mut rest = glob.as_slice();
    let mut before = Before::Nothing;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        before = match (byte, before) {
            (b'/', Before::Segment | Before::Wildcard | Before::Nothing) => Before::Slash,
            (byte, Before::Slash | Before::Segment | Before::Wildcard) if is_literal(byte) => Before::Segment,
            (b'.', Before::Segment | Before::Wildcard) => Before::Segment,
            (b'*' | b'?', Before::Segment) => Before::Wildcard,
            (b'{', Before::Slash | Before::Segment | Before::Wildcard) => {
                rest = skip_words(rest)?;
                Before::Segment
            }
            _ => return None,
        };
    }
    if matches!(before, Before::Nothing) {
        return None;
    }
    let mut glob = String::from_utf8(glob).ok()?;
    if glob.ends_with('*') {
        // A slash behind a last star is let pass.
        glob.push_str("{,/}");
    }
    let glob = GlobBuilder::new(&glob).literal_separator(true).empty_alternates(true).build().ok()?;
    Some(glob.compile_matcher())
}

#[derive(Clone, Copy)]
enum Before {
    Nothing,
    Slash,
    /// Something of a segment that a wildcard may follow.
    Segment,
    Wildcard,
}

/// Not a dot, which begins the special segments, and nothing that any of the two gives a meaning.
fn is_literal(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'%')
}

/// Behind `word,word}`.
fn skip_words(rest: &[u8]) -> Option<&[u8]> {
    let end = rest.iter().position(|&byte| byte == b'}')?;
    let words = || rest[..end].split(|&byte| byte == b',');
    (words().count() > 1
        && words().all(|word| !word.is_empty() && word.iter().all(u8::is_ascii_alphanumeric)))
    .then(|| &rest[end + 1..])
}

//! The option `pathFilter`, compiled.

use super::glob::{Glob, Path};

/// Whether a request's path is among those that are to be proxied.
///
/// A path is a text of JavaScript: any sequence of UTF-16 code units, a lone surrogate included.
#[derive(Debug)]
pub struct PathFilter(Rule);

#[derive(Debug)]
enum Rule {
    Prefixes(Box<[Box<str>]>),
    Globs(Box<[Glob]>),
}

impl PathFilter {
    /// Paths that begin with any of `prefixes`, wherever a segment ends. None at all if there are no prefixes.
    pub fn prefixes<P: Into<Box<str>>>(prefixes: impl IntoIterator<Item = P>) -> Self {
        Self(Rule::Prefixes(prefixes.into_iter().map(Into::into).collect()))
    }

    /// Paths that the last of `globs` to say something about them lets through, see [`Glob`].
    pub fn globs(globs: impl IntoIterator<Item = Glob>) -> Self {
        Self(Rule::Globs(globs.into_iter().collect()))
    }

    /// Whether `path`, without its query, is let through.
    pub fn matches(&self, path: &str) -> bool {
        match &self.0 {
            Rule::Prefixes(prefixes) => prefixes.iter().any(|prefix| path.starts_with(&**prefix)),
            Rule::Globs(globs) if path.is_ascii() => in_order(globs, &Path::Ascii(path)),
            Rule::Globs(globs) => in_order(globs, &Path::Units(&path.encode_utf16().collect::<Vec<_>>())),
        }
    }

    /// Likewise, for a path that may not be expressible as a `str`.
    pub fn matches_units(&self, path: &[u16]) -> bool {
        match &self.0 {
            Rule::Prefixes(prefixes) => prefixes.iter().any(|prefix| starts_with(path, prefix)),
            Rule::Globs(globs) => match narrow(path) {
                Some(path) => in_order(globs, &Path::Ascii(&path)),
                None => in_order(globs, &Path::Units(path)),
            },
        }
    }
}

/// The list rule of micromatch: a positive glob adds what it matches, a negated one takes away what it does not match in its positive
/// sense, the later one wins; a list of negated globs alone begins with everything.
fn in_order(globs: &[Glob], path: &Path<'_>) -> bool {
    let mut kept = !globs.is_empty() && globs.iter().all(|glob| glob.negated);
    for glob in globs {
        if glob.is_match(path) != glob.negated {
            kept = !glob.negated;
        }
    }
    kept
}

fn starts_with(path: &[u16], prefix: &str) -> bool {
    let mut units = path.iter().copied();
    prefix.encode_utf16().all(|unit| units.next() == Some(unit))
}

fn narrow(path: &[u16]) -> Option<String> {
    if path.iter().any(|&unit| unit > 0x7f) {
        return None;
    }
    // A loop without a branch, which the compiler vectorises.
    String::from_utf8(path.iter().map(|&unit| unit.to_le_bytes()[0]).collect()).ok()
}

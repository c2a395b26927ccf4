//! One glob: what picomatch makes of it, run by the fastest matcher that gives the same answer.

use super::linear::Automaton;
use super::plain;
use globset::GlobMatcher;
use regress::{Flags, Regex};
use std::fmt;

/// A glob as picomatch, the engine of micromatch, understands it: a regular expression of JavaScript without the flag `u`, which sees
/// UTF-16 code units one by one.
#[derive(Debug)]
pub struct Glob {
    /// Its own text matches too, whatever it means as a glob.
    text: Box<[u16]>,
    pub(super) negated: bool,
    separators: Separators,
    matcher: Matcher,
    /// Gives the same answers for ASCII.
    plain: Option<GlobMatcher>,
}

/// What runs the regular expression.
#[derive(Debug)]
enum Matcher {
    /// Never reads a path twice.
    Linear(Automaton),
    /// Backtracks, but takes everything: backreferences, lookbehinds, counted quantifiers, …
    Backtracking(Regex),
}

/// What separates the segments of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separators {
    /// `/`
    Slash,
    /// `/` and `\`, as micromatch has it on Windows.
    SlashAndBackslash,
}

/// A path as the matchers want it.
pub(super) enum Path<'a> {
    Ascii(&'a str),
    Units(&'a [u16]),
}

/// The regular expression of a glob that the engine cannot run.
#[derive(Debug)]
pub struct InvalidGlob(regress::Error);

impl Glob {
    /// `source`: of the regular expression that picomatch makes of `text`. `negated`: what picomatch says about `text`.
    pub fn new(
        text: &[u16],
        source: &[u16],
        negated: bool,
        separators: Separators,
    ) -> Result<Self, InvalidGlob> {
        let matcher = match Automaton::new(source) {
            Some(automaton) => Matcher::Linear(automaton),
            None => Matcher::Backtracking(
                Regex::from_unicode(source.iter().copied().map(u32::from), Flags::default())
                    .map_err(InvalidGlob)?,
            ),
        };
        let plain = if negated || separators != Separators::Slash { None } else { plain::compile(text) };
        Ok(Self { text: text.into(), negated, separators, matcher, plain })
    }

    pub(super) fn is_match(&self, path: &Path<'_>) -> bool {
        match (path, self.separators) {
            // Micromatch has it so even for a glob that matches everything.
            (Path::Ascii(""), _) | (Path::Units([]), _) => false,
            (Path::Ascii(path), Separators::Slash) => self.is_match_ascii(path),
            (Path::Units(path), Separators::Slash) => self.is_match_units(path),
            (Path::Ascii(path), _) => {
                let path: Vec<u16> = path.encode_utf16().collect();
                self.is_text(&path) || self.is_match_units(&with_slashes(&path))
            }
            (Path::Units(path), _) => self.is_text(path) || self.is_match_units(&with_slashes(path)),
        }
    }

    fn is_match_ascii(&self, path: &str) -> bool {
        self.is_text_ascii(path)
            || match &self.plain {
                Some(plain) => plain.is_match(path),
                None => self.matcher.is_match_ascii(path),
            }
    }

    fn is_match_units(&self, path: &[u16]) -> bool {
        self.is_text(path) || self.matcher.is_match_units(path)
    }

    fn is_text(&self, path: &[u16]) -> bool {
        *self.text == *path
    }

    fn is_text_ascii(&self, path: &str) -> bool {
        self.text.len() == path.len() && self.text.iter().copied().eq(path.bytes().map(u16::from))
    }

    /// Whether globset runs it.
    #[cfg(test)]
    pub(super) fn is_plain(&self) -> bool {
        self.plain.is_some()
    }
}

impl Matcher {
    fn is_match_ascii(&self, path: &str) -> bool {
        match self {
            Self::Linear(automaton) => automaton.is_match(path.bytes().map(u16::from)),
            Self::Backtracking(regex) => regex.find_ascii(path).is_some(),
        }
    }

    fn is_match_units(&self, path: &[u16]) -> bool {
        match self {
            Self::Linear(automaton) => automaton.is_match(path.iter().copied()),
            Self::Backtracking(regex) => regex.find_from_ucs2(path, 0).next().is_some(),
        }
    }
}

impl fmt::Display for InvalidGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.text)
    }
}

impl std::error::Error for InvalidGlob {}

/// Every backslash that escapes nothing becomes a slash, as picomatch has it.
fn with_slashes(path: &[u16]) -> Vec<u16> {
    const BACKSLASH: u16 = b'\\' as u16;
    let escapable = |unit: &u16| u8::try_from(*unit).is_ok_and(|byte| b"*+?^${}(|)[]".contains(&byte));
    let next = path.iter().skip(1).map(Some).chain([None]);
    path.iter()
        .zip(next)
        .map(
            |(&unit, next)| {
                if unit == BACKSLASH && !next.is_some_and(escapable) { u16::from(b'/') } else { unit }
            },
        )
        .collect()
}

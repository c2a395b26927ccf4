//! The option `pathRewrite`, compiled: regular expressions of JavaScript, and what takes the place of their first match.

use regress::{Flags, Match, Regex};
use std::fmt;
use std::ops::Range;

/// Rules by which request targets are rewritten: the first one that matches is applied, even if it changes nothing.
#[derive(Debug)]
pub struct PathRewrite(Box<[Rule]>);

#[derive(Debug)]
struct Rule {
    regex: Regex,
    replacement: Box<[Part]>,
}

/// A piece of what `String.prototype.replace` puts in the place of a match (ECMA-262, GetSubstitution).
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    /// `` $` ``
    Before,
    /// `$&`
    Whole,
    /// `$'`
    After,
    /// `$1`, counted from one.
    Group(usize),
    /// `$<name>`
    Named(String),
}

/// Why a rule cannot be used.
#[derive(Debug)]
pub enum InvalidRewrite {
    /// The engine cannot run its regular expression.
    Regex(regress::Error),
    /// Its replacement has characters that no request target has, not even a malformed one.
    Replacement,
}

impl PathRewrite {
    /// Compiles rules: pairs of a regular expression's source and a replacement, in UTF-16, in the order in which they are tried.
    ///
    /// # Errors
    ///
    /// For the first rule that cannot be used.
    pub fn new<'a>(rules: impl IntoIterator<Item = (&'a [u16], &'a [u16])>) -> Result<Self, InvalidRewrite> {
        rules
            .into_iter()
            .map(|(source, replacement)| Rule::new(source, replacement))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The target that `target` is rewritten to; `None` if no rule matches. Bytes are characters, as in Node's `req.url`.
    pub fn apply(&self, target: &[u8]) -> Option<Vec<u8>> {
        if let Ok(text) = std::str::from_utf8(target)
            && text.is_ascii()
        {
            return self.0.iter().find_map(|rule| Some(rule.replace(target, &rule.regex.find_ascii(text)?)));
        }
        let units: Vec<u16> = target.iter().copied().map(u16::from).collect();
        self.0
            .iter()
            .find_map(|rule| Some(rule.replace(target, &rule.regex.find_from_ucs2(&units, 0).next()?)))
    }
}

impl Rule {
    fn new(source: &[u16], replacement: &[u16]) -> Result<Self, InvalidRewrite> {
        let replacement = replacement
            .iter()
            .map(|unit| u8::try_from(*unit))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| InvalidRewrite::Replacement)?;
        // Only a match tells of the groups there are: this expression always finds one, an empty one, and has the same groups.
        let any = compile(&[&units("|(?:"), source, &units(")")].concat())?;
        let (groups, has_names) = match any.find_ascii("") {
            Some(found) => (found.captures.len(), found.named_groups().len() > 0),
            None => (0, false),
        };
        Ok(Self { regex: compile(source)?, replacement: parts(&replacement, groups, has_names).into() })
    }

    fn replace(&self, target: &[u8], found: &Match) -> Vec<u8> {
        let Range { start, end } = found.range();
        let mut result = target[..start].to_vec();
        for part in &self.replacement {
            result.extend_from_slice(match part {
                Part::Text(text) => text,
                Part::Before => &target[..start],
                Part::Whole => &target[start..end],
                Part::After => &target[end..],
                // A group that took no part is empty.
                Part::Group(number) => &target[found.group(*number).unwrap_or_default()],
                Part::Named(name) => &target[found.named_group(name).unwrap_or_default()],
            });
        }
        result.extend_from_slice(&target[end..]);
        result
    }
}

fn compile(source: &[u16]) -> Result<Regex, InvalidRewrite> {
    Regex::from_unicode(source.iter().copied().map(u32::from), Flags::default())
        .map_err(InvalidRewrite::Regex)
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// Reads a replacement for an expression with so many groups.
fn parts(replacement: &[u8], groups: usize, has_names: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut text = Vec::new();
    let mut rest = replacement;
    while let Some((&first, after)) = rest.split_first() {
        let reference = if first == b'$' { reference(after, groups, has_names) } else { None };
        let Some((part, length)) = reference else {
            text.push(first);
            rest = after;
            continue;
        };
        rest = &after[length..];
        match part {
            Part::Text(more) => text.extend(more),
            part => {
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(part);
            }
        }
    }
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    parts
}

/// What stands behind a `$`, and how long it is; `None` if the `$` is one.
fn reference(rest: &[u8], groups: usize, has_names: bool) -> Option<(Part, usize)> {
    let digit = |at: usize| rest.get(at).filter(|b| b.is_ascii_digit()).map(|b| usize::from(b - b'0'));
    match rest.first()? {
        b'$' => Some((Part::Text(vec![b'$']), 1)),
        b'`' => Some((Part::Before, 1)),
        b'&' => Some((Part::Whole, 1)),
        b'\'' => Some((Part::After, 1)),
        b'<' if has_names => {
            let end = memchr::memchr(b'>', rest)?;
            Some((Part::Named(rest[1..end].iter().copied().map(char::from).collect()), end + 1))
        }
        _ => {
            let one = digit(0)?;
            let two = digit(1).map(|next| one * 10 + next);
            // Two digits count if there are so many groups, one if there are not.
            match two.filter(|number| (1..=groups).contains(number)) {
                Some(number) => Some((Part::Group(number), 2)),
                None => (1..=groups).contains(&one).then_some((Part::Group(one), 1)),
            }
        }
    }
}

impl fmt::Display for InvalidRewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regex(error) => write!(f, "{}", error.text),
            Self::Replacement => f.write_str("a replacement has characters that cannot be sent"),
        }
    }
}

impl std::error::Error for InvalidRewrite {}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewrite(rules: &[(&str, &str)]) -> PathRewrite {
        let rules: Vec<_> = rules.iter().map(|(source, to)| (units(source), units(to))).collect();
        PathRewrite::new(rules.iter().map(|(source, to)| (&source[..], &to[..]))).unwrap()
    }

    fn applied(rules: &[(&str, &str)], target: &str) -> Option<String> {
        rewrite(rules).apply(target.as_bytes()).map(|new| String::from_utf8(new).unwrap())
    }

    /// The second column is what V8 says.
    #[test]
    fn references_are_those_of_javascript() {
        for (source, replacement, wanted) in [
            ("b", "[$&]", "/a[b]c"),
            ("b", "[$`]", "/a[/a]c"),
            ("b", "[$']", "/a[c]c"),
            ("b", "$$", "/a$c"),
            ("b", "$", "/a$c"),
            ("b", "$x$1$0$00", "/a$x$1$0$00c"),
            ("(b)", "$1$01$11$2$0$00", "/abbb1$2$0$00c"),
            ("(b)(x)?", "<$2>", "/a<>c"),
            ("(b)", "$<n>", "/a$<n>c"),
            ("(?<n>b)", "$<n>$<m>$<n", "/ab$<nc"),
            ("(a)(b)(c)()()()()()()()", "$3$2$1$10$11", "/cbaa1"),
        ] {
            assert_eq!(
                applied(&[(source, replacement)], "/abc").as_deref(),
                Some(wanted),
                "{source} {replacement}"
            );
        }
    }

    #[test]
    fn the_first_rule_that_matches_is_the_only_one() {
        let rules = [("^/a", "/b"), ("^/b", "/c"), ("x", "x"), ("x", "never")];
        for (target, wanted) in [
            ("/a/1", Some("/b/1")),
            ("/b", Some("/c")),
            ("/x", Some("/x")),
            ("/n", None),
            ("/x/x", Some("/x/x")),
        ] {
            assert_eq!(applied(&rules, target).as_deref(), wanted, "{target}");
        }
        assert_eq!(applied(&[], "/a"), None);
    }

    #[test]
    fn bytes_are_characters() {
        let rule = rewrite(&[("^/\u{e9}(.)$", "/$1\u{e8}")]);
        assert_eq!(rule.apply(b"/\xe9\xea").as_deref(), Some(&b"/\xea\xe8"[..]));
        assert_eq!(rule.apply("/\u{e9}a".as_bytes()), None);
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let error = PathRewrite::new([(&units("(")[..], &[][..])]).unwrap_err();
        assert!(matches!(error, InvalidRewrite::Regex(_)));
        let error = PathRewrite::new([(&units("a")[..], &units("\u{20ac}")[..])]).unwrap_err();
        assert!(matches!(error, InvalidRewrite::Replacement));
    }
}

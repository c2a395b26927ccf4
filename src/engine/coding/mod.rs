//! Content codings (RFC 9110 §8.4): what a `Content-Encoding` field lists is taken off, or put on, piece by piece.
//!
//! Runs on the caller's thread and does not wait. A [`Decoder`] never gives more than it was asked for, however much a few bytes stand
//! for, and holds a window of each coding and one buffer between two of them.

mod brotli;
mod decoder;
mod encoder;
mod inflate;
mod zstd;

#[cfg(test)]
mod tests;

pub use decoder::Decoder;
pub use encoder::Encoder;

use std::fmt;

/// A coding that can be taken off and put on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `gzip`, `x-gzip` (RFC 1952).
    Gzip,
    /// `deflate` (RFC 1950); without the zlib frame, too, as some servers send it.
    Deflate,
    /// `br` (RFC 7932).
    Brotli,
    /// `zstd` (RFC 8878).
    Zstd,
}

impl Coding {
    /// The coding of this name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        match () {
            () if is("gzip") || is("x-gzip") => Some(Self::Gzip),
            () if is("deflate") => Some(Self::Deflate),
            () if is("br") => Some(Self::Brotli),
            () if is("zstd") => Some(Self::Zstd),
            () => None,
        }
    }

    /// Its registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

/// What a `Content-Encoding` field says, in the order in which the codings were put on.
#[derive(Debug, PartialEq, Eq)]
pub struct Codings {
    /// Those below the first one from the outside that is not known: they stay on.
    pub left: String,
    /// Those that can be taken off.
    pub known: Vec<Coding>,
}

impl Codings {
    /// Reads the value of the field, or several joined with commas.
    pub fn parse(field: &str) -> Result<Self, Fault> {
        let names = field.split(',').map(str::trim);
        let mut left: Vec<&str> =
            names.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity")).collect();
        let mut known = Vec::new();
        while let Some(coding) = left.last().and_then(|name| Coding::named(name)) {
            known.push(coding);
            left.pop();
        }
        if known.len() > MOST_CODINGS {
            return Err(Fault::TooMany);
        }
        known.reverse();
        Ok(Self { left: left.join(", "), known })
    }
}

/// Each layer has a window of up to 16 MiB, and a few bytes of several stand for more than any limit lets pass.
const MOST_CODINGS: usize = 4;

/// Why a body cannot be decoded or encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The bytes are not of this coding.
    Invalid(Coding),
    /// The body ends before this coding does.
    Truncated(Coding),
    /// There are more bytes than this, which is the limit.
    TooLarge(u64),
    /// The field lists more codings than anybody needs.
    TooMany,
    /// The field lists a coding that is not known.
    Unknown(String),
}

impl Fault {
    /// The `code` of the error that the user sees.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) | Self::Truncated(_) => "ERR_PROXY_INVALID_CODING",
            Self::TooLarge(_) => "ERR_PROXY_BODY_TOO_LARGE",
            Self::TooMany | Self::Unknown(_) => "ERR_PROXY_UNSUPPORTED_CODING",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(coding) => write!(f, "The body is not valid {}", coding.name()),
            Self::Truncated(coding) => write!(f, "The body ends before its {} coding does", coding.name()),
            Self::TooLarge(limit) => write!(f, "The body is larger than the limit of {limit} bytes"),
            Self::TooMany => write!(f, "The body has more than {MOST_CODINGS} content codings"),
            Self::Unknown(name) => write!(f, "The content coding {name:?} is not supported"),
        }
    }
}

impl std::error::Error for Fault {}

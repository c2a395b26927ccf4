//! Response heads of HTTP/1 targets: httparse's grammar, and the rules it leaves to its caller (docs/reliability-rows.md, D).
//!
//! A head is parsed once, when its end has arrived, so that a head that drips in byte by byte costs no more than one in a piece.

use super::{Fields, Found, Framing, Version};
use crate::engine::error::{Error, Fault, Phase};
use crate::engine::head::framing::FramingError;
use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem;
use std::mem::MaybeUninit;
use std::sync::LazyLock;

/// The head of a response.
#[derive(Clone, Debug)]
pub struct ResponseHead {
    /// The status, from 100 to 999.
    pub status: u16,
    /// The reason phrase; empty if it holds anything but visible ASCII.
    pub reason: Bytes,
    /// Its fields.
    pub fields: Fields,
    /// The version in which it came.
    pub version: Version,
}

impl ResponseHead {
    /// Takes a head from the front of `buffer`, once it is there. `searched` is how much of the buffer earlier calls have looked at.
    ///
    /// # Errors
    ///
    /// A [`Fault`] as soon as the bytes cannot become a head any more.
    pub fn take(buffer: &mut BytesMut, searched: &mut usize) -> Result<Option<Self>, Error> {
        let start = &buffer[..buffer.len().min(PREFIX.len())];
        if *start != PREFIX[..start.len()] {
            return Err(fault(Fault::NotHttp));
        }
        let Some(end) = find_end(buffer, searched).map_err(fault)? else {
            return if buffer.len() > LARGEST_HEAD { Err(fault(Fault::Overflow)) } else { Ok(None) };
        };
        if end > LARGEST_HEAD {
            return Err(fault(Fault::Overflow));
        }
        *searched = 0;
        // A copy: the buffer remains one piece, for the next read.
        let mut text = Vec::with_capacity(end + ROOM_FOR_PASSES);
        text.extend_from_slice(&buffer[..end]);
        buffer.advance(end);
        Self::parse(text).map(Some)
    }

    fn parse(text: Vec<u8>) -> Result<Self, Error> {
        let mut lines = [const { MaybeUninit::uninit() }; MOST_FIELDS];
        let mut parsed = httparse::Response::new(&mut []);
        let parser = httparse::ParserConfig::default();
        match parser.parse_response_with_uninit_headers(&mut parsed, &text, &mut lines) {
            Ok(httparse::Status::Complete(end)) if end == text.len() => {}
            // It has seen an end that strict readers do not.
            Ok(httparse::Status::Complete(_)) => return Err(fault(Fault::LineEnd)),
            Ok(httparse::Status::Partial) => return Err(fault(Fault::Field)),
            Err(error) => {
                return Err(fault(match error {
                    httparse::Error::Status => Fault::Status,
                    httparse::Error::TooManyHeaders => Fault::Overflow,
                    httparse::Error::Version => Fault::Version,
                    _ => Fault::Field,
                }));
            }
        }
        let status = parsed.code.filter(|code| *code >= 100).ok_or_else(|| fault(Fault::Status))?;
        let reason = parsed.reason.unwrap_or_default().as_bytes();
        let reason = match reason {
            b"OK" => Bytes::from_static(b"OK"),
            _ if reason.iter().all(|b| matches!(b, b' '..=b'~')) => Bytes::copy_from_slice(reason),
            _ => Bytes::new(),
        };
        let version = if parsed.version == Some(0) { Version::Http10 } else { Version::Http11 };
        let found = Found::new(&text, parsed.headers).map_err(fault)?;
        Ok(Self { status, reason, fields: Fields::found(text, found), version })
    }

    /// How long the body is, given the method of the request (RFC 9112 §6.3).
    ///
    /// # Errors
    ///
    /// Framing that two readers could understand in two ways.
    pub fn framing(&self, method: &[u8]) -> Result<Framing, Error> {
        let said = Framing::of(&self.fields).map_err(|error| {
            fault(match error {
                FramingError::Length => Fault::ContentLength,
                FramingError::TransferCoding => Fault::TransferCoding,
                FramingError::LengthAfterCoding => Fault::LengthAfterCoding,
                FramingError::CodingAfterLength => Fault::CodingAfterLength,
            })
        })?;
        if self.version == Version::Http10 && said == Some(Framing::Chunked) {
            return Err(fault(Fault::TransferCoding));
        }
        if method == b"HEAD" || matches!(self.status, 100..=199 | 204 | 304) {
            return Ok(Framing::Empty);
        }
        Ok(said.unwrap_or(Framing::UntilClose))
    }

    /// Whether the target says that the connection ends with this response.
    pub fn closes(&self) -> bool {
        let mut keep_alive = false;
        for value in self.fields.get_all(b"connection") {
            for token in value.split(|&b| b == b',').map(<[u8]>::trim_ascii) {
                if token.eq_ignore_ascii_case(b"close") {
                    return true;
                }
                keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
            }
        }
        self.version == Version::Http10 && !keep_alive
    }
}

/// Where a head (or a trailer section) ends in `buffer`, just behind its empty line; `searched` remembers how far it was looked for.
///
/// # Errors
///
/// A line feed without a carriage return, in what has no end yet. In a head that has one, its parser finds it.
pub fn find_end(buffer: &[u8], searched: &mut usize) -> Result<Option<usize>, Fault> {
    if buffer.starts_with(b"\r\n") {
        return Ok(Some(2));
    }
    // As it mostly is: all of it has come.
    if *searched == 0
        && let Some(end) = END.find(buffer)
    {
        return Ok(Some(end + END.needle().len()));
    }
    let mut at = *searched;
    while let Some(offset) = memchr::memchr(b'\n', &buffer[at..]) {
        let feed = at + offset;
        if feed == 0 || buffer[feed - 1] != b'\r' {
            return Err(Fault::LineEnd);
        }
        if feed == 1 || (feed >= 3 && buffer[feed - 2] == b'\n') {
            return Ok(Some(feed + 1));
        }
        at = feed + 1;
    }
    *searched = buffer.len();
    Ok(None)
}

/// Parses a field section that ends with an empty line, such as trailers.
///
/// # Errors
///
/// When it is none, or has more than `most` fields.
pub fn parse_fields(text: &[u8], most: usize) -> Result<Fields, Fault> {
    let mut lines = vec![httparse::EMPTY_HEADER; most];
    match httparse::parse_headers(text, &mut lines) {
        Ok(httparse::Status::Complete((end, _))) if end < text.len() => Err(Fault::LineEnd),
        Ok(httparse::Status::Complete((_, parsed))) => {
            let found = Found::new(text, parsed)?;
            Ok(Fields::found(text.to_vec(), found))
        }
        Err(httparse::Error::TooManyHeaders) => Err(Fault::Overflow),
        _ => Err(Fault::Field),
    }
}

static END: LazyLock<memmem::Finder<'_>> = LazyLock::new(|| memmem::Finder::new(b"\r\n\r\n"));

const fn fault(fault: Fault) -> Error {
    Error::protocol(fault, Phase::Head)
}

const PREFIX: &[u8] = b"HTTP/";
/// Limits of responses (docs/reliability-rows.md, D-19).
const LARGEST_HEAD: usize = 64 * 1024;
const MOST_FIELDS: usize = 200;
/// What passes add to most heads.
const ROOM_FOR_PASSES: usize = 128;

#[cfg(test)]
mod tests;

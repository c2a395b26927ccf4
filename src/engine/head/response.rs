//! Response heads of HTTP/1 targets: httparse's grammar, and the rules it leaves to its caller (docs/reliability-rows.md, D).
//!
//! A head is parsed once, when its end has arrived, so that a head that drips in byte by byte costs no more than one in a piece.

use super::{Fields, Framing, Version};
use crate::engine::error::{Error, Fault, Phase};
use crate::engine::head::framing::FramingError;
use bytes::{Bytes, BytesMut};

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
        Self::parse(&buffer.split_to(end).freeze()).map(Some)
    }

    fn parse(text: &Bytes) -> Result<Self, Error> {
        let mut lines = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut parsed = httparse::Response::new(&mut lines);
        match parsed.parse(text) {
            Ok(httparse::Status::Complete(_)) => {}
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
        let reason = if reason.iter().all(|b| matches!(b, b' '..=b'~')) {
            text.slice_ref(reason)
        } else {
            Bytes::new()
        };
        let mut fields = Fields::with_capacity(parsed.headers.len() + 2);
        for line in parsed.headers.iter() {
            fields.push(text.slice_ref(line.name.as_bytes()), text.slice_ref(line.value));
        }
        let version = if parsed.version == Some(0) { Version::Http10 } else { Version::Http11 };
        Ok(Self { status, reason, fields, version })
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
/// A line feed without a carriage return: strict readers and lenient ones would see different heads.
pub fn find_end(buffer: &[u8], searched: &mut usize) -> Result<Option<usize>, Fault> {
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
pub fn parse_fields(text: &Bytes, most: usize) -> Result<Fields, Fault> {
    let mut lines = vec![httparse::EMPTY_HEADER; most];
    match httparse::parse_headers(text, &mut lines) {
        Ok(httparse::Status::Complete((_, parsed))) => {
            let mut fields = Fields::with_capacity(parsed.len());
            for line in parsed {
                fields.push(text.slice_ref(line.name.as_bytes()), text.slice_ref(line.value));
            }
            Ok(fields)
        }
        Err(httparse::Error::TooManyHeaders) => Err(Fault::Overflow),
        _ => Err(Fault::Field),
    }
}

const fn fault(fault: Fault) -> Error {
    Error::protocol(fault, Phase::Head)
}

const PREFIX: &[u8] = b"HTTP/";
/// Limits of responses (docs/reliability-rows.md, D-19).
const LARGEST_HEAD: usize = 64 * 1024;
const MOST_FIELDS: usize = 200;

#[cfg(test)]
mod tests;

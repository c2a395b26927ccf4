//! permessage-deflate (RFC 7692): what was agreed on, and the two halves of a direction.

use super::Direction;
use super::reader::MOST;
use crate::engine::head::Fields;
use bytes::{Bytes, BytesMut};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use std::io;

/// What the two ends have agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    client: Terms,
    server: Terms,
}

/// The terms on which one end compresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Terms {
    /// Each message begins anew.
    begins_anew: bool,
    window_bits: u8,
}

const DEFAULT: Terms = Terms { begins_anew: false, window_bits: 15 };

impl Agreement {
    /// What a grant's fields say. `None`: messages are not compressed.
    ///
    /// # Errors
    ///
    /// When it agrees to something that was not offered.
    pub fn of(fields: &Fields) -> Result<Option<Self>, Unknown> {
        let mut elements = fields.get_all(FIELD).flat_map(|value| value.split(|&b| b == b','));
        let Some(element) = elements.next().filter(|element| !element.trim_ascii().is_empty()) else {
            return Ok(None);
        };
        if elements.next().is_some() {
            return Err(Unknown);
        }
        let mut parts = element.split(|&b| b == b';').map(<[u8]>::trim_ascii);
        if !parts.next().is_some_and(is_deflate) {
            return Err(Unknown);
        }
        let mut agreement = Self { client: DEFAULT, server: DEFAULT };
        for part in parts {
            let (name, value) = match memchr::memchr(b'=', part) {
                Some(mark) => (part[..mark].trim_ascii(), part[mark + 1..].trim_ascii()),
                None => (part, &b""[..]),
            };
            match &name.to_ascii_lowercase()[..] {
                b"client_no_context_takeover" => agreement.client.begins_anew = true,
                b"server_no_context_takeover" => agreement.server.begins_anew = true,
                b"client_max_window_bits" => agreement.client.window_bits = window_bits(value)?,
                b"server_max_window_bits" => agreement.server.window_bits = window_bits(value)?,
                _ => return Err(Unknown),
            }
        }
        Ok(Some(agreement))
    }

    const fn of_sender(&self, direction: Direction) -> Terms {
        match direction {
            Direction::ToTarget => self.client,
            Direction::ToClient => self.server,
        }
    }
}

/// An extension that nobody here knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown;

fn window_bits(value: &[u8]) -> Result<u8, Unknown> {
    let digits = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(value);
    let text = std::str::from_utf8(digits).map_err(|_| Unknown)?;
    text.parse().ok().filter(|bits| (8..=15).contains(bits)).ok_or(Unknown)
}

fn is_deflate(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"permessage-deflate")
}

/// Leaves, of the extensions that a client offers, those that can be taken apart here.
pub(in crate::engine) fn keep_offers(fields: &mut Fields) {
    match kept_offers(fields.get_all(FIELD)) {
        Some(offers) => fields.set("sec-websocket-extensions", offers),
        None => fields.remove(FIELD),
    }
}

/// The same of the field's values. `None`: nothing is left.
pub fn kept_offers<'a>(values: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let offers: Vec<&[u8]> = values
        .flat_map(|value| value.split(|&b| b == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|offer| offer.split(|&b| b == b';').next().is_some_and(|name| is_deflate(name.trim_ascii())))
        .collect();
    (!offers.is_empty()).then(|| offers.join(&b", "[..]))
}

const FIELD: &[u8] = b"sec-websocket-extensions";

/// Takes the compression off one direction's messages, and puts it on again.
pub(super) struct Codec {
    terms: Terms,
    inflate: Decompress,
    /// None if the smallest window was agreed on, with which nobody compresses.
    deflate: Option<Compress>,
}

impl Codec {
    pub(super) fn new(agreement: &Agreement, direction: Direction) -> Self {
        let terms = agreement.of_sender(direction);
        let deflate = (terms.window_bits > 8)
            .then(|| Compress::new_with_window_bits(Compression::fast(), false, terms.window_bits));
        // Any smaller window can be read with the largest one.
        Self { terms, inflate: Decompress::new_with_window_bits(false, 15), deflate }
    }

    /// # Errors
    ///
    /// When it is no compressed message, or grows beyond all bounds.
    pub(super) fn inflate(&mut self, payload: &[u8]) -> io::Result<BytesMut> {
        let mut out = BytesMut::new();
        for mut input in [payload, TAIL] {
            loop {
                let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
                let mut piece = [0; PIECE];
                let status = self.inflate.decompress(input, &mut piece, FlushDecompress::Sync)?;
                let read = usize::try_from(self.inflate.total_in() - before_in).unwrap_or(0);
                let written = usize::try_from(self.inflate.total_out() - before_out).unwrap_or(0);
                input = &input[read..];
                out.extend_from_slice(&piece[..written]);
                if out.len() > MOST {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                // A sender may end its stream with each message; the next one begins another.
                if status == Status::StreamEnd {
                    self.inflate.reset(false);
                    return Ok(out);
                }
                if written < PIECE && (input.is_empty() || read == 0) {
                    break;
                }
            }
        }
        if self.terms.begins_anew {
            self.inflate.reset(false);
        }
        Ok(out)
    }

    /// `None` if messages of this direction are sent as they are.
    ///
    /// # Errors
    ///
    /// When the compressor fails.
    pub(super) fn deflate(&mut self, payload: &[u8]) -> io::Result<Option<Bytes>> {
        let Some(deflate) = &mut self.deflate else { return Ok(None) };
        let mut out = Vec::with_capacity(payload.len() / 2 + 64);
        let mut input = payload;
        loop {
            let before = deflate.total_in();
            deflate.compress_vec(input, &mut out, FlushCompress::Sync)?;
            input = &input[usize::try_from(deflate.total_in() - before).unwrap_or(0)..];
            if input.is_empty() && out.len() < out.capacity() {
                break;
            }
            out.reserve(out.capacity().max(PIECE));
        }
        if out.ends_with(TAIL) {
            out.truncate(out.len() - TAIL.len());
        }
        if self.terms.begins_anew {
            deflate.reset();
        }
        Ok(Some(out.into()))
    }
}

/// What a sender leaves away (RFC 7692 §7.2.1).
const TAIL: &[u8] = &[0, 0, 0xff, 0xff];
const PIECE: usize = 16 * 1024;

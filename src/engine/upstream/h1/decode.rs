//! Reads response bodies, strictly: whatever two readers could understand in two ways is an error (RFC 9112 §6–7).

use crate::engine::error::Fault;
use crate::engine::head::{Fields, Framing, find_end, parse_fields};
use bytes::{Buf, Bytes, BytesMut};

/// Takes a body out of the bytes of a connection.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    /// Bytes of chunk extensions and trailers so far.
    overhead: usize,
    trailers: Fields,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// So many bytes are left.
    Length(u64),
    /// At the beginning of a chunk's size line.
    Size,
    /// Within a chunk.
    Chunk(u64),
    /// Behind a chunk, before its CRLF.
    ChunkEnd,
    /// Behind the last chunk; so much of the trailer section was searched for its end.
    Trailers(usize),
    /// All there is until the connection closes.
    UntilClose,
    /// Over.
    Done,
}

/// What the decoder found.
#[derive(Debug)]
pub enum Decoded {
    /// Bytes of the body.
    Data(Bytes),
    /// It needs more bytes from the connection.
    More,
    /// The body is over, with these trailers. What is left in the buffer is not part of it.
    End(Fields),
}

impl Decoder {
    /// A decoder for a body framed so.
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Empty => State::Done,
            Framing::Length(n) => State::Length(n),
            Framing::Chunked => State::Size,
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, overhead: 0, trailers: Fields::default() }
    }

    /// Takes the next piece of the body from the front of `buffer`.
    ///
    /// # Errors
    ///
    /// What is wrong with the framing.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Decoded, Fault> {
        loop {
            match self.state {
                State::Done => return Ok(Decoded::End(std::mem::take(&mut self.trailers))),
                State::UntilClose => {
                    return Ok(if buffer.is_empty() {
                        Decoded::More
                    } else {
                        Decoded::Data(buffer.split().freeze())
                    });
                }
                State::Length(0) => self.state = State::Done,
                State::Length(left) => {
                    let Some(data) = take(buffer, left) else { return Ok(Decoded::More) };
                    self.state = State::Length(left - data.len() as u64);
                    return Ok(Decoded::Data(data));
                }
                State::Chunk(0) => self.state = State::ChunkEnd,
                State::Chunk(left) => {
                    let Some(data) = take(buffer, left) else { return Ok(Decoded::More) };
                    self.state = State::Chunk(left - data.len() as u64);
                    return Ok(Decoded::Data(data));
                }
                State::ChunkEnd => match &buffer[..buffer.len().min(2)] {
                    b"\r\n" => {
                        buffer.advance(2);
                        self.state = State::Size;
                    }
                    b"" | b"\r" => return Ok(Decoded::More),
                    _ => return Err(Fault::Chunk),
                },
                State::Size => {
                    let Some(size) = self.size_line(buffer)? else { return Ok(Decoded::More) };
                    self.state = if size == 0 { State::Trailers(0) } else { State::Chunk(size) };
                }
                State::Trailers(mut searched) => {
                    let end = find_end(buffer, &mut searched)?;
                    if end.unwrap_or(buffer.len()) + self.overhead > MOST_OVERHEAD {
                        return Err(Fault::Overflow);
                    }
                    let Some(end) = end else {
                        self.state = State::Trailers(searched);
                        return Ok(Decoded::More);
                    };
                    self.trailers = parse_fields(&buffer.split_to(end), MOST_TRAILERS)?;
                    self.state = State::Done;
                }
            }
        }
    }

    /// Whether a connection that closes here has sent the whole body.
    pub const fn may_end_by_close(&self) -> bool {
        matches!(self.state, State::UntilClose | State::Done | State::Length(0))
    }

    /// `1*HEXDIG [ chunk-ext ] CRLF`
    fn size_line(&mut self, buffer: &mut BytesMut) -> Result<Option<u64>, Fault> {
        let Some(feed) = memchr::memchr(b'\n', buffer) else {
            // Refuse what cannot become a size line before it fills the memory.
            let digits = buffer.iter().take_while(|b| b.is_ascii_hexdigit()).count();
            if digits > MOST_DIGITS || buffer.first().is_some_and(|b| !b.is_ascii_hexdigit()) {
                return Err(Fault::ChunkSize);
            }
            // Counted as it is once the line is whole, so that a limit does not depend on how the bytes arrive.
            let extension = buffer.len() - digits - usize::from(buffer.ends_with(b"\r"));
            let over = extension + self.overhead > MOST_OVERHEAD;
            return if over { Err(Fault::Overflow) } else { Ok(None) };
        };
        let Some(line) = buffer[..feed].strip_suffix(b"\r") else { return Err(Fault::Chunk) };
        let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        if digits == 0 || digits > MOST_DIGITS {
            return Err(Fault::ChunkSize);
        }
        let extension = &line[digits..];
        if !matches!(extension.first(), None | Some(b';' | b' ' | b'\t')) {
            return Err(Fault::ChunkSize);
        }
        if extension.iter().any(|&b| b != b'\t' && (b < 0x20 || b == 0x7f)) {
            return Err(Fault::Chunk);
        }
        // White space alone is not an extension: readers differ on it.
        if !extension.is_empty() && extension.trim_ascii_start().first() != Some(&b';') {
            return Err(Fault::ChunkSize);
        }
        self.overhead += extension.len();
        if self.overhead > MOST_OVERHEAD {
            return Err(Fault::Overflow);
        }
        let value = |n: u64, b: &u8| n << 4 | u64::from((*b as char).to_digit(16).unwrap_or(0));
        let size = line[..digits].iter().fold(0, value);
        if size > i64::MAX as u64 {
            return Err(Fault::ChunkSize);
        }
        buffer.advance(feed + 1);
        Ok(Some(size))
    }
}

/// Up to `most` bytes from the front; `None` if there are none.
fn take(buffer: &mut BytesMut, most: u64) -> Option<Bytes> {
    let length = usize::try_from(most).unwrap_or(usize::MAX).min(buffer.len());
    (length > 0).then(|| buffer.split_to(length).freeze())
}

/// Sixteen hexadecimal digits fill 64 bits.
const MOST_DIGITS: usize = 16;
/// Chunk extensions and trailers together (docs/reliability-rows.md, D-48).
const MOST_OVERHEAD: usize = 16 * 1024;
const MOST_TRAILERS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds `bytes` in pieces of `step`; gives the body and the number of trailers, or the fault, or `None` if it is not over.
    fn decode(framing: Framing, bytes: &[u8], step: usize) -> Result<Option<(Vec<u8>, usize)>, Fault> {
        let mut decoder = Decoder::new(framing);
        let mut buffer = BytesMut::new();
        let mut body = Vec::new();
        for piece in bytes.chunks(step.max(1)).chain([&b""[..]]) {
            buffer.extend_from_slice(piece);
            loop {
                match decoder.decode(&mut buffer)? {
                    Decoded::Data(data) => body.extend_from_slice(&data),
                    Decoded::More => break,
                    Decoded::End(trailers) => return Ok(Some((body, trailers.len()))),
                }
            }
        }
        Ok(None)
    }

    #[test]
    fn chunks_extensions_and_trailers() {
        let bytes = b"3\r\nabc\r\n2 ;x=\"y\"\r\nde\r\n0\r\nX: 1\r\nY: 2\r\n\r\n";
        for step in 1..bytes.len() {
            assert_eq!(decode(Framing::Chunked, bytes, step), Ok(Some((b"abcde".to_vec(), 2))));
        }
    }

    #[test]
    fn what_two_readers_could_see_in_two_ways_is_an_error() {
        for bad in [
            &b"0x2\r\n"[..],
            b"+2\r\n",
            b"-1\r\n",
            b"2_0\r\n",
            b" 2\r\n",
            b"\r\n",
            b"g\r\n",
            b"10000000000000000\r\n",
            b"8000000000000000\r\n",
            b"2\nab",
            b"2\rab\n",
            b"2 \r\nab",
            b"2\r\nabXX",
            b"2\r\nab\n",
            b"2;\0\r\n",
            b"2;\rx\r\n",
            b"0\r\nXX\r\n\r\n",
            b"0\r\nX: 1\n\r\n",
        ] {
            assert!(decode(Framing::Chunked, bad, bad.len()).is_err(), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn overhead_is_bounded() {
        let extension = format!("2;{}\r\n", "x".repeat(20_000));
        assert_eq!(decode(Framing::Chunked, extension.as_bytes(), 1000), Err(Fault::Overflow));
        let many = "1;xxxxxxxxxxxxxxxxxxx\r\na\r\n".repeat(1000);
        assert_eq!(decode(Framing::Chunked, many.as_bytes(), 1000), Err(Fault::Overflow));
        let trailer = format!("0\r\nX: {}", "x".repeat(20_000));
        assert_eq!(decode(Framing::Chunked, trailer.as_bytes(), 1000), Err(Fault::Overflow));
    }

    #[test]
    fn a_length_ends_and_leaves_the_rest() {
        let mut buffer = BytesMut::from(&b"hello, extra"[..]);
        let mut decoder = Decoder::new(Framing::Length(5));
        assert!(matches!(decoder.decode(&mut buffer), Ok(Decoded::Data(data)) if &data[..] == b"hello"));
        assert!(decoder.may_end_by_close());
        assert!(matches!(decoder.decode(&mut buffer), Ok(Decoded::End(_))));
        assert_eq!(&buffer[..], b", extra");
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_body(body in prop::collection::vec(any::<u8>(), 1..300), cut in 1_usize..50, step in 1_usize..50) {
            let mut wire = Vec::new();
            for chunk in body.chunks(cut) {
                wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                wire.extend_from_slice(chunk);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"0\r\n\r\n");
            prop_assert_eq!(decode(Framing::Chunked, &wire, step), Ok(Some((body, 0))));
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes: Vec<u8>, step in 1_usize..9) {
            let _ = decode(Framing::Chunked, &bytes, step);
        }
    }
}

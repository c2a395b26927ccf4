//! `gzip` and `deflate`.

use super::decoder::{Decode, Invalid};
use flate2::{Decompress, FlushDecompress, Status};

/// One gzip member after another.
pub(super) struct Gzip {
    member: Option<Decompress>,
    has_member: bool,
    is_over: bool,
}

impl Gzip {
    pub(super) const fn new() -> Self {
        Self { member: None, has_member: false, is_over: false }
    }
}

impl Decode for Gzip {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Invalid> {
        let mut read = 0;
        loop {
            let rest = &input[read..];
            if self.member.is_none() {
                let Some(&first) = rest.first() else { return Ok((read, 0)) };
                // Some servers pad what they send; every known client ignores it.
                self.is_over |= self.has_member && first != MAGIC;
                if self.is_over {
                    return Ok((input.len(), 0));
                }
            }
            let member = self.member.get_or_insert_with(|| Decompress::new_gzip(WINDOW_BITS));
            let (more, written, is_end) = inflate(member, rest, output)?;
            read += more;
            if is_end {
                self.member = None;
                self.has_member = true;
            }
            if written > 0 || !is_end {
                return Ok((read, written));
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.member.is_none()
    }
}

/// The first byte of a member.
const MAGIC: u8 = 0x1f;
const WINDOW_BITS: u8 = 15;

/// A zlib stream, or the bare stream that some servers send under that name.
pub(super) struct Deflate {
    first: Option<u8>,
    stream: Option<Decompress>,
    is_over: bool,
}

impl Deflate {
    pub(super) const fn new() -> Self {
        Self { first: None, stream: None, is_over: false }
    }
}

impl Decode for Deflate {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Invalid> {
        if self.is_over {
            return Ok((input.len(), 0));
        }
        let Some(stream) = &mut self.stream else {
            let Some(&next) = input.first() else { return Ok((0, 0)) };
            let Some(first) = self.first else {
                self.first = Some(next);
                return Ok((1, 0));
            };
            let mut stream = Decompress::new(is_zlib(first, next));
            // No symbol is that short: there is nothing to write yet.
            inflate(&mut stream, &[first], &mut [])?;
            self.stream = Some(stream);
            return self.step(input, output);
        };
        let (read, written, is_end) = inflate(stream, input, output)?;
        self.is_over = is_end;
        Ok((read, written))
    }

    fn is_complete(&self) -> bool {
        self.is_over
    }
}

/// Whether these are a zlib header (RFC 1950 §2.2): method 8, a window of at most 32 KiB, a check sum.
const fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x0f == 8 && first >> 4 <= 7 && u16::from_be_bytes([first, second]).is_multiple_of(31)
}

fn inflate(
    stream: &mut Decompress,
    input: &[u8],
    output: &mut [u8],
) -> Result<(usize, usize, bool), Invalid> {
    let (read, written) = (stream.total_in(), stream.total_out());
    let status = stream.decompress(input, output, FlushDecompress::None).map_err(|_| Invalid)?;
    // Both are no more than the slices are long.
    let read = usize::try_from(stream.total_in() - read).map_err(|_| Invalid)?;
    let written = usize::try_from(stream.total_out() - written).map_err(|_| Invalid)?;
    Ok((read, written, status == Status::StreamEnd))
}

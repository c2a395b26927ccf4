//! `zstd`.

use super::decoder::{Decode, Invalid};
use super::{Coding, Fault};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// One frame after another.
pub(super) struct Zstd {
    frames: Decoder<'static>,
    is_complete: bool,
    /// The output was filled: there may be more without more input.
    may_hold: bool,
}

impl Zstd {
    pub(super) fn new() -> Result<Self, Fault> {
        let refused = |_| Fault::Invalid(Coding::Zstd);
        let mut frames = Decoder::new().map_err(refused)?;
        frames.set_parameter(DParameter::WindowLogMax(WINDOW_LOG)).map_err(refused)?;
        Ok(Self { frames, is_complete: false, may_hold: false })
    }
}

/// 8 MiB: what a recipient of the content coding must support, and a sender may not exceed (RFC 9659 §3).
const WINDOW_LOG: u32 = 23;

impl Decode for Zstd {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Invalid> {
        // The decoder takes a call without anything to do for a fault.
        if input.is_empty() && !self.may_hold {
            return Ok((0, 0));
        }
        let room = output.len();
        let mut from = InBuffer::around(input);
        let mut into = OutBuffer::around(output);
        let wanted = self.frames.run(&mut from, &mut into).map_err(|_| Invalid)?;
        let (read, written) = (from.pos(), into.pos());
        self.is_complete = wanted == 0;
        self.may_hold = written == room && !self.is_complete;
        Ok((read, written))
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }
}

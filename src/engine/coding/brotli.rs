//! `br`.

use super::decoder::{Decode, Invalid};
use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};

pub(super) struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    is_over: bool,
}

impl Brotli {
    pub(super) fn new() -> Self {
        // Strict: windows beyond the 16 MiB of RFC 7932 are no part of the content coding.
        let state = BrotliState::new_strict(
            StandardAlloc::default(),
            StandardAlloc::default(),
            StandardAlloc::default(),
        );
        Self { state, is_over: false }
    }
}

impl Decode for Brotli {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Invalid> {
        if self.is_over {
            return Ok((input.len(), 0));
        }
        let (mut unread, mut read) = (input.len(), 0);
        let (mut room, mut written, mut total) = (output.len(), 0, 0);
        let result = BrotliDecompressStream(
            &mut unread,
            &mut read,
            input,
            &mut room,
            &mut written,
            output,
            &mut total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultSuccess => self.is_over = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultFailure => return Err(Invalid),
        }
        Ok((read, written))
    }

    fn is_complete(&self) -> bool {
        self.is_over
    }
}

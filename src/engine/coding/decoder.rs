//! Takes codings off, outermost first: each is a stage that pulls from the one outside of it.

use super::brotli::Brotli;
use super::inflate::{Deflate, Gzip};
use super::zstd::Zstd;
use super::{Coding, Fault};

/// A body on its way out of its codings. [`push`](Self::push) a piece, then [`read`](Self::read) until there is nothing, and so on;
/// [`finish`](Self::finish) tells whether it was whole.
pub struct Decoder {
    /// The outermost coding first; never empty.
    stages: Vec<Stage>,
    limit: u64,
}

impl Decoder {
    /// For a body with these codings, in the order in which they were put on, that may become `limit` bytes long.
    pub fn new(codings: &[Coding], limit: u64) -> Result<Self, Fault> {
        let stages: Result<Vec<Stage>, Fault> =
            codings.iter().rev().map(|&coding| Stage::new(coding)).collect();
        Ok(Self { stages: stages?, limit })
    }

    /// Adds a piece of the body. What was pushed before should have been read.
    pub fn push(&mut self, piece: &[u8]) {
        if let Some(stage) = self.stages.first_mut() {
            stage.input.drain(..stage.taken);
            stage.taken = 0;
            stage.input.extend_from_slice(piece);
        }
    }

    /// Writes decoded bytes into `output`; 0: there are none until more is pushed.
    pub fn read(&mut self, output: &mut [u8]) -> Result<usize, Fault> {
        pull(&mut self.stages, output, self.limit)
    }

    /// Whether the body is whole, once all was pushed and read. A body without a single byte is: that is how some servers send none.
    pub fn finish(&self) -> Result<(), Fault> {
        if self.stages.first().is_none_or(|stage| !stage.has_begun) {
            return Ok(());
        }
        let open = self.stages.iter().find(|stage| !stage.decode.is_complete());
        open.map_or(Ok(()), |stage| Err(Fault::Truncated(stage.coding)))
    }
}

/// One coding.
struct Stage {
    coding: Coding,
    decode: Box<dyn Decode + Send>,
    input: Vec<u8>,
    /// So many bytes of `input` are used up.
    taken: usize,
    has_begun: bool,
    given: u64,
}

impl Stage {
    fn new(coding: Coding) -> Result<Self, Fault> {
        let decode: Box<dyn Decode + Send> = match coding {
            Coding::Gzip => Box::new(Gzip::new()),
            Coding::Deflate => Box::new(Deflate::new()),
            Coding::Brotli => Box::new(Brotli::new()),
            Coding::Zstd => Box::new(Zstd::new()?),
        };
        Ok(Self { coding, decode, input: Vec::new(), taken: 0, has_begun: false, given: 0 })
    }
}

/// One coding's decoder. Whatever it is given, it uses up or fills the output.
pub(super) trait Decode {
    /// Decodes as much as there is and there is room for; says how much was read and written.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Invalid>;

    /// Whether the body may end here.
    fn is_complete(&self) -> bool;
}

/// The bytes are not of this coding.
#[derive(Debug)]
pub(super) struct Invalid;

/// Reads from the last of `stages`.
fn pull(stages: &mut [Stage], output: &mut [u8], limit: u64) -> Result<usize, Fault> {
    let Some((stage, outer)) = stages.split_last_mut() else { return Ok(0) };
    loop {
        let input = &stage.input[stage.taken..];
        stage.has_begun |= !input.is_empty();
        let (read, written) =
            stage.decode.step(input, output).map_err(|Invalid| Fault::Invalid(stage.coding))?;
        stage.taken += read;
        if written > 0 {
            stage.given += written as u64;
            return if stage.given > limit { Err(Fault::TooLarge(limit)) } else { Ok(written) };
        }
        if stage.taken < stage.input.len() && read > 0 {
            continue;
        }
        if outer.is_empty() {
            return Ok(0);
        }
        stage.input.resize(BETWEEN, 0);
        stage.taken = 0;
        // What does not compress is longer with its coding than without.
        let filled = pull(outer, &mut stage.input, limit.saturating_add(limit / 64 + 1024))?;
        stage.input.truncate(filled);
        if filled == 0 {
            return Ok(0);
        }
    }
}

/// The buffer between two codings.
const BETWEEN: usize = 32 * 1024;

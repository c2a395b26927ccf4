//! `NativeDecoder` and `NativeEncoder`: content codings for `lib/middleware/`. An error's message is its code, a line feed, and its text.

use crate::engine::coding::{Codings, Decoder, Encoder, Fault};
use napi::Env;
use napi::bindgen_prelude::{BufferSlice, Error, Result, Status};
use napi_derive::napi;

#[napi]
pub struct NativeDecoder {
    decoder: Decoder,
    left: String,
    is_needed: bool,
}

#[napi]
impl NativeDecoder {
    /// For the value of a `Content-Encoding` field. More than `limit` decoded bytes are an error; it may be `Infinity`.
    #[napi(constructor, catch_unwind)]
    pub fn new(field: String, limit: f64) -> Result<Self> {
        let Codings { left, known } = Codings::parse(&field).map_err(failed)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast to an integer saturates"
        )]
        let decoder = Decoder::new(&known, limit as u64).map_err(failed)?;
        Ok(Self { decoder, left, is_needed: !known.is_empty() })
    }

    /// What of the field's value stays true when the body is decoded; empty if nothing does.
    #[napi(getter, catch_unwind)]
    pub fn left(&self) -> &str {
        &self.left
    }

    /// Whether there is anything to decode.
    #[napi(getter, catch_unwind)]
    pub fn is_needed(&self) -> bool {
        self.is_needed
    }

    /// Adds a piece of the coded body. What was pushed before must have been read.
    #[napi(catch_unwind)]
    pub fn push(&mut self, piece: BufferSlice<'_>) {
        self.decoder.push(&piece);
    }

    /// Writes decoded bytes into `into`; 0 if there are none until more is pushed.
    #[napi(catch_unwind)]
    pub fn read(&mut self, mut into: BufferSlice<'_>) -> Result<u32> {
        let length = self.decoder.read(&mut into).map_err(failed)?;
        Ok(u32::try_from(length).unwrap_or(u32::MAX))
    }

    /// Throws if the body is not whole.
    #[napi(catch_unwind)]
    pub fn finish(&self) -> Result<()> {
        self.decoder.finish().map_err(failed)
    }
}

#[napi]
pub struct NativeEncoder {
    /// `None` once it has ended.
    encoder: Option<Encoder>,
}

#[napi]
impl NativeEncoder {
    /// For the value of a `Content-Encoding` field; throws if it lists a coding that is not known.
    #[napi(constructor, catch_unwind)]
    pub fn new(field: String) -> Result<Self> {
        Ok(Self { encoder: Some(Encoder::new(&field).map_err(failed)?) })
    }

    /// Encodes a piece; with `flush` all of it can be decoded from what is given back.
    #[napi(catch_unwind)]
    pub fn push<'env>(
        &mut self,
        env: &'env Env,
        piece: BufferSlice<'_>,
        flush: bool,
    ) -> Result<BufferSlice<'env>> {
        let Some(encoder) = &mut self.encoder else { return BufferSlice::copy_from(env, []) };
        let coded = encoder.push(&piece, flush).map_err(failed)?;
        BufferSlice::copy_from(env, &coded)
    }

    /// Ends the body; gives the rest of it.
    #[napi(catch_unwind)]
    pub fn finish<'env>(&mut self, env: &'env Env) -> Result<BufferSlice<'env>> {
        let rest = self.encoder.take().map_or_else(|| Ok(Vec::new()), Encoder::finish).map_err(failed)?;
        BufferSlice::copy_from(env, &rest)
    }
}

fn failed(fault: Fault) -> Error {
    Error::new(Status::GenericFailure, format!("{}\n{fault}", fault.code()))
}

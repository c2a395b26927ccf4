//! Puts codings on. What comes out is about as long as what goes in, or shorter, so a whole piece is encoded at a time.

use super::{Coding, Codings, Fault};
use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::{self, Write};
use std::mem::take;
use zstd::stream::write::Encoder as ZstdEncoder;

/// A body on its way into its codings.
pub struct Encoder {
    /// The innermost coding first.
    layers: Vec<Layer>,
}

impl Encoder {
    /// For the codings that a `Content-Encoding` field lists.
    pub fn new(field: &str) -> Result<Self, Fault> {
        let Codings { left, known } = Codings::parse(field)?;
        if !left.is_empty() {
            return Err(Fault::Unknown(left));
        }
        let layers: Result<Vec<Layer>, Fault> = known.into_iter().map(Layer::new).collect();
        Ok(Self { layers: layers? })
    }

    /// Encodes a piece. With `flush` a recipient can decode all of it from what is given back; without, the codings may keep some.
    pub fn push(&mut self, piece: &[u8], flush: bool) -> Result<Vec<u8>, Fault> {
        self.layers.iter_mut().try_fold(piece.to_vec(), |piece, layer| layer.push(&piece, flush))
    }

    /// Ends the body.
    pub fn finish(self) -> Result<Vec<u8>, Fault> {
        self.layers.into_iter().try_fold(Vec::new(), |rest, layer| layer.finish(&rest))
    }
}

/// One coding.
struct Layer {
    coding: Coding,
    encode: Encode,
}

enum Encode {
    Gzip(GzEncoder<Vec<u8>>),
    Deflate(ZlibEncoder<Vec<u8>>),
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Zstd(ZstdEncoder<'static, Vec<u8>>),
}

// What servers use for bodies that are made on the fly.
const BROTLI_QUALITY: u32 = 5;
const BROTLI_WINDOW: u32 = 22;
const BROTLI_BUFFER: usize = 4096;
const ZSTD_LEVEL: i32 = 3;

impl Layer {
    fn new(coding: Coding) -> Result<Self, Fault> {
        let encode = match coding {
            Coding::Gzip => Encode::Gzip(GzEncoder::new(Vec::new(), Compression::default())),
            Coding::Deflate => Encode::Deflate(ZlibEncoder::new(Vec::new(), Compression::default())),
            Coding::Brotli => Encode::Brotli(Box::new(CompressorWriter::new(
                Vec::new(),
                BROTLI_BUFFER,
                BROTLI_QUALITY,
                BROTLI_WINDOW,
            ))),
            Coding::Zstd => {
                Encode::Zstd(ZstdEncoder::new(Vec::new(), ZSTD_LEVEL).map_err(|_| Fault::Invalid(coding))?)
            }
        };
        Ok(Self { coding, encode })
    }

    fn push(&mut self, piece: &[u8], flush: bool) -> Result<Vec<u8>, Fault> {
        let written = match &mut self.encode {
            Encode::Gzip(encoder) => push(encoder, piece, flush).map(|()| take(encoder.get_mut())),
            Encode::Deflate(encoder) => push(encoder, piece, flush).map(|()| take(encoder.get_mut())),
            Encode::Brotli(encoder) => push(encoder, piece, flush).map(|()| take(encoder.get_mut())),
            Encode::Zstd(encoder) => push(encoder, piece, flush).map(|()| take(encoder.get_mut())),
        };
        written.map_err(|_| Fault::Invalid(self.coding))
    }

    fn finish(mut self, rest: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut written = self.push(rest, false)?;
        let end = match self.encode {
            Encode::Gzip(encoder) => encoder.finish(),
            Encode::Deflate(encoder) => encoder.finish(),
            Encode::Brotli(encoder) => Ok(encoder.into_inner()),
            Encode::Zstd(encoder) => encoder.finish(),
        };
        written.append(&mut end.map_err(|_| Fault::Invalid(self.coding))?);
        Ok(written)
    }
}

fn push(encoder: &mut impl Write, piece: &[u8], flush: bool) -> io::Result<()> {
    encoder.write_all(piece)?;
    if flush { encoder.flush() } else { Ok(()) }
}

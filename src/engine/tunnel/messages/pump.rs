//! One direction: frames in, verdicts, frames out.

use super::deflate::{Agreement, Codec};
use super::reader::{Found, Reader, Whole, frame};
use super::{Direction, Judge, Message, Verdict};
use bytes::{Bytes, BytesMut};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Which end failed.
pub(super) enum Error {
    Read(io::Error),
    Write(io::Error),
}

pub(super) struct Pump<'a> {
    direction: Direction,
    reader: Reader,
    codec: Option<Codec>,
    judge: Judge<'a>,
}

impl<'a> Pump<'a> {
    pub(super) fn new(direction: Direction, agreement: Option<Agreement>, judge: Judge<'a>) -> Self {
        let codec = agreement.map(|agreement| Codec::new(&agreement, direction));
        Self { direction, reader: Reader::new(direction, codec.is_some()), codec, judge }
    }

    /// Carries messages until `from` has ended, and says so to `to`. `first` is what was read already.
    pub(super) async fn run<R, W>(mut self, first: Bytes, mut from: R, mut to: W) -> Result<(), Error>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut buffer = BytesMut::from(&first[..]);
        loop {
            match self.reader.take(&mut buffer) {
                Found::More => {
                    // Given back while there is nothing to keep.
                    if buffer.is_empty() {
                        buffer = BytesMut::new();
                    }
                    if from.read_buf(&mut buffer).await.map_err(Error::Read)? == 0 {
                        // Half a frame is not ours to judge either.
                        to.write_all(&buffer).await.map_err(Error::Write)?;
                        break;
                    }
                }
                Found::Control(bytes) => write(&mut to, &bytes).await?,
                Found::Message(message) => match self.judged(message).await {
                    Ok(bytes) => write(&mut to, &bytes).await?,
                    Err(raw) => {
                        write(&mut to, &raw).await?;
                        return pass_on(&buffer, from, to).await;
                    }
                },
                Found::Opaque(bytes) => return pass_on(&bytes, from, to).await,
            }
        }
        to.shutdown().await.map_err(Error::Write)
    }

    /// The frame that goes on in a message's place, or nothing. The message's own, as it came, if it cannot be understood.
    async fn judged(&mut self, whole: Whole) -> Result<Bytes, Bytes> {
        let Whole { is_binary, is_compressed, payload } = whole;
        let came = payload.freeze();
        let direction = self.direction;
        let as_it_came = || frame(direction, is_binary, is_compressed, true, came.clone()).into();
        let payload = match &mut self.codec {
            Some(codec) if is_compressed => match codec.inflate(&came) {
                Ok(inflated) => inflated.freeze(),
                Err(_) => return Err(as_it_came()),
            },
            _ => came.clone(),
        };
        if !is_binary && std::str::from_utf8(&payload).is_err() {
            return Err(as_it_came());
        }
        let shown = Message { direction, is_binary, payload: payload.clone() };
        let (is_binary, payload) = match self.judge.judge(shown).await {
            Verdict::Drop => return Ok(Bytes::new()),
            Verdict::Pass => (is_binary, payload),
            Verdict::Replace { is_binary, payload } => (is_binary, payload),
        };
        // Compressed anew also if it has not changed: what its recipient remembers is our stream, not the sender's.
        let compressed = match &mut self.codec {
            Some(codec) if is_compressed => codec.deflate(&payload).unwrap_or(None),
            _ => None,
        };
        let is_compressed = compressed.is_some();
        Ok(frame(direction, is_binary, is_compressed, true, compressed.unwrap_or(payload)).into())
    }
}

async fn write<W: AsyncWrite + Unpin>(to: &mut W, bytes: &[u8]) -> Result<(), Error> {
    to.write_all(bytes).await.map_err(Error::Write)?;
    to.flush().await.map_err(Error::Write)
}

/// Everything from here on, as it comes.
async fn pass_on<R, W>(bytes: &[u8], mut from: R, mut to: W) -> Result<(), Error>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    write(&mut to, bytes).await?;
    let mut buffer = BytesMut::with_capacity(PIECE);
    loop {
        if from.read_buf(&mut buffer).await.map_err(Error::Read)? == 0 {
            return to.shutdown().await.map_err(Error::Write);
        }
        write(&mut to, &buffer).await?;
        buffer.clear();
    }
}

const PIECE: usize = 16 * 1024;

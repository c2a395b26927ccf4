//! One direction apart from its connections: bytes in; out come those that go on as they are, and the messages to be judged.

use super::deflate::{Agreement, Codec};
use super::reader::{Found, Reader, Whole, frame};
use super::{Direction, Message, Verdict};
use bytes::{Bytes, BytesMut};

/// What is to be done next.
#[derive(Debug)]
pub enum Step {
    /// More bytes are needed.
    More,
    /// These bytes go on.
    Pass(Bytes),
    /// This message is to be judged, and [`Lane::settle`] told of it, before anything else happens.
    Judge(Message),
}

/// The frames of one direction, and what was agreed on about them.
pub struct Lane {
    direction: Direction,
    reader: Reader,
    codec: Option<Codec>,
    buffer: BytesMut,
    /// Something could not be understood: it goes on, with all that follows, as it comes.
    is_opaque: bool,
    /// The message that is being judged.
    shown: Option<Shown>,
}

struct Shown {
    is_binary: bool,
    is_compressed: bool,
    payload: Bytes,
}

impl Lane {
    /// For one direction of a WebSocket.
    pub fn new(direction: Direction, agreement: Option<Agreement>) -> Self {
        let codec = agreement.map(|agreement| Codec::new(&agreement, direction));
        let reader = Reader::new(direction, codec.is_some());
        Self { direction, reader, codec, buffer: BytesMut::new(), is_opaque: false, shown: None }
    }

    /// Where more bytes are to be appended.
    pub fn input(&mut self) -> &mut BytesMut {
        if self.is_opaque {
            self.buffer.reserve(PIECE);
        }
        &mut self.buffer
    }

    /// Finds out what is next.
    pub fn step(&mut self) -> Step {
        if self.is_opaque {
            let all = self.buffer.split().freeze();
            return if all.is_empty() { Step::More } else { Step::Pass(all) };
        }
        match self.reader.take(&mut self.buffer) {
            Found::More => {
                // Given back while there is nothing to keep.
                if self.buffer.is_empty() {
                    self.buffer = BytesMut::new();
                }
                Step::More
            }
            Found::Control(bytes) => Step::Pass(bytes),
            Found::Message(whole) => self.show(whole),
            Found::Opaque(bytes) => self.give_up(bytes),
        }
    }

    /// What is left at the end. Half a frame is not ours to judge either.
    pub fn rest(&mut self) -> Bytes {
        self.reader.rest(&mut self.buffer)
    }

    /// The message; or, if it cannot be understood, its frame as it came.
    fn show(&mut self, whole: Whole) -> Step {
        let Whole { is_binary, is_compressed, payload } = whole;
        let came = payload.freeze();
        let inflated = match &mut self.codec {
            Some(codec) if is_compressed => codec.inflate(&came).ok().map(BytesMut::freeze),
            _ => Some(came.clone()),
        };
        match inflated.filter(|payload| is_binary || std::str::from_utf8(payload).is_ok()) {
            Some(payload) => {
                self.shown = Some(Shown { is_binary, is_compressed, payload: payload.clone() });
                Step::Judge(Message { direction: self.direction, is_binary, payload })
            }
            None => {
                let frame = frame(self.direction, is_binary, is_compressed, true, came);
                self.give_up(frame.into())
            }
        }
    }

    fn give_up(&mut self, bytes: Bytes) -> Step {
        self.is_opaque = true;
        Step::Pass(bytes)
    }

    /// The frame that goes on in the place of the message that was judged; empty if there is none.
    pub fn settle(&mut self, verdict: Verdict) -> Bytes {
        let Some(Shown { is_binary, is_compressed, payload }) = self.shown.take() else {
            return Bytes::new();
        };
        let (is_binary, payload) = match verdict {
            Verdict::Drop => return Bytes::new(),
            Verdict::Pass => (is_binary, payload),
            Verdict::Replace { is_binary, payload } => (is_binary, payload),
        };
        // Compressed anew also if it has not changed: what its recipient remembers is our stream, not the sender's.
        let compressed = match &mut self.codec {
            Some(codec) if is_compressed => codec.deflate(&payload).unwrap_or(None),
            _ => None,
        };
        let is_compressed = compressed.is_some();
        frame(self.direction, is_binary, is_compressed, true, compressed.unwrap_or(payload)).into()
    }
}

const PIECE: usize = 16 * 1024;

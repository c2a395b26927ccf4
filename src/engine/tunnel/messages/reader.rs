//! Takes messages out of the bytes of one direction (RFC 6455 §5).

use super::Direction;
use bytes::{Buf, Bytes, BytesMut};
use std::io::Cursor;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader};

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    /// More bytes are needed.
    More,
    /// A control frame, as it came.
    Control(Bytes),
    /// A whole message.
    Message(Whole),
    /// Something that cannot be understood, or is too large to be held. These bytes, and all that follow, are to be passed on as they are.
    Opaque(Bytes),
}

/// A message whose frames were put together.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) is_binary: bool,
    pub(super) is_compressed: bool,
    pub(super) payload: BytesMut,
}

/// The frames of one direction.
#[derive(Debug)]
pub(super) struct Reader {
    direction: Direction,
    /// The extension that uses the first reserved bit was agreed on.
    compresses: bool,
    /// The message whose last frame is still to come.
    partial: Option<Whole>,
}

impl Reader {
    pub(super) const fn new(direction: Direction, compresses: bool) -> Self {
        Self { direction, compresses, partial: None }
    }

    /// Takes what stands at the front of `buffer`.
    pub(super) fn take(&mut self, buffer: &mut BytesMut) -> Found {
        loop {
            let mut cursor = Cursor::new(&buffer[..]);
            let (header, length) = match FrameHeader::parse(&mut cursor) {
                Ok(Some(parsed)) => parsed,
                Ok(None) => return Found::More,
                Err(_) => return Found::Opaque(self.rest(buffer)),
            };
            let start = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
            let held = self.partial.as_ref().map_or(0, |partial| partial.payload.len());
            let Some(length) =
                usize::try_from(length).ok().filter(|length| length.saturating_add(held) <= MOST)
            else {
                return Found::Opaque(self.rest(buffer));
            };
            if !self.is_valid(&header, length) {
                return Found::Opaque(self.rest(buffer));
            }
            if buffer.len() - start < length {
                buffer.reserve(start + length - buffer.len());
                return Found::More;
            }
            if matches!(header.opcode, OpCode::Control(_)) {
                return Found::Control(buffer.split_to(start + length).freeze());
            }
            buffer.advance(start);
            let mut payload = buffer.split_to(length);
            if let Some(mask) = header.mask {
                apply_mask(&mut payload, mask);
            }
            if let Some(message) = self.add(&header, payload) {
                return Found::Message(message);
            }
        }
    }

    fn is_valid(&self, header: &FrameHeader, length: usize) -> bool {
        let is_first = matches!(header.opcode, OpCode::Data(Data::Text | Data::Binary));
        let is_in_turn = match header.opcode {
            OpCode::Control(_) => header.is_final && length <= 125,
            OpCode::Data(Data::Continue) => self.partial.is_some(),
            OpCode::Data(_) => self.partial.is_none(),
        };
        is_in_turn
            && !header.rsv2
            && !header.rsv3
            && (!header.rsv1 || self.compresses && is_first)
            && header.mask.is_some() == (self.direction == Direction::ToTarget)
    }

    /// Adds a frame; gives the message if this was its last one.
    fn add(&mut self, header: &FrameHeader, payload: BytesMut) -> Option<Whole> {
        let message = match self.partial.take() {
            Some(mut message) => {
                message.payload.unsplit(payload);
                message
            }
            None => Whole {
                is_binary: header.opcode == OpCode::Data(Data::Binary),
                is_compressed: header.rsv1,
                payload,
            },
        };
        if header.is_final {
            return Some(message);
        }
        self.partial = Some(message);
        None
    }

    /// All that is left, behind what was taken of a message that never became whole.
    pub(super) fn rest(&mut self, buffer: &mut BytesMut) -> Bytes {
        let rest = buffer.split().freeze();
        let Some(partial) = self.partial.take() else { return rest };
        let mut bytes = self.partial_frame(partial);
        bytes.extend_from_slice(&rest);
        bytes.into()
    }

    fn partial_frame(&self, partial: Whole) -> Vec<u8> {
        frame(self.direction, partial.is_binary, partial.is_compressed, false, partial.payload.freeze())
    }
}

/// One frame on the wire.
pub(super) fn frame(
    direction: Direction,
    is_binary: bool,
    is_compressed: bool,
    is_final: bool,
    payload: Bytes,
) -> Vec<u8> {
    let opcode = OpCode::Data(if is_binary { Data::Binary } else { Data::Text });
    let mut frame = Frame::message(payload, opcode, is_final);
    frame.header_mut().rsv1 = is_compressed;
    if direction == Direction::ToTarget {
        frame.header_mut().mask = Some(mask());
    }
    let mut bytes = Vec::with_capacity(frame.len());
    // Writing to memory does not fail.
    let _ = frame.format(&mut bytes);
    bytes
}

/// A key that nobody can foresee (RFC 6455 §10.3).
fn mask() -> [u8; 4] {
    let random = ring::rand::generate(&ring::rand::SystemRandom::new());
    random.map_or([0x5a, 0xc3, 0x1e, 0x87], ring::rand::Random::expose)
}

fn apply_mask(payload: &mut [u8], mask: [u8; 4]) {
    for piece in payload.chunks_mut(4) {
        for (byte, key) in piece.iter_mut().zip(mask) {
            *byte ^= key;
        }
    }
}

/// Larger messages are not held: what `ws` takes at most by default.
pub(super) const MOST: usize = 100 * 1024 * 1024;

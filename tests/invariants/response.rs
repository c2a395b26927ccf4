//! What holds for every answer of a target: cut anywhere, it is read as it is in one piece.

use bytes::BytesMut;
use rs_proxy_middleware::engine::head::{Fields, Framing, ResponseHead, is_field_value, is_token};
use rs_proxy_middleware::engine::upstream::h1::{Decoded, Decoder};

/// The first line of `data` is a request's method, the rest the bytes of a connection until it closes. Gives `complete`, `cut` (it closed
/// too early) or `refused`.
pub(crate) fn check(data: &[u8]) -> &'static str {
    let feed = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (method, wire) = (&data[..feed], data.get(feed + 1..).unwrap_or_default());
    let whole = read(method, wire, wire.len());
    check_answer(&whole);
    // Byte by byte, and in pieces that begin at another byte each.
    for step in [1, 2, 3, 7, 64] {
        assert_eq!(read(method, wire, step), whole, "in pieces of {step}: {}", wire.escape_ascii());
    }
    match whole.end {
        End::Complete { .. } => "complete",
        End::Cut => "cut",
        End::Refused => "refused",
    }
}

/// All that is known of an answer when its connection has closed.
#[derive(Debug, Default, PartialEq)]
struct Answer {
    heads: Vec<(u16, Vec<u8>, Fields)>,
    framing: Option<Framing>,
    body: Vec<u8>,
    end: End,
}

#[derive(Debug, Default, PartialEq)]
enum End {
    /// It is over; so many bytes of the connection were its.
    Complete {
        trailers: Fields,
        bytes: usize,
    },
    /// The connection closed before it was over.
    #[default]
    Cut,
    Refused,
}

fn read(method: &[u8], wire: &[u8], step: usize) -> Answer {
    let mut reader = Reader::default();
    for piece in wire.chunks(step.max(1)) {
        reader.buffer.extend_from_slice(piece);
        reader.received += piece.len();
        if reader.advance(method) {
            return reader.answer;
        }
    }
    if reader.decoder.as_ref().is_some_and(Decoder::may_end_by_close) {
        reader.complete(Fields::default());
    }
    reader.answer
}

#[derive(Default)]
struct Reader {
    buffer: BytesMut,
    received: usize,
    searched: usize,
    decoder: Option<Decoder>,
    answer: Answer,
}

impl Reader {
    /// Reads what is there; `true` when nothing that follows matters.
    fn advance(&mut self, method: &[u8]) -> bool {
        if self.decoder.is_none() && !self.read_heads(method) {
            return self.answer.end == End::Refused;
        }
        let Some(decoder) = &mut self.decoder else { return false };
        loop {
            match decoder.decode(&mut self.buffer) {
                Ok(Decoded::Data(data)) => self.answer.body.extend_from_slice(&data),
                Ok(Decoded::More) => return false,
                Ok(Decoded::End(trailers)) => {
                    self.complete(trailers);
                    return true;
                }
                Err(_) => {
                    self.answer.end = End::Refused;
                    return true;
                }
            }
        }
    }

    /// Reads interim heads and the final one; `true` when that is there.
    fn read_heads(&mut self, method: &[u8]) -> bool {
        loop {
            let head = match ResponseHead::take(&mut self.buffer, &mut self.searched) {
                Ok(Some(head)) => head,
                Ok(None) => return false,
                Err(_) => break,
            };
            let (status, framing) = (head.status, head.framing(method));
            self.answer.heads.push((status, head.reason.to_vec(), head.fields));
            if status < 200 {
                continue;
            }
            let Ok(framing) = framing else { break };
            self.answer.framing = Some(framing);
            self.decoder = Some(Decoder::new(framing));
            return true;
        }
        self.answer.end = End::Refused;
        false
    }

    fn complete(&mut self, trailers: Fields) {
        self.answer.end = End::Complete { trailers, bytes: self.received - self.buffer.len() };
    }
}

/// What was read can be passed on, and is as long as was said.
fn check_answer(answer: &Answer) {
    let End::Complete { trailers, .. } = &answer.end else { return };
    for fields in answer.heads.iter().map(|(_, _, fields)| fields).chain([trailers]) {
        assert!(fields.iter().all(|field| is_token(field.name) && is_field_value(field.value)));
    }
    for (status, reason, _) in &answer.heads {
        assert!((100..=999).contains(status));
        assert!(reason.iter().all(|byte| matches!(byte, b' '..=b'~')));
    }
    match answer.framing {
        Some(Framing::Length(length)) => assert_eq!(answer.body.len() as u64, length),
        Some(Framing::Empty) => assert!(answer.body.is_empty()),
        _ => {}
    }
}

use super::deflate::Codec;
use super::reader::{Found, Reader, frame};
use super::*;
use crate::engine::head::Fields;
use bytes::BytesMut;
use proptest::prelude::*;

fn agreed(value: &'static str) -> Result<Option<Agreement>, deflate::Unknown> {
    let mut fields = Fields::default();
    fields.push("Sec-WebSocket-Extensions", value);
    Agreement::of(&fields)
}

fn agreement(value: &'static str) -> Agreement {
    agreed(value).unwrap().unwrap()
}

#[test]
fn what_is_agreed_on_is_known_or_refused() {
    assert_eq!(Agreement::of(&Fields::default()), Ok(None));
    assert_eq!(agreed(" "), Ok(None));
    assert!(agreed("permessage-deflate; server_max_window_bits=\"10\"; client_no_context_takeover").is_ok());
    for value in [
        "x-other",
        "permessage-deflate, x-other",
        "permessage-deflate; unknown",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=\"",
    ] {
        assert_eq!(agreed(value), Err(deflate::Unknown), "{value}");
    }
}

#[test]
fn only_what_can_be_taken_apart_is_offered() {
    let mut fields = Fields::default();
    fields.push("sec-websocket-extensions", "x-a; b=1, permessage-deflate; client_max_window_bits");
    fields.push("Sec-WebSocket-Extensions", "Permessage-Deflate");
    keep_offers(&mut fields);
    let all: Vec<_> = fields.iter().map(|field| field.value.escape_ascii().to_string()).collect();
    assert_eq!(all, ["permessage-deflate; client_max_window_bits, Permessage-Deflate"]);
    let mut others = Fields::default();
    others.push("sec-websocket-extensions", "x-a");
    keep_offers(&mut others);
    assert!(others.is_empty());
}

/// What a reader finds in these bytes, given in pieces.
fn found(direction: Direction, compresses: bool, bytes: &[u8], step: usize) -> Vec<String> {
    let mut reader = Reader::new(direction, compresses);
    let mut buffer = BytesMut::new();
    let mut all = Vec::new();
    for piece in bytes.chunks(step) {
        buffer.extend_from_slice(piece);
        loop {
            all.push(match reader.take(&mut buffer) {
                Found::More => break,
                Found::Control(bytes) => format!("control {}", bytes.escape_ascii()),
                Found::Message(whole) => {
                    format!(
                        "{} {}",
                        if whole.is_binary { "binary" } else { "text" },
                        whole.payload.escape_ascii()
                    )
                }
                Found::Opaque(_) => {
                    all.push("opaque".to_owned());
                    return all;
                }
            });
        }
    }
    all
}

#[test]
fn fragments_are_put_together_and_control_frames_go_between_them() {
    let bytes = b"\x01\x02ab\x89\x01!\x00\x01c\x80\x01d\x82\x01\xff";
    for step in 1..bytes.len() {
        assert_eq!(
            found(Direction::ToClient, false, bytes, step),
            ["control \\x89\\x01!", "text abcd", "binary \\xff"]
        );
    }
}

#[test]
fn what_cannot_be_understood_is_passed_on() {
    for bytes in [
        &b"\x83\x00"[..],                            // a reserved opcode
        b"\xc1\x00",                                 // a reserved bit that nobody has agreed on
        b"\xa1\x00",                                 // another one
        b"\x80\x00",                                 // a continuation of nothing
        b"\x01\x00\x01\x00",                         // a message within a message
        b"\x09\x00",                                 // a ping in parts
        b"\x89\x7e\x00\x7e",                         // a ping that is too long
        b"\x81\x80\x00\x00\x00\x00",                 // masked by a server
        b"\x82\x7f\x00\x00\x00\x10\x00\x00\x00\x00", // 64 GiB
    ] {
        assert_eq!(
            found(Direction::ToClient, false, bytes, bytes.len()),
            ["opaque"],
            "{}",
            bytes.escape_ascii()
        );
    }
    assert_eq!(found(Direction::ToTarget, false, b"\x81\x01a", 3), ["opaque"], "not masked by a client");
}

#[test]
fn what_was_taken_of_a_message_is_not_lost() {
    let mut reader = Reader::new(Direction::ToClient, false);
    let mut buffer = BytesMut::from(&b"\x01\x02ab\x83\x01x"[..]);
    let Found::Opaque(bytes) = reader.take(&mut buffer) else { panic!("not opaque") };
    assert_eq!(&bytes[..], b"\x01\x02ab\x83\x01x");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_taken_apart_or_passed_on(bytes: Vec<u8>, step in 1_usize..9, compresses: bool) {
        let _ = found(Direction::ToClient, compresses, &bytes, step);
        let _ = found(Direction::ToTarget, compresses, &bytes, step);
    }

    #[test]
    fn a_frame_is_read_as_it_was_written(payload in prop::collection::vec(any::<u8>(), 0..3000), step in 1_usize..500) {
        for direction in [Direction::ToTarget, Direction::ToClient] {
            let bytes = frame(direction, true, false, true, payload.clone().into());
            let wanted = format!("binary {}", payload.escape_ascii());
            prop_assert_eq!(found(direction, false, &bytes, step), vec![wanted]);
        }
    }

    #[test]
    fn what_is_compressed_on_any_terms_is_the_same_afterwards(
        messages in prop::collection::vec(prop::collection::vec(0_u8..4, 0..3000), 1..6),
        terms in prop::sample::select(vec![
            "permessage-deflate",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10",
        ]),
    ) {
        for direction in [Direction::ToTarget, Direction::ToClient] {
            let mut codec = Codec::new(&agreement(terms), direction);
            for message in &messages {
                let compressed = codec.deflate(message).unwrap().unwrap();
                prop_assert_eq!(&codec.inflate(&compressed).unwrap()[..], &message[..]);
            }
        }
    }

    #[test]
    fn any_bytes_are_inflated_or_refused(bytes: Vec<u8>) {
        let _ = Codec::new(&agreement("permessage-deflate"), Direction::ToClient).inflate(&bytes);
    }
}

/// RFC 7692 §7.2.3
#[test]
fn the_examples_of_rfc_7692() {
    let mut codec = Codec::new(&agreement("permessage-deflate"), Direction::ToClient);
    let first = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(&codec.inflate(&first).unwrap()[..], b"Hello");
    // The second one refers to the first.
    assert_eq!(&codec.inflate(&[0xf2, 0x00, 0x11, 0x00, 0x00]).unwrap()[..], b"Hello");
    // Not compressed, and the last block of a stream.
    assert_eq!(
        &codec.inflate(&[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00]).unwrap()[..],
        b"Hello"
    );
    assert_eq!(&codec.inflate(&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]).unwrap()[..], b"Hello");
}

#[test]
fn with_the_smallest_window_nothing_is_compressed() {
    let mut codec =
        Codec::new(&agreement("permessage-deflate; server_max_window_bits=8"), Direction::ToClient);
    assert!(codec.deflate(b"aaaa").unwrap().is_none());
}

#[test]
fn what_grows_beyond_all_bounds_is_refused() {
    let mut codec = Codec::new(&agreement("permessage-deflate"), Direction::ToClient);
    let bomb = codec.deflate(&vec![0; reader::MOST + 1]).unwrap().unwrap();
    assert!(bomb.len() < 1024 * 1024);
    assert!(codec.inflate(&bomb).is_err());
}

//! Every coding, stacked and cut into pieces of any size; what is not valid, not whole, or too much.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::{Coding, Codings, Decoder, Encoder, Fault};
use proptest::collection::vec;
use proptest::prelude::*;

fn encoded(field: &str, body: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(field).unwrap();
    let mut bytes = encoder.push(body, false).unwrap();
    bytes.extend(encoder.finish().unwrap());
    bytes
}

/// Decodes with pieces of `piece` bytes and an output of `room`.
fn decoded(field: &str, bytes: &[u8], piece: usize, room: usize, limit: u64) -> Result<Vec<u8>, Fault> {
    let mut decoder = Decoder::new(&Codings::parse(field)?.known, limit)?;
    let mut body = Vec::new();
    let mut output = vec![0; room];
    for piece in bytes.chunks(piece) {
        decoder.push(piece);
        loop {
            let length = decoder.read(&mut output)?;
            if length == 0 {
                break;
            }
            body.extend_from_slice(&output[..length]);
        }
    }
    decoder.finish()?;
    Ok(body)
}

const FIELDS: [&str; 7] =
    ["gzip", "deflate", "br", "zstd", "gzip, br", "X-GZip,ZSTD", "br, gzip, deflate, zstd"];

#[test]
fn the_field_is_read_from_the_outside_as_far_as_it_is_known() {
    let parse = |field| Codings::parse(field).unwrap();
    let known = |left: &str, known: &[Coding]| Codings { left: left.into(), known: known.into() };
    assert_eq!(parse(" GZip ,\tBR"), known("", &[Coding::Gzip, Coding::Brotli]));
    assert_eq!(parse("identity,, x-gzip, Identity"), known("", &[Coding::Gzip]));
    assert_eq!(parse("gzip, compress"), known("gzip, compress", &[]));
    assert_eq!(parse("compress, deflate"), known("compress", &[Coding::Deflate]));
    assert_eq!(parse(""), known("", &[]));
    assert_eq!(Codings::parse("br, br, br, br, br"), Err(Fault::TooMany));
    assert_eq!(Encoder::new("exi, gzip").err(), Some(Fault::Unknown("exi".into())));
}

#[test]
fn a_body_that_was_cut_short_is_not_whole() {
    let body: Vec<u8> = (0..5000u32).flat_map(u32::to_le_bytes).collect();
    for field in FIELDS {
        let bytes = encoded(field, &body);
        for length in [1, 2, 3, bytes.len() / 2, bytes.len() - 1] {
            let cut = decoded(field, &bytes[..length], 999, 4096, u64::MAX);
            assert!(matches!(cut, Err(Fault::Truncated(_))), "{field}, {length} bytes: {cut:?}");
        }
        assert_eq!(decoded(field, &[], 1, 1, 0), Ok(Vec::new()), "{field}");
    }
}

#[test]
fn a_body_that_was_changed_is_not_valid() {
    let body = b"a body of some length, so that there is something to change in it".repeat(9);
    for (field, coding) in [("gzip", Coding::Gzip), ("deflate", Coding::Deflate)] {
        let mut bytes = encoded(field, &body);
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        assert_eq!(decoded(field, &bytes, 7, 100, u64::MAX), Err(Fault::Invalid(coding)));
    }
    for field in FIELDS {
        let outermost = *Codings::parse(field).unwrap().known.last().unwrap();
        let plain = decoded(field, b"<!doctype html><p>this is not coded at all", 5, 100, u64::MAX);
        assert_eq!(plain, Err(Fault::Invalid(outermost)), "{field}");
    }
}

#[test]
fn a_raw_deflate_stream_is_understood() {
    use std::io::Write;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(b"raw, raw, raw").unwrap();
    let bytes = encoder.finish().unwrap();
    for piece in [1, 2, 100] {
        assert_eq!(decoded("deflate", &bytes, piece, 4, u64::MAX).unwrap(), b"raw, raw, raw");
    }
}

#[test]
fn members_and_frames_follow_one_another_and_padding_is_ignored() {
    for field in ["gzip", "zstd"] {
        let both = [encoded(field, b"one "), encoded(field, b""), encoded(field, b"two")].concat();
        for piece in [1, 13, 1000] {
            assert_eq!(decoded(field, &both, piece, 3, u64::MAX).unwrap(), b"one two");
        }
    }
    for field in ["gzip", "deflate", "br"] {
        let padded = [encoded(field, b"body"), vec![0; 40]].concat();
        for piece in [1, 1000] {
            assert_eq!(decoded(field, &padded, piece, 64, u64::MAX).unwrap(), b"body", "{field}");
        }
    }
}

#[test]
fn a_bomb_ends_at_the_limit_and_never_gives_more_than_is_asked_for() {
    let zeros = vec![0; 2 << 20];
    for field in FIELDS {
        let bomb = encoded(field, &zeros);
        assert!(bomb.len() < zeros.len() / 300, "{field}: {}", bomb.len());
        let exploded = decoded(field, &bomb, bomb.len(), 64 * 1024, 1 << 18);
        assert_eq!(exploded, Err(Fault::TooLarge(1 << 18)), "{field}");
        assert_eq!(decoded(field, &bomb, bomb.len(), 64 * 1024, 2 << 20).unwrap().len(), zeros.len());
    }
}

#[test]
fn a_frame_that_wants_too_large_a_window_is_not_valid() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(24).unwrap();
    std::io::Write::write_all(&mut encoder, &vec![7; 17 << 20]).unwrap();
    let bytes = encoder.finish().unwrap();
    assert_eq!(decoded("zstd", &bytes, 4096, 4096, u64::MAX), Err(Fault::Invalid(Coding::Zstd)));
}

#[test]
fn what_is_flushed_can_be_decoded_at_once() {
    for field in FIELDS {
        let mut encoder = Encoder::new(field).unwrap();
        let mut decoder = Decoder::new(&Codings::parse(field).unwrap().known, u64::MAX).unwrap();
        for event in ["data: 1\n\n", "data: 2\n\n"] {
            decoder.push(&encoder.push(event.as_bytes(), true).unwrap());
            let mut output = [0; 64];
            let mut got = Vec::new();
            while let n @ 1.. = decoder.read(&mut output).unwrap() {
                got.extend_from_slice(&output[..n]);
            }
            assert_eq!(got, event.as_bytes(), "{field}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_encoded_is_decoded_from_pieces_of_any_size(
        body in vec(prop_oneof![Just(0u8), any::<u8>()], 0..6_000),
        repeats in 1usize..4,
        piece in 1usize..5000,
        room in 1usize..5000,
        field in prop::sample::select(&FIELDS[..]),
    ) {
        let body = body.repeat(repeats);
        let bytes = encoded(field, &body);
        prop_assert_eq!(decoded(field, &bytes, piece, room, u64::MAX).unwrap(), body);
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(
        bytes in vec(any::<u8>(), 0..3000),
        field in prop::sample::select(&FIELDS[..]),
    ) {
        let _ = decoded(field, &bytes, 100, 512, 1 << 20);
    }

    #[test]
    fn a_byte_that_was_changed_is_decoded_or_refused(
        body in vec(any::<u8>(), 1..3000),
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
        field in prop::sample::select(&FIELDS[..]),
    ) {
        let mut bytes = encoded(field, &body);
        let at = at.index(bytes.len());
        bytes[at] = to;
        let _ = decoded(field, &bytes, 64, 512, 1 << 20);
    }
}

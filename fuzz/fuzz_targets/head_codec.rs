//! A packed request head, through the passes, onto the wire.

#![no_main]

#[path = "../../tests/invariants/head_codec.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    invariants::check(data);
});

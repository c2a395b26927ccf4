//! A chunked body of a client of the native door, however the bytes are cut.

#![no_main]

#[path = "../../tests/invariants/chunks.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    invariants::check(data);
});

//! A response head and body, however the bytes are cut.

#![no_main]

#[path = "../../tests/invariants/response.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    invariants::check(data);
});

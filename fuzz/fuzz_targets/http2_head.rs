//! The head of an HTTP/2 request at the native door, on its way to HTTP/1.1.

#![no_main]

#[path = "../../tests/invariants/http2_head.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    invariants::check(data);
});

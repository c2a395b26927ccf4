//! A target's URL, and a request target joined to it.

#![no_main]

#[path = "../../tests/invariants/target.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    invariants::check(data);
});

//! A route's path, and a request target that is looked up and cut.

#![no_main]

#[path = "../../tests/invariants/path.rs"]
mod invariants;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    invariants::check(data);
});

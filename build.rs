//! Tells the linker what an addon of Node.js needs.

use std::env;

fn main() {
    napi_build::setup();
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        // Node unloads an addon when the last worker thread that uses it ends; the allocator's clean-up of threads that live on would then
        // be called where no code is any more.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}

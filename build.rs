//! Tells the linker what an addon of Node.js needs, and nothing else.

fn main() {
    napi_build::setup();
}

//! Which requests a proxy is for: decided once, when it is made, and asked with every request.
//!
//! Runs on the thread that asks (Node's, or a door's); holds no state and never blocks.

mod filter;
mod glob;
mod linear;
mod plain;
#[cfg(test)]
mod tests;

pub use filter::PathFilter;
pub use glob::{Glob, InvalidGlob, Separators};

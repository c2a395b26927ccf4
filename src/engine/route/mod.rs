//! Which requests a proxy is for, where they go and what is asked there: decided by data that is compiled once.
//!
//! Runs on the thread that asks (Node's, or a door's); holds no state and never blocks.

mod decision;
mod filter;
mod glob;
mod linear;
mod path;
mod plain;
mod prefixes;
mod rewrite;
mod router;
#[cfg(test)]
mod tests;

pub use decision::{Decision, Route, Routes, Table};
pub use filter::PathFilter;
pub use glob::{Glob, InvalidGlob, Separators};
pub use path::BadPath;
pub use prefixes::Prefixes;
pub use rewrite::{InvalidRewrite, PathRewrite};
pub use router::Router;

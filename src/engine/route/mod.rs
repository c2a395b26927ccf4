//! Which requests a proxy is for, where they go and what is asked there: decided by data that is compiled once.
//!
//! Runs on the thread that asks (Node's, or a door's); holds no state and never blocks.

mod activity;
mod decision;
mod filter;
mod glob;
mod linear;
mod path;
mod plain;
mod registry;
mod rewrite;
mod router;
mod table;
#[cfg(test)]
mod tests;
mod url_key;

pub use activity::{Activity, Tally};
pub use decision::{Decision, Route, Routes, Targets};
pub use filter::PathFilter;
pub use glob::{Glob, InvalidGlob, Separators};
pub use path::{BadPath, canonical_prefix};
pub use registry::{Entry, Found, Keys, Registered, Registry};
pub use rewrite::{InvalidRewrite, PathRewrite};
pub use router::Router;
pub use table::{Extent, HostPattern, InvalidHost, Match, Place, Table, Tree};

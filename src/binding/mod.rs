//! The Node.js binding: converts between JavaScript's values and the engine's. It holds no policy.
//!
//! Everything here runs on the thread of its Node environment. The engine calls back through one weak threadsafe function per
//! environment, which only says «drain the ring».

#![allow(
    missing_docs,
    clippy::needless_pass_by_value,
    reason = "the macros of napi write public items and owned arguments"
)]

mod coding;
mod completion;
mod config;
mod door;
mod engine;
mod error;
mod handed;
mod messages;
mod passes;
mod registry;
mod roots;
mod route;
mod routes;
mod server_tls;
mod store;
mod tunnel;

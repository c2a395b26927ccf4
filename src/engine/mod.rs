//! The engine: forwards HTTP requests. No napi, no JavaScript notions, no global state, no unsafe code.
//!
//! Read in this order: [`exchange`] (one request's life), [`incoming`] and [`outgoing`] (what is done to the heads),
//! [`upstream`] (connections to targets), [`body`] and [`ring`] (the way back to the caller), [`worker`] (the thread);
//! [`tunnel`] (what an upgrade becomes), [`door`] (the engine's own listener); apart from them, [`coding`] (content codings) and [`route`] (which requests are for a proxy).

#![forbid(unsafe_code)]

pub mod body;
pub mod coding;
pub mod config;
pub mod door;
pub mod error;
pub mod exchange;
pub mod head;
mod inbox;
pub mod incoming;
pub mod observe;
pub mod outgoing;
pub mod ring;
pub mod route;
pub mod store;
pub mod target;
mod thread;
mod time;
pub mod tunnel;
pub mod upstream;
pub mod worker;

pub use config::Config;
pub use error::Error;
pub use exchange::{Exchange, Order};
pub use target::Target;
pub use worker::Engine;

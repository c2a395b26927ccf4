//! `rs-proxy-middleware`: the forwarding engine of the npm package of that name.
//!
//! # One engine, three faces, two doors
//!
//! The package looks like `http-proxy-middleware`, `http-proxy` and their relatives; what forwards is this crate.
//! A request enters through a *door* (Node's own server, or a socket of ours), runs through the passes of
//! [`engine::incoming`], travels over a pooled connection of [`engine::upstream`], and comes back through the passes of
//! [`engine::outgoing`].
//!
//! # Layers
//!
//! `lib` (JavaScript) → [`binding`] → [`engine`], never the other way. The engine does not know that JavaScript exists:
//! `cargo test --no-default-features` builds it without a single napi crate.
//!
//! # Threads
//!
//! Each Node environment (main thread or worker) owns one [`engine::Engine`]: one thread with a single-threaded tokio runtime and its
//! own connection pool. What happens is told to the JavaScript thread through one [`engine::ring::Ring`]; one wake-up
//! drains every completion that is ready.
//!
//! # Memory
//!
//! Bodies move through bounded [`engine::body::Channel`]s both ways. A slow reader slows the sender, never the memory.

/// The addon's own: the system's takes a tenth of a request.
#[cfg(feature = "addon")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(feature = "addon")]
#[doc(hidden)]
pub mod binding;
pub mod engine;

//! HTTP/1.1 on the wire: requests written, response bodies read (RFC 9112). Heads are read by [`crate::engine::head::ResponseHead`].

mod decode;
mod encode;

pub use decode::{Decoded, Decoder};
pub use encode::{chunk_head, last_chunk, request_head, upgrade_head, whole_head};

//! Heads of messages: fields in the order and the case in which they came, request lines, how long a body is.
//!
//! Everything is bytes. A field value is never decoded: what came in latin1 (or in anything else) goes out byte for byte.

mod check;
mod codec;
mod fields;
mod framing;
mod request;
mod response;

pub use check::{is_field_value, is_host, is_token};
pub use codec::{EditedHead, PackedRequest, Reader, pack_fields, unpack_fields};
pub(crate) use fields::Marks;
pub use fields::{Field, Fields, Found};
pub use framing::{Framing, parse_length};
pub use request::{Client, RequestHead, Version};
pub use response::{ResponseHead, find_end, parse_fields};

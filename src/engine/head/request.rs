//! The head of a request, and what is known of who sent it.

use super::{Fields, Framing, is_token};
use crate::engine::error::{Error, Refusal};
use crate::engine::head::framing::FramingError;
use bytes::Bytes;

/// The head of a request.
#[derive(Clone, Debug)]
pub struct RequestHead {
    /// The method, verbatim.
    pub method: Bytes,
    /// The request target, verbatim.
    pub target: Bytes,
    /// The version in which it came.
    pub version: Version,
    /// Its fields.
    pub fields: Fields,
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0 (and 0.9).
    Http10,
    /// HTTP/1.1.
    Http11,
    /// HTTP/2.
    Http2,
}

impl Version {
    /// Node's `httpVersion`.
    pub fn parse(text: &[u8]) -> Self {
        match text {
            b"1.1" => Self::Http11,
            b"2.0" => Self::Http2,
            _ => Self::Http10,
        }
    }
}

/// The client's side of the connection.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Its address; a Unix socket has none.
    pub remote: Option<Bytes>,
    /// It came over TLS.
    pub encrypted: bool,
    /// It asks for a WebSocket, and that is what its protocol is to be called.
    pub is_websocket: bool,
    /// It sent two `Host` fields, of which the first is in the head.
    pub duplicate_host: bool,
    /// It sent more fields than are in the head.
    pub truncated: bool,
}

impl RequestHead {
    /// What the framing fields say of the body.
    ///
    /// # Errors
    ///
    /// [`Refusal::TransferCoding`] (501) or [`Refusal::BodyLength`] (400).
    pub fn framing(&self) -> Result<Option<Framing>, Error> {
        Framing::of(&self.fields).map_err(|error| {
            Error::refused(match error {
                FramingError::TransferCoding => Refusal::TransferCoding,
                FramingError::LengthAfterCoding | FramingError::CodingAfterLength | FramingError::Length => {
                    Refusal::BodyLength
                }
            })
        })
    }

    /// Checks the request line.
    ///
    /// # Errors
    ///
    /// [`Refusal::Method`] for what is no token of at most 32 bytes; [`Refusal::Target`] for white space and control characters.
    pub fn check_line(&self) -> Result<(), Error> {
        if !is_token(&self.method) || self.method.len() > LONGEST_METHOD {
            return Err(Error::refused(Refusal::Method));
        }
        if self.target.iter().any(|&b| b <= b' ' || b == 0x7f) {
            return Err(Error::refused(Refusal::Target));
        }
        Ok(())
    }

    /// Whether repeating the request does what one of it does (RFC 9110 §9.2.2).
    pub fn is_idempotent(&self) -> bool {
        matches!(&self.method[..], b"GET" | b"HEAD" | b"OPTIONS" | b"PUT" | b"DELETE" | b"TRACE")
    }

    /// Whether an absent body is announced with `content-length: 0`, as Node's client does for methods that usually have one.
    pub fn announces_empty_body(&self) -> bool {
        !matches!(&self.method[..], b"GET" | b"HEAD" | b"TRACE" | b"CONNECT")
    }
}

/// Longer methods are attacks.
const LONGEST_METHOD: usize = 32;

//! What a target can get wrong: its HTTP, its TLS.

use std::fmt;
use std::sync::Arc;

/// What is wrong with an answer; named after the codes of Node's parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A chunk size that is no hexadecimal number, or too large.
    ChunkSize,
    /// A chunk, or its extensions, not as RFC 9112 §7.1 has it.
    Chunk,
    /// A `Content-Length` that is no number, or two that differ.
    ContentLength,
    /// A field line that is none.
    Field,
    /// Too many fields, or too many bytes of them.
    Overflow,
    /// A line feed without its carriage return.
    LineEnd,
    /// More interim responses than anybody needs.
    TooManyInterim,
    /// It does not begin with `HTTP/`.
    NotHttp,
    /// A status that is no three-digit number from 100 on.
    Status,
    /// A transfer coding other than `chunked`.
    TransferCoding,
    /// A `Content-Length` behind a `Transfer-Encoding`.
    LengthAfterCoding,
    /// A `Transfer-Encoding` behind a `Content-Length`.
    CodingAfterLength,
    /// A `101` that nobody asked for.
    UnaskedUpgrade,
    /// A `101` that grants something else than the WebSocket that was asked for.
    Upgrade,
    /// A version other than 1.0 and 1.1.
    Version,
}

impl Fault {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::ChunkSize => "HPE_INVALID_CHUNK_SIZE",
            Self::Chunk => "HPE_STRICT",
            Self::ContentLength => "HPE_INVALID_CONTENT_LENGTH",
            Self::Field => "HPE_INVALID_HEADER_TOKEN",
            Self::Overflow => "HPE_HEADER_OVERFLOW",
            Self::LineEnd => "HPE_CR_EXPECTED",
            Self::TooManyInterim => "HPE_HEADER_OVERFLOW",
            Self::NotHttp => "HPE_INVALID_CONSTANT",
            Self::Status => "HPE_INVALID_STATUS",
            Self::TransferCoding => "HPE_INVALID_TRANSFER_ENCODING",
            Self::LengthAfterCoding => "HPE_UNEXPECTED_CONTENT_LENGTH",
            Self::CodingAfterLength => "HPE_INVALID_TRANSFER_ENCODING",
            Self::UnaskedUpgrade => "HPE_INVALID_STATUS",
            Self::Upgrade => "ERR_PROXY_INVALID_UPGRADE",
            Self::Version => "HPE_INVALID_VERSION",
        }
    }

    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::ChunkSize => "Invalid character in chunk size",
            Self::Chunk => "Malformed chunk",
            Self::ContentLength => "Invalid Content-Length",
            Self::Field => "Invalid header value char",
            Self::Overflow => "Header overflow",
            Self::LineEnd => "Missing expected CR before LF",
            Self::TooManyInterim => "Too many interim responses",
            Self::NotHttp => "Expected HTTP/",
            Self::Status => "Invalid status code",
            Self::TransferCoding => "Invalid Transfer-Encoding",
            Self::LengthAfterCoding => "Content-Length can't be present with Transfer-Encoding",
            Self::CodingAfterLength => "Transfer-Encoding can't be present with Content-Length",
            Self::UnaskedUpgrade => "101 Switching Protocols without a request for an upgrade",
            Self::Upgrade => "101 Switching Protocols that does not grant the WebSocket that was asked for",
            Self::Version => "Invalid HTTP version",
        }
    }
}

/// What ended a request over HTTP/2, with the number of RFC 9113 §7 that the target gave for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http2Fault {
    /// What came is no HTTP/2, or breaks its rules.
    Protocol,
    /// The target has ended the whole session.
    Session(u32),
    /// The target has reset the request's stream, or sent what had to be refused.
    Stream(u32),
}

impl Http2Fault {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Protocol => "ERR_HTTP2_ERROR",
            Self::Session(_) => "ERR_HTTP2_SESSION_ERROR",
            Self::Stream(_) => "ERR_HTTP2_STREAM_ERROR",
        }
    }
}

impl fmt::Display for Http2Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol => f.write_str("Protocol error"),
            Self::Session(number) => write!(f, "Session closed with error code {number}"),
            Self::Stream(number) => {
                let name = REASONS.get(*number as usize).copied().unwrap_or("UNKNOWN");
                write!(f, "Stream closed with error code NGHTTP2_{name}")
            }
        }
    }
}

/// Of RFC 9113 §7, by number.
const REASONS: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

/// A proxy that has not led to the target.
#[derive(Clone, Debug)]
pub struct TunnelFault {
    /// Node's `code` for it, such as `ERR_PROXY_TUNNEL`.
    pub code: &'static str,
    /// What was asked of whom, and what came of it.
    pub message: Arc<str>,
}

/// A failed TLS handshake, in OpenSSL's and Node's words.
#[derive(Clone, Debug)]
pub struct TlsFault {
    /// Node's `code`, such as `DEPTH_ZERO_SELF_SIGNED_CERT`.
    pub code: &'static str,
    /// Node's message for it.
    pub message: Arc<str>,
}

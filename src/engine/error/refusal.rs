//! Requests that must not be forwarded, and why.

/// Why a request is not forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `Content-Length` and `Transfer-Encoding` together, or a length that is no number.
    BodyLength,
    /// Two `Host` fields.
    DuplicateHost,
    /// A field name or value that cannot be sent.
    Field,
    /// A `Host` that is no host.
    Host,
    /// A method that is no token.
    Method,
    /// A field of the `headers` option that cannot be sent.
    OptionField,
    /// Node kept only the first of the request's fields.
    TooManyFields,
    /// A request target that cannot be sent.
    Target,
    /// A transfer coding other than `chunked`.
    TransferCoding,
    /// A head whose parts do not add up: a value holds a line feed or a NUL.
    Unpackable,
}

impl Refusal {
    pub(super) const fn status(self) -> u16 {
        match self {
            Self::TransferCoding => 501,
            Self::TooManyFields => 431,
            // Not the client's fault.
            Self::OptionField => 500,
            _ => 400,
        }
    }

    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::BodyLength => "ERR_PROXY_INVALID_BODY_LENGTH",
            Self::DuplicateHost | Self::Host => "ERR_PROXY_INVALID_HOST",
            Self::Field | Self::OptionField | Self::Unpackable => "ERR_INVALID_CHAR",
            Self::Method => "ERR_INVALID_HTTP_TOKEN",
            Self::TooManyFields => "HPE_HEADER_OVERFLOW",
            Self::Target => "ERR_UNESCAPED_CHARACTERS",
            Self::TransferCoding => "HPE_INVALID_TRANSFER_ENCODING",
        }
    }

    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::BodyLength => "The request's Content-Length is not usable",
            Self::DuplicateHost => {
                "The request has more than one Host field; set allowDuplicateHost to forward the first"
            }
            Self::Field | Self::Unpackable => "Invalid character in header content",
            Self::Host => "The request's Host field is not a host",
            Self::OptionField => "Invalid character in a field of the headers option",
            Self::Method => "Method must be a valid HTTP token",
            Self::TooManyFields => "The request has more header fields than Node keeps",
            Self::Target => "Request path contains unescaped characters",
            Self::TransferCoding => "The request's Transfer-Encoding is not chunked",
        }
    }
}

//! A request that the door answers itself.

use crate::engine::error::Error;
use std::borrow::Cow;

/// Why a request is not forwarded, and the status that says so. The connection ends with the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The status.
    pub status: u16,
    /// One line for whoever sent it. Nothing of the request is repeated in it.
    pub why: Cow<'static, str>,
}

impl Denial {
    /// With a status of its own.
    pub const fn new(status: u16, why: &'static str) -> Self {
        Self { status, why: Cow::Borrowed(why) }
    }

    /// What is no HTTP/1.1 message, or one that two readers could understand in two ways.
    pub const fn bad(why: &'static str) -> Self {
        Self::new(400, why)
    }
}

impl From<Error> for Denial {
    fn from(error: Error) -> Self {
        Self { status: error.status(), why: error.to_string().into() }
    }
}

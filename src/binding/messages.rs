//! The messages of WebSockets whose bytes Node carries to their target (`lib/transport-node`).

#![allow(unreachable_pub, reason = "napi exports public functions only, wherever they stand")]
#![cfg_attr(test, allow(dead_code, reason = "napi exports nothing from tests"))]

use super::engine::to_bytes;
use super::error;
use crate::engine::error::{Error, Fault, Phase};
use crate::engine::head::unpack_fields;
use crate::engine::tunnel::{Agreement, Direction, Lane, Message, Step, Verdict, kept_offers};
use bytes::Bytes;
use napi::bindgen_prelude::{BufferSlice, Latin1String, Result};
use napi::{Env, JsString, Status};
use napi_derive::napi;

// What a message is; the same numbers stand in lib/bridge/upgrade.js.
const TO_CLIENT: u32 = 1;
const BINARY: u32 = 2;

// What becomes of it; the same numbers stand in lib/bridge/messages.js.
const PASS: u32 = 0;
const DROP: u32 = 1;
const TEXT: u32 = 2;

/// What a message is.
pub(super) fn flags(message: &Message) -> u32 {
    let to_client = if message.direction == Direction::ToClient { TO_CLIENT } else { 0 };
    to_client | if message.is_binary { BINARY } else { 0 }
}

/// What it says; of a binary one each character is a byte.
pub(super) fn text<'env>(env: &'env Env, message: &Message) -> Result<JsString<'env>> {
    match std::str::from_utf8(&message.payload) {
        Ok(text) if !message.is_binary => env.create_string(text),
        _ => env.create_string_latin1(&message.payload),
    }
}

/// What JavaScript makes of it.
pub(super) fn verdict(what: u32, payload: Option<BufferSlice<'_>>) -> Verdict {
    match (what, payload) {
        (DROP, _) => Verdict::Drop,
        (PASS, _) | (_, None) => Verdict::Pass,
        (kind, Some(payload)) => {
            Verdict::Replace { is_binary: kind != TEXT, payload: Bytes::copy_from_slice(&payload) }
        }
    }
}

/// What of the extensions that a client offers can be taken apart here; nothing if none can.
#[napi(catch_unwind)]
pub fn known_offers(offers: Latin1String) -> Option<String> {
    let kept = kept_offers(std::iter::once(&to_bytes(&offers)[..]))?;
    Some(kept.into_iter().map(char::from).collect())
}

/// Both directions of a WebSocket.
#[napi]
pub struct NativeMessages {
    to_target: Lane,
    to_client: Lane,
}

/// What is next in a direction: bytes that go on as they are, or a message to be judged, as completions have it.
#[napi(object, object_from_js = false)]
pub struct NativeStep<'env> {
    pub bytes: Option<BufferSlice<'env>>,
    pub flags: u32,
    pub message: Option<JsString<'env>>,
}

#[napi]
impl NativeMessages {
    /// For the packed fields of the 101; throws a packed error if it agrees to what was not offered.
    #[napi(constructor, catch_unwind)]
    pub fn new(answer: Latin1String, fields: u32) -> Result<Self> {
        let agreed = unpack_fields(&to_bytes(&answer), fields as usize).and_then(|fields| {
            Agreement::of(&fields).map_err(|_| Error::protocol(Fault::Upgrade, Phase::Head))
        });
        let agreement =
            agreed.map_err(|fault| napi::Error::new(Status::GenericFailure, error::pack(&fault)))?;
        Ok(Self {
            to_target: Lane::new(Direction::ToTarget, agreement),
            to_client: Lane::new(Direction::ToClient, agreement),
        })
    }

    /// Adds bytes of one direction.
    #[napi(catch_unwind)]
    pub fn push(&mut self, to_client: bool, chunk: BufferSlice<'_>) {
        self.lane(to_client).input().extend_from_slice(&chunk);
    }

    /// Gives what is next; nothing if more bytes are needed. A message must be settled before this is called again.
    #[napi(catch_unwind)]
    pub fn step<'env>(&mut self, env: &'env Env, to_client: bool) -> Result<Option<NativeStep<'env>>> {
        Ok(match self.lane(to_client).step() {
            Step::More => None,
            Step::Pass(bytes) => {
                let bytes = BufferSlice::copy_from(env, &bytes)?;
                Some(NativeStep { bytes: Some(bytes), flags: 0, message: None })
            }
            Step::Judge(message) => {
                let (flags, text) = (flags(&message), text(env, &message)?);
                Some(NativeStep { bytes: None, flags, message: Some(text) })
            }
        })
    }

    /// Gives the bytes that go on in the place of the message that was given last; see `judge` of the engine.
    #[napi(catch_unwind)]
    pub fn settle<'env>(
        &mut self,
        env: &'env Env,
        to_client: bool,
        what: u32,
        payload: Option<BufferSlice<'_>>,
    ) -> Result<BufferSlice<'env>> {
        let bytes = self.lane(to_client).settle(verdict(what, payload));
        BufferSlice::copy_from(env, &bytes)
    }

    /// Gives what is left at the end of a direction.
    #[napi(catch_unwind)]
    pub fn rest<'env>(&mut self, env: &'env Env, to_client: bool) -> Result<BufferSlice<'env>> {
        let rest = self.lane(to_client).rest();
        BufferSlice::copy_from(env, &rest)
    }

    const fn lane(&mut self, to_client: bool) -> &mut Lane {
        if to_client { &mut self.to_client } else { &mut self.to_target }
    }
}

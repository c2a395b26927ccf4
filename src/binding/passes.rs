//! The passes for requests that do not go over the engine's connections: those that Node's own client sends (`lib/transport-node`).

#![allow(unreachable_pub, reason = "napi exports public functions only, wherever they stand")]
#![cfg_attr(test, allow(dead_code, reason = "napi exports nothing from tests"))]

use super::engine::to_bytes;
use super::error;
use crate::engine::error::{Error, Phase};
use crate::engine::head::{EditedHead, Framing, pack_fields, unpack_fields};
use crate::engine::incoming::{self, Outbound};
use crate::engine::outgoing::run_trailers;
use crate::engine::tunnel::check_upgrade;
use napi::bindgen_prelude::{Latin1String, Result};
use napi::{Env, JsString};
use napi_derive::napi;

/// The head of a request that was prepared and perhaps edited, as `resume` would send it: method, target, fields, among them what is
/// declared of the body; or `!` and a packed error.
#[napi(catch_unwind)]
pub fn edited_head<'env>(
    env: &'env Env,
    base: Latin1String,
    head: Latin1String,
    fields: u32,
) -> Result<JsString<'env>> {
    let edited = EditedHead::unpack(&to_bytes(&base), &to_bytes(&head), fields as usize);
    pack_outbound(env, edited.and_then(|edited| incoming::resume(edited, None)))
}

/// Packed trailers without those that would change what was said before them.
#[napi(catch_unwind)]
pub fn passed_trailers<'env>(env: &'env Env, trailers: Latin1String, fields: u32) -> Result<JsString<'env>> {
    let mut trailers = unpack_fields(&to_bytes(&trailers), fields as usize).unwrap_or_default();
    run_trailers(&mut trailers);
    let mut packed = Vec::new();
    pack_fields(&trailers, &mut packed);
    env.create_string_latin1(&packed)
}

/// Checks the fields of a 101 against those of the handshake that it answers; gives a packed error if it grants something else.
#[napi(catch_unwind)]
pub fn upgrade_fault(
    request: Latin1String,
    request_fields: u32,
    answer: Latin1String,
    answer_fields: u32,
) -> Option<String> {
    let fields = |text: &Latin1String, count: u32| unpack_fields(&to_bytes(text), count as usize);
    let checked = fields(&request, request_fields).and_then(|request| {
        let answer = fields(&answer, answer_fields)?;
        check_upgrade(&request, &answer).map_err(|fault| Error::protocol(fault, Phase::Head))
    });
    checked.err().map(|fault| error::pack(&fault))
}

/// A head for JavaScript: method, target, fields; or `!` and a packed error.
pub(super) fn pack_outbound<'env>(
    env: &'env Env,
    outbound: std::result::Result<Outbound, Error>,
) -> Result<JsString<'env>> {
    let Outbound { mut head, framing, .. } = match outbound {
        Ok(outbound) => outbound,
        Err(error) => return env.create_string(format!("!{}", error::pack(&error))),
    };
    // Listeners see, and may read, what the client declared; the sender derives it anew.
    match framing {
        Some(Framing::Chunked) => head.fields.push("transfer-encoding", "chunked"),
        Some(Framing::Length(n)) => head.fields.push("content-length", n.to_string()),
        Some(Framing::Empty) => head.fields.push("content-length", "0"),
        Some(Framing::UntilClose) | None => {}
    }
    let mut packed = [&head.method[..], b"\n", &head.target, b"\n"].concat();
    pack_fields(&head.fields, &mut packed);
    env.create_string_latin1(&packed)
}

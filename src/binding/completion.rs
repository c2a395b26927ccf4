//! Completions on their way to `lib/bridge/engine.js`: four numbers each, and the texts that belong to them.

use super::{error, messages};
use crate::engine::head::{Version, pack_fields};
use crate::engine::ring::{Completion, Event, Head};
use napi::bindgen_prelude::Result;
use napi::{Env, JsString};

/// Bytes per completion: four 32-bit numbers in the machine's order — exchange, kind, and two that depend on the kind.
pub(super) const RECORD: usize = 16;

// Kinds; the same numbers stand in lib/bridge/engine.js.
const INTERIM: u32 = 1;
const RESPONSE: u32 = 2;
const READABLE: u32 = 3;
const WRITABLE: u32 = 4;
const END: u32 = 5;
const FAILED: u32 = 6;
const SWITCHED: u32 = 7;
const TARGET_ENDED: u32 = 8;
const DETACHED: u32 = 9;
const MESSAGE: u32 = 10;
const LOOKUP: u32 = 11;

// Flags of a response.
const WHOLE: u32 = 1;
const OPEN_ENDED: u32 = 2;
const ENDS_CONNECTION: u32 = 4;
const HTTP10: u32 = 8;
const HTTP2: u32 = 16;

/// Whether nothing follows this completion, and no body waits to be read.
pub(super) const fn is_last(event: &Event) -> bool {
    matches!(event, Event::Response(_, Some(_)) | Event::Failed(_))
}

/// Writes a completion's numbers to `record` and its texts to `texts`.
pub(super) fn write<'env>(
    env: &'env Env,
    completion: &Completion,
    record: &mut [u8],
    texts: &mut Vec<JsString<'env>>,
) -> Result<()> {
    let (kind, first, second) = match &completion.event {
        Event::Interim(head) => (INTERIM, u32::from(head.status), text(env, head, texts)?),
        Event::Response(head, body) => {
            let flags = text(env, head, texts)?;
            let whole = match body {
                Some(body) => {
                    texts.push(env.create_string_latin1(body)?);
                    WHOLE
                }
                None => 0,
            };
            (RESPONSE, u32::from(head.status), flags | whole)
        }
        Event::Readable => (READABLE, 0, 0),
        Event::Writable => (WRITABLE, 0, 0),
        Event::End(trailers) => {
            let mut packed = Vec::new();
            pack_fields(trailers, &mut packed);
            texts.push(env.create_string_latin1(&packed)?);
            (END, 0, 0)
        }
        Event::Switched(switched) => {
            text(env, &switched.head, texts)?;
            let ends = switched.ends.map(|(ours, theirs)| {
                format!("{}\n{}\n{}\n{}\n", ours.ip(), ours.port(), theirs.ip(), theirs.port())
            });
            texts.push(env.create_string_latin1(ends.unwrap_or_default().as_bytes())?);
            (SWITCHED, 0, 0)
        }
        Event::TargetEnded => (TARGET_ENDED, 0, 0),
        Event::Detached => (DETACHED, 0, 0),
        Event::Message(message) => {
            texts.push(messages::text(env, message)?);
            (MESSAGE, messages::flags(message), 0)
        }
        Event::Lookup(number, host) => {
            texts.push(env.create_string(host)?);
            (LOOKUP, *number, 0)
        }
        Event::Failed(error) => {
            texts.push(env.create_string(error::pack(error))?);
            (FAILED, 0, 0)
        }
    };
    for (bytes, number) in record.chunks_exact_mut(4).zip([completion.id, kind, first, second]) {
        bytes.copy_from_slice(&number.to_ne_bytes());
    }
    Ok(())
}

/// The head as text: the reason phrase, then the fields. Gives its flags.
fn text<'env>(env: &'env Env, head: &Head, texts: &mut Vec<JsString<'env>>) -> Result<u32> {
    let mut packed = Vec::with_capacity(512);
    packed.extend_from_slice(&head.reason);
    packed.push(b'\n');
    pack_fields(&head.fields, &mut packed);
    texts.push(env.create_string_latin1(&packed)?);
    let flag = |set: bool, flag| if set { flag } else { 0 };
    Ok(flag(head.is_open_ended, OPEN_ENDED)
        | flag(head.ends_connection, ENDS_CONNECTION)
        | flag(head.version == Version::Http10, HTTP10)
        | flag(head.version == Version::Http2, HTTP2))
}

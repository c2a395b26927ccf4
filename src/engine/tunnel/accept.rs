//! What makes a `101` the grant of the WebSocket that was asked for (RFC 6455 §4.1).

use crate::engine::error::Fault;
use crate::engine::head::Fields;
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

/// Checks the answer's fields against those of the request.
///
/// # Errors
///
/// [`Fault::Upgrade`], if it grants something else.
pub fn check(request: &Fields, answer: &Fields) -> Result<(), Fault> {
    let mut upgrades = answer.get_all(b"upgrade");
    let is_websocket = upgrades.next().is_some_and(|upgrade| upgrade.eq_ignore_ascii_case(b"websocket"));
    if !is_websocket || upgrades.next().is_some() || !answer.get_all(b"connection").any(has_upgrade) {
        return Err(Fault::Upgrade);
    }
    let mut keys = request.get_all(b"sec-websocket-key");
    // Where the client has not sent exactly one, the target decides; there is nothing that it could be held to.
    let (Some(key), None) = (keys.next(), keys.next()) else { return Ok(()) };
    let mut accepts = answer.get_all(b"sec-websocket-accept");
    match (accepts.next(), accepts.next()) {
        (Some(accept), None) if accept[..] == *accept_of(key) => Ok(()),
        _ => Err(Fault::Upgrade),
    }
}

fn has_upgrade(list: &[u8]) -> bool {
    list.split(|&b| b == b',').any(|token| token.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
}

/// The `Sec-WebSocket-Accept` that answers a key.
pub(super) fn accept_of(key: &[u8]) -> Vec<u8> {
    let mut digest = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    digest.update(key);
    digest.update(GUID);
    base64(digest.finish().as_ref())
}

/// RFC 4648 §4.
pub(in crate::engine) fn base64(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i <= group.len() { digit } else { b'=' });
        }
    }
    text
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(lines: &[(&'static str, &'static str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in lines {
            fields.push(*name, *value);
        }
        fields
    }

    const ACCEPT: (&str, &str) = ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    const UPGRADE: (&str, &str) = ("Upgrade", "WebSocket");
    const CONNECTION: (&str, &str) = ("Connection", "keep-alive, upgrade");

    fn is_granted(request: &[(&'static str, &'static str)], answer: &[(&'static str, &'static str)]) -> bool {
        check(&fields(request), &fields(answer)).is_ok()
    }

    #[test]
    fn the_example_of_rfc_6455() {
        assert_eq!(accept_of(b"dGhlIHNhbXBsZSBub25jZQ=="), ACCEPT.1.as_bytes());
        let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        assert!(is_granted(&[key], &[UPGRADE, CONNECTION, ACCEPT]));
        for answer in [
            &[CONNECTION, ACCEPT][..],
            &[UPGRADE, ACCEPT],
            &[UPGRADE, CONNECTION],
            &[UPGRADE, CONNECTION, ACCEPT, ACCEPT],
            &[UPGRADE, UPGRADE, CONNECTION, ACCEPT],
            &[("Upgrade", "h2c"), CONNECTION, ACCEPT],
            &[UPGRADE, ("Connection", "close"), ACCEPT],
            &[UPGRADE, CONNECTION, ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=")],
        ] {
            assert!(!is_granted(&[key], answer), "{answer:?}");
        }
    }

    #[test]
    fn without_one_key_there_is_nothing_to_hold_the_target_to() {
        assert!(is_granted(&[], &[UPGRADE, CONNECTION]));
        assert!(!is_granted(&[], &[UPGRADE]));
        let key = ("sec-websocket-key", "x");
        assert!(is_granted(&[key, key], &[UPGRADE, CONNECTION]));
    }

    #[test]
    fn every_length_is_padded() {
        for (bytes, text) in
            [(&b""[..], ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes), text.as_bytes());
        }
    }
}

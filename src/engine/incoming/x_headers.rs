//! `XHeaders`: says who the client is (`xfwd: true`). Lists are appended to with a comma and no space, as in the originals.

use crate::engine::head::{Client, Fields};

/// Adds `x-forwarded-for`, `-port`, `-proto` and `-host`. Whether the client has named a host is to be said: if not, it is the target's that
/// stands in the head.
pub(super) fn run(fields: &mut Fields, client: &Client, names_host: bool) {
    let host = fields.get(b"host").filter(|_| names_host).unwrap_or_default().to_vec();
    if let Some(remote) = &client.remote {
        append(fields, "x-forwarded-for", remote);
    }
    let port = port_of(&host).unwrap_or(if client.encrypted { b"443" } else { b"80" });
    append(fields, "x-forwarded-port", port);
    append(fields, "x-forwarded-proto", protocol(client));
    if fields.get(b"x-forwarded-host").is_none_or(|value| value.is_empty()) {
        fields.set("x-forwarded-host", host);
    }
}

fn protocol(client: &Client) -> &'static [u8] {
    match (client.is_websocket, client.encrypted) {
        (false, false) => b"http",
        (false, true) => b"https",
        (true, false) => b"ws",
        (true, true) => b"wss",
    }
}

fn append(fields: &mut Fields, name: &'static str, value: &[u8]) {
    let value = match fields.get(name.as_bytes()) {
        Some(before) if !before.is_empty() => [before, b",", value].concat(),
        _ => value.to_vec(),
    };
    fields.set(name, value);
}

/// The port of a `Host` field; behind the brackets if it is an IPv6 address.
fn port_of(host: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memrchr(b':', host)?;
    let port = &host[colon + 1..];
    let inside_brackets = memchr::memchr(b']', port).is_some();
    (!inside_brackets && !port.is_empty() && port.iter().all(u8::is_ascii_digit)).then_some(port)
}

//! Heads on their way to Node, and heads that come back.

use super::super::claims;
use super::super::denial::Denial;
use super::super::head::{ClientHead, has_connection_option};
use super::super::visitor::Visitor;
use super::Receiver;
use crate::engine::config::Config;
use crate::engine::exchange::Order;
use crate::engine::head::{Fields, Framing, RequestHead, parse_fields};
use crate::engine::incoming::Outbound;
use crate::engine::tunnel::Upgrade;
use bytes::Bytes;
use std::sync::Arc;

/// The order for a request as its client has sent it. What is the proxy's to forward is freed first of what it would be freed of in any case.
pub(super) fn order(
    visitor: &Visitor,
    asked: &ClientHead,
    receiver: Receiver,
    config: &Arc<Config>,
) -> Result<Order, Denial> {
    let mut head = as_sent(asked)?;
    let has_body = asked.framing != Framing::Empty;
    if has_body {
        // Node would take the body for the other protocol.
        head.fields.remove(b"upgrade");
    }
    if receiver == Receiver::Proxy {
        let settings = &visitor.settings;
        claims::strip(&mut head.fields, settings.trust.trusts(visitor.remote.map(|remote| remote.ip())));
        if settings.added.get(b"via").is_none() {
            let via = claims::via(&head.fields, head.version, &settings.id)?;
            head.fields.set("via", via);
        }
    }
    let upgrade = asked.upgrade && !has_body;
    Ok(make(head, asked.framing, upgrade, config))
}

/// The order for a request whose target has failed: Node gets its head alone, for the body has been on its way to that target.
pub(super) fn failed(asked: &ClientHead, config: &Arc<Config>) -> Result<Order, Denial> {
    let mut head = as_sent(asked)?;
    for name in [&b"content-length"[..], b"transfer-encoding", b"expect", b"trailer", b"upgrade"] {
        head.fields.remove(name);
    }
    Ok(Order { body: Some(Bytes::new()), ..make(head, Framing::Empty, false, config) })
}

fn make(head: RequestHead, framing: Framing, upgrade: bool, config: &Arc<Config>) -> Order {
    Order {
        id: 0,
        config: Arc::clone(config),
        outbound: Outbound { head, framing: Some(framing), client_host: None, verbatim: true },
        body: None,
        raw_head: true,
        announced: false,
        upgrade: upgrade.then_some(Upgrade { verify: false, messages: false }),
        #[cfg(feature = "fault-injection")]
        panic: false,
    }
}

/// The head with the fields as they were spelled, in as many lines as they came.
fn as_sent(asked: &ClientHead) -> Result<RequestHead, Denial> {
    let unreadable = || Denial::bad("The request's head is malformed");
    let sent = &asked.sent;
    let end = memchr::memchr(b'\r', sent).ok_or_else(unreadable)?;
    let line = &sent[..end];
    let (Some(first), Some(last)) = (memchr::memchr(b' ', line), memchr::memrchr(b' ', line)) else {
        return Err(unreadable());
    };
    let target = sent.slice(first + 1..last.max(first + 1));
    let fields = parse_fields(&sent.slice(end + 2..), MOST_FIELDS).map_err(|_| unreadable())?;
    Ok(RequestHead { method: asked.head.method.clone(), target, version: asked.head.version, fields })
}

/// Takes what Node says of its own connection out of a response's fields; says whether it wants the client's to end.
pub(in super::super) fn end_to_end(fields: &mut Fields) -> bool {
    let closes = has_connection_option(fields, b"close");
    for name in [&b"connection"[..], b"keep-alive", b"transfer-encoding"] {
        fields.remove(name);
    }
    closes
}

const MOST_FIELDS: usize = super::super::Limits::MOST_FIELDS;

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
pub(in super::super) fn order(
    visitor: &Visitor,
    asked: &ClientHead,
    receiver: Receiver,
    config: &Arc<Config>,
) -> Result<Order, Denial> {
    let mut head = as_sent(asked)?;
    visitor.check_host(&head.fields)?;
    let has_body = asked.framing != Framing::Empty;
    if has_body {
        // Node would take the body for the other protocol.
        head.fields.remove(b"upgrade");
    }
    if let Receiver::Route(_) = receiver {
        // The route's rules have been applied: nobody does so again.
        head.target = asked_for(asked);
    }
    if receiver != Receiver::Fallback {
        let settings = &visitor.settings;
        visitor.strip_claims(&mut head.fields);
        if settings.added.get(b"via").is_none() {
            let via = claims::via(&head.fields, head.version, &settings.id)?;
            head.fields.set("via", via);
        }
    }
    let upgrade = asked.upgrade && !has_body;
    Ok(make(head, asked.framing, upgrade, config))
}

/// The order for a request whose target has failed: Node gets its head alone, for the body has been on its way to that target, and the path
/// by which that was asked.
pub(in super::super) fn failed(asked: &ClientHead, config: &Arc<Config>) -> Result<Order, Denial> {
    let mut head = RequestHead { target: asked_for(asked), ..as_sent(asked)? };
    for name in [&b"content-length"[..], b"transfer-encoding", b"expect", b"trailer", b"upgrade"] {
        head.fields.remove(name);
    }
    Ok(Order { body: Some(Bytes::new()), ..make(head, Framing::Empty, false, config) })
}

/// What the target is asked for. Rules may leave nothing of a path, but a request line needs something.
fn asked_for(asked: &ClientHead) -> Bytes {
    let target = &asked.head.target;
    if target.is_empty() { Bytes::from_static(b"/") } else { target.clone() }
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
    let fields = parse_fields(&sent[end + 2..], MOST_FIELDS).map_err(|_| unreadable())?;
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

#[cfg(test)]
mod tests {
    use super::super::super::{Limits, Search};
    use super::*;
    use crate::engine::target::Target;
    use crate::engine::upstream::h1;
    use bytes::BytesMut;

    fn read(text: &str) -> ClientHead {
        Search::new(true).take(&mut BytesMut::from(text), &Limits::default()).unwrap().unwrap()
    }

    fn written(order: &Order) -> String {
        let mut out = BytesMut::new();
        h1::whole_head(&order.outbound.head, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    fn config() -> Arc<Config> {
        Arc::new(Config::new(Target::parse("http://a").unwrap()))
    }

    #[test]
    fn a_head_goes_on_as_it_was_sent() {
        for text in [
            "GET /a/../b?c HTTP/1.1\r\nHOST: a\r\nX-a:  1 \r\nx-A: 2\r\nConnection: close\r\n\r\n",
            "OPTIONS http://a/ HTTP/1.0\r\n\r\n",
        ] {
            let head = as_sent(&read(text)).unwrap();
            let order = make(head, Framing::Empty, false, &config());
            assert_eq!(written(&order), text.replace(":  1 ", ": 1"));
        }
    }

    #[test]
    fn a_request_that_has_failed_goes_on_without_its_body_and_by_its_last_path() {
        let mut asked = read(
            "POST /a HTTP/1.1\r\nHost: a\r\nX: 1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
        );
        asked.head.target = Bytes::from_static(b"/rewritten");
        let order = failed(&asked, &config()).unwrap();
        assert_eq!(written(&order), "POST /rewritten HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n");
        assert_eq!(order.body, Some(Bytes::new()));
        asked.head.target = Bytes::new();
        assert!(written(&failed(&asked, &config()).unwrap()).starts_with("POST / HTTP/1.1"));
    }

    #[test]
    fn what_node_says_of_its_connection_is_not_the_clients() {
        let mut fields = Fields::default();
        for (name, value) in [("Connection", "keep-alive"), ("Keep-Alive", "timeout=5"), ("Trailer", "x")] {
            fields.push(name, value);
        }
        assert!(!end_to_end(&mut fields));
        assert_eq!(fields.iter().map(|field| field.name).collect::<Vec<_>>(), [b"Trailer"]);
        fields.push("connection", "x, Close");
        assert!(end_to_end(&mut fields));
        assert_eq!(fields.len(), 1);
    }
}

//! One attempt: the request over one connection, and what to do with the connection afterwards.

use super::receive::{Received, Receiver};
use super::repeat::Repeat;
use super::send::{self, Body};
use super::{Context, Order, Shared};
use crate::engine::error::{Error, Kind};
use crate::engine::head::Framing;
use crate::engine::ring::Event;
use crate::engine::upstream::{Connection, Key, h1};
use bytes::BytesMut;

/// One attempt to make an exchange.
pub(super) struct Attempt<'a> {
    pub(super) order: &'a Order,
    pub(super) shared: &'a Shared,
    pub(super) context: &'a Context,
    pub(super) key: &'a Key,
    pub(super) framing: Framing,
    /// It is made for the second time.
    pub(super) repeat: Option<Repeat>,
}

/// Why an attempt failed, and whether the target can have acted on it.
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) retry: Retry,
}

/// Which requests may be sent once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retry {
    /// None: the target may have acted on them.
    None,
    /// Those that may be repeated. The connection had been used before, and nothing came back over it: its target had very likely closed
    /// it already.
    Idempotent,
    /// All: the target has not acted on them.
    Any,
}

impl Attempt<'_> {
    /// Makes the attempt; gives the last completion.
    pub(super) async fn run(self, mut connection: Connection, body: &mut Body<'_>) -> Result<Event, Failure> {
        let reused = connection.reused;
        let mut head = BytesMut::with_capacity(1024);
        if self.order.outbound.verbatim {
            h1::whole_head(&self.order.outbound.head, &mut head);
        } else {
            h1::request_head(&self.order.outbound.head, self.framing, self.order.config.reuse, &mut head);
        }
        let timeouts = &self.order.config.timeouts;
        let mut receiver = Receiver::new(self.order, self.shared, self.context, connection.peer.clone());
        receiver.report.repeat = self.repeat;
        let result = if let Some(whole) = body.whole.clone() {
            // What cannot be written may still have been answered: that error is the receiving side's to find out.
            let sent = send::whole(&mut *connection.io, head, self.framing, &whole, timeouts).await;
            receiver.run(&mut connection.io, &mut connection.buffer, None, sent.err()).await
        } else {
            let (reader, writer) = tokio::io::split(&mut connection.io);
            let (ring, id) = (&self.context.ring, self.order.id);
            let sending = send::stream(writer, head, self.framing, body, ring, id, timeouts);
            let sending = Some(Box::pin(sending) as super::receive::Sending<'_>);
            receiver.run(reader, &mut connection.buffer, sending, None).await
        };
        match result {
            Ok(Received { last, lifetime }) => {
                // Whatever is left in the buffer answers nothing that we asked.
                if let Some(lifetime) =
                    lifetime.filter(|_| self.order.config.reuse && connection.buffer.is_empty())
                {
                    self.context.pool.give(self.key, connection, lifetime);
                }
                Ok(last)
            }
            Err(mut error) => {
                let unanswered = !receiver.has_answer() && connection.buffer.is_empty();
                error.answered = !unanswered;
                let was_closed = matches!(error.kind, Kind::Closed | Kind::Socket { .. });
                // Whoever answers by closing the connection in front of him means it: Node's side is no server that may have timed out.
                let is_stale = reused && unanswered && was_closed && !self.order.outbound.verbatim;
                let retry = if is_stale { Retry::Idempotent } else { Retry::None };
                Err(Failure { error, retry })
            }
        }
    }
}

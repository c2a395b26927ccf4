//! What an exchange tells its caller of the response, in whatever version of HTTP it came.

use super::repeat::Repeat;
use super::{Context, Order, Shared};
use crate::engine::error::{Error, Fault, Phase};
use crate::engine::head::{Fields, Framing, ResponseHead, Version};
use crate::engine::outgoing;
use crate::engine::ring::{Event, Head, Switched};
use crate::engine::tunnel::check_upgrade;
use bytes::Bytes;
use std::sync::atomic::Ordering;

/// Reports one response.
pub(in crate::engine) struct Report<'a> {
    pub(in crate::engine) order: &'a Order,
    pub(in crate::engine) shared: &'a Shared,
    pub(in crate::engine) context: &'a Context,
    /// Held until there is an answer.
    pub(super) repeat: Option<Repeat>,
    interim: usize,
    interim_bytes: usize,
}

impl<'a> Report<'a> {
    pub(in crate::engine) const fn new(order: &'a Order, shared: &'a Shared, context: &'a Context) -> Self {
        Self { order, shared, context, repeat: None, interim: 0, interim_bytes: 0 }
    }

    /// The head of an upgrade that was granted. What it says of its own connection is written anew by whoever passes it on.
    pub(in crate::engine) fn switched(&self, head: ResponseHead) -> Result<Event, Error> {
        if self.order.upgrade.is_some_and(|upgrade| upgrade.verify) {
            check_upgrade(&self.order.outbound.head.fields, &head.fields)
                .map_err(|fault| Error::protocol(fault, Phase::Head))?;
        }
        let fields = if self.order.outbound.verbatim {
            head.fields
        } else {
            outgoing::run(head.fields, head.status, Framing::Empty, self.view())
        };
        let head = Head { fields, ..describe(head.status, head.reason, Framing::Empty, head.version, false) };
        Ok(Event::Switched(Box::new(Switched { head, ends: None })))
    }

    /// Passes on what the client may want to know, and no more than anybody needs.
    pub(in crate::engine) fn interim(&mut self, head: ResponseHead, bytes: usize) -> Result<(), Error> {
        let fault = |fault| Error::protocol(fault, Phase::Head);
        if head.status == SWITCHING {
            return Err(fault(Fault::UnaskedUpgrade));
        }
        self.interim += 1;
        self.interim_bytes += bytes;
        if self.interim > MOST_INTERIM && self.interim_bytes > MOST_INTERIM_BYTES
            || self.interim > MOST_INTERIM_EVER
        {
            return Err(fault(Fault::TooManyInterim));
        }
        if self.interim <= MOST_INTERIM {
            let fields = outgoing::run(head.fields, head.status, Framing::Empty, self.view());
            let head =
                Head { fields, ..describe(head.status, head.reason, Framing::Empty, head.version, false) };
            self.context.ring.push(self.order.id, Event::Interim(head));
        }
        Ok(())
    }

    /// The final head as the caller wants it. `cuts`: the request's body is still on its way.
    pub(in crate::engine) fn head(&self, head: ResponseHead, framing: Framing, cuts: bool) -> Head {
        let ResponseHead { status, reason, fields, version } = head;
        let fields =
            if self.order.raw_head { fields } else { outgoing::run(fields, status, framing, self.view()) };
        Head { fields, ..describe(status, reason, framing, version, cuts) }
    }

    /// Tells of a head whose body follows.
    pub(in crate::engine) fn begin(&mut self, head: Head) {
        self.repeat = None;
        self.context.ring.push(self.order.id, Event::Response(head, None));
        self.shared.has_head.store(true, Ordering::Relaxed);
    }

    /// Hands over a piece of the body.
    pub(in crate::engine) fn data(&self, data: Bytes) {
        if self.shared.response.push(data) {
            self.context.ring.push(self.order.id, Event::Readable);
        }
    }

    fn view(&self) -> outgoing::View<'_> {
        let client_host = self.order.outbound.client_host.as_deref();
        outgoing::View { config: &self.order.config, client_host, keeps_case: false }
    }
}

/// The last completion of a response whose body was handed over.
pub(in crate::engine) fn end(mut trailers: Fields) -> Event {
    outgoing::run_trailers(&mut trailers);
    Event::End(trailers)
}

fn describe(status: u16, reason: Bytes, framing: Framing, version: Version, cuts: bool) -> Head {
    let is_open_ended = matches!(framing, Framing::Chunked | Framing::UntilClose);
    Head { status, reason, fields: Fields::default(), version, is_open_ended, ends_connection: cuts }
}

/// Not an interim response to whoever has asked for it.
pub(in crate::engine) const SWITCHING: u16 = 101;
/// Interim responses passed on; further ones are dropped (docs/reliability-rows.md, D-21).
const MOST_INTERIM: usize = 16;
/// Beyond this, an answer is not expected any more (D-22).
const MOST_INTERIM_EVER: usize = 1024;
const MOST_INTERIM_BYTES: usize = 64 * 1024;
/// Bodies up to this size cross together with their head.
pub(in crate::engine) const WHOLE_LIMIT: u64 = 32 * 1024;

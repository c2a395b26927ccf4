//! Receives the response: interim responses, head, body, trailers; and keeps the request's body going meanwhile.

use super::report::{self, Report, SWITCHING, WHOLE_LIMIT};
use super::{Context, Order, Shared, intake};
use crate::engine::error::{Call, Error, Fault, Kind, Limit, Peer, Phase};
use crate::engine::head::{Fields, Framing, ResponseHead};
use crate::engine::ring::Event;
use crate::engine::upstream::h1::{Decoded, Decoder};
use bytes::{Bytes, BytesMut};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::time::{Instant, timeout_at};

/// The request's body on its way, while the response is received.
pub(in crate::engine) type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// A response that was received to its end.
pub(in crate::engine) struct Received {
    /// The last completion.
    pub(in crate::engine) last: Event,
    /// How long the connection may be kept; `None` if it must be closed.
    pub(in crate::engine) lifetime: Option<Duration>,
}

/// Receives one response.
pub(in crate::engine) struct Receiver<'a> {
    pub(super) report: Report<'a>,
    peer: Peer,
    /// Why the request could not be written, if so.
    send_error: Option<Error>,
    head_deadline: Option<Instant>,
    has_answer: bool,
}

impl<'a> Receiver<'a> {
    pub(in crate::engine) const fn new(
        order: &'a Order,
        shared: &'a Shared,
        context: &'a Context,
        peer: Peer,
    ) -> Self {
        let report = Report::new(order, shared, context);
        Self { report, peer, send_error: None, head_deadline: None, has_answer: false }
    }

    /// Whether any part of a response has been taken.
    pub(in crate::engine) const fn has_answer(&self) -> bool {
        self.has_answer
    }

    /// Receives the response. `sending` is the request's body if it is still on its way, `send_error` why it could not be sent.
    pub(in crate::engine) async fn run<R: AsyncRead + Unpin>(
        &mut self,
        mut reader: R,
        buffer: &mut BytesMut,
        mut sending: Option<Sending<'_>>,
        send_error: Option<Error>,
    ) -> Result<Received, Error> {
        self.send_error = send_error;
        if sending.is_none() {
            self.start_head_limit();
        }
        let (head, framing) = self.head(&mut reader, buffer, &mut sending).await?;
        if head.status == SWITCHING {
            return self.report.switched(head).map(|last| Received { last, lifetime: None });
        }
        let lifetime =
            (!head.closes() && framing != Framing::UntilClose && self.send_error.is_none()).then(|| {
                crate::engine::upstream::lifetime(&head.fields, self.report.order.config.agent.as_deref())
            });
        let last = self.body(head, framing, &mut reader, buffer, &mut sending).await?;
        // An answer that came before the whole request was sent leaves a connection in which nobody knows where it stands.
        let lifetime = lifetime.filter(|_| sending.is_none() && self.send_error.is_none());
        Ok(Received { last, lifetime })
    }

    fn start_head_limit(&mut self) {
        self.head_deadline = self.report.order.config.timeouts.head.map(|limit| Instant::now() + limit);
    }

    /// The final response's head.
    async fn head<R: AsyncRead + Unpin>(
        &mut self,
        reader: &mut R,
        buffer: &mut BytesMut,
        sending: &mut Option<Sending<'_>>,
    ) -> Result<(ResponseHead, Framing), Error> {
        let mut searched = 0;
        loop {
            loop {
                let before = buffer.len();
                let Some(head) = ResponseHead::take(buffer, &mut searched)? else { break };
                self.has_answer = true;
                if head.status >= 200 || head.status == SWITCHING && self.report.order.upgrade.is_some() {
                    let framing = head.framing(&self.report.order.outbound.head.method)?;
                    return Ok((head, framing));
                }
                self.report.interim(head, before - buffer.len())?;
            }
            if self.receive(reader, buffer, sending, Limit::Head).await? == 0 {
                // The reason why the request could not be written says more than that there is no answer.
                let closed = Error::new(Kind::Closed, Phase::Head);
                return Err(self.send_error.take().filter(|_| buffer.is_empty()).unwrap_or(closed));
            }
        }
    }

    /// Hands over the head, and the body as it comes; gives the last completion.
    async fn body<R: AsyncRead + Unpin>(
        &mut self,
        head: ResponseHead,
        framing: Framing,
        reader: &mut R,
        buffer: &mut BytesMut,
        sending: &mut Option<Sending<'_>>,
    ) -> Result<Event, Error> {
        let cuts = sending.is_some() || self.send_error.is_some();
        let head = self.report.head(head, framing, cuts);
        let mut decoder = Decoder::new(framing);
        let mut first = match whole(&mut decoder, buffer, framing)? {
            Early::Whole(body) => return Ok(Event::Response(head, Some(body))),
            Early::Part(first) => first,
        };
        self.report.begin(head);
        loop {
            let decoded = match first.pop() {
                Some(decoded) => decoded,
                None => decoder.decode(buffer).map_err(in_body)?,
            };
            match decoded {
                Decoded::Data(data) => self.report.data(data),
                Decoded::End(trailers) => return Ok(report::end(trailers)),
                Decoded::More => {
                    // A slow client stops the reading here, and thereby the target.
                    self.wait_for_room(sending).await?;
                    let read = self.receive(reader, buffer, sending, Limit::Idle).await;
                    let read = read.map_err(|error| match error.kind {
                        Kind::Closed => Error::new(Kind::Cut, Phase::Body),
                        _ => error,
                    })?;
                    if read == 0 && !decoder.may_end_by_close() {
                        return Err(Error::new(Kind::Cut, Phase::Body));
                    }
                    if read == 0 {
                        return Ok(Event::End(Fields::default()));
                    }
                }
            }
        }
    }

    async fn wait_for_room(&mut self, sending: &mut Option<Sending<'_>>) -> Result<(), Error> {
        let room = self.report.shared.response.room();
        tokio::pin!(room);
        loop {
            let Some(upload) = sending else {
                room.await;
                return Ok(());
            };
            tokio::select! {
                biased;
                () = &mut room => return Ok(()),
                sent = upload.as_mut() => {
                    *sending = None;
                    self.sent(sent)?;
                }
            }
        }
    }

    /// Reads into `buffer`, within a limit that begins when the request was sent (head) or now (idle). Sends meanwhile.
    async fn receive<R: AsyncRead + Unpin>(
        &mut self,
        reader: &mut R,
        buffer: &mut BytesMut,
        sending: &mut Option<Sending<'_>>,
        limit: Limit,
    ) -> Result<usize, Error> {
        let idle_deadline = self.report.order.config.timeouts.idle.map(|limit| Instant::now() + limit);
        loop {
            let Some(upload) = sending else {
                let deadline = if limit == Limit::Head { self.head_deadline } else { idle_deadline };
                let read = match deadline {
                    None => intake::read(reader, buffer).await,
                    Some(deadline) => match timeout_at(deadline, intake::read(reader, buffer)).await {
                        Ok(read) => read,
                        Err(_) => {
                            return Err(self.report.order.config.timeouts.exceeded(limit, phase(limit)));
                        }
                    },
                };
                return self.received(read, limit);
            };
            tokio::select! {
                biased;
                read = intake::read(reader, buffer) => return self.received(read, limit),
                sent = upload.as_mut() => {
                    *sending = None;
                    self.sent(sent)?;
                    self.start_head_limit();
                }
            }
        }
    }

    /// The request's body is through, or not. What the target did to it is not the end yet: it may have answered first.
    fn sent(&mut self, sent: Result<(), Error>) -> Result<(), Error> {
        match sent {
            Ok(()) => Ok(()),
            Err(error) if matches!(error.kind, Kind::Socket { .. } | Kind::Closed) => {
                self.send_error = Some(error);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn received(&self, read: io::Result<usize>, limit: Limit) -> Result<usize, Error> {
        read.map_err(|error| Error::socket(&error, Call::Read, &self.peer, phase(limit)))
    }
}

/// What of a body is there together with its head.
enum Early {
    Whole(Bytes),
    /// Pieces taken already, the last one first.
    Part(Vec<Decoded>),
}

/// Takes a small body out of the buffer if all of it is there: it crosses together with its head.
fn whole(decoder: &mut Decoder, buffer: &mut BytesMut, framing: Framing) -> Result<Early, Error> {
    let fits = match framing {
        Framing::Empty => true,
        Framing::Length(n) => n <= WHOLE_LIMIT && n <= buffer.len() as u64,
        Framing::Chunked => buffer.len() as u64 <= WHOLE_LIMIT && buffer.ends_with(b"0\r\n\r\n"),
        Framing::UntilClose => false,
    };
    if !fits {
        return Ok(Early::Part(Vec::new()));
    }
    let mut pieces = Vec::new();
    loop {
        match decoder.decode(buffer).map_err(in_body)? {
            Decoded::End(trailers) if trailers.is_empty() => break,
            Decoded::Data(data) => pieces.push(Decoded::Data(data)),
            // It was not the end after all, or it has trailers.
            other => {
                pieces.push(other);
                pieces.reverse();
                return Ok(Early::Part(pieces));
            }
        }
    }
    let mut data = pieces
        .into_iter()
        .filter_map(|piece| if let Decoded::Data(data) = piece { Some(data) } else { None });
    let first = data.next().unwrap_or_default();
    let rest: Vec<Bytes> = data.collect();
    Ok(Early::Whole(if rest.is_empty() {
        first
    } else {
        Bytes::from([&[first], &rest[..]].concat().concat())
    }))
}

const fn in_body(fault: Fault) -> Error {
    Error::protocol(fault, Phase::Body)
}

const fn phase(limit: Limit) -> Phase {
    match limit {
        Limit::Connect => Phase::Connect,
        Limit::Head => Phase::Head,
        Limit::Idle | Limit::Total => Phase::Body,
    }
}

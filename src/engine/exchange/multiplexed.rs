//! One attempt over HTTP/2: a stream of a session that other requests share.
//!
//! The two directions are independent, and so are their windows: what the client does not read, the target may not send; what the target
//! does not take, is not read from the client.

use super::attempt::{Attempt, Failure, Retry};
use super::receive::Sending;
use super::report::{self, Report, WHOLE_LIMIT};
use super::send::Body;
use super::{Context, Order, Shared};
use crate::engine::body::{End, Piece};
use crate::engine::config::Timeouts;
use crate::engine::error::{Error, Fault, Kind, Limit, Phase, Refusal};
use crate::engine::head::{Fields, Framing, ResponseHead};
use crate::engine::outgoing::run_trailers;
use crate::engine::ring::{Event, Ring};
use crate::engine::upstream::h2::{self, Place, Session, judge, poll_room};
use ::h2::client::ResponseFuture;
use ::h2::{Reason, RecvStream, SendStream};
use bytes::Bytes;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use tokio::time::{Instant, timeout, timeout_at};

impl Attempt<'_> {
    /// Makes the attempt over a session; gives the last completion.
    pub(super) async fn run_multiplexed(self, place: Place, body: &mut Body<'_>) -> Result<Event, Failure> {
        let never = |error| Failure { error, retry: Retry::None };
        let is_whole = body.whole.as_ref().is_some_and(Bytes::is_empty);
        let framing = if is_whole { Framing::Empty } else { self.framing };
        let is_secure = self.key.tls.is_some();
        let request = h2::request(&self.order.outbound.head, framing, is_secure).map_err(never)?;
        let session = place.session();
        let (response, stream) = place.send(request, is_whole).map_err(|error| {
            // Nothing was sent: it has ended since the place was given.
            Failure { error: judge(&error, session, Phase::Send).error, retry: Retry::Any }
        })?;
        let timeouts = &self.order.config.timeouts;
        let (ring, id) = (&self.context.ring, self.order.id);
        let sending: Option<Sending<'_>> = if is_whole {
            None
        } else {
            Some(Box::pin(send(stream, session, body, self.framing, (ring, id), timeouts)))
        };
        let mut receiver = Receiver::new(self.order, self.shared, self.context, session, sending);
        receiver.report.repeat = self.repeat;
        receiver.run(response).await.map_err(|mut error| {
            error.answered = receiver.has_answer;
            let was_closed = matches!(error.kind, Kind::Closed | Kind::Socket { .. });
            let retry = match receiver.retry {
                Retry::None if place.reused && was_closed => Retry::Idempotent,
                retry => retry,
            };
            Failure { error, retry: if receiver.has_answer { Retry::None } else { retry } }
        })
    }
}

/// Sends the body of a request. What the target does to it is left to the receiving side, which may still find an answer.
async fn send(
    mut stream: SendStream<Bytes>,
    session: &Session,
    body: &mut Body<'_>,
    framing: Framing,
    (ring, id): (&Ring, u32),
    timeouts: &Timeouts,
) -> Result<(), Error> {
    if let Some(whole) = body.whole.clone() {
        return write(&mut stream, session, whole, true, timeouts).await;
    }
    let mut left = match framing {
        Framing::Length(n) => n,
        _ => 0,
    };
    loop {
        match body.next(id, ring).await {
            Piece::Data(bytes, _) => {
                if let Framing::Length(_) = framing {
                    left = left.checked_sub(bytes.len() as u64).ok_or(Error::refused(Refusal::BodyLength))?;
                }
                // A body of known length is over with its last byte, whether its writer has said so yet or not.
                let is_last = left == 0 && matches!(framing, Framing::Length(_));
                write(&mut stream, session, bytes, is_last, timeouts).await?;
                if is_last {
                    return Ok(());
                }
            }
            Piece::End(End::Complete(_)) if left > 0 => return Err(Error::refused(Refusal::BodyLength)),
            Piece::End(End::Complete(mut trailers)) => {
                run_trailers(&mut trailers);
                let ended = if trailers.is_empty() {
                    stream.send_data(Bytes::new(), true)
                } else {
                    stream.send_trailers(h2::trailers(&trailers)?)
                };
                return ended.map_err(|error| judge(&error, session, Phase::Send).error);
            }
            Piece::End(End::Broken) => return Err(Error::new(Kind::Cancelled, Phase::Send)),
        }
    }
}

/// Writes as the target has room. The limit is on each write, so that it runs only while the target is the one who is slow.
async fn write(
    stream: &mut SendStream<Bytes>,
    session: &Session,
    mut bytes: Bytes,
    is_last: bool,
    timeouts: &Timeouts,
) -> Result<(), Error> {
    let failed = |error: &::h2::Error| judge(error, session, Phase::Send).error;
    while !bytes.is_empty() {
        let room = poll_fn(|cx| poll_room(stream, bytes.len(), cx));
        let room = match timeouts.idle {
            None => room.await,
            Some(limit) => match timeout(limit, room).await {
                Ok(room) => room,
                Err(_) => return Err(timeouts.exceeded(Limit::Idle, Phase::Send)),
            },
        };
        let room = match room {
            Some(room) => room.map_err(|error| failed(&error))?,
            None => return Err(Error::new(Kind::Closed, Phase::Send)),
        };
        let piece = bytes.split_to(room.min(bytes.len()));
        stream.send_data(piece, is_last && bytes.is_empty()).map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// Receives one response, and keeps the request's body going meanwhile.
pub(in crate::engine) struct Receiver<'a> {
    pub(in crate::engine) report: Report<'a>,
    session: &'a Session,
    sending: Option<Sending<'a>>,
    head_deadline: Option<Instant>,
    has_answer: bool,
    /// Which requests may be sent again after the failure.
    retry: Retry,
    /// What is to come of the body, if its length is known.
    left: Option<u64>,
}

/// What has come of a body when its head is told.
struct Early {
    pieces: Vec<Bytes>,
    is_over: bool,
}

impl<'a> Receiver<'a> {
    pub(in crate::engine) fn new(
        order: &'a Order,
        shared: &'a Shared,
        context: &'a Context,
        session: &'a Session,
        sending: Option<Sending<'a>>,
    ) -> Self {
        let report = Report::new(order, shared, context);
        let mut receiver = Self {
            report,
            session,
            sending,
            head_deadline: None,
            has_answer: false,
            retry: Retry::None,
            left: None,
        };
        if receiver.sending.is_none() {
            receiver.start_head_limit();
        }
        receiver
    }

    async fn run(&mut self, response: ResponseFuture) -> Result<Event, Error> {
        let (head, stream) = self.head(response).await?;
        self.rest(head, stream).await
    }

    /// Hands over the head, and the body as it comes; gives the last completion.
    pub(in crate::engine) async fn rest(
        &mut self,
        head: ResponseHead,
        mut stream: RecvStream,
    ) -> Result<Event, Error> {
        let framing = framing(&head, &self.report.order.outbound.head.method, stream.is_end_stream())?;
        self.left = match framing {
            Framing::Length(length) => Some(length),
            _ => None,
        };
        let cuts = self.sending.is_some();
        let head = self.report.head(head, framing, cuts);
        let early = self.early(&mut stream).await?;
        if early.is_over {
            let trailers = self.trailers(&mut stream).await?;
            if trailers.is_empty() {
                return Ok(Event::Response(head, Some(early.whole())));
            }
            self.report.begin(head);
            early.pieces.into_iter().for_each(|piece| self.report.data(piece));
            return Ok(report::end(trailers));
        }
        self.report.begin(head);
        early.pieces.into_iter().for_each(|piece| self.report.data(piece));
        while let Some(data) = self.data(&mut stream).await? {
            let length = data.len();
            if length > 0 {
                self.report.data(data);
                // A slow client stops the reading here, and thereby the target.
                self.wait_for_room().await?;
                self.release(&mut stream, length)?;
            }
        }
        Ok(report::end(self.trailers(&mut stream).await?))
    }

    fn start_head_limit(&mut self) {
        self.head_deadline = self.report.order.config.timeouts.head.map(|limit| Instant::now() + limit);
    }

    /// The final response's head.
    pub(in crate::engine) async fn head(
        &mut self,
        response: ResponseFuture,
    ) -> Result<(ResponseHead, RecvStream), Error> {
        let mut response = pin!(response);
        loop {
            let next = poll_fn(|cx| match response.as_mut().get_mut().poll_informational(cx) {
                Poll::Ready(Some(interim)) => Poll::Ready(interim.map(Ok)),
                Poll::Ready(None) => response.as_mut().poll(cx).map(|response| response.map(Err)),
                Poll::Pending => Poll::Pending,
            });
            let next =
                self.meanwhile(next, Limit::Head).await?.map_err(|error| self.failed(&error, Phase::Head))?;
            self.has_answer = true;
            match next {
                Ok(interim) => {
                    let head = h2::response(interim);
                    check(&head)?;
                    let bytes = head.fields.iter().map(|field| field.name.len() + field.value.len()).sum();
                    self.report.interim(head, bytes)?;
                }
                Err(response) => {
                    let (parts, stream) = response.into_parts();
                    let head = h2::response(http::Response::from_parts(parts, ()));
                    check(&head)?;
                    return Ok((head, stream));
                }
            }
        }
    }

    /// What of a small body is there already: it crosses together with its head.
    async fn early(&mut self, stream: &mut RecvStream) -> Result<Early, Error> {
        let mut early = Early { pieces: Vec::new(), is_over: stream.is_end_stream() };
        let mut length = 0;
        while !early.is_over && length as u64 <= WHOLE_LIMIT {
            let next = poll_fn(|cx| {
                Poll::Ready(match stream.poll_data(cx) {
                    Poll::Ready(data) => Some(data),
                    Poll::Pending => None,
                })
            });
            match next.await {
                None => break,
                Some(data) => match self.piece(data)? {
                    None => early.is_over = true,
                    Some(data) => {
                        self.release(stream, data.len())?;
                        length += data.len();
                        if !data.is_empty() {
                            early.pieces.push(data);
                        }
                        early.is_over = stream.is_end_stream();
                    }
                },
            }
        }
        Ok(early)
    }

    async fn data(&mut self, stream: &mut RecvStream) -> Result<Option<Bytes>, Error> {
        let data = self.meanwhile(poll_fn(|cx| stream.poll_data(cx)), Limit::Idle).await?;
        self.piece(data)
    }

    /// A piece of the body, or its end.
    fn piece(&mut self, data: Option<Result<Bytes, ::h2::Error>>) -> Result<Option<Bytes>, Error> {
        match data {
            Some(Ok(data)) => {
                self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
                Ok(Some(data))
            }
            Some(Err(error)) if self.is_farewell(&error) => Ok(None),
            Some(Err(error)) => Err(self.failed(&error, Phase::Body)),
            None => Ok(None),
        }
    }

    /// Whether the target has taken leave of a stream whose body is here as far as was announced. Some do instead of ending it: Node's
    /// server, whose handler has not read the request, if the window is used up with the body's last byte.
    fn is_farewell(&self, error: &::h2::Error) -> bool {
        self.left == Some(0)
            && error.is_remote()
            && error.is_reset()
            && error.reason() == Some(Reason::NO_ERROR)
    }

    async fn trailers(&mut self, stream: &mut RecvStream) -> Result<Fields, Error> {
        if stream.is_end_stream() {
            return Ok(Fields::default());
        }
        let trailers = self.meanwhile(poll_fn(|cx| stream.poll_trailers(cx)), Limit::Idle).await?;
        let trailers = match trailers {
            Err(error) if self.is_farewell(&error) => None,
            trailers => trailers.map_err(|error| self.failed(&error, Phase::Body))?,
        };
        Ok(trailers.as_ref().map(h2::trailers_of).unwrap_or_default())
    }

    fn release(&mut self, stream: &mut RecvStream, length: usize) -> Result<(), Error> {
        stream.flow_control().release_capacity(length).map_err(|error| self.failed(&error, Phase::Body))
    }

    fn failed(&mut self, error: &::h2::Error, phase: Phase) -> Error {
        let verdict = judge(error, self.session, phase);
        if verdict.is_unprocessed {
            self.retry = Retry::Any;
        }
        verdict.error
    }

    async fn wait_for_room(&mut self) -> Result<(), Error> {
        let shared = self.report.shared;
        let mut room = pin!(shared.response.room());
        loop {
            let Some(upload) = &mut self.sending else {
                room.await;
                return Ok(());
            };
            tokio::select! {
                biased;
                () = &mut room => return Ok(()),
                sent = upload.as_mut() => self.sent(sent)?,
            }
        }
    }

    /// Waits for something of the response, within a limit that begins when the request was sent (head) or now (idle). Sends meanwhile.
    async fn meanwhile<T>(&mut self, waiting: impl Future<Output = T>, limit: Limit) -> Result<T, Error> {
        let mut waiting = pin!(waiting);
        let idle_deadline = self.report.order.config.timeouts.idle.map(|limit| Instant::now() + limit);
        loop {
            let Some(upload) = &mut self.sending else {
                let deadline = if limit == Limit::Head { self.head_deadline } else { idle_deadline };
                let Some(deadline) = deadline else { return Ok(waiting.await) };
                let phase = if limit == Limit::Head { Phase::Head } else { Phase::Body };
                let timeouts = &self.report.order.config.timeouts;
                return timeout_at(deadline, waiting).await.map_err(|_| timeouts.exceeded(limit, phase));
            };
            tokio::select! {
                biased;
                value = &mut waiting => return Ok(value),
                sent = upload.as_mut() => {
                    self.sent(sent)?;
                    self.start_head_limit();
                }
            }
        }
    }

    /// The request's body is through, or not. What the target did to it is not the end yet: the stream itself says what became of it.
    fn sent(&mut self, sent: Result<(), Error>) -> Result<(), Error> {
        self.sending = None;
        match sent {
            Err(error) if !matches!(error.kind, Kind::Socket { .. } | Kind::Closed | Kind::Http2(_)) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }
}

impl Early {
    fn whole(self) -> Bytes {
        match <[Bytes; 1]>::try_from(self.pieces) {
            Ok([only]) => only,
            Err(pieces) => pieces.concat().into(),
        }
    }
}

/// What `h2` leaves to its users.
fn check(head: &ResponseHead) -> Result<(), Error> {
    if head.fields.len() > MOST_FIELDS {
        return Err(Error::protocol(Fault::Overflow, Phase::Head));
    }
    Ok(())
}

/// How long the body is: as said, or, where nothing is said, as is known when the head comes.
fn framing(head: &ResponseHead, method: &[u8], is_over: bool) -> Result<Framing, Error> {
    let said = head.framing(method)?;
    Ok(match said {
        Framing::UntilClose if is_over => Framing::Length(0),
        Framing::UntilClose => Framing::Chunked,
        said => said,
    })
}

/// As for HTTP/1.1 (docs/reliability-rows.md, D-19).
const MOST_FIELDS: usize = 200;

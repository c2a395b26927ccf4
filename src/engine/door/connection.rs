//! One client's connection: its requests, one after the other, until either side has had enough.

use super::answer::{Answer, Answered, Asked, write_all};
use super::claims;
use super::denial::Denial;
use super::encode::{self, Connection as Ends};
use super::handover::{Failure, Guest, relay};
use super::head::{ClientHead, Search};
use super::life::Stage;
use super::limits::Limits;
use super::pace::Pace;
use super::patience::Patience;
use super::stats::DoorStats;
use super::stream::Stream;
use super::target::Form;
use super::upgrades::{Granted, is_handshake};
use super::upload::{self, Fault, Progress};
use super::visit::Visit;
use super::visitor::{Destination, Visitor};
use crate::engine::exchange::{Context, Exchange, prepare};
use crate::engine::head::Framing;
use crate::engine::ring::Ring;
use bytes::{Buf, Bytes, BytesMut};
use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout, timeout_at};

/// A connection, and what its requests need.
pub(super) struct Connection {
    pub(super) visitor: Visitor,
    stage: watch::Receiver<Stage>,
    patience: Patience,
    pub(super) context: Context,
    /// Its connections to Node, once one of its requests has gone there.
    pub(super) guest: Option<Guest>,
    ready: Arc<Notify>,
    served: usize,
}

/// An exchange, from the client's side.
pub(super) struct Course<'a> {
    pub(super) asked: Asked<'a>,
    pub(super) framing: Framing,
    pub(super) progress: Progress,
    pub(super) visit: &'a Visit,
    /// Node answers, not a target.
    pub(super) by_node: bool,
}

/// How an exchange ended: what became of its answer, or why there could be none.
pub(super) type Outcome = Result<io::Result<Answered>, Fault>;

/// What a request comes to.
pub(super) enum Next {
    /// The connection waits for another.
    Request,
    /// It ends: what the client still sends is not looked at, what we have sent is to arrive.
    Close,
    /// It ends between two requests.
    End,
    /// It is closed as it is.
    Drop,
    /// It is reset: an orderly close would be taken for the end of the response.
    Reset,
    /// It is an end of a tunnel from now on.
    Tunnel(Granted),
}

impl Connection {
    pub(super) fn new(visitor: Visitor, stage: watch::Receiver<Stage>, context: Context) -> Self {
        let ready = Arc::new(Notify::new());
        // What the exchanges of this connection report is for it alone.
        let ring = Ring::new({
            let ready = Arc::clone(&ready);
            move || ready.notify_one()
        });
        let context = Context { ring: Arc::new(ring), ..context };
        let patience = Patience::new(stage.clone());
        Self { visitor, stage, patience, context, guest: None, ready, served: 0 }
    }

    fn limits(&self) -> &Limits {
        &self.visitor.settings.limits
    }

    /// Serves the connection to its end.
    pub(super) async fn serve<S: Stream + 'static>(mut self, mut stream: S) {
        let mut buffer = BytesMut::new();
        let next = {
            let (mut reader, mut writer) = stream.halves();
            loop {
                match self.request(&mut reader, &mut writer, &mut buffer).await {
                    Next::Request => {}
                    end => break end,
                }
            }
        };
        match next {
            Next::Close => linger(stream).await,
            // With TLS it is said; who does not listen any more need not hear it.
            Next::End => drop(timeout(LINGER, stream.shutdown()).await),
            Next::Reset => stream.reset_on_close(),
            Next::Tunnel(granted) => {
                relay(Box::new(stream), buffer, granted, &self.context.ring, &self.ready).await;
            }
            Next::Request | Next::Drop => {}
        }
    }

    async fn request<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
        &mut self,
        reader: &mut R,
        writer: &mut W,
        buffer: &mut BytesMut,
    ) -> Next {
        match self.head(reader, buffer).await {
            Ok(Some(head)) => {
                let visit = Visit::begin(&self.visitor, Some(&head));
                // On the heap, for as long as it takes: a connection that waits, or has become a tunnel, keeps nothing of it.
                Box::pin(self.answer(head, &visit, (reader, writer), buffer)).await
            }
            Ok(None) => Next::End,
            Err(denial) => {
                let visit = Visit::begin(&self.visitor, None);
                self.deny(&denial, &visit, writer, true).await
            }
        }
    }

    /// The next request's head; `None` if there will be none.
    async fn head<R: AsyncRead + Unpin>(
        &mut self,
        reader: &mut R,
        buffer: &mut BytesMut,
    ) -> Result<Option<ClientHead>, Denial> {
        let limits = &self.visitor.settings.limits;
        let mut search = Search::new(self.visitor.settings.handover.is_some());
        let is_first = self.served == 0;
        let mut deadline = None;
        if buffer.is_empty() {
            let time = if is_first { limits.head_time } else { limits.keep_alive };
            let until = Instant::now() + time;
            // A client that keeps a connection owes nothing before it begins with a request.
            deadline = is_first.then_some(until);
            if !first_bytes(reader, buffer, self.patience.ends(until)).await {
                return Ok(None);
            }
        }
        loop {
            if let Some(head) = search.take(buffer, self.limits())? {
                return Ok(Some(head));
            }
            buffer.reserve(HEAD_READ);
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + limits.head_time);
            match timeout_at(deadline, reader.read_buf(buffer)).await {
                Ok(Ok(read)) if read > 0 => {}
                Ok(_) => return Ok(None),
                Err(_) if buffer.is_empty() => return Ok(None),
                Err(_) => return Err(Denial::new(408, "The request's head did not arrive in time")),
            }
        }
    }

    async fn answer<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
        &mut self,
        mut asked: ClientHead,
        visit: &Visit,
        (reader, writer): (&mut R, &mut W),
        buffer: &mut BytesMut,
    ) -> Next {
        self.served += 1;
        let ClientHead { form, framing, awaits_continue, keep_alive, .. } = asked;
        let is_open = *self.stage.borrow() == Stage::Open;
        let keep_alive = keep_alive && is_open && self.served < self.limits().requests;
        let has_body = &asked.head.method[..] != b"HEAD";
        let ends = (has_body, !keep_alive || framing != Framing::Empty);
        if form == Form::Asterisk
            || &asked.head.method[..] == b"OPTIONS" && claims::ends_here(&mut asked.head.fields)
        {
            return self.own_answer(200, None, visit, writer, ends).await;
        }
        if !visit.is_admitted() {
            DoorStats::count(&self.visitor.stats.overloaded);
            return self.own_answer(503, None, visit, writer, ends).await;
        }
        let config = match self.visitor.destination(&mut asked, visit) {
            Destination::Target(config) => config,
            Destination::Node(receiver) => {
                let handing = self.hand_over(&asked, receiver, keep_alive, visit, (reader, writer, buffer));
                return Box::pin(handing).await;
            }
            Destination::Nobody => {
                DoorStats::count(&self.visitor.stats.unrouted);
                return self.own_answer(404, None, visit, writer, ends).await;
            }
            Destination::Denied(denial) => return self.deny(&denial, visit, writer, has_body).await,
        };
        if let Some(upgrades) = self.visitor.settings.upgrades.clone() {
            match is_handshake(&asked) {
                Ok(false) => {}
                Ok(true) => {
                    let way = (&upgrades, config);
                    let upgrading = self.upgrade(&mut asked, visit, way, (reader, writer, buffer));
                    return Box::pin(upgrading).await;
                }
                Err(denial) => return self.deny(&denial, visit, writer, has_body).await,
            }
        }
        let mut order = match self.visitor.order(asked.take_head(), Arc::clone(&config)) {
            Ok(order) => order,
            Err(denial) => return self.deny(&denial, visit, writer, has_body).await,
        };
        DoorStats::count(&self.visitor.stats.forwarded);
        let progress = Progress::default();
        order.body = whole_body(framing, buffer, awaits_continue);
        progress.uploaded.store(order.body.is_some(), Ordering::Relaxed);
        visit.heard(order.body.as_ref().map_or(0, Bytes::len));
        if awaits_continue && buffer.is_empty() {
            let said = write_all(writer, &b"HTTP/1.1 100 Continue\r\n\r\n"[..], self.limits().write_idle);
            if said.await.is_err() {
                return self.abandoned();
            }
        }
        let (exchange, life) = prepare(order, self.context.clone());
        let course = Course { asked: asked.as_asked(keep_alive), framing, progress, visit, by_node: false };
        let outcome = self.exchange(life, &exchange, &course, (reader, writer, buffer)).await;
        if let Ok(Ok(Answered::Failed(error))) = outcome {
            self.visitor.stats.count_answered(&error);
            visit.failed(&error);
            let keep_alive = keep_alive && course.progress.uploaded.load(Ordering::Relaxed);
            let failure = Failure { error, target: config.target.url(), begun: None };
            let handing = self.hand_failure(&asked, failure, keep_alive, visit, (reader, writer, buffer));
            return Box::pin(handing).await;
        }
        if matches!(outcome, Ok(Ok(Answered::Whole { .. }))) {
            visit.answered();
        }
        if let Ok(Ok(Answered::Cut { error, .. })) = &outcome {
            self.visitor.was_cut(&asked, visit, error, &config);
        }
        self.over(outcome, &course, writer).await
    }

    /// Both directions of an exchange.
    pub(super) async fn exchange<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
        &self,
        life: impl Future<Output = ()>,
        exchange: &Exchange,
        course: &Course<'_>,
        (reader, writer, buffer): (&mut R, &mut W, &mut BytesMut),
    ) -> Outcome {
        let answer = Answer {
            writer,
            asked: course.asked,
            by_node: course.by_node,
            desertion: self.guest.as_ref().filter(|_| course.by_node).map(Guest::desertion),
            ring: &self.context.ring,
            exchange,
            progress: &course.progress,
            visit: course.visit,
            idle: self.limits().write_idle,
            keep_alive: self.limits().keep_alive,
            out: BytesMut::new(),
        };
        let pace = Pace::new(self.limits().body_idle, self.limits().body_rate);
        let notes = (&course.progress, course.visit);
        // Pinned where they are made: each move of theirs would copy kilobytes.
        let (life, answer) = (pin!(life), pin!(answer.run()));
        let upload = pin!(upload::run(reader, buffer, course.framing, exchange, notes, pace));
        tokio::select! {
            biased;
            answered = both(life, answer) => Ok(answered),
            fault = upload => Err(fault),
        }
    }

    /// What comes after an exchange that its client has an answer to, or does not want one.
    pub(super) async fn over<W: AsyncWrite + Unpin>(
        &self,
        outcome: Outcome,
        course: &Course<'_>,
        writer: &mut W,
    ) -> Next {
        match outcome {
            Ok(Ok(Answered::Whole { keep_alive: true })) => Next::Request,
            Ok(Ok(Answered::Whole { keep_alive: false })) => Next::Close,
            Ok(Ok(Answered::Cut { ends_by_close: true, .. })) => {
                DoorStats::count(&self.visitor.stats.cut);
                Next::Reset
            }
            Ok(Ok(Answered::Cut { .. } | Answered::Failed(_) | Answered::Switched)) => {
                DoorStats::count(&self.visitor.stats.cut);
                Next::Drop
            }
            Err(Fault::Denied(denial)) if !course.progress.begun.load(Ordering::Relaxed) => {
                let has_body = course.asked.method != b"HEAD";
                self.deny(&denial, course.visit, writer, has_body).await
            }
            Err(Fault::Denied(_)) => {
                DoorStats::count(&self.visitor.stats.refused);
                Next::Reset
            }
            Ok(Err(_)) | Err(Fault::Gone) => self.abandoned(),
        }
    }

    pub(super) async fn deny<W: AsyncWrite + Unpin>(
        &self,
        denial: &Denial,
        visit: &Visit,
        writer: &mut W,
        has_body: bool,
    ) -> Next {
        DoorStats::count(&self.visitor.stats.refused);
        visit.failed(&denial.why);
        self.own_answer(denial.status, Some(&denial.why), visit, writer, (has_body, true)).await
    }

    pub(super) async fn own_answer<W: AsyncWrite + Unpin>(
        &self,
        status: u16,
        why: Option<&str>,
        visit: &Visit,
        writer: &mut W,
        (has_body, closes): (bool, bool),
    ) -> Next {
        let mut out = BytesMut::new();
        let limits = self.limits();
        let connection = if closes { Ends::Close } else { Ends::KeepAlive(limits.keep_alive) };
        visit.told(status);
        encode::own_answer(status, why, has_body, connection, &mut out);
        match write_all(writer, out, self.limits().write_idle).await {
            Ok(()) if closes => Next::Close,
            Ok(()) => Next::Request,
            Err(_) => self.abandoned(),
        }
    }

    fn abandoned(&self) -> Next {
        DoorStats::count(&self.visitor.stats.abandoned);
        Next::Drop
    }
}

/// Waits for the first bytes of a request; `false` if there will be none. In a door that closes, one may be on its way still.
async fn first_bytes<R: AsyncRead + Unpin>(
    reader: &mut R,
    buffer: &mut BytesMut,
    impatience: impl Future<Output = ()>,
) -> bool {
    buffer.reserve(HEAD_READ);
    tokio::select! {
        biased;
        read = reader.read_buf(buffer) => matches!(read, Ok(1..)),
        () = impatience => false,
    }
}

/// The request's body, if all of it is here already: then it is sent with its head, and can be sent again.
pub(super) fn whole_body(framing: Framing, buffer: &mut BytesMut, awaits_continue: bool) -> Option<Bytes> {
    match framing {
        Framing::Empty => Some(Bytes::new()),
        Framing::Length(length) if !awaits_continue => {
            let length = usize::try_from(length).ok().filter(|length| *length <= buffer.len())?;
            if length > COPIED {
                return Some(buffer.split_to(length).freeze());
            }
            // The buffer remains one piece, for the next read.
            let body = Bytes::copy_from_slice(&buffer[..length]);
            buffer.advance(length);
            Some(body)
        }
        _ => None,
    }
}

/// Lives an exchange while its answer is written. A panic of the exchange is its failure, which it has reported as it fell.
pub(super) fn both<T>(
    mut life: Pin<&mut impl Future<Output = ()>>,
    mut answer: Pin<&mut impl Future<Output = T>>,
) -> impl Future<Output = T> {
    let mut lives = true;
    poll_fn(move |cx| {
        if lives {
            let polled = catch_unwind(AssertUnwindSafe(|| life.as_mut().poll(cx)));
            lives = matches!(polled, Ok(Poll::Pending));
        }
        answer.as_mut().poll(cx)
    })
}

/// Ends our side and reads what the client still sends for a moment: a reset would take our answer away from it.
pub(super) async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut nowhere = vec![0; HEAD_READ];
    let discard = async {
        let mut left = MOST_DISCARDED;
        while let Ok(read @ 1..) = stream.read(&mut nowhere).await
            && left > read
        {
            left -= read;
        }
    };
    // A client that does not close is left behind.
    timeout(LINGER, discard).await.ok();
}

const HEAD_READ: usize = 4 * 1024;
/// A body up to this size is copied.
const COPIED: usize = 16 * 1024;
const LINGER: Duration = Duration::from_secs(2);
const MOST_DISCARDED: usize = 1024 * 1024;

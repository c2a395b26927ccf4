//! The target's side of an exchange: its response on the way to the client.

use super::head;
use crate::engine::door::answer::DESERTED;
use crate::engine::door::encode::{BodyKind, date};
use crate::engine::door::handover::{Desertion, end_to_end};
use crate::engine::door::visit::Visit;
use crate::engine::error::Error;
use crate::engine::exchange::Exchange;
use crate::engine::head::{Fields, Version};
use crate::engine::ring::{Completion, Event, Head, Ring};
use crate::engine::upstream::h2::{map_of, poll_room};
use bytes::{Buf, Bytes};
use h2::SendStream;
use h2::server::SendResponse;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// How an answer ended.
#[derive(Debug)]
pub(super) enum Answered {
    /// The response is complete.
    Whole,
    /// It is a tunnel from now on, of which this is the way to the client.
    Switched(SendStream<Bytes>),
    /// The target failed before it answered.
    Failed(Error),
    /// The target failed in the middle of its response.
    Cut(Error),
    /// The client does not take what there is for it.
    Slow,
    /// The client does not want it any more.
    Gone,
}

/// Sends a response, as its pieces come.
pub(super) struct Answer<'a> {
    pub(super) respond: &'a mut SendResponse<Bytes>,
    /// Node answers, not a target.
    pub(super) by_node: bool,
    /// Says when Node has given the answer up.
    pub(super) desertion: Option<Desertion>,
    pub(super) ring: &'a Ring,
    pub(super) ready: &'a Notify,
    pub(super) exchange: &'a Exchange,
    /// Something of the final response may have been sent.
    pub(super) begun: &'a AtomicBool,
    pub(super) visit: &'a Visit,
    /// Answers to HEAD have none.
    pub(super) has_body: bool,
    /// For each piece.
    pub(super) idle: Duration,
}

/// Why a piece could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsent {
    Slow,
    Gone,
}

impl From<Unsent> for Answered {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::Slow => Self::Slow,
            Unsent::Gone => Self::Gone,
        }
    }
}

impl Answer<'_> {
    /// Sends the whole response.
    pub(super) async fn run(mut self) -> Answered {
        match self.all().await {
            Ok(answered) => answered,
            Err(unsent) => unsent.into(),
        }
    }

    async fn all(&mut self) -> Result<Answered, Unsent> {
        let mut sender: Option<SendStream<Bytes>> = None;
        let mut completions = Vec::with_capacity(8);
        loop {
            self.ring.drain(8, &mut completions);
            if completions.is_empty() {
                self.wait(sender.as_mut()).await?;
            }
            for Completion { event, .. } in completions.drain(..) {
                match (event, &mut sender) {
                    (Event::Interim(head), None) => self.interim(&head),
                    (Event::Switched(switched), None) => {
                        return self.switched(switched.head.fields).map(Answered::Switched);
                    }
                    (Event::Response(mut head, whole), None) => {
                        if self.by_node {
                            end_to_end(&mut head.fields);
                        }
                        let is_over = whole.as_ref().is_some_and(Bytes::is_empty);
                        let Some(mut begun) = self.head(&head, is_over)? else { return Ok(Answered::Whole) };
                        if let Some(body) = whole {
                            self.visit.wrote(body.len());
                            self.send(&mut begun, body, true).await?;
                            return Ok(Answered::Whole);
                        }
                        sender = Some(begun);
                    }
                    (Event::Readable, Some(sender)) => self.waiting(sender).await?,
                    (Event::End(trailers), Some(sender)) => {
                        self.waiting(sender).await?;
                        return end(sender, &trailers).map(|()| Answered::Whole);
                    }
                    (Event::Failed(error), None) => return Ok(Answered::Failed(error)),
                    (Event::Failed(error), Some(sender)) => {
                        // What has come is the client's, as if there were no proxy in between.
                        self.waiting(sender).await?;
                        return Ok(Answered::Cut(error));
                    }
                    // Room for the request's body, which its writer has seen itself; the rest is of tunnels, or out of turn.
                    _ => {}
                }
            }
        }
    }

    /// Waits for something to send, or for the client to give up.
    async fn wait(&mut self, sender: Option<&mut SendStream<Bytes>>) -> Result<(), Unsent> {
        let respond = &mut *self.respond;
        let reset = async {
            match sender {
                Some(sender) => poll_fn(|cx| sender.poll_reset(cx)).await,
                None => poll_fn(|cx| respond.poll_reset(cx)).await,
            }
        };
        tokio::select! {
            biased;
            () = self.ready.notified() => Ok(()),
            _ = reset => Err(Unsent::Gone),
        }
    }

    /// `100` was said by the door itself, to whoever had asked for it; 101 is nothing that HTTP/2 knows.
    fn interim(&mut self, interim: &Head) {
        let is_known = interim.status == 100 && self.by_node || interim.status > 101;
        if is_known && let Some(response) = head::response(interim.status, &interim.fields) {
            // A client that is gone is noticed by the next wait.
            self.respond.send_informational(response).ok();
        }
    }

    /// The grant of a WebSocket is a success like others; that it is one, the request has said.
    fn switched(&mut self, mut fields: Fields) -> Result<SendStream<Bytes>, Unsent> {
        for name in [&b"connection"[..], b"upgrade", b"sec-websocket-accept"] {
            fields.remove(name);
        }
        self.visit.told(200);
        let response = head::response(200, &fields).ok_or(Unsent::Gone)?;
        self.respond.send_response(response, false).map_err(|_| Unsent::Gone)
    }

    /// Sends the head; `None` if that was all.
    fn head(&mut self, from: &Head, is_over: bool) -> Result<Option<SendStream<Bytes>>, Unsent> {
        self.begun.store(true, Ordering::Relaxed);
        self.visit.told(from.status);
        let method: &[u8] = if self.has_body { b"" } else { b"HEAD" };
        let kind = BodyKind::of(method, Version::Http2, from.status, from.is_open_ended);
        let is_over = is_over || kind == BodyKind::None;
        let mut response = head::response(from.status, &from.fields).ok_or(Unsent::Gone)?;
        if !response.headers().contains_key(http::header::DATE)
            && let Ok(date) = http::HeaderValue::try_from(date())
        {
            response.headers_mut().insert(http::header::DATE, date);
        }
        let sender = self.respond.send_response(response, is_over).map_err(|_| Unsent::Gone)?;
        Ok((!is_over).then_some(sender))
    }

    /// Sends what of the body waits.
    async fn waiting(&mut self, sender: &mut SendStream<Bytes>) -> Result<(), Unsent> {
        loop {
            let pieces = self.exchange.response_body().take_all();
            if !pieces.has_remaining() {
                return Ok(());
            }
            for piece in pieces {
                self.visit.wrote(piece.len());
                self.send(sender, piece, false).await?;
            }
        }
    }

    /// Sends all of `data`. A client whose answer Node has given up gets the rest of it if it takes that at once.
    async fn send(
        &mut self,
        sender: &mut SendStream<Bytes>,
        mut data: Bytes,
        is_last: bool,
    ) -> Result<(), Unsent> {
        if let Some(desertion) = &mut self.desertion {
            tokio::select! {
                biased;
                sent = send_all(sender, &mut data, is_last, self.idle) => return sent,
                () = desertion.happens() => self.idle = self.idle.min(DESERTED),
            }
            self.desertion = None;
        }
        send_all(sender, &mut data, is_last, self.idle).await
    }
}

fn end(sender: &mut SendStream<Bytes>, trailers: &Fields) -> Result<(), Unsent> {
    let sent = match map_of(trailers, |_| true).filter(|_| !trailers.is_empty()) {
        Some(trailers) => sender.send_trailers(trailers),
        None => sender.send_data(Bytes::new(), true),
    };
    sent.map_err(|_| Unsent::Gone)
}

/// Sends all of `data`, as the client's windows let it; each part must go within `idle`. Nothing is left to be sent later, so what a client
/// does not take is not kept for it.
pub(super) async fn send_all(
    sender: &mut SendStream<Bytes>,
    data: &mut Bytes,
    is_last: bool,
    idle: Duration,
) -> Result<(), Unsent> {
    while !data.is_empty() {
        let room = timeout(idle, room(sender, data.len())).await.map_err(|_| Unsent::Slow)??;
        let part = data.split_to(room.min(data.len()));
        sender.send_data(part, is_last && data.is_empty()).map_err(|_| Unsent::Gone)?;
    }
    Ok(())
}

/// Waits until some of `wanted` bytes can be sent, and says how many.
async fn room(sender: &mut SendStream<Bytes>, wanted: usize) -> Result<usize, Unsent> {
    match poll_fn(|cx| poll_room(sender, wanted, cx)).await {
        Some(Ok(room)) => Ok(room),
        _ => Err(Unsent::Gone),
    }
}

//! One stream: a request, and its answer.

use super::answer::{Answer, Answered, send_all};
use super::head;
use super::upload::{self, Fault};
use crate::engine::body::End;
use crate::engine::door::claims;
use crate::engine::door::connection::both;
use crate::engine::door::denial::Denial;
use crate::engine::door::encode;
use crate::engine::door::handover::{self, Failure, Guest, Handover, Receiver, relay};
use crate::engine::door::head::ClientHead;
use crate::engine::door::pace::Pace;
use crate::engine::door::stats::DoorStats;
use crate::engine::door::target::Form;
use crate::engine::door::upgrades::Granted;
use crate::engine::door::visit::Visit;
use crate::engine::door::visitor::{Destination, Visitor};
use crate::engine::error::{Error, Kind, Phase};
use crate::engine::exchange::{Context, Exchange, Life, Order, prepare_within};
use crate::engine::head::{Fields, Framing};
use crate::engine::ring::Ring;
use crate::engine::tunnel;
use crate::engine::upstream::h2::StreamIo;
use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Notify;

/// Whose fault it is that a stream has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Nobody's.
    Well,
    /// The client has reset it, or made us reset it.
    Reset,
}

/// Serves one stream.
pub(super) async fn serve(
    visitor: Visitor,
    context: Context,
    guest: Arc<OnceLock<Guest>>,
    request: http::Request<RecvStream>,
    respond: SendResponse<Bytes>,
) -> Ended {
    let (parts, body) = request.into_parts();
    let keeps_sent = visitor.settings.handover.is_some();
    let asked = head::read(&parts, body.is_end_stream(), keeps_sent, &visitor.settings.limits);
    let visit = Visit::begin(&visitor, asked.as_ref().ok());
    let has_body = parts.method != http::Method::HEAD;
    drop(parts);
    let ready = Arc::new(Notify::new());
    let ring = Ring::new({
        let ready = Arc::clone(&ready);
        move || ready.notify_one()
    });
    let context = Context { ring: Arc::new(ring), ..context };
    let stream = Stream { visitor, visit, context, guest, ready, has_body, body, respond };
    match asked {
        Ok(asked) => stream.answer(asked).await,
        Err(denial) => stream.deny(&denial).await,
    }
}

struct Stream {
    visitor: Visitor,
    visit: Visit,
    context: Context,
    guest: Arc<OnceLock<Guest>>,
    ready: Arc<Notify>,
    has_body: bool,
    body: RecvStream,
    respond: SendResponse<Bytes>,
}

/// How an exchange went: its answer, or why there can be none, and whether that has begun.
struct Outcome {
    answered: Result<Answered, Fault>,
    has_begun: bool,
}

impl Outcome {
    const fn is_whole(&self) -> bool {
        matches!(self.answered, Ok(Answered::Whole))
    }
}

impl Stream {
    async fn answer(mut self, mut asked: ClientHead) -> Ended {
        let is_options = &asked.head.method[..] == b"OPTIONS";
        if asked.form == Form::Asterisk || is_options && claims::ends_here(&mut asked.head.fields) {
            return self.own_answer(200, None).await;
        }
        if !self.visit.is_admitted() {
            DoorStats::count(&self.visitor.stats.overloaded);
            return self.own_answer(503, None).await;
        }
        let config = match self.visitor.destination(&mut asked, &self.visit) {
            Destination::Target(config) => config,
            Destination::Node(receiver) => return Box::pin(self.hand_over(&asked, receiver)).await,
            Destination::Nobody => {
                DoorStats::count(&self.visitor.stats.unrouted);
                return self.own_answer(404, None).await;
            }
            Destination::Denied(denial) => return self.deny(&denial).await,
        };
        let way = Arc::clone(&config);
        let upgrades = self.visitor.settings.upgrades.clone().filter(|_| asked.upgrade);
        let order = match &upgrades {
            Some(upgrades) => upgrades.order(&self.visitor, &mut asked, config),
            None => self.visitor.order(asked.take_head(), config),
        };
        let order = match order {
            Ok(order) => order,
            Err(denial) => return self.deny(&denial).await,
        };
        if asked.awaits_continue
            && let Some(head) = head::response(100, &Fields::default())
        {
            // A client that is gone by now is noticed soon enough.
            self.respond.send_informational(head).ok();
        }
        DoorStats::count(&self.visitor.stats.forwarded);
        let (exchange, life) = begin(order, asked.framing, self.context.clone());
        let outcome = self.exchange(life, &exchange, asked.framing, false).await;
        if upgrades.is_none() && outcome.is_whole() {
            self.visit.answered();
        }
        match outcome.answered {
            Ok(Answered::Failed(error)) => {
                self.visitor.stats.count_answered(&error);
                self.visit.failed(&error);
                let failure = Failure { error, target: way.target.url(), begun: None };
                Box::pin(self.hand_failure(&asked, failure)).await
            }
            answered => {
                if let Ok(Answered::Cut(error)) = &answered {
                    self.visitor.was_cut(&asked, &self.visit, error, &way);
                }
                let outcome = Outcome { answered, ..outcome };
                self.over(outcome, exchange, upgrades.and_then(|upgrades| upgrades.idle)).await
            }
        }
    }

    /// Has Node answer a request.
    async fn hand_over(mut self, asked: &ClientHead, receiver: Receiver) -> Ended {
        let Some(handover) = self.visitor.settings.handover.clone() else { return Ended::Well };
        let order = match handover::order(&self.visitor, asked, receiver, handover.config(receiver)) {
            Ok(order) => order,
            Err(denial) => return self.deny(&denial).await,
        };
        DoorStats::count(&self.visitor.stats.handed_over);
        let is_upgrade = order.upgrade.is_some();
        let (exchange, life) = begin(order, asked.framing, self.context_of(&handover, receiver, None));
        let outcome = self.exchange(life, &exchange, asked.framing, true).await;
        if !is_upgrade && outcome.is_whole() {
            self.visit.answered();
        }
        match outcome.answered {
            Ok(Answered::Failed(error)) if error.phase == Phase::Connect => {
                self.visitor.stats.count_answered(&error);
                self.own_answer(503, None).await
            }
            Ok(Answered::Failed(_)) => self.closed_by_node(),
            _ => self.over(outcome, exchange, None).await,
        }
    }

    /// Has Node answer a request whose target has failed; answers as ever if it does not.
    async fn hand_failure(mut self, asked: &ClientHead, failure: Failure) -> Ended {
        let status = failure.error.status();
        let handover = self.visitor.settings.handover.clone().filter(|handover| handover.needs.failures());
        let Some(handover) = handover else { return self.own_answer(status, None).await };
        let Ok(order) = handover::failed(asked, &handover.failure) else {
            return self.own_answer(status, None).await;
        };
        let context = self.context_of(&handover, Receiver::Proxy, Some(failure));
        let (exchange, life) = begin(order, Framing::Empty, context);
        let outcome = self.exchange(life, &exchange, Framing::Empty, true).await;
        match outcome.answered {
            Ok(
                Answered::Failed(Error { kind: Kind::Timeout(..), .. })
                | Answered::Failed(Error { phase: Phase::Connect, .. }),
            ) => self.own_answer(status, None).await,
            Ok(Answered::Failed(_)) => self.closed_by_node(),
            _ => self.over(outcome, exchange, None).await,
        }
    }

    /// What an exchange with Node uses.
    fn context_of(&self, handover: &Arc<Handover>, receiver: Receiver, failure: Option<Failure>) -> Context {
        let guest = self.guest.get_or_init(|| Guest::new(handover, &self.visitor));
        guest.context(handover, receiver, failure, &self.context.ring)
    }

    /// Both directions of an exchange.
    async fn exchange(
        &mut self,
        life: Life,
        exchange: &Exchange,
        framing: Framing,
        by_node: bool,
    ) -> Outcome {
        let begun = AtomicBool::new(false);
        let limits = &self.visitor.settings.limits;
        let answer = Answer {
            respond: &mut self.respond,
            by_node,
            desertion: self.guest.get().filter(|_| by_node).map(Guest::desertion),
            ring: &self.context.ring,
            ready: &self.ready,
            exchange,
            begun: &begun,
            visit: &self.visit,
            has_body: self.has_body,
            idle: limits.write_idle,
        };
        let upload = async {
            match upload::run(
                &mut self.body,
                framing,
                exchange,
                &self.visit,
                Pace::new(limits.body_idle, limits.body_rate),
            )
            .await
            {
                Ok(()) => pending().await,
                Err(fault) => {
                    exchange.request_body().finish(End::Broken);
                    fault
                }
            }
        };
        // Pinned where they are made: each move of theirs would copy kilobytes.
        let (life, answer, upload) = (pin!(life), pin!(answer.run()), pin!(upload));
        let answered = tokio::select! {
            biased;
            fault = upload => Err(fault),
            answered = both(life, answer) => Ok(answered),
        };
        Outcome { answered, has_begun: begun.load(Ordering::Relaxed) }
    }

    /// What comes after an exchange that its client has an answer to, or does not want one.
    async fn over(mut self, outcome: Outcome, exchange: Exchange, idle: Option<Duration>) -> Ended {
        match outcome.answered {
            Ok(Answered::Whole) => Ended::Well,
            Ok(Answered::Switched(sender)) => {
                let client = Box::new(StreamIo::new(sender, self.body, None));
                let granted = Granted { exchange, idle, activity: self.visit.activity().cloned() };
                relay(client, BytesMut::new(), granted, &self.context.ring, &self.ready).await;
                Ended::Well
            }
            Ok(Answered::Cut(_) | Answered::Failed(_)) => self.closed_by_node(),
            Ok(Answered::Slow) => {
                self.respond.send_reset(Reason::CANCEL);
                self.abandoned()
            }
            Err(Fault::Slow) if !outcome.has_begun => {
                self.deny(&Denial::new(408, "The request's body did not go on in time")).await
            }
            Err(Fault::Slow) => {
                DoorStats::count(&self.visitor.stats.refused);
                self.respond.send_reset(Reason::CANCEL);
                Ended::Reset
            }
            Ok(Answered::Gone) | Err(Fault::Gone) => self.abandoned(),
        }
    }

    /// There is no more of an answer, or there never will be one.
    fn closed_by_node(&mut self) -> Ended {
        DoorStats::count(&self.visitor.stats.cut);
        self.respond.send_reset(Reason::INTERNAL_ERROR);
        Ended::Well
    }

    fn abandoned(&self) -> Ended {
        DoorStats::count(&self.visitor.stats.abandoned);
        Ended::Reset
    }

    async fn deny(self, denial: &Denial) -> Ended {
        DoorStats::count(&self.visitor.stats.refused);
        self.visit.failed(&denial.why);
        self.own_answer(denial.status, Some(&denial.why)).await
    }

    async fn own_answer(mut self, status: u16, why: Option<&str>) -> Ended {
        self.visit.told(status);
        let (mut fields, text) = encode::own(status, why);
        fields.push("content-length", text.len().to_string());
        let Some(response) = head::response(status, &fields) else { return Ended::Well };
        let Ok(mut sender) = self.respond.send_response(response, !self.has_body) else {
            return self.abandoned();
        };
        if self.has_body {
            let idle = self.visitor.settings.limits.write_idle;
            if send_all(&mut sender, &mut text.into(), true, idle).await.is_err() {
                return self.abandoned();
            }
        }
        Ended::Well
    }
}

fn begin(order: Order, framing: Framing, context: Context) -> (Exchange, Life) {
    let body = (framing == Framing::Empty).then(Bytes::new);
    let order = Order { body, ..order };
    if order.upgrade.is_some() {
        return tunnel::prepare(order, context);
    }
    prepare_within(order, context, WINDOW)
}

/// Bytes of either body that are kept, for the many streams that a connection may have.
const WINDOW: usize = 64 * 1024;

//! Who has come to the door, and what becomes of a request of theirs: the same for every version of HTTP.

use super::choice::{Choice, choose};
use super::denial::Denial;
use super::handover::{Ends, Needs, Receiver};
use super::head::ClientHead;
use super::stats::DoorStats;
use super::tls::{AskedName, Session};
use super::visit::Visit;
use super::{Settings, claims};
use crate::engine::config::Config;
use crate::engine::error::Error;
use crate::engine::exchange::Order;
use crate::engine::head::{Client, Fields, PackedRequest, RequestHead};
use crate::engine::incoming;
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;

/// A client, and the door that it has come to.
#[derive(Clone)]
pub(super) struct Visitor {
    pub(super) settings: Arc<Settings>,
    pub(super) stats: Arc<DoorStats>,
    /// A Unix socket's has no address.
    pub(super) remote: Option<SocketAddr>,
    /// Where it has found the door, if somebody may ask.
    pub(super) local: Option<SocketAddr>,
    /// What was agreed on in its handshake, if its connection is TLS.
    pub(super) session: Option<Arc<Session>>,
    /// The name that it has asked for in its handshake, if the door has certificates for several.
    pub(super) asked: Option<Arc<AskedName>>,
}

/// Who answers a request.
pub(super) enum Destination {
    /// The target of this configuration.
    Target(Arc<Config>),
    /// JavaScript.
    Node(Receiver),
    /// Nobody but the door.
    Nobody,
    /// Nobody at all.
    Denied(Denial),
}

impl Visitor {
    /// Decides who answers a request. What a target is to be asked for instead is written into the head.
    pub(super) fn destination(&self, asked: &mut ClientHead, visit: &Visit) -> Destination {
        let handover = self.settings.handover.as_deref();
        let needs = handover.map(|handover| &*handover.needs);
        if needs.is_some_and(Needs::decisions) {
            return Destination::Node(Receiver::Proxy);
        }
        let upgrade = asked.upgrade;
        let is_nodes = |needs: &Needs| needs.requests() || upgrade && needs.upgrades();
        match choose(&self.settings.routes, &mut asked.head, upgrade) {
            Choice::Forward(config, activity) if needs.is_some_and(is_nodes) => {
                visit.uses(activity);
                let receiver = handover.map_or(Receiver::Proxy, |handover| handover.receiver_for(&config));
                Destination::Node(receiver)
            }
            Choice::Forward(config, activity) => {
                visit.uses(activity);
                Destination::Target(config)
            }
            Choice::NotMine if handover.is_some_and(|handover| handover.has_fallback) => {
                Destination::Node(Receiver::Fallback)
            }
            Choice::NotMine => Destination::Nobody,
            Choice::Denied(denial) => Destination::Denied(denial),
        }
    }

    /// What Node is told of it.
    pub(super) fn ends(&self) -> Ends {
        Ends { remote: self.remote, local: self.local, session: self.session.clone() }
    }

    /// A connection that was made for one host serves no other.
    pub(super) fn check_host(&self, fields: &Fields) -> Result<(), Denial> {
        match (&self.asked, fields.get(b"host")) {
            (Some(asked), Some(host)) if !asked.covers(host) => {
                Err(Denial::new(421, "The connection was made for another host"))
            }
            _ => Ok(()),
        }
    }

    /// Removes what the client claims, unless it is trusted.
    pub(super) fn strip_claims(&self, fields: &mut Fields) {
        claims::strip(fields, self.settings.trust.trusts(self.remote.map(|remote| remote.ip())));
    }

    /// Its answer has broken off: for those who look on, and for `error` listeners.
    pub(super) fn was_cut(&self, asked: &ClientHead, visit: &Visit, error: &Error, config: &Config) {
        visit.failed(error);
        if let Some(handover) = &self.settings.handover {
            handover.tell(self, asked, error.clone(), config, visit.status());
        }
    }

    /// What the engine is to do with a request whose body is still to come: what the client claims is looked at, then the passes that every
    /// request goes through run.
    pub(super) fn order(&self, head: RequestHead, config: Arc<Config>) -> Result<Order, Denial> {
        self.order_of(head, config, false)
    }

    /// The same, for a handshake that the target is told to be one.
    pub(super) fn order_of(
        &self,
        mut head: RequestHead,
        config: Arc<Config>,
        is_websocket: bool,
    ) -> Result<Order, Denial> {
        #[cfg(feature = "fault-injection")]
        let panic = head.fields.get(b"x-fault").is_some_and(|fault| fault == b"panic");
        let settings = &self.settings;
        self.check_host(&head.fields)?;
        self.strip_claims(&mut head.fields);
        // Before what the client has nominated goes.
        let via = match settings.added.get(b"via") {
            Some(_) => None,
            None => Some(claims::via(&head.fields, head.version, &settings.id)?),
        };
        let told = self.remote.filter(|_| config.xfwd);
        let remote = told.map(|remote| Bytes::from(remote.ip().to_string()));
        let client = Client { remote, encrypted: self.session.is_some(), is_websocket, ..Client::default() };
        let overrides = settings.added.clone();
        let mut outbound = incoming::run(PackedRequest { head, client, overrides }, &config)?;
        if let Some(via) = via {
            outbound.head.fields.set("via", via);
        }
        Ok(Order {
            id: 0,
            config,
            outbound,
            body: None,
            raw_head: false,
            announced: false,
            upgrade: None,
            #[cfg(feature = "fault-injection")]
            panic,
        })
    }
}

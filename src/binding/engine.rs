//! `NativeEngine`: the engine of one Node environment, and the crossings of the boundary.
//!
//! Exchanges have numbers, given out by JavaScript. A number is free again when the last completion of its exchange was drained and, if a
//! body was streamed, `release` was called.

use super::completion;
use super::config::NativeConfig;
use super::door::{self, NativeDoor, NativeDoorSettings};
use super::handed::{self, NativeHanded};
use super::messages::verdict;
use super::passes::pack_outbound;
use super::tunnel;
use crate::engine::body::End;
use crate::engine::error::{Error, Kind, Phase, Refusal};
use crate::engine::head::{EditedHead, Fields, Framing, PackedRequest, pack_fields, unpack_fields};
use crate::engine::incoming::{self, Outbound};
use crate::engine::observe::Stats;
use crate::engine::outgoing::View;
use crate::engine::ring::{Completion, Event, Ring};
use crate::engine::tunnel::{Client, Direction, Settings, Upgrade};
use crate::engine::{Engine, Exchange, Order, outgoing};
use bytes::Bytes;
use napi::bindgen_prelude::{BufferSlice, Function, Latin1String, Result};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Env, JsString};
use napi_derive::napi;
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

#[napi]
pub struct NativeEngine {
    /// `None` once the environment is being torn down.
    engine: Rc<RefCell<Option<Engine>>>,
    ring: Arc<Ring>,
    exchanges: RefCell<Vec<Option<Exchange>>>,
    drained: RefCell<Vec<Completion>>,
}

/// How a request's body crosses.
const STREAMED: u32 = 1;
/// The response head crosses as the target sent it.
const RAW_HEAD: u32 = 2;
/// Panic in the request's task (tests only).
const PANIC: u32 = 4;
/// JavaScript is told when the request begins to be sent.
const ANNOUNCED: u32 = 8;
/// It asks for a WebSocket.
const UPGRADE: u32 = 16;
/// … and takes any grant for one.
const UNVERIFIED: u32 = 32;
/// … whose messages JavaScript judges.
const MESSAGES: u32 = 64;

#[napi]
impl NativeEngine {
    /// Starts the engine's thread. `wake` is called, without arguments, when there is something to drain; it must not throw.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, wake: Function<'_, (), ()>) -> Result<Self> {
        // Weak: the proxy's server keeps the process alive, the proxy does not.
        let wake = wake.build_threadsafe_function().weak::<true>().callee_handled::<false>().build()?;
        let ring = Arc::new(Ring::new(move || {
            // It can only fail while the environment is being torn down, and then nobody waits.
            wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }));
        let engine =
            Engine::start(Arc::clone(&ring)).map_err(|error| napi::Error::from_reason(error.to_string()))?;
        let engine = Rc::new(RefCell::new(Some(engine)));
        env.add_env_cleanup_hook(Rc::clone(&engine), |engine| drop(engine.borrow_mut().take()))?;
        Ok(Self { engine, ring, exchanges: RefCell::default(), drained: RefCell::default() })
    }

    /// Begins exchange `id` with the packed head of its client's request; runs the incoming passes.
    #[napi(catch_unwind)]
    #[allow(
        clippy::too_many_arguments,
        reason = "one crossing per event: what belongs to it crosses with it"
    )]
    pub fn submit(
        &self,
        id: u32,
        config: &NativeConfig,
        head: Latin1String,
        fields: u32,
        overrides: u32,
        body: Option<BufferSlice<'_>>,
        flags: u32,
    ) {
        let packed = PackedRequest::unpack(&to_bytes(&head), fields as usize, overrides as usize);
        let outbound = packed.and_then(|packed| incoming::run(packed, &config.config));
        self.begin(id, config, outbound, body, flags);
    }

    /// Runs the incoming passes only. Gives the head for the `proxyReq` listeners: method, target, fields; or `!` and a packed error.
    #[napi(catch_unwind)]
    pub fn prepare<'env>(
        &self,
        env: &'env Env,
        config: &NativeConfig,
        head: Latin1String,
        fields: u32,
        overrides: u32,
    ) -> Result<JsString<'env>> {
        let packed = PackedRequest::unpack(&to_bytes(&head), fields as usize, overrides as usize);
        pack_outbound(env, packed.and_then(|packed| incoming::run(packed, &config.config)))
    }

    /// Begins exchange `id` with a head that was prepared and perhaps edited. `head` has its method, its target and `fields` changes of
    /// the fields of `base`, which is what `prepare` gave; or all its fields, if `base` is empty. `client_host` is the host by which the
    /// client knows this server, where `autoRewrite` needs it.
    #[napi(catch_unwind)]
    #[allow(clippy::too_many_arguments, reason = "see submit")]
    pub fn resume(
        &self,
        id: u32,
        config: &NativeConfig,
        base: Latin1String,
        head: Latin1String,
        fields: u32,
        body: Option<BufferSlice<'_>>,
        flags: u32,
        client_host: Option<Latin1String>,
    ) {
        let outbound = EditedHead::unpack(&to_bytes(&base), &to_bytes(&head), fields as usize)
            .and_then(|edited| incoming::resume(edited, client_host.as_ref().map(to_bytes)));
        self.begin(id, config, outbound, body, flags);
    }

    /// Runs the outgoing passes on a response head that was shown to listeners; gives the fields, or an empty text if one of them cannot
    /// be sent. `open_ended`: the body's length is unknown until it ends. `keeps_case`: the names are to stay as they are spelled.
    #[napi(catch_unwind)]
    #[allow(clippy::too_many_arguments, reason = "see submit")]
    pub fn outgoing<'env>(
        &self,
        env: &'env Env,
        head: Latin1String,
        fields: u32,
        status: u32,
        open_ended: bool,
        config: &NativeConfig,
        client_host: Option<Latin1String>,
        keeps_case: bool,
    ) -> Result<JsString<'env>> {
        let mut packed = Vec::new();
        if let Ok(fields) = unpack_fields(&to_bytes(&head), fields as usize) {
            // The length is what the listener left: it is the listener that may change the body.
            let framing = if open_ended { Framing::Chunked } else { Framing::Empty };
            let status = u16::try_from(status).unwrap_or(500);
            let view = View { config: &config.config, client_host: client_host.as_deref(), keeps_case };
            packed.push(b'\n');
            pack_fields(&outgoing::run(fields, status, framing, view), &mut packed);
        }
        env.create_string_latin1(&packed)
    }

    /// Wakes the engine's thread for the exchanges that were begun since it was last called.
    #[napi(catch_unwind)]
    pub fn flush(&self) {
        if let Some(engine) = self.engine.borrow().as_ref() {
            engine.flush();
        }
    }

    /// Adds bytes to the request's body; `false`: wait for `WRITABLE`.
    #[napi(catch_unwind)]
    pub fn write(&self, id: u32, chunk: BufferSlice<'_>) -> bool {
        // Copied: JavaScript can still write to the buffer while the engine's thread reads.
        self.with(id, |exchange| exchange.request_body().write(Bytes::copy_from_slice(&chunk)))
            .unwrap_or(true)
    }

    /// Ends the request's body with packed trailers.
    #[napi(catch_unwind)]
    pub fn finish(&self, id: u32, trailers: Latin1String, fields: u32) {
        let trailers = unpack_fields(&to_bytes(&trailers), fields as usize).unwrap_or_default();
        self.with(id, |exchange| exchange.request_body().finish(End::Complete(trailers)));
    }

    /// Reads bytes of the response's body into `into`; 0 if there are none now.
    #[napi(catch_unwind)]
    pub fn read(&self, id: u32, mut into: BufferSlice<'_>) -> u32 {
        self.with(id, |exchange| exchange.response_body().read(&mut into))
            .map_or(0, |n| u32::try_from(n).unwrap_or(u32::MAX))
    }

    /// How many bytes of the response's body wait.
    #[napi(catch_unwind)]
    pub fn waiting(&self, id: u32) -> u32 {
        self.with(id, |exchange| exchange.response_body().len())
            .map_or(0, |n| u32::try_from(n).unwrap_or(u32::MAX))
    }

    /// Begins the tunnel of an upgrade that was granted. `fd` is the client's socket, if the engine is to move its bytes: its owner must not
    /// read it any more. `false`: it cannot be; nothing has happened. `idle`: milliseconds for which nothing may move.
    #[napi(catch_unwind)]
    pub fn tunnel(&self, id: u32, fd: Option<i32>, idle: Option<f64>) -> bool {
        let Ok(client) = fd.map(tunnel::duplicate).transpose() else { return false };
        let client = client.map(Client::Shared);
        let idle = idle.and_then(|milliseconds| Duration::try_from_secs_f64(milliseconds / 1000.0).ok());
        self.with(id, |exchange| exchange.tunnel().begin(Settings { client, idle, activity: None }));
        true
    }

    /// Gives the addresses that exchange `id` was asked for; or, if there are none, code and message of the error.
    #[napi(catch_unwind)]
    pub fn found(&self, id: u32, host: String, addresses: Vec<String>, code: String, message: String) {
        let addresses: Vec<IpAddr> = addresses.iter().filter_map(|address| address.parse().ok()).collect();
        let found = if addresses.is_empty() {
            let kind = Kind::Lookup { host: host.into(), code: code.into(), message: message.into() };
            Err(Error::new(kind, Phase::Connect))
        } else {
            Ok(addresses)
        };
        self.with(id, |exchange| exchange.found(found));
    }

    /// Asks for a client's socket back; it comes with `DETACHED`.
    #[napi(catch_unwind)]
    pub fn detach(&self, id: u32) {
        self.with(id, |exchange| exchange.tunnel().detach());
    }

    /// Says what becomes of the message of this direction that was shown last; `payload` is that of another one in its place.
    #[napi(catch_unwind)]
    pub fn judge(&self, id: u32, to_client: bool, what: u32, payload: Option<BufferSlice<'_>>) {
        let direction = if to_client { Direction::ToClient } else { Direction::ToTarget };
        let verdict = verdict(what, payload);
        self.with(id, |exchange| exchange.tunnel().verdicts().give(direction, verdict));
    }

    /// Says that a client whose bytes crossed is gone: what it has sent is passed on, and the tunnel ends.
    #[napi(catch_unwind)]
    pub fn leave(&self, id: u32) {
        self.with(id, |exchange| {
            exchange.request_body().finish(End::Complete(Fields::default()));
            exchange.tunnel().leave();
        });
    }

    /// Gives a tunnel up whose client has not left in good order: nor is its target's connection closed in good order.
    #[napi(catch_unwind)]
    pub fn reset(&self, id: u32) {
        self.with(id, |exchange| {
            exchange.tunnel().reset();
            exchange.abort();
        });
    }

    /// Gives an exchange up. It still ends with a last completion.
    #[napi(catch_unwind)]
    pub fn abort(&self, id: u32) {
        self.with(id, Exchange::abort);
    }

    /// Says that no more will be read from an exchange that ended.
    #[napi(catch_unwind)]
    pub fn release(&self, id: u32) {
        if let Some(slot) = self.exchanges.borrow_mut().get_mut(id as usize) {
            *slot = None;
        }
    }

    /// Opens a door at an IP address or, without a port, at a path. `visit` is called for each connection that comes to Node, see
    /// [`NativeHanded`]. `closed` is called once it has closed; it keeps the process alive until then.
    #[napi(catch_unwind)]
    pub fn listen(
        &self,
        address: String,
        port: Option<u16>,
        settings: NativeDoorSettings<'_>,
        visit: Function<'_, NativeHanded, ()>,
        closed: Function<'_, (), ()>,
    ) -> Result<NativeDoor> {
        let admit = handed::admitting(&visit)?;
        let closed = closed.build_threadsafe_function().callee_handled::<false>().build()?;
        let engine = self.engine.borrow();
        let engine = engine.as_ref().ok_or_else(|| napi::Error::from_reason("The engine was stopped"))?;
        door::open(engine, &address, port, settings, admit, move || {
            // It can only fail while the environment is being torn down, and then nobody waits.
            closed.call((), ThreadsafeFunctionCallMode::NonBlocking);
        })
    }

    /// Takes what is ready: writes, as 32-bit integers, the number of completions and three unused ones, then four for each, and gives
    /// their texts. To be called until the number is 0.
    #[napi(catch_unwind)]
    pub fn drain<'env>(&self, env: &'env Env, mut records: BufferSlice<'_>) -> Result<Vec<JsString<'env>>> {
        let mut drained = self.drained.borrow_mut();
        drained.clear();
        let Some((count, records)) = records.split_at_mut_checked(completion::RECORD) else {
            return Ok(Vec::new());
        };
        self.ring.drain(records.len() / completion::RECORD, &mut drained);
        count[..4].copy_from_slice(&u32::try_from(drained.len()).unwrap_or(0).to_ne_bytes());
        let mut texts = Vec::with_capacity(drained.len() * 2);
        for (one, record) in drained.iter().zip(records.chunks_exact_mut(completion::RECORD)) {
            completion::write(env, one, record, &mut texts)?;
            if completion::is_last(&one.event) && !matches!(one.event, Event::Failed(_)) {
                self.release(one.id);
            }
        }
        drained.clear();
        Ok(texts)
    }

    /// Gauges and counters.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> NativeStats {
        let engine = self.engine.borrow();
        let Some(engine) = engine.as_ref() else { return NativeStats::default() };
        let read = |of: fn(&Stats) -> &AtomicUsize| u32::try_from(engine.total(of)).unwrap_or(u32::MAX);
        NativeStats {
            exchanges: read(|stats| &stats.exchanges),
            connections: read(|stats| &stats.connections),
            idle_connections: read(|stats| &stats.idle),
            exchanges_started: read(|stats| &stats.started),
            connections_made: read(|stats| &stats.connected),
            retries: read(|stats| &stats.retries),
            panics: read(|stats| &stats.panics),
        }
    }

    fn begin(
        &self,
        id: u32,
        config: &NativeConfig,
        outbound: std::result::Result<Outbound, Error>,
        body: Option<BufferSlice<'_>>,
        flags: u32,
    ) {
        let outbound = match outbound {
            Ok(outbound) => outbound,
            Err(error) => return self.ring.push(id, Event::Failed(error)),
        };
        let body = match body {
            Some(body) => Some(Bytes::copy_from_slice(&body)),
            None => (flags & STREAMED == 0).then(Bytes::new),
        };
        let order = Order {
            id,
            config: Arc::clone(&config.config),
            outbound,
            body,
            raw_head: flags & RAW_HEAD != 0,
            announced: flags & ANNOUNCED != 0,
            upgrade: (flags & UPGRADE != 0)
                .then_some(Upgrade { verify: flags & UNVERIFIED == 0, messages: flags & MESSAGES != 0 }),
            #[cfg(feature = "fault-injection")]
            panic: flags & PANIC != 0,
        };
        let _ = PANIC;
        let engine = self.engine.borrow();
        let Some(engine) = engine.as_ref() else {
            return self.ring.push(id, Event::Failed(Error::refused(Refusal::Unpackable)));
        };
        let exchange = engine.submit(order);
        let mut exchanges = self.exchanges.borrow_mut();
        let index = id as usize;
        if exchanges.len() <= index {
            exchanges.resize_with(index + 1, || None);
        }
        exchanges[index] = Some(exchange);
    }

    fn with<T>(&self, id: u32, act: impl FnOnce(&Exchange) -> T) -> Option<T> {
        self.exchanges.borrow().get(id as usize)?.as_ref().map(act)
    }
}

/// Gauges (what is open now) and counters (what has happened so far).
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct NativeStats {
    pub exchanges: u32,
    pub connections: u32,
    pub idle_connections: u32,
    pub exchanges_started: u32,
    pub connections_made: u32,
    pub retries: u32,
    pub panics: u32,
}

pub(super) fn to_bytes(text: &Latin1String) -> Bytes {
    Bytes::copy_from_slice(text)
}

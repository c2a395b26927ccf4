//! `NativeDoor`: a door of the engine that JavaScript holds on to.

use super::engine::to_bytes;
use super::routes::NativeRoutes;
use super::server_tls::NativeSecureContext;
use crate::engine::Engine;
use crate::engine::door::{
    Access, AccessLog, Address, Door, DoorStats, Format, Handed, Handover, Limits, Needs, Place, Secure,
    Settings, Trust, Unopened, Upgrades,
};
use crate::engine::head::unpack_fields;
use napi::bindgen_prelude::{ClassInstance, Either, Error, Latin1String, Result, Status};
use napi_derive::napi;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

/// What a door does, checked by `lib/proxy-server/door-options.js`. Times are in milliseconds.
#[napi(object, object_to_js = false)]
pub struct NativeDoorSettings<'env> {
    pub routes: ClassInstance<'env, NativeRoutes>,
    /// Packed fields of the `headers` option.
    pub headers: Latin1String,
    pub header_count: u32,
    /// True, or networks.
    pub trust_proxy: Either<bool, Vec<String>>,
    pub max_in_flight: Option<u32>,
    /// A format; none: no access log.
    pub access_log: Option<String>,
    /// Its file; none: the standard output.
    pub access_log_path: Option<String>,
    pub access_log_coloured: bool,
    /// Where the monitor listens, if there is to be one.
    pub monitor_address: Option<String>,
    pub monitor_port: u16,
    pub max_header_size: u32,
    pub max_headers_count: u32,
    pub max_url_length: u32,
    pub headers_timeout: f64,
    pub body_timeout: f64,
    pub min_body_rate: u32,
    pub write_timeout: f64,
    pub keep_alive_timeout: f64,
    pub max_requests_per_socket: u32,
    pub max_concurrent_streams: u32,
    pub max_connections: u32,
    pub grace: f64,
    pub threads: u32,
    pub reuse_port: bool,
    pub backlog: u32,
    pub readable_all: bool,
    pub writable_all: bool,
    /// Clients speak TLS.
    pub secure_context: Option<ClassInstance<'env, NativeSecureContext>>,
    pub handshake_timeout: f64,
    /// What needs JavaScript from the start; see `setNeeds`.
    pub needs: u32,
    /// Whether somebody serves what is not the proxy's.
    pub has_fallback: bool,
    /// How long `error` listeners may take to answer.
    pub failure_timeout: f64,
    /// Clients may speak HTTP/2 without TLS, if they begin with it.
    pub plain_http2: bool,
    /// WebSockets are forwarded.
    pub upgrades: Option<NativeUpgrades>,
}

/// How WebSockets are forwarded. Times are in milliseconds.
#[napi(object, object_to_js = false)]
pub struct NativeUpgrades {
    pub verify: bool,
    pub head_timeout: Option<f64>,
    pub idle_timeout: Option<f64>,
    pub says_http: bool,
}

/// Gauge and counters of a door.
#[napi(object, object_from_js = false)]
pub struct NativeDoorStats {
    pub connections: u32,
    pub in_flight: u32,
    pub accepted: u32,
    pub accept_errors: u32,
    pub handshake_failures: u32,
    pub forwarded: u32,
    pub unrouted: u32,
    pub refused: u32,
    pub overloaded: u32,
    pub failed: u32,
    pub cut: u32,
    pub abandoned: u32,
    pub lost_log_lines: u32,
    pub handed_over: u32,
}

#[napi]
pub struct NativeDoor {
    door: Door,
    secure: Option<Arc<Secure>>,
    handover: Arc<Handover>,
}

/// Opens a door. The message of a failure says what failed, and the system's error number.
pub(super) fn open(
    engine: &Engine,
    address: &str,
    port: Option<u16>,
    settings: NativeDoorSettings<'_>,
    admit: impl Fn(Handed) + Send + Sync + 'static,
    on_closed: impl FnOnce() + Send + 'static,
) -> Result<NativeDoor> {
    let added = unpack_fields(&to_bytes(&settings.headers), settings.header_count as usize)
        .map_err(|error| Error::new(Status::InvalidArg, error.to_string()))?;
    let limits = Limits {
        head_size: settings.max_header_size as usize,
        fields: settings.max_headers_count as usize,
        target_size: settings.max_url_length as usize,
        head_time: duration(settings.headers_timeout),
        body_idle: duration(settings.body_timeout),
        body_rate: settings.min_body_rate,
        write_idle: duration(settings.write_timeout),
        keep_alive: duration(settings.keep_alive_timeout),
        requests: settings.max_requests_per_socket as usize,
        streams: settings.max_concurrent_streams,
        connections: settings.max_connections,
        in_flight: settings.max_in_flight.map_or(usize::MAX, |most| most as usize),
        grace: duration(settings.grace),
    };
    let place = Place {
        address: match port {
            Some(port) => Address::Tcp(SocketAddr::new(ip(address)?, port)),
            None => Address::Unix(address.into()),
        },
        reuse_port: settings.reuse_port,
        backlog: settings.backlog,
        access: Access { readable_by_all: settings.readable_all, writable_by_all: settings.writable_all },
    };
    let threads = NonZeroUsize::new(settings.threads as usize).unwrap_or(NonZeroUsize::MIN);
    let trust = trust(&settings.trust_proxy)?;
    let log = access_log(&settings)?;
    let monitor = monitor(&settings)?;
    let handshake_time = duration(settings.handshake_timeout);
    let context = settings.secure_context.as_ref().map(|secure| Arc::clone(&secure.context));
    let secure = context.map(|context| Arc::new(Secure::new(context, handshake_time)));
    let needs = Arc::new(Needs::default());
    needs.set(bits(settings.needs));
    let failure_limit = duration(settings.failure_timeout);
    let handover = Handover::new(
        Arc::clone(&needs),
        settings.has_fallback,
        &settings.routes.listed,
        failure_limit,
        admit,
    )
    .map_err(|error| Error::from_reason(error.to_string()))?;
    let h2c = settings.plain_http2;
    let upgrades = settings.upgrades.as_ref().map(|given| Upgrades {
        verify: given.verify,
        head_limit: given.head_timeout.map(duration),
        idle: given.idle_timeout.map(duration),
        says_http: given.says_http,
    });
    let mut settings = Settings::new(Arc::clone(&settings.routes.routes), added, trust, limits);
    settings.secure.clone_from(&secure);
    settings.h2c = h2c;
    settings.upgrades = upgrades;
    settings.log = log;
    settings.monitor = monitor;
    let handover = Arc::new(handover);
    settings.handover = Some(Arc::clone(&handover));
    engine
        .listen(&place, settings, threads, on_closed)
        .map(|door| NativeDoor { door, secure, handover })
        .map_err(|unopened| match unopened {
            Unopened::Place(error) => failure("listen", &error),
            Unopened::Monitor(error) => failure("metrics", &error),
            Unopened::Threads(error) => failure("threads", &error),
        })
}

fn trust(given: &Either<bool, Vec<String>>) -> Result<Trust> {
    match given {
        Either::A(true) => Ok(Trust::Everybody),
        Either::A(false) => Ok(Trust::Nobody),
        Either::B(networks) => Trust::networks(networks.iter().map(String::as_str))
            .map_err(|wrong| Error::new(Status::InvalidArg, wrong.to_owned())),
    }
}

fn access_log(settings: &NativeDoorSettings<'_>) -> Result<Option<AccessLog>> {
    let Some(format) = &settings.access_log else { return Ok(None) };
    let format = match format.as_str() {
        "common" => Format::Common,
        "combined" => Format::Combined,
        "json" => Format::Json,
        _ => Format::Short { coloured: settings.access_log_coloured },
    };
    let path = settings.access_log_path.as_ref().map(Path::new);
    AccessLog::open(format, path).map(Some).map_err(|error| failure("accessLog", &error))
}

fn monitor(settings: &NativeDoorSettings<'_>) -> Result<Option<Place>> {
    let Some(address) = &settings.monitor_address else { return Ok(None) };
    let address = SocketAddr::new(ip(address)?, settings.monitor_port);
    Ok(Some(Place::new(Address::Tcp(address))))
}

fn ip(address: &str) -> Result<IpAddr> {
    address.parse().map_err(|_| Error::new(Status::InvalidArg, "The address is not an IP address"))
}

fn port(address: &Address) -> Option<u16> {
    match address {
        Address::Tcp(address) => Some(address.port()),
        Address::Unix(_) => None,
    }
}

/// What failed, and the system's number of its error.
fn failure(what: &str, error: &io::Error) -> Error {
    let number = error.raw_os_error().map_or_else(|| error.to_string(), |number| number.to_string());
    Error::from_reason(format!("{what} {number}"))
}

#[napi]
impl NativeDoor {
    /// The IP address or the path at which it listens.
    #[napi(getter)]
    pub fn address(&self) -> String {
        match self.door.address() {
            Address::Tcp(address) => address.ip().to_string(),
            Address::Unix(path) => path.to_string_lossy().into_owned(),
        }
    }

    #[napi(getter)]
    pub fn port(&self) -> Option<u16> {
        port(self.door.address())
    }

    /// The port of the monitor.
    #[napi(getter)]
    pub fn monitor_port(&self) -> Option<u16> {
        self.door.monitor_address().and_then(port)
    }

    /// Takes no more connections; says by its callback when the last one has ended.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.door.close();
    }

    /// Other TLS settings for the handshakes to come.
    #[napi(catch_unwind)]
    pub fn set_secure_context(&self, secure: &NativeSecureContext) {
        if let Some(own) = &self.secure {
            own.replace(Arc::clone(&secure.context));
        }
    }

    /// Says what needs JavaScript from now on: 1 all requests of the proxy's, 2 those for WebSockets, 4 those that have failed, 8 whether a
    /// request is the proxy's.
    #[napi(catch_unwind)]
    pub fn set_needs(&self, needs: u32) {
        self.handover.needs.set(bits(needs));
    }

    /// Says that a socket that was handed over is about to end, and that this is not the end of what it says.
    #[napi(catch_unwind)]
    pub fn reset(&self, number: u32) {
        self.handover.reset(number);
    }

    /// Says that a socket that was handed over is given up, with an answer in it that its client did not take.
    #[napi(catch_unwind)]
    pub fn desert(&self, number: u32) {
        self.handover.desert(number);
    }

    #[napi(catch_unwind)]
    pub fn stats(&self) -> NativeDoorStats {
        let read =
            |of: fn(&DoorStats) -> &AtomicUsize| u32::try_from(self.door.total(of)).unwrap_or(u32::MAX);
        NativeDoorStats {
            connections: read(|stats| &stats.connections),
            in_flight: read(|stats| &stats.in_flight),
            accepted: read(|stats| &stats.accepted),
            accept_errors: read(|stats| &stats.accept_errors),
            handshake_failures: read(|stats| &stats.handshake_failures),
            forwarded: read(|stats| &stats.forwarded),
            unrouted: read(|stats| &stats.unrouted),
            refused: read(|stats| &stats.refused),
            overloaded: read(|stats| &stats.overloaded),
            failed: read(|stats| &stats.failed),
            cut: read(|stats| &stats.cut),
            abandoned: read(|stats| &stats.abandoned),
            lost_log_lines: u32::try_from(self.door.lost_lines()).unwrap_or(u32::MAX),
            handed_over: read(|stats| &stats.handed_over),
        }
    }
}

fn bits(needs: u32) -> u8 {
    u8::try_from(needs).unwrap_or(u8::MAX)
}

fn duration(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(Duration::MAX)
}

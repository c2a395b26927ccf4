//! `NativeDoor`: a door of the engine that JavaScript holds on to.

use super::engine::to_bytes;
use super::routes::NativeRoutes;
use crate::engine::Engine;
use crate::engine::door::{Door, Handover, Limits, Needs, Settings, Visit};
use crate::engine::head::unpack_fields;
use napi::bindgen_prelude::{ClassInstance, Error, Latin1String, Result, Status};
use napi_derive::napi;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What a door does, checked by `lib/proxy-server/door-options.js`. Times are in milliseconds.
#[napi(object, object_to_js = false)]
pub struct NativeDoorSettings<'env> {
    pub routes: ClassInstance<'env, NativeRoutes>,
    /// Packed fields of the `headers` option.
    pub headers: Latin1String,
    pub header_count: u32,
    pub trust_proxy: bool,
    pub max_header_size: u32,
    pub max_headers_count: u32,
    pub max_url_length: u32,
    pub headers_timeout: f64,
    pub body_timeout: f64,
    pub write_timeout: f64,
    pub keep_alive_timeout: f64,
    pub max_requests_per_socket: u32,
    pub max_connections: u32,
    pub grace: f64,
    /// What needs JavaScript from the start; see `setNeeds`.
    pub needs: u32,
    /// Whether somebody serves what is not the proxy's.
    pub has_fallback: bool,
    /// How long `error` listeners may take to answer.
    pub failure_timeout: f64,
}

/// Gauge and counters of a door.
#[napi(object, object_from_js = false)]
pub struct NativeDoorStats {
    pub connections: u32,
    pub accepted: u32,
    pub accept_errors: u32,
    pub forwarded: u32,
    pub unrouted: u32,
    pub refused: u32,
    pub failed: u32,
    pub cut: u32,
    pub abandoned: u32,
    pub handed_over: u32,
}

#[napi]
pub struct NativeDoor {
    door: Door,
    needs: Arc<Needs>,
}

/// Opens a door. The message of a failure is the system's error number.
pub(super) fn open(
    engine: &Engine,
    address: &str,
    port: u16,
    settings: NativeDoorSettings<'_>,
    admit: impl Fn(Visit) + Send + Sync + 'static,
    on_closed: impl FnOnce() + Send + 'static,
) -> Result<NativeDoor> {
    let address: IpAddr =
        address.parse().map_err(|_| Error::new(Status::InvalidArg, "The address is not an IP address"))?;
    let added = unpack_fields(&to_bytes(&settings.headers), settings.header_count as usize)
        .map_err(|error| Error::new(Status::InvalidArg, error.to_string()))?;
    let limits = Limits {
        head_size: settings.max_header_size as usize,
        fields: settings.max_headers_count as usize,
        target_size: settings.max_url_length as usize,
        head_time: duration(settings.headers_timeout),
        body_idle: duration(settings.body_timeout),
        write_idle: duration(settings.write_timeout),
        keep_alive: duration(settings.keep_alive_timeout),
        requests: settings.max_requests_per_socket as usize,
        connections: settings.max_connections,
        grace: duration(settings.grace),
    };
    let needs = Arc::new(Needs::default());
    needs.set(bits(settings.needs));
    let failure_limit = duration(settings.failure_timeout);
    let handover = Handover::new(Arc::clone(&needs), settings.has_fallback, failure_limit, admit)
        .map_err(|error| Error::from_reason(error.to_string()))?;
    let mut settings =
        Settings::new(Arc::clone(&settings.routes.routes), added, settings.trust_proxy, limits);
    settings.handover = Some(Arc::new(handover));
    engine
        .listen(SocketAddr::new(address, port), settings, on_closed)
        .map(|door| NativeDoor { door, needs })
        .map_err(|error| {
            Error::from_reason(error.raw_os_error().map_or_else(|| error.to_string(), |n| n.to_string()))
        })
}

#[napi]
impl NativeDoor {
    /// The IP address at which it listens.
    #[napi(getter)]
    pub fn address(&self) -> String {
        self.door.address().ip().to_string()
    }

    #[napi(getter)]
    pub fn port(&self) -> u16 {
        self.door.address().port()
    }

    /// Takes no more connections; says by its callback when the last one has ended.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.door.close();
    }

    /// Says what of the proxy's requests goes through JavaScript from now on: 1 all of them, 2 those for WebSockets, 4 those that have failed.
    #[napi(catch_unwind)]
    pub fn set_needs(&self, needs: u32) {
        self.needs.set(bits(needs));
    }

    #[napi(catch_unwind)]
    pub fn stats(&self) -> NativeDoorStats {
        let stats = self.door.stats();
        let read = |counter: &AtomicUsize| u32::try_from(counter.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        NativeDoorStats {
            connections: read(&stats.connections),
            accepted: read(&stats.accepted),
            accept_errors: read(&stats.accept_errors),
            forwarded: read(&stats.forwarded),
            unrouted: read(&stats.unrouted),
            refused: read(&stats.refused),
            failed: read(&stats.failed),
            cut: read(&stats.cut),
            abandoned: read(&stats.abandoned),
            handed_over: read(&stats.handed_over),
        }
    }
}

fn bits(needs: u32) -> u8 {
    u8::try_from(needs).unwrap_or(u8::MAX)
}

fn duration(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(Duration::MAX)
}

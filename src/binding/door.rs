//! `NativeDoor`: a door of the engine that JavaScript holds on to.

use super::engine::to_bytes;
use super::routes::NativeRoutes;
use super::server_tls::NativeSecureContext;
use crate::engine::Engine;
use crate::engine::door::{Door, Limits, Secure, Settings};
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
    /// Clients speak TLS.
    pub secure_context: Option<ClassInstance<'env, NativeSecureContext>>,
    pub handshake_timeout: f64,
}

/// Gauge and counters of a door.
#[napi(object, object_from_js = false)]
pub struct NativeDoorStats {
    pub connections: u32,
    pub accepted: u32,
    pub accept_errors: u32,
    pub handshake_failures: u32,
    pub forwarded: u32,
    pub unrouted: u32,
    pub refused: u32,
    pub failed: u32,
    pub cut: u32,
    pub abandoned: u32,
}

#[napi]
pub struct NativeDoor {
    door: Door,
    secure: Option<Arc<Secure>>,
}

/// Opens a door. The message of a failure is the system's error number.
pub(super) fn open(
    engine: &Engine,
    address: &str,
    port: u16,
    settings: NativeDoorSettings<'_>,
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
    let handshake_time = duration(settings.handshake_timeout);
    let context = settings.secure_context.as_ref().map(|secure| Arc::clone(&secure.context));
    let secure = context.map(|context| Arc::new(Secure::new(context, handshake_time)));
    let mut settings =
        Settings::new(Arc::clone(&settings.routes.routes), added, settings.trust_proxy, limits);
    settings.secure.clone_from(&secure);
    engine
        .listen(SocketAddr::new(address, port), settings, on_closed)
        .map(|door| NativeDoor { door, secure })
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

    /// Other TLS settings for the handshakes to come.
    #[napi(catch_unwind)]
    pub fn set_secure_context(&self, secure: &NativeSecureContext) {
        if let Some(own) = &self.secure {
            own.replace(Arc::clone(&secure.context));
        }
    }

    #[napi(catch_unwind)]
    pub fn stats(&self) -> NativeDoorStats {
        let stats = self.door.stats();
        let read = |counter: &AtomicUsize| u32::try_from(counter.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        NativeDoorStats {
            connections: read(&stats.connections),
            accepted: read(&stats.accepted),
            accept_errors: read(&stats.accept_errors),
            handshake_failures: read(&stats.handshake_failures),
            forwarded: read(&stats.forwarded),
            unrouted: read(&stats.unrouted),
            refused: read(&stats.refused),
            failed: read(&stats.failed),
            cut: read(&stats.cut),
            abandoned: read(&stats.abandoned),
        }
    }
}

fn duration(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(Duration::MAX)
}

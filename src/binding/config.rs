//! `NativeConfig`: an engine's [`Config`] that JavaScript holds on to.

use crate::engine::config::{Config, Timeouts};
use crate::engine::target::{Scheme, Target};
use crate::engine::upstream::TlsProfile;
use napi::bindgen_prelude::{Error, Result, Status};
use napi_derive::napi;
use std::sync::Arc;
use std::time::Duration;

/// The options of one target, normalised by `lib/proxy-server/config.js`.
#[napi(object, object_to_js = false)]
pub struct NativeOptions {
    /// An absolute URL.
    pub target: String,
    pub socket_path: Option<String>,
    pub change_origin: bool,
    pub xfwd: bool,
    pub prepend_path: bool,
    pub ignore_path: bool,
    pub reuse: bool,
    pub allow_duplicate_host: bool,
    pub secure: bool,
    /// PEM certificates.
    pub ca: Option<String>,
    /// Milliseconds.
    pub connect_timeout: Option<f64>,
    /// Milliseconds.
    pub head_timeout: Option<f64>,
    /// Milliseconds.
    pub idle_timeout: Option<f64>,
}

#[napi]
pub struct NativeConfig {
    pub(super) config: Arc<Config>,
}

#[napi]
impl NativeConfig {
    /// Throws an error whose message begins with the name of the option that is wrong.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: NativeOptions) -> Result<Self> {
        let mut target = Target::parse(&options.target).map_err(|error| invalid("target", &error))?;
        if let Some(path) = &options.socket_path {
            target = target.through_socket(path);
        }
        let tls = if target.scheme == Scheme::Https {
            let ca = options.ca.as_deref().map(str::as_bytes);
            Some(Arc::new(TlsProfile::new(options.secure, ca).map_err(|error| invalid("ca", &error))?))
        } else {
            None
        };
        let timeouts = Timeouts {
            connect: duration(options.connect_timeout),
            head: duration(options.head_timeout),
            idle: duration(options.idle_timeout),
        };
        let config = Config {
            target,
            tls,
            change_origin: options.change_origin,
            xfwd: options.xfwd,
            prepend_path: options.prepend_path,
            ignore_path: options.ignore_path,
            reuse: options.reuse,
            allow_duplicate_host: options.allow_duplicate_host,
            timeouts,
        };
        Ok(Self { config: Arc::new(config) })
    }
}

fn duration(milliseconds: Option<f64>) -> Option<Duration> {
    Duration::try_from_secs_f64(milliseconds? / 1000.0).ok()
}

fn invalid(option: &str, error: &dyn std::error::Error) -> Error {
    Error::new(Status::InvalidArg, format!("{option}: {error}"))
}

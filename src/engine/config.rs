//! What the user's options mean, parsed once. On the request path there are no strings left to interpret.

use super::target::{Scheme, Target};
use super::upstream::TlsProfile;
use std::sync::Arc;
use std::time::Duration;

/// The options of one target. Defaults stand in [`Config::new`] and nowhere else.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where requests go.
    pub target: Target,
    /// How a TLS target is verified; `None` for plain ones. By default Mozilla's roots vouch for it.
    pub tls: Option<Arc<TlsProfile>>,
    /// `changeOrigin`: the `Host` field names the target. Off by default.
    pub change_origin: bool,
    /// `xfwd`: add `x-forwarded-*`. Off by default.
    pub xfwd: bool,
    /// `prependPath`: put the target's path in front of the request's. On by default.
    pub prepend_path: bool,
    /// `ignorePath`: forward to the target's path alone. Off by default.
    pub ignore_path: bool,
    /// `agent: false` clears it: a fresh connection for each request, and `connection: close`. On by default.
    pub reuse: bool,
    /// Forward the first of two `Host` fields instead of refusing the request. Off by default.
    pub allow_duplicate_host: bool,
    /// Time limits.
    pub timeouts: Timeouts,
}

/// Time limits towards the target (design.md §6.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Name, connection and TLS handshake. `None`: 10 s.
    pub connect: Option<Duration>,
    /// From the request sent to the response head. `None`: no limit.
    pub head: Option<Duration>,
    /// Between two reads of the response. `None`: no limit.
    pub idle: Option<Duration>,
}

impl Config {
    /// The defaults for `target`.
    pub fn new(target: Target) -> Self {
        let tls = (target.scheme == Scheme::Https).then(Arc::default);
        Self {
            target,
            tls,
            change_origin: false,
            xfwd: false,
            prepend_path: true,
            ignore_path: false,
            reuse: true,
            allow_duplicate_host: false,
            timeouts: Timeouts { connect: None, head: None, idle: None },
        }
    }
}

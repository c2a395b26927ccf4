//! What the user's options mean, parsed once. On the request path there are no strings left to interpret.

use super::error::{Error, Kind, Limit, Phase};
use super::outgoing::{CookieRewrite, RedirectRewrite};
use super::target::{Scheme, Target};
use super::upstream::{Names, TlsProfile, UpstreamProxy};
use bytes::Bytes;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// The options of one target. Defaults stand in [`Config::new`] and nowhere else.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where requests go.
    pub target: Target,
    /// How a TLS target is verified; `None` for plain ones. By default Mozilla's roots vouch for it.
    pub tls: Option<Arc<TlsProfile>>,
    /// `servername`: the name that a TLS target is asked for, and must have. The one in the `Host` field by default.
    pub server_name: Option<Arc<str>>,
    /// `localAddress`: the address that connections come from. The system's choice by default.
    pub local_address: Option<IpAddr>,
    /// `http2`: whether the target is asked in HTTP/2. Never by default.
    pub http2: Http2,
    /// `lookup` and `dnsCache`. The system is asked for each connection by default.
    pub names: Names,
    /// `auth`, or the target's credentials. None by default.
    pub authorization: Option<Authorization>,
    /// `method`: asked of the target instead of the client's. The client's by default.
    pub method: Option<Bytes>,
    /// `changeOrigin`: the `Host` field names the target. Off by default.
    pub change_origin: bool,
    /// `xfwd`: add `x-forwarded-*`. Off by default.
    pub xfwd: bool,
    /// `prependPath`: put the target's path in front of the request's. On by default.
    pub prepend_path: bool,
    /// `ignorePath`: forward to the target's path alone. Off by default.
    pub ignore_path: bool,
    /// `toProxy`: forward an absolute URL whole, as a path. Off by default.
    pub to_proxy: bool,
    /// `agent: false` clears it: a fresh connection for each request, and `connection: close`. On by default.
    pub reuse: bool,
    /// Forward the first of two `Host` fields instead of refusing the request. Off by default.
    pub allow_duplicate_host: bool,
    /// `preserveHeaderKeyCase`: the names of a response's fields in the target's case. Off by default.
    pub preserve_header_key_case: bool,
    /// `hostRewrite`, `autoRewrite` and `protocolRewrite`. None by default.
    pub redirects: Option<RedirectRewrite>,
    /// `cookieDomainRewrite`. None by default.
    pub cookie_domain: Option<CookieRewrite>,
    /// `cookiePathRewrite`. None by default.
    pub cookie_path: Option<CookieRewrite>,
    /// `agent`: what an agent of Node's says of its connections. None by default.
    pub agent: Option<Arc<Agent>>,
    /// `upstreamProxy`: the proxy that leads to the target. None by default.
    pub proxy: Option<Arc<UpstreamProxy>>,
    /// Time limits.
    pub timeouts: Timeouts,
}

/// Where HTTP/2 is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Http2 {
    /// Nowhere.
    #[default]
    Never,
    /// Over TLS, with targets that choose it.
    OverTls,
    /// Over TLS with targets that choose it, and with plain ones without asking.
    Everywhere,
}

/// The settings of an agent of Node's. Its connections are its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Agent {
    /// Which agent it is: connections of different ones are never shared.
    pub number: u32,
    /// `maxSockets`: so many requests to one place have a connection at the same time, the others wait. `None`: no limit.
    pub most_open: Option<usize>,
    /// `maxFreeSockets`: so many idle connections to one place are kept.
    pub most_idle: usize,
    /// `timeout`: for so long an idle connection is kept. `None`: as without an agent.
    pub idle_limit: Option<Duration>,
    /// `scheduling: 'fifo'`: the connection that has waited longest is taken first.
    pub oldest_first: bool,
}

/// What the target is told of who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The `Authorization` field's value.
    pub value: Bytes,
    /// What the client says of itself counts more. So with the credentials of a target's URL, which the originals do not look at.
    pub yields: bool,
}

/// Time limits towards the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Name, connection and TLS handshake. `None`: 10 s.
    pub connect: Option<Duration>,
    /// From the request sent to the response head. `None`: no limit.
    pub head: Option<Duration>,
    /// Between two reads of the response, and for each write of the request. `None`: no limit.
    pub idle: Option<Duration>,
    /// From the beginning of the exchange to the end of the response. `None`: no limit.
    pub total: Option<Duration>,
    /// The option `timeouts` was given: what runs out is known by a code of its own.
    pub named: bool,
}

impl Timeouts {
    /// How long connecting may take.
    pub fn connect_limit(&self) -> Duration {
        self.connect.unwrap_or(CONNECT_LIMIT)
    }

    /// The error of a limit that has run out.
    pub fn exceeded(&self, limit: Limit, phase: Phase) -> Error {
        let after = match limit {
            Limit::Connect => Some(self.connect_limit()),
            Limit::Head => self.head,
            Limit::Idle => self.idle,
            Limit::Total => self.total,
        };
        Error::new(Kind::Timeout(limit, after.filter(|_| self.named)), phase)
    }
}

/// Name, connection and handshake together.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

impl Config {
    /// The defaults for `target`.
    pub fn new(target: Target) -> Self {
        let tls = (target.scheme == Scheme::Https).then(Arc::default);
        Self {
            target,
            tls,
            server_name: None,
            http2: Http2::Never,
            names: Names::default(),
            local_address: None,
            authorization: None,
            method: None,
            change_origin: false,
            xfwd: false,
            prepend_path: true,
            ignore_path: false,
            to_proxy: false,
            reuse: true,
            allow_duplicate_host: false,
            preserve_header_key_case: false,
            redirects: None,
            cookie_domain: None,
            cookie_path: None,
            agent: None,
            proxy: None,
            timeouts: Timeouts::default(),
        }
    }
}

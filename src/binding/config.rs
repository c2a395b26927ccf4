//! `NativeConfig`: an engine's [`Config`] that JavaScript holds on to.

use crate::engine::config::{Agent, Authorization, Config, Http2, Timeouts};
use crate::engine::head::{is_field_value, is_token};
use crate::engine::outgoing::{CookieRewrite, InvalidRewrite, RedirectRewrite};
use crate::engine::target::{Scheme, Target};
use crate::engine::upstream::{
    Identity, InvalidTls, Names, ProxyProtocol, TlsProfile, TlsSettings, UpstreamProxy,
};
use bytes::Bytes;
use napi::bindgen_prelude::{Error, Result, Status};
use napi_derive::napi;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

/// The options of one target, normalised by `lib/proxy-server/config.js`.
#[napi(object, object_to_js = false)]
pub struct NativeOptions {
    /// An absolute URL.
    pub target: String,
    /// What the `Host` field calls the target, if that is not its URL's host.
    pub host: Option<String>,
    pub socket_path: Option<String>,
    pub local_address: Option<String>,
    /// The value of an `Authorization` field.
    pub authorization: Option<String>,
    /// A client's own `Authorization` counts more.
    pub authorization_yields: bool,
    pub method: Option<String>,
    pub change_origin: bool,
    pub xfwd: bool,
    pub prepend_path: bool,
    pub ignore_path: bool,
    pub to_proxy: bool,
    pub reuse: bool,
    pub allow_duplicate_host: bool,
    pub preserve_header_key_case: bool,
    pub host_rewrite: Option<String>,
    pub auto_rewrite: bool,
    pub protocol_rewrite: Option<String>,
    /// Old value, new value, old value, new value, …; `*` is every other old value, and an empty new one takes the attribute away.
    pub cookie_domain_rewrite: Option<Vec<String>>,
    /// Likewise.
    pub cookie_path_rewrite: Option<Vec<String>>,
    /// The agent whose connections are used.
    pub agent: Option<NativeAgent>,
    /// The proxy that leads to the target.
    pub proxy: Option<NativeProxy>,
    pub secure: bool,
    /// PEM certificates.
    pub ca: Option<String>,
    /// Client certificates: a PEM certificate and its PEM key, and again.
    pub identities: Vec<String>,
    /// PKCS#12 archives, a character a byte, each with its passphrase behind it.
    pub archives: Vec<String>,
    pub server_name: Option<String>,
    pub tls12: bool,
    pub tls13: bool,
    /// `ALPNProtocols`, a character a byte.
    pub protocols: Option<Vec<String>>,
    /// HTTP/2 over TLS, with targets that choose it.
    pub http2: bool,
    /// … and with plain ones without asking.
    pub http2_plain: bool,
    /// The number of the function `lookup`.
    pub lookup: Option<u32>,
    /// Milliseconds.
    pub dns_cache: Option<f64>,
    /// Files of PEM certificates that vouch for targets beside Mozilla's.
    pub root_files: Vec<String>,
    /// So do those of the system.
    pub system_roots: bool,
    /// Milliseconds.
    pub connect_timeout: Option<f64>,
    /// Milliseconds.
    pub head_timeout: Option<f64>,
    /// Milliseconds.
    pub idle_timeout: Option<f64>,
    /// Milliseconds.
    pub total_timeout: Option<f64>,
    /// The option `timeouts` was given: time-outs have codes of their own.
    pub named_timeouts: bool,
}

/// What an agent of Node's says of its connections.
#[napi(object, object_to_js = false)]
pub struct NativeAgent {
    pub number: u32,
    pub most_open: Option<u32>,
    pub most_idle: u32,
    /// Milliseconds.
    pub idle_limit: Option<f64>,
    pub oldest_first: bool,
}

/// A proxy between us and the targets.
#[napi(object, object_to_js = false)]
pub struct NativeProxy {
    /// It speaks SOCKS 5, not HTTP.
    pub socks: bool,
    /// It speaks TLS. Whose certificates vouch for it is settled by the machine (`rootFiles`, `systemRoots`), not by what is said of the target.
    pub secure: bool,
    pub host: String,
    pub port: u16,
    /// The value of a `Proxy-Authorization` field.
    pub authorization: Option<String>,
    /// User and password, for SOCKS.
    pub credentials: Option<Vec<String>>,
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
        let target = target(&options)?;
        let tls = if target.scheme == Scheme::Https {
            Some(Arc::new(tls(&options).map_err(|error| invalid(error.option(), &error))?))
        } else {
            None
        };
        let proxy = options.proxy.as_ref().map(|named| proxy(named, &options)).transpose();
        let proxy = proxy.map_err(|error| invalid("upstreamProxy", &error))?;
        let local_address = options.local_address.as_deref().map(str::parse).transpose();
        let config = Config {
            target,
            tls,
            server_name: options.server_name.as_deref().map(Into::into),
            http2: match (options.http2, options.http2_plain) {
                (false, _) => Http2::Never,
                (true, false) => Http2::OverTls,
                (true, true) => Http2::Everywhere,
            },
            names: Names { lookup: options.lookup, keep: duration(options.dns_cache).unwrap_or_default() },
            local_address: local_address.map_err(|_| invalid("localAddress", &"it is not an IP address"))?,
            authorization: authorization(&options)?,
            method: options.method.map(method).transpose()?,
            change_origin: options.change_origin,
            xfwd: options.xfwd,
            prepend_path: options.prepend_path,
            ignore_path: options.ignore_path,
            to_proxy: options.to_proxy,
            reuse: options.reuse,
            allow_duplicate_host: options.allow_duplicate_host,
            preserve_header_key_case: options.preserve_header_key_case,
            redirects: RedirectRewrite::new(
                options.host_rewrite.as_deref(),
                options.auto_rewrite,
                options.protocol_rewrite.as_deref(),
            )
            .map_err(invalid_rewrite)?,
            cookie_domain: cookies("cookieDomainRewrite", options.cookie_domain_rewrite.as_deref())?,
            cookie_path: cookies("cookiePathRewrite", options.cookie_path_rewrite.as_deref())?,
            agent: options.agent.map(agent).map(Arc::new),
            proxy: proxy.map(Arc::new),
            timeouts: Timeouts {
                connect: duration(options.connect_timeout),
                head: duration(options.head_timeout),
                idle: duration(options.idle_timeout),
                total: duration(options.total_timeout),
                named: options.named_timeouts,
            },
        };
        Ok(Self { config: Arc::new(config) })
    }
}

fn target(options: &NativeOptions) -> Result<Target> {
    let mut target = Target::parse(&options.target).map_err(|error| invalid("target", &error))?;
    if let Some(host) = &options.host {
        target = target.called(host).map_err(|error| invalid("target", &error))?;
    }
    if let Some(path) = &options.socket_path {
        target = target.through_socket(path);
    }
    Ok(target)
}

fn tls(options: &NativeOptions) -> std::result::Result<TlsProfile, InvalidTls> {
    TlsProfile::new(&TlsSettings {
        verify: options.secure,
        ca: options.ca.as_deref().map(str::as_bytes),
        root_files: &options.root_files,
        system_roots: options.system_roots,
        identities: identities(&options.identities, &options.archives)?,
        tls12: options.tls12,
        tls13: options.tls13,
        protocols: options.protocols.as_ref().map(|all| all.iter().map(|one| latin1(one)).collect()),
    })
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap_or(0)).collect()
}

/// Of PEM certificates, each with its PEM key behind it, and of PKCS#12 archives, a character a byte, each with its passphrase behind it.
pub(super) fn identities(
    pem: &[String],
    archives: &[String],
) -> std::result::Result<Vec<Identity>, InvalidTls> {
    let own = pem.chunks_exact(2).map(|pair| Identity::from_pem(pair[0].as_bytes(), pair[1].as_bytes()));
    let archived = archives.chunks_exact(2).map(|pair| Identity::from_pkcs12(&latin1(&pair[0]), &pair[1]));
    own.chain(archived).collect()
}

fn authorization(options: &NativeOptions) -> Result<Option<Authorization>> {
    let Some(value) = &options.authorization else { return Ok(None) };
    let value = field_value(value).ok_or_else(|| invalid("auth", &"it cannot be sent"))?;
    Ok(Some(Authorization { value, yields: options.authorization_yields }))
}

fn agent(agent: NativeAgent) -> Agent {
    Agent {
        number: agent.number,
        most_open: agent.most_open.map(|most| most as usize),
        most_idle: agent.most_idle as usize,
        idle_limit: duration(agent.idle_limit),
        oldest_first: agent.oldest_first,
    }
}

fn proxy(proxy: &NativeProxy, options: &NativeOptions) -> std::result::Result<UpstreamProxy, InvalidTls> {
    let credentials = proxy.credentials.as_deref().and_then(|both| both.first().zip(both.get(1)));
    let protocol = if proxy.socks {
        ProxyProtocol::Socks5(
            credentials.map(|(user, password)| (user.as_str().into(), password.as_str().into())),
        )
    } else {
        ProxyProtocol::Http(proxy.authorization.clone().map(Into::into))
    };
    let tls = proxy.secure.then(|| {
        TlsProfile::new(&TlsSettings {
            root_files: &options.root_files,
            system_roots: options.system_roots,
            ..TlsSettings::default()
        })
    });
    let tls = tls.transpose()?.map(Arc::new);
    Ok(UpstreamProxy { protocol, host: proxy.host.as_str().into(), port: proxy.port, tls })
}

fn method(method: String) -> Result<Bytes> {
    if is_token(method.as_bytes()) {
        Ok(method.into())
    } else {
        Err(invalid("method", &"it is not a valid HTTP token"))
    }
}

fn cookies(option: &str, pairs: Option<&[String]>) -> Result<Option<CookieRewrite>> {
    let Some(pairs) = pairs else { return Ok(None) };
    let values: Option<Vec<Bytes>> = pairs.iter().map(|value| field_value(value)).collect();
    let values = values.ok_or_else(|| invalid(option, &"one of its values cannot be sent"))?;
    let pairs = values.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
    Ok(Some(CookieRewrite::new(pairs)))
}

/// The text in latin1, as Node sends it, if it can stand in a field.
fn field_value(text: &str) -> Option<Bytes> {
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).ok()).collect::<Option<_>>()?;
    is_field_value(&bytes).then(|| bytes.into())
}

fn duration(milliseconds: Option<f64>) -> Option<Duration> {
    Duration::try_from_secs_f64(milliseconds? / 1000.0).ok()
}

fn invalid_rewrite(error: InvalidRewrite) -> Error {
    let option = match error {
        InvalidRewrite::Host => "hostRewrite",
        InvalidRewrite::Protocol => "protocolRewrite",
    };
    invalid(option, &error)
}

pub(super) fn invalid(option: &str, why: &dyn Display) -> Error {
    Error::new(Status::InvalidArg, format!("{option}: {why}"))
}

//! TLS with the clients of a door, as `lib/proxy-server/door-tls.js` says it.

use super::config::{identities, invalid};
use crate::engine::door::{SecureContext, ServerTls};
use crate::engine::upstream::InvalidTls;
use napi::bindgen_prelude::Result;
use napi_derive::napi;
use std::sync::Arc;

/// How TLS is spoken with clients.
#[napi(object, object_to_js = false)]
pub struct NativeServerTls {
    /// A PEM certificate and its PEM key, and again.
    pub identities: Vec<String>,
    /// PKCS#12 archives, a character a byte, each with its passphrase behind it.
    pub archives: Vec<String>,
    pub contexts: Vec<NativeServerContext>,
    /// PEM certificates.
    pub ca: Option<String>,
    pub request_cert: bool,
    pub reject_unauthorized: bool,
    pub tls12: bool,
    pub tls13: bool,
    /// Names of ALPN.
    pub protocols: Vec<String>,
}

/// Who the door is for those who ask for this name.
#[napi(object, object_to_js = false)]
pub struct NativeServerContext {
    pub name: String,
    pub identities: Vec<String>,
    pub archives: Vec<String>,
}

#[napi]
pub struct NativeSecureContext {
    pub(super) context: Arc<SecureContext>,
}

#[napi]
impl NativeSecureContext {
    /// Throws an error whose message begins with the name of what is wrong.
    #[napi(constructor, catch_unwind)]
    pub fn new(tls: NativeServerTls) -> Result<Self> {
        let context = read(&tls).map_err(|error| invalid(error.option(), &error))?;
        Ok(Self { context: Arc::new(context) })
    }
}

fn read(tls: &NativeServerTls) -> std::result::Result<SecureContext, InvalidTls> {
    let named =
        tls.contexts.iter().map(|one| Ok((one.name.clone(), identities(&one.identities, &one.archives)?)));
    SecureContext::new(&ServerTls {
        identities: identities(&tls.identities, &tls.archives)?,
        contexts: named.collect::<std::result::Result<_, _>>()?,
        ca: tls.ca.as_deref().map(str::as_bytes),
        asks_clients: tls.request_cert,
        rejects_clients: tls.reject_unauthorized,
        tls12: tls.tls12,
        tls13: tls.tls13,
        protocols: tls.protocols.iter().map(|name| name.as_bytes().to_vec()).collect(),
    })
}

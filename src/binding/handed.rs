//! Sockets of the engine's that become Node's.

use super::error;
use crate::engine::door::{Failure, Handed, NodeSocket, Receiver, Session, Verdict};
use napi::bindgen_prelude::{Buffer, Function, Result};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use std::net::SocketAddr;

/// A client's connection that comes to Node.
#[napi(object, object_from_js = false)]
pub struct NativeHanded {
    /// A descriptor, which is Node's own from now on.
    pub fd: i32,
    /// Its number, for `reset` and `desert`.
    pub number: u32,
    /// Who is to serve it: -2 the fallback, -1 the proxy, others the proxy for the route of that number.
    pub receiver: i32,
    /// The client's address.
    pub remote_address: Option<String>,
    pub remote_port: u16,
    /// The door's.
    pub local_address: Option<String>,
    pub local_port: u16,
    /// If the client speaks TLS.
    pub session: Option<NativeSession>,
    /// If its request has failed.
    pub failure: Option<NativeFailure>,
}

/// Why a request has failed.
#[napi(object, object_from_js = false)]
pub struct NativeFailure {
    /// Packed.
    pub error: String,
    /// The URL of the target.
    pub target: String,
    /// The status of the answer that has broken off, if it had begun.
    pub begun: Option<u16>,
}

/// What was agreed on in a handshake.
#[napi(object, object_from_js = false)]
pub struct NativeSession {
    pub version: String,
    pub cipher: String,
    pub protocol: Option<String>,
    pub server_name: Option<String>,
    /// In DER, the client's own first.
    pub certificates: Vec<Buffer>,
    /// The client's certificate was asked for, and is good.
    pub authorized: bool,
    /// Node's code for what is wrong with it.
    pub authorization_error: Option<String>,
}

/// What gives sockets to `visit`. It must not throw.
pub(super) fn admitting(
    visit: &Function<'_, NativeHanded, ()>,
) -> Result<impl Fn(Handed) + Send + Sync + 'static> {
    // Weak: the door keeps the process alive in its own way.
    let visit = visit
        .build_threadsafe_function::<Handed>()
        .weak::<true>()
        .callee_handled::<false>()
        .build_callback(|context| Ok(described(context.value)))?;
    Ok(move |one| {
        // It can only fail while the environment is being torn down; then the socket is closed, and so is the client's.
        visit.call(one, ThreadsafeFunctionCallMode::NonBlocking);
    })
}

fn described(Handed { socket, number, receiver, ends, failure }: Handed) -> NativeHanded {
    let ip = |end: Option<SocketAddr>| end.map(|end| end.ip().to_string());
    let port = |end: Option<SocketAddr>| end.map_or(0, |end| end.port());
    NativeHanded {
        fd: descriptor(socket),
        number,
        receiver: match receiver {
            Receiver::Fallback => -2,
            Receiver::Proxy => -1,
            Receiver::Route(number) => i32::try_from(number).unwrap_or(-1),
        },
        remote_address: ip(ends.remote),
        remote_port: port(ends.remote),
        local_address: ip(ends.local),
        local_port: port(ends.local),
        session: ends.session.as_deref().map(session),
        failure: failure.map(|Failure { error, target, begun }| NativeFailure {
            error: error::pack(&error),
            target,
            begun,
        }),
    }
}

fn session(session: &Session) -> NativeSession {
    NativeSession {
        version: session.version.to_owned(),
        cipher: session.cipher.clone(),
        protocol: session.protocol.clone(),
        server_name: session.server_name.clone(),
        certificates: session.certificates.iter().map(|one| one.clone().into()).collect(),
        authorized: session.verdict == Verdict::Good,
        authorization_error: match session.verdict {
            Verdict::Bad(code) => Some(code.to_owned()),
            Verdict::NotAsked | Verdict::Good => None,
        },
    }
}

#[cfg(unix)]
fn descriptor(socket: NodeSocket) -> i32 {
    std::os::fd::IntoRawFd::into_raw_fd(socket)
}

#[cfg(not(unix))]
fn descriptor(socket: NodeSocket) -> i32 {
    match socket {}
}

//! Sockets of the engine's that become Node's.

use super::error;
use crate::engine::door::{NodeSocket, Receiver, Visit};
use napi::bindgen_prelude::{FnArgs, Function, Result};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use std::net::SocketAddr;

/// What JavaScript is told of a client's connection that comes to it: a descriptor, which is its own from now on; whether the fallback is to
/// serve it; the client's address and port; the door's (a Unix socket has none); whether the client speaks TLS; and the packed error of its request, if that has
/// failed.
pub(super) type VisitArgs =
    FnArgs<(i32, bool, Option<String>, Option<u16>, Option<String>, Option<u16>, bool, Option<String>)>;

/// What gives sockets to `visit`. It must not throw.
pub(super) fn admitting(
    visit: &Function<'_, VisitArgs, ()>,
) -> Result<impl Fn(Visit) + Send + Sync + 'static> {
    // Weak: the door keeps the process alive in its own way.
    let visit = visit
        .build_threadsafe_function::<Visit>()
        .weak::<true>()
        .callee_handled::<false>()
        .build_callback(|context| Ok(described(context.value)))?;
    Ok(move |one| {
        // It can only fail while the environment is being torn down; then the socket is closed, and so is the client's.
        visit.call(one, ThreadsafeFunctionCallMode::NonBlocking);
    })
}

fn described(Visit { socket, receiver, ends, failure }: Visit) -> VisitArgs {
    let address = |end: Option<SocketAddr>| end.map(|end| end.ip().to_string());
    let port = |end: Option<SocketAddr>| end.map(|end| end.port());
    FnArgs::from((
        number(socket),
        receiver == Receiver::Fallback,
        address(ends.remote),
        port(ends.remote),
        address(ends.local),
        port(ends.local),
        ends.encrypted,
        failure.as_ref().map(error::pack),
    ))
}

#[cfg(unix)]
fn number(socket: NodeSocket) -> i32 {
    std::os::fd::IntoRawFd::into_raw_fd(socket)
}

#[cfg(not(unix))]
fn number(socket: NodeSocket) -> i32 {
    match socket {}
}

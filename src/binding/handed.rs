//! Sockets of the engine's that become Node's.

use super::error;
use crate::engine::door::{Handed, NodeSocket, Receiver};
use napi::bindgen_prelude::{FnArgs, Function, Result};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use std::net::SocketAddr;

/// What JavaScript is told of a client's connection that comes to it: a descriptor, which is its own from now on,
/// and its number; who is to serve it
/// (-2 the fallback, -1 the proxy, others the proxy for the route of that number); the client's address and port; the door's; whether the client speaks TLS; and the packed error and the URL of the target of
/// its request, if that has failed.
pub(super) type HandedArgs =
    FnArgs<(i32, u32, i32, Option<String>, u16, Option<String>, u16, bool, Option<String>, Option<String>)>;

/// What gives sockets to `visit`. It must not throw.
pub(super) fn admitting(
    visit: &Function<'_, HandedArgs, ()>,
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

fn described(Handed { socket, number, receiver, ends, failure }: Handed) -> HandedArgs {
    let ip = |end: Option<SocketAddr>| end.map(|end| end.ip().to_string());
    let port = |end: Option<SocketAddr>| end.map_or(0, |end| end.port());
    FnArgs::from((
        descriptor(socket),
        number,
        match receiver {
            Receiver::Fallback => -2,
            Receiver::Proxy => -1,
            Receiver::Route(number) => i32::try_from(number).unwrap_or(-1),
        },
        ip(ends.remote),
        port(ends.remote),
        ip(ends.local),
        port(ends.local),
        ends.encrypted,
        failure.as_ref().map(|failure| error::pack(&failure.error)),
        failure.map(|failure| failure.target),
    ))
}

#[cfg(unix)]
fn descriptor(socket: NodeSocket) -> i32 {
    std::os::fd::IntoRawFd::into_raw_fd(socket)
}

#[cfg(not(unix))]
fn descriptor(socket: NodeSocket) -> i32 {
    match socket {}
}

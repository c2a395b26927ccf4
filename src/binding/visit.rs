//! Sockets of the engine's that become Node's.

use super::error;
use crate::engine::door::{NodeSocket, Receiver, Visit};
use napi::bindgen_prelude::{FnArgs, Function, Result};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;

/// What JavaScript is told of a client's connection that comes to it: a descriptor, which is its own from now on; whether the fallback is to
/// serve it; the client's address and port; the door's; whether the client speaks TLS; and the packed error of its request, if that has
/// failed.
pub(super) type VisitArgs = FnArgs<(i32, bool, String, u16, String, u16, bool, Option<String>)>;

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
    let (remote, local) = (ends.remote, ends.local);
    FnArgs::from((
        number(socket),
        receiver == Receiver::Fallback,
        remote.ip().to_string(),
        remote.port(),
        local.ip().to_string(),
        local.port(),
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

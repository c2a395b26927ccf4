//! Takes a descriptor of a socket that Node holds. The only file with unsafe code.

use std::io;
use std::net::TcpStream;

/// A descriptor of our own for the connection of a TCP socket that Node holds by `fd`.
///
/// # Errors
///
/// When it is no connected TCP socket, or there is no descriptor left.
#[cfg(unix)]
#[allow(
    unsafe_code,
    reason = "a number from JavaScript becomes a descriptor; there is no safe way to say so"
)]
pub(super) fn duplicate(fd: i32) -> io::Result<TcpStream> {
    use std::os::fd::BorrowedFd;

    if fd < 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: it is borrowed for this call alone. Node closes descriptors on this thread, so none is closed meanwhile, and the caller
    // has just read the number from the handle of a socket that is open. Were it another descriptor, duplicating it harms nobody, and
    // what is no TCP connection is turned away below.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    let stream = TcpStream::from(borrowed.try_clone_to_owned()?);
    stream.peer_addr()?;
    Ok(stream)
}

/// Elsewhere a socket cannot be shared so.
#[cfg(not(unix))]
pub(super) fn duplicate(_fd: i32) -> io::Result<TcpStream> {
    Err(io::ErrorKind::Unsupported.into())
}

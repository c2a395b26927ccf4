//! Where a door listens, and how its threads share that.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Where a door listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Address and port; port 0 is any that is free.
    pub address: SocketAddr,
    /// Other sockets may listen at the same port, if they say so as well: those of other processes, for instance. The system distributes
    /// connections among them.
    pub reuse_port: bool,
    /// So many connections wait to be accepted; the system has a limit of its own.
    pub backlog: u32,
}

impl Place {
    /// A place of its own.
    pub const fn new(address: SocketAddr) -> Self {
        Self { address, reuse_port: false, backlog: BACKLOG }
    }

    /// A listener for each of `threads`. They share one socket: whoever is idle takes the next connection.
    ///
    /// # Errors
    ///
    /// When the place cannot be had.
    pub(super) fn bind(&self, threads: usize) -> io::Result<Vec<TcpListener>> {
        let first = self.listen()?;
        let more = (1..threads).map(|_| first.try_clone()).collect::<io::Result<Vec<_>>>()?;
        Ok(std::iter::once(first).chain(more).collect())
    }

    /// One listener.
    pub(super) fn listen(&self) -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(self.address), Type::STREAM, Some(Protocol::TCP))?;
        // On Unix: connections of a door that was there before do not hold up this one. On Windows it would mean something else.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        if self.reuse_port {
            reuse_port(&socket)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&self.address.into())?;
        socket.listen(i32::try_from(self.backlog).unwrap_or(i32::MAX))?;
        Ok(socket.into())
    }
}

#[cfg(unix)]
fn reuse_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

#[cfg(not(unix))]
fn reuse_port(_: &Socket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// As Node's servers have it.
pub const BACKLOG: u32 = 511;

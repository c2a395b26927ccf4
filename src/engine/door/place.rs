//! Where a door listens.

use super::listener::Bound;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

/// Where a door listens, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The address.
    pub address: Address,
    /// Other sockets may listen at the same port, if they say so as well: those of other processes, for instance. The system distributes
    /// connections among them.
    pub reuse_port: bool,
    /// So many connections wait to be accepted; the system has a limit of its own.
    pub backlog: u32,
    /// Every user of the machine may connect to it, or only read what it sends, or only write to it: the modes of a Unix socket's file.
    pub access: Access,
}

/// An address, of either kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Address and port; port 0 is any that is free.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// What everybody may do with a Unix socket; its owner may do both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Read from it.
    pub readable_by_all: bool,
    /// Write to it.
    pub writable_by_all: bool,
}

impl Place {
    /// A place of its own.
    pub const fn new(address: Address) -> Self {
        let access = Access { readable_by_all: false, writable_by_all: false };
        Self { address, reuse_port: false, backlog: BACKLOG, access }
    }

    /// A listener for each of `threads`. They share one socket: whoever is idle takes the next connection.
    ///
    /// # Errors
    ///
    /// When the place cannot be had.
    pub(super) fn bind(&self, threads: usize) -> io::Result<Vec<Bound>> {
        let first = match &self.address {
            Address::Tcp(address) => Bound::Tcp(self.tcp(*address)?),
            Address::Unix(path) => self.unix(path)?,
        };
        let more = (1..threads).map(|_| first.try_clone()).collect::<io::Result<Vec<_>>>()?;
        Ok(std::iter::once(first).chain(more).collect())
    }

    fn tcp(&self, address: SocketAddr) -> io::Result<TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // On Unix: connections of a door that was there before do not hold up this one. On Windows it would mean something else.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        if self.reuse_port {
            reuse_port(&socket)?;
        }
        socket.bind(&address.into())?;
        self.listen(&socket)?;
        Ok(socket.into())
    }

    #[cfg(unix)]
    fn unix(&self, path: &Path) -> io::Result<Bound> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&socket2::SockAddr::unix(path)?)?;
        let listening = self.access.grant(path).and_then(|()| self.listen(&socket));
        if let Err(error) = listening {
            // What was made is of no use to anybody.
            std::fs::remove_file(path)?;
            return Err(error);
        }
        Ok(Bound::Unix(socket.into()))
    }

    #[cfg(not(unix))]
    fn unix(&self, _: &Path) -> io::Result<Bound> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn listen(&self, socket: &Socket) -> io::Result<()> {
        socket.set_nonblocking(true)?;
        socket.listen(i32::try_from(self.backlog).unwrap_or(i32::MAX))
    }
}

impl Access {
    #[cfg(unix)]
    fn grant(self, path: &Path) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let readable = if self.readable_by_all { 0o444 } else { 0 };
        let writable = if self.writable_by_all { 0o222 } else { 0 };
        if readable | writable == 0 {
            return Ok(());
        }
        let mut permissions = std::fs::metadata(path)?.permissions();
        permissions.set_mode(permissions.mode() | readable | writable);
        std::fs::set_permissions(path, permissions)
    }
}

/// The file of a Unix socket, which goes when its door takes no more connections, as with the servers of Node.
#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

impl SocketFile {
    /// That of an address, if it has one.
    pub(super) fn of(address: &Address) -> Option<Self> {
        match address {
            Address::Tcp(_) => None,
            Address::Unix(path) => Some(Self(path.clone())),
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody else may have taken it away: then it is as it should be.
        std::fs::remove_file(&self.0).ok();
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

//! The way to targets: names, connections, TLS, the pool, and HTTP/1.1 on the wire.

mod connect;
pub mod h1;
mod identity;
mod pool;
mod resolve;
mod through_proxy;
mod tls;
mod verify;

pub use connect::{Connect, Connection, Connector, Io};
pub use identity::Identity;
pub(crate) use pool::lifetime;
pub use pool::{Key, Pool};
pub use through_proxy::{ProxyProtocol, UpstreamProxy};
pub(in crate::engine) use tls::read_certificates;
pub use tls::{InvalidTls, TlsProfile, TlsSettings};

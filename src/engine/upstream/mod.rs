//! The way to targets: names, connections, TLS, the pool, HTTP/1.1 on the wire, and HTTP/2.

mod connect;
pub mod h1;
pub(in crate::engine) mod h2;
mod identity;
mod link;
mod pool;
mod resolve;
mod roots;
mod through_proxy;
mod tls;
mod verify;

pub use connect::{Connect, Connection, Connector, Io};
pub use identity::Identity;
pub(in crate::engine) use link::{Link, Wanted, link};
pub(crate) use pool::lifetime;
pub use pool::{Key, Pool};
pub use resolve::{Lookup, Names};
pub use roots::added_roots;
pub(in crate::engine) use roots::read_certificates;
pub use through_proxy::{ProxyProtocol, UpstreamProxy};
pub use tls::{InvalidTls, TlsProfile, TlsSettings};
pub(in crate::engine) use verify::code_of;

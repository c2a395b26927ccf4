//! Names to addresses, through the system's resolver and off the engine's thread.

use crate::engine::error::{Error, Kind, Phase};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The addresses of a host, in the order in which they are tried: families alternate, beginning with the resolver's first choice.
///
/// `localhost` has both loopback addresses whatever the resolver says, because servers listen on either.
///
/// # Errors
///
/// [`Kind::Resolve`].
pub(super) async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let is_localhost = host == "localhost" || host.ends_with(".localhost");
    let found = tokio::net::lookup_host((host, port)).await;
    let mut addresses: Vec<SocketAddr> = match found {
        Ok(addresses) => addresses.take(MOST_ADDRESSES).collect(),
        Err(_) if is_localhost => Vec::new(),
        Err(error) => {
            // std gives the resolver's words only; this is how every C library says EAI_AGAIN.
            let temporary = error.to_string().contains("emporary failure");
            return Err(Error::new(Kind::Resolve { host: host.into(), temporary }, Phase::Connect));
        }
    };
    if is_localhost {
        for loopback in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
            if !addresses.iter().any(|a| a.ip() == loopback) {
                addresses.push(SocketAddr::new(loopback, port));
            }
        }
    }
    if addresses.is_empty() {
        return Err(Error::new(Kind::Resolve { host: host.into(), temporary: false }, Phase::Connect));
    }
    Ok(alternate(addresses))
}

/// Alternates between the families (RFC 8305 §4), keeping the order within each.
fn alternate(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, other): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|a| a.is_ipv6() == first_is_v6);
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    let mut ordered = Vec::new();
    loop {
        let pair = [preferred.next(), other.next()];
        if pair == [None, None] {
            return ordered;
        }
        ordered.extend(pair.into_iter().flatten());
    }
}

/// A name with a hundred addresses is no reason to try a hundred (docs/reliability-rows.md, D-45).
const MOST_ADDRESSES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate() {
        let addresses = ["[::1]:1", "[::2]:1", "1.1.1.1:1", "[::3]:1"].map(|a| a.parse().unwrap()).to_vec();
        let ordered: Vec<String> = alternate(addresses).iter().map(ToString::to_string).collect();
        assert_eq!(ordered, ["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]);
    }

    #[tokio::test]
    async fn localhost_has_both_loopback_addresses() {
        let addresses = resolve("localhost", 80).await.unwrap();
        assert!(addresses.iter().any(SocketAddr::is_ipv4) && addresses.iter().any(SocketAddr::is_ipv6));
    }
}

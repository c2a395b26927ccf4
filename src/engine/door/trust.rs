//! Whose word counts: clients say who sent a request before them, and some of them may.

use ipnet::IpNet;
use std::net::IpAddr;

/// The clients whose `X-Forwarded-*`, `Forwarded` and `X-Real-IP` are passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// None of them.
    Nobody,
    /// All of them.
    Everybody,
    /// Those with an address in one of these networks.
    Networks(Vec<IpNet>),
}

impl Trust {
    /// The networks of a list: `10.0.0.0/8`, or a single address.
    ///
    /// # Errors
    ///
    /// With the first one that is neither.
    pub fn networks<'a>(list: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let parse = |text: &'a str| {
            let address = || text.parse::<IpAddr>().map(IpNet::from);
            text.parse::<IpNet>().or_else(|_| address()).map_err(|_| text)
        };
        list.into_iter().map(parse).collect::<Result<_, _>>().map(Self::Networks)
    }

    /// Whether the word of this client counts; one without an address (a Unix socket's) is in no network.
    pub fn trusts(&self, client: Option<IpAddr>) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::Networks(networks) => client.is_some_and(|client| {
                // On a socket for both kinds of addresses, those of IPv4 come in the clothes of IPv6.
                let client = client.to_canonical();
                networks.iter().any(|network| network.contains(&client))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusts(list: &[&str], client: &str) -> bool {
        Trust::networks(list.iter().copied()).unwrap().trusts(Some(client.parse().unwrap()))
    }

    #[test]
    fn networks_and_addresses() {
        assert!(trusts(&["192.0.2.0/24", "10.0.0.0/8"], "10.1.2.3"));
        assert!(trusts(&["10.0.0.0/8"], "::ffff:10.1.2.3"));
        assert!(trusts(&["127.0.0.1"], "127.0.0.1"));
        assert!(trusts(&["2001:db8::/32"], "2001:db8:1::1"));
        assert!(!trusts(&["10.0.0.0/8"], "11.0.0.1"));
        assert!(!trusts(&["127.0.0.1"], "127.0.0.2"));
        assert!(!trusts(&[], "127.0.0.1"));
        assert!(!trusts(&["0.0.0.0/0"], "2001:db8::1"));
    }

    #[test]
    fn who_has_no_address_is_in_no_network() {
        assert!(!Trust::networks(["0.0.0.0/0", "::/0"]).unwrap().trusts(None));
        assert!(Trust::Everybody.trusts(None));
        assert!(!Trust::Nobody.trusts(Some("127.0.0.1".parse().unwrap())));
    }

    #[test]
    fn what_is_no_network_is_named() {
        for wrong in ["10.0.0.0/33", "10.0.0", "localhost", "", "10.0.0.0/"] {
            assert_eq!(Trust::networks(["10.0.0.0/8", wrong]), Err(wrong));
        }
    }
}

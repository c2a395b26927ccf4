//! Names to addresses: through the system's resolver, off the engine's thread, or as the caller says.

use crate::engine::error::{Error, Kind, Phase};
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// A caller that has its own way to find addresses.
pub trait Lookup: Send + Sync {
    /// The addresses of a host.
    fn lookup<'a>(
        &'a self,
        host: &'a Arc<str>,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, Error>> + Send + 'a>>;
}

/// How the names of a target become addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Names {
    /// `lookup`: the caller is asked, who has a function of this number for it. `None`: the system.
    pub lookup: Option<u32>,
    /// `dnsCache`: how long an answer of the system's is used again.
    pub keep: Duration,
}

/// The system's resolver, asked once for all who want to know the same name at the same time.
#[derive(Default)]
pub(super) struct Resolver {
    state: Mutex<HashMap<Arc<str>, Entry>>,
}

enum Entry {
    /// The system is being asked.
    Asking(watch::Receiver<Option<Answer>>),
    Known(Answer, Instant),
}

/// The addresses, or whether it may be different later.
type Answer = Result<Arc<[IpAddr]>, Temporary>;
type Temporary = bool;

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("names", &self.lock().len()).finish_non_exhaustive()
    }
}

impl Resolver {
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Entry>> {
        // A panic cannot happen while the lock is held; if one did, the map is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The addresses of a host, in the order in which they are tried: families alternate, beginning with the resolver's first choice.
    /// `keep`: how long the answer is used again; a failure for a second at most.
    ///
    /// `localhost` has both loopback addresses whatever the resolver says, because servers listen on either.
    ///
    /// # Errors
    ///
    /// [`Kind::Resolve`].
    pub(super) async fn resolve(
        self: &Arc<Self>,
        host: &Arc<str>,
        port: u16,
        keep: Duration,
    ) -> Result<Vec<SocketAddr>, Error> {
        if let Some(address) = literal(host, port) {
            return Ok(vec![address]);
        }
        let is_localhost = &**host == "localhost" || host.ends_with(".localhost");
        let mut addresses = match self.ask(host, keep).await {
            Ok(addresses) => addresses.to_vec(),
            Err(_) if is_localhost => Vec::new(),
            Err(temporary) => {
                return Err(Error::new(Kind::Resolve { host: Arc::clone(host), temporary }, Phase::Connect));
            }
        };
        if is_localhost {
            for loopback in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
                if !addresses.contains(&loopback) {
                    addresses.push(loopback);
                }
            }
        }
        Ok(in_order(addresses, port))
    }

    async fn ask(self: &Arc<Self>, host: &Arc<str>, keep: Duration) -> Answer {
        let mut answer = self.answer(host, keep);
        // The task always answers; if it could not, the runtime is at its end.
        answer.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone()).unwrap_or(Err(true))
    }

    /// Where the answer is, or will be.
    fn answer(self: &Arc<Self>, host: &Arc<str>, keep: Duration) -> watch::Receiver<Option<Answer>> {
        let mut state = self.lock();
        match state.get(host) {
            Some(Entry::Asking(answer)) => return answer.clone(),
            Some(Entry::Known(answer, until)) if *until > Instant::now() => {
                return watch::channel(Some(answer.clone())).1;
            }
            _ => {}
        }
        let (sender, receiver) = watch::channel(None);
        state.insert(Arc::clone(host), Entry::Asking(receiver.clone()));
        // A task of its own: who has asked may leave, and others wait for the answer, too.
        tokio::spawn({
            let (resolver, host) = (Arc::clone(self), Arc::clone(host));
            async move {
                let answer = system(&host).await;
                resolver.learn(host, &answer, keep);
                sender.send_replace(Some(answer));
            }
        });
        receiver
    }

    fn learn(&self, host: Arc<str>, answer: &Answer, keep: Duration) {
        let mut state = self.lock();
        let keep = if answer.is_ok() { keep } else { keep.min(LONGEST_FAILURE) };
        if keep.is_zero() {
            state.remove(&host);
            return;
        }
        let now = Instant::now();
        if state.len() > MOST_NAMES {
            state.retain(|_, entry| matches!(entry, Entry::Asking(_)));
        }
        state.insert(host, Entry::Known(answer.clone(), now + keep));
    }
}

async fn system(host: &str) -> Answer {
    match tokio::net::lookup_host((host, 0)).await {
        Ok(addresses) => {
            let addresses: Arc<[IpAddr]> =
                addresses.take(MOST_ADDRESSES).map(|address| address.ip()).collect();
            if addresses.is_empty() { Err(false) } else { Ok(addresses) }
        }
        // std gives the resolver's words only; this is how every C library says EAI_AGAIN.
        Err(error) => Err(error.to_string().contains("emporary failure")),
    }
}

/// The address that a host is, if it is one.
pub(super) fn literal(host: &str, port: u16) -> Option<SocketAddr> {
    host.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, port))
}

/// Alternates between the families (RFC 8305 §4), keeping the order within each.
pub(super) fn in_order(addresses: Vec<IpAddr>, port: u16) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (preferred, other): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .take(MOST_ADDRESSES)
        .map(|address| SocketAddr::new(address, port))
        .partition(|a| a.is_ipv6() == first_is_v6);
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
/// A target that has just come up must be found.
const LONGEST_FAILURE: Duration = Duration::from_secs(1);
const MOST_NAMES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate() {
        let addresses = ["::1", "::2", "1.1.1.1", "::3"].map(|a| a.parse().unwrap()).to_vec();
        let ordered: Vec<String> = in_order(addresses, 1).iter().map(ToString::to_string).collect();
        assert_eq!(ordered, ["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]);
    }

    #[tokio::test]
    async fn localhost_has_both_loopback_addresses() {
        let resolver = Arc::new(Resolver::default());
        let addresses = resolver.resolve(&"localhost".into(), 80, Duration::ZERO).await.unwrap();
        assert!(addresses.iter().any(SocketAddr::is_ipv4) && addresses.iter().any(SocketAddr::is_ipv6));
        assert!(resolver.lock().is_empty(), "nothing is kept unless that is asked for");
    }

    #[tokio::test(start_paused = true)]
    async fn answers_are_kept_as_long_as_asked_for_and_failures_a_second() {
        let resolver = Resolver::default();
        let minute = Duration::from_secs(60);
        resolver.learn("good".into(), &Ok([IpAddr::V4(Ipv4Addr::LOCALHOST)].into()), minute);
        resolver.learn("bad".into(), &Err(false), minute);
        let known = |name: &str| match resolver.lock().get(name) {
            Some(Entry::Known(_, until)) => *until > Instant::now(),
            _ => false,
        };
        tokio::time::advance(Duration::from_millis(900)).await;
        assert!(known("good") && known("bad"));
        tokio::time::advance(Duration::from_millis(200)).await;
        assert!(known("good") && !known("bad"));
        tokio::time::advance(minute).await;
        assert!(!known("good"));
    }

    #[test]
    fn names_are_not_kept_without_bounds() {
        let resolver = Resolver::default();
        for i in 0..5000 {
            resolver.learn(i.to_string().into(), &Err(false), LONGEST_FAILURE);
        }
        assert!(resolver.lock().len() <= MOST_NAMES + 1);
    }
}

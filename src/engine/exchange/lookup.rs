//! Asks the caller for the addresses of a name: it has a function for that (the option `lookup`).

use super::{Context, Order, Shared};
use crate::engine::error::Error;
use crate::engine::ring::Event;
use crate::engine::upstream::Lookup;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// The caller of one exchange.
pub(in crate::engine) struct Asking<'a> {
    pub(in crate::engine) order: &'a Order,
    pub(in crate::engine) shared: &'a Shared,
    pub(in crate::engine) context: &'a Context,
}

impl Lookup for Asking<'_> {
    fn lookup<'a>(
        &'a self,
        host: &'a Arc<str>,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, Error>> + Send + 'a>> {
        Box::pin(async move {
            let number = self.order.config.names.lookup.unwrap_or_default();
            self.context.ring.push(self.order.id, Event::Lookup(number, Arc::clone(host)));
            self.shared.found.take().await
        })
    }
}

/// What the caller has found.
#[derive(Debug, Default)]
pub(in crate::engine) struct Found {
    addresses: Mutex<Option<Result<Vec<IpAddr>, Error>>>,
    wake: Notify,
}

impl Found {
    pub(super) fn put(&self, addresses: Result<Vec<IpAddr>, Error>) {
        *self.addresses.lock().unwrap_or_else(PoisonError::into_inner) = Some(addresses);
        self.wake.notify_one();
    }

    async fn take(&self) -> Result<Vec<IpAddr>, Error> {
        loop {
            let found = self.addresses.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(found) = found {
                return found;
            }
            self.wake.notified().await;
        }
    }
}

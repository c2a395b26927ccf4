//! `NativeRegistry`: an engine's [`Registry`] that JavaScript changes while doors read it.

use super::config::NativeConfig;
use crate::engine::route::{Entry, Extent, HostPattern, Keys, Place, Registry, canonical_prefix};
use napi::bindgen_prelude::{ClassInstance, Error, Result, Status};
use napi_derive::napi;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a route is for.
#[napi(object, object_to_js = false)]
pub struct NativePlace {
    /// A name, an address, `*.` and a name, or nothing for every host.
    pub host: String,
    /// The beginning of a path; of a URL, decoded and in lower case, in a registry that goes by URLs.
    pub path: String,
}

/// A route that was found.
#[napi(object, object_from_js = false)]
pub struct NativeLocated {
    pub id: u32,
    /// What its target is asked for, where the prefix is cut off.
    pub target: Option<String>,
}

/// What the requests of a registry have come to.
#[napi(object, object_from_js = false)]
pub struct NativeTally {
    pub web: f64,
    /// Requests that asked for another protocol: WebSockets.
    pub upgrades: f64,
    /// For how many seconds routes were looked up, all together.
    pub searching: f64,
    /// How often a route's last activity was written down.
    pub activities: f64,
    /// Of all answers.
    pub statuses: Vec<u16>,
    /// How often each of them was given.
    pub answers: Vec<f64>,
}

#[napi]
pub struct NativeRegistry {
    pub(super) registry: Arc<Registry>,
    keys: Keys,
}

#[napi]
impl NativeRegistry {
    /// `urls`: routes are found by the beginning of the decoded URL in lower case, wherever it ends. Otherwise by whole segments of the path.
    #[napi(constructor, catch_unwind)]
    #[allow(clippy::new_without_default, reason = "JavaScript has no defaults of Rust's")]
    pub fn new(urls: bool) -> Self {
        let keys = if urls { Keys::Urls } else { Keys::Paths };
        Self { registry: Arc::new(Registry::new(keys)), keys }
    }

    /// Adds a route, or replaces the one of this place. `strip`: the path is cut off what is forwarded.
    #[napi(catch_unwind)]
    pub fn put(
        &self,
        place: NativePlace,
        id: u32,
        config: ClassInstance<'_, NativeConfig>,
        strip: bool,
    ) -> Result<()> {
        let entry = Entry { id, config: Arc::clone(&config.config), strips: strip };
        self.registry.put(&self.place(&place)?, entry);
        Ok(())
    }

    /// Takes a route out; says whether there was one.
    #[napi(catch_unwind)]
    pub fn remove(&self, place: NativePlace) -> Result<bool> {
        Ok(self.registry.remove(&self.place(&place)?).is_some())
    }

    /// The number of the route for a request. Throws if nothing can be decided about its URL.
    #[napi(catch_unwind)]
    pub fn find(&self, host: String, url: String) -> Result<Option<u32>> {
        let found = self.registry.find(host.as_bytes(), url.as_bytes()).map_err(|error| invalid(&error))?;
        Ok(found.map(|found| found.route.entry.id))
    }

    /// When the route of this place was used last, in milliseconds since the epoch.
    #[napi(catch_unwind)]
    pub fn last_activity(&self, place: NativePlace) -> Result<Option<f64>> {
        Ok(self.registry.activity(&self.place(&place)?).map(|activity| activity.last() as f64))
    }

    /// The route of this place is used now.
    #[napi(catch_unwind)]
    pub fn touch(&self, place: NativePlace) -> Result<()> {
        if let Some(activity) = self.registry.activity(&self.place(&place)?) {
            activity.touch();
        }
        Ok(())
    }

    /// What requests at doors have come to.
    #[napi(catch_unwind)]
    pub fn tally(&self) -> NativeTally {
        let tally = self.registry.tally();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
        let (statuses, answers) = tally.answers().map(|(status, count)| (status, count as f64)).unzip();
        NativeTally {
            web: read(&tally.web),
            upgrades: read(&tally.upgrades),
            searching: read(&tally.searching) / 1e9,
            activities: read(&tally.updates),
            statuses,
            answers,
        }
    }

    /// The same, with what the route's target is asked for.
    #[napi(catch_unwind)]
    pub fn locate(&self, host: String, url: String) -> Result<Option<NativeLocated>> {
        let found = self.registry.find(host.as_bytes(), url.as_bytes()).map_err(|error| invalid(&error))?;
        Ok(found.map(|found| NativeLocated {
            id: found.route.entry.id,
            target: found.target.map(|target| String::from_utf8_lossy(&target).into_owned()),
        }))
    }

    fn place(&self, place: &NativePlace) -> Result<Place> {
        let host = HostPattern::parse(&place.host).map_err(|error| invalid(&error))?;
        let (path, extent) = match self.keys {
            Keys::Urls => (place.path.as_bytes().into(), Extent::Text),
            Keys::Paths => {
                let path = canonical_prefix(place.path.as_bytes()).map_err(|error| invalid(&error))?;
                (path, Extent::Segments)
            }
        };
        Ok(Place { host, path, extent })
    }
}

fn invalid(error: &dyn std::error::Error) -> Error {
    Error::new(Status::InvalidArg, error.to_string())
}

//! Many routes: by host, then by path. Copies of a table share what is the same in both, so that one can be changed while others are read.

mod host;
mod node;
mod tree;

pub use host::{HostPattern, InvalidHost};
pub use tree::{Extent, Match, Tree};

use host::RequestHost;
use std::sync::Arc;

/// Routes by host and path. The most specific host counts, an exact one before the longest suffix before any; among its paths an exact
/// one before the longest. A host that has no path for a request leaves it to the next one.
#[derive(Clone, Debug)]
pub struct Table<T> {
    /// Of the routes for every host.
    anywhere: Tree<T>,
    /// Of the routes for some hosts.
    hosts: Tree<Arc<Tree<T>>>,
    length: usize,
}

/// What a route is for: no two routes of a table have the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The hosts.
    pub host: HostPattern,
    /// The path, in the form in which paths are compared.
    pub path: Box<[u8]>,
    /// How much of a request's path it is.
    pub extent: Extent,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { anywhere: Tree::default(), hosts: Tree::default(), length: 0 }
    }
}

impl<T: Clone> Table<T> {
    /// How many routes there are.
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds a route, or replaces the one at its place, which it gives back.
    pub fn insert(&mut self, place: &Place, value: T) -> Option<T> {
        let before = match place.host.key() {
            None => self.anywhere.insert(&place.path, place.extent, value),
            Some((host, extent)) => {
                let mut paths = self.of_host(&host, extent).cloned().unwrap_or_default();
                let before = paths.insert(&place.path, place.extent, value);
                self.hosts.insert(&host, extent, Arc::new(paths));
                before
            }
        };
        self.length += usize::from(before.is_none());
        before
    }

    /// Takes a route out, and gives it.
    pub fn remove(&mut self, place: &Place) -> Option<T> {
        let before = match place.host.key() {
            None => self.anywhere.remove(&place.path, place.extent)?,
            Some((host, extent)) => {
                let mut paths = self.of_host(&host, extent)?.clone();
                let before = paths.remove(&place.path, place.extent)?;
                if paths.is_empty() {
                    self.hosts.remove(&host, extent);
                } else {
                    self.hosts.insert(&host, extent, Arc::new(paths));
                }
                before
            }
        };
        self.length -= 1;
        Some(before)
    }

    /// The route at a place.
    pub fn get(&self, place: &Place) -> Option<&T> {
        let paths = match place.host.key() {
            None => &self.anywhere,
            Some((host, extent)) => self.of_host(&host, extent)?,
        };
        paths.get(&place.path, place.extent)
    }

    fn of_host(&self, host: &[u8], extent: Extent) -> Option<&Tree<T>> {
        self.hosts.get(host, extent).map(|paths| &**paths)
    }

    /// The route for a request: `host` is its `Host` field, `path` has the form in which paths are compared.
    pub fn find(&self, host: &[u8], path: &[u8]) -> Option<Match<'_, T>> {
        self.find_of_host(host, path).or_else(|| self.anywhere.find(path))
    }

    fn find_of_host(&self, host: &[u8], path: &[u8]) -> Option<Match<'_, T>> {
        if self.hosts.is_empty() {
            return None;
        }
        let mut found = None;
        // The most specific host comes last, and has the last word if it has any.
        self.hosts.visit(RequestHost::new(host).key(), |paths| {
            if let Some(better) = paths.value.find(path) {
                found = Some(better);
            }
        });
        found
    }
}

#[cfg(test)]
mod tests;

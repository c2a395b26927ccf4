//! Routes that change while they are used: each change makes another table, which takes the place of the one before at once. A request
//! sees one or the other, whole, and never waits.

use super::activity::{Activity, Tally};
use super::path::{BadPath, canonical, raw_length};
use super::table::{Place, Table};
use super::url_key::url_key;
use crate::engine::config::Config;
use arc_swap::ArcSwap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// The routes of one proxy.
pub struct Registry {
    table: ArcSwap<Table<Arc<Registered>>>,
    /// Held for a change: two at once would lose one.
    changing: Mutex<()>,
    keys: Keys,
    tally: Arc<Tally>,
}

/// What of a request routes are found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Its path, in the one form in which paths are compared.
    Paths,
    /// Its whole target, decoded and in lower case, as dynamic-reverse-proxy has it.
    Urls,
}

/// A route, as its owner describes it.
#[derive(Debug)]
pub struct Entry {
    /// What its owner knows it by.
    pub id: u32,
    /// Where it leads.
    pub config: Arc<Config>,
    /// The prefix is cut off.
    pub strips: bool,
}

/// A route that is there to be found.
#[derive(Debug)]
pub struct Registered {
    /// The route.
    pub entry: Entry,
    /// When it was used last; it and those that were at its place before.
    pub activity: Arc<Activity>,
}

/// A route that was found, and what is asked of its target instead of what the client asked for.
#[derive(Debug)]
pub struct Found {
    /// The route.
    pub route: Arc<Registered>,
    /// What is left where the prefix is cut off.
    pub target: Option<Vec<u8>>,
}

impl Registry {
    /// Without routes.
    pub fn new(keys: Keys) -> Self {
        Self { table: ArcSwap::default(), changing: Mutex::new(()), keys, tally: Arc::default() }
    }

    /// Adds a route, or replaces the one at its place. Requests that begin from now on see it; those that have found the one before count as
    /// activity of this one.
    pub fn put(&self, place: &Place, entry: Entry) -> Option<Arc<Registered>> {
        self.change(|table| {
            let activity = match table.get(place) {
                Some(before) => {
                    before.activity.touch();
                    Arc::clone(&before.activity)
                }
                None => Arc::new(Activity::new(Arc::clone(&self.tally))),
            };
            table.insert(place, Arc::new(Registered { entry, activity }))
        })
    }

    /// Takes a route out. Requests that have found it go on.
    pub fn remove(&self, place: &Place) -> Option<Arc<Registered>> {
        self.change(|table| table.remove(place))
    }

    fn change<R>(&self, change: impl FnOnce(&mut Table<Arc<Registered>>) -> R) -> R {
        // A panic leaves the table as it was.
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut table = Table::clone(&self.table.load());
        let result = change(&mut table);
        self.table.store(Arc::new(table));
        result
    }

    /// How many routes there are.
    pub fn len(&self) -> usize {
        self.table.load().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When the route at a place was used last.
    pub fn activity(&self, place: &Place) -> Option<Arc<Activity>> {
        self.table.load().get(place).map(|route| Arc::clone(&route.activity))
    }

    /// What requests have come to.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Looks up the route of a request that has just come, and counts it. `upgrade`: it asks for another protocol.
    ///
    /// # Errors
    ///
    /// For a target that nothing can be decided about.
    pub fn admit(&self, host: &[u8], target: &[u8], upgrade: bool) -> Result<Option<Found>, BadPath> {
        Tally::count(if upgrade { &self.tally.upgrades } else { &self.tally.web });
        let begun = Instant::now();
        let found = self.find(host, target);
        let took = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.tally.searching.fetch_add(took, Ordering::Relaxed);
        found
    }

    /// The route for a request for `target`, a path and perhaps a query, to `host`.
    ///
    /// # Errors
    ///
    /// For a target that nothing can be decided about.
    pub fn find(&self, host: &[u8], target: &[u8]) -> Result<Option<Found>, BadPath> {
        let table = self.table.load();
        match self.keys {
            Keys::Urls => {
                let key = url_key(target)?;
                Ok(table
                    .find(host, key.as_bytes())
                    .map(|found| Found { route: Arc::clone(found.value), target: None }))
            }
            Keys::Paths => {
                let path = &target[..memchr::memchr(b'?', target).unwrap_or(target.len())];
                let key = canonical(path)?;
                let Some(found) = table.find(host, &key) else { return Ok(None) };
                let route = Arc::clone(found.value);
                let target = route.entry.strips.then(|| target[raw_length(path, found.length)..].to_vec());
                Ok(Some(Found { route, target }))
            }
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("keys", &self.keys).field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{Extent, HostPattern};
    use super::*;
    use crate::engine::target::Target;
    use std::sync::atomic::AtomicU64;
    use std::time::Duration;

    fn place(path: &str, extent: Extent) -> Place {
        Place { host: HostPattern::Any, path: path.as_bytes().into(), extent }
    }

    fn entry(id: u32, strips: bool) -> Entry {
        Entry { id, config: Arc::new(Config::new(Target::parse("http://a").unwrap())), strips }
    }

    fn found(registry: &Registry, target: &str) -> Option<(u32, Option<String>)> {
        let found = registry.find(b"me", target.as_bytes()).unwrap()?;
        Some((found.route.entry.id, found.target.map(|target| String::from_utf8(target).unwrap())))
    }

    #[test]
    fn a_prefix_is_cut_off_what_came() {
        let registry = Registry::new(Keys::Paths);
        registry.put(&place("/b%20r", Extent::Segments), entry(1, true));
        registry.put(&place("/keep", Extent::Segments), entry(2, false));
        registry.put(&place("", Extent::Segments), entry(3, true));
        for (target, wanted) in [
            ("/b%20r/x?y", (1, Some("/x?y"))),
            ("/%62%20r", (1, Some(""))),
            ("/b%20r?y", (1, Some("?y"))),
            ("/keep/x", (2, None)),
            ("/a%2Fx", (3, Some("/a%2Fx"))),
        ] {
            let (id, rest) = wanted;
            assert_eq!(found(&registry, target), Some((id, rest.map(str::to_owned))), "{target}");
        }
        assert_eq!(registry.find(b"", b"/b/../x").unwrap_err(), BadPath::DotSegment);
        assert_eq!(registry.find(b"", b"/%").unwrap_err(), BadPath::Escape);
    }

    #[test]
    fn names_of_prototypes_are_names() {
        let registry = Registry::new(Keys::Paths);
        for (id, name) in (0..).zip(["/constructor", "/__proto__", "/toString"]) {
            assert_eq!(found(&registry, name), None);
            registry.put(&place(name, Extent::Segments), entry(id, false));
            assert_eq!(found(&registry, &format!("{name}/x")), Some((id, None)));
        }
    }

    #[test]
    fn urls_are_found_decoded_in_lower_case_with_their_query() {
        let registry = Registry::new(Keys::Urls);
        registry.put(&place("/a b", Extent::Text), entry(1, false));
        registry.put(&place("/q?x=1", Extent::Text), entry(2, false));
        for (target, wanted) in
            [("/A%20b/C", Some(1)), ("/a%20bc", Some(1)), ("/q?X=12", Some(2)), ("/q", None)]
        {
            assert_eq!(found(&registry, target).map(|(id, _)| id), wanted, "{target}");
        }
        assert_eq!(registry.find(b"", b"/%").unwrap_err(), BadPath::Escape);
    }

    /// What is at a place goes on with the activity of what was there, which changes elsewhere do not touch.
    #[test]
    fn the_last_activity_is_that_of_the_place() {
        let registry = Registry::new(Keys::Paths);
        let here = place("/here", Extent::Segments);
        assert!(registry.activity(&here).is_none());
        registry.put(&here, entry(1, false));
        let activity = registry.activity(&here).unwrap();
        let (first, found) = (activity.last(), registry.find(b"", b"/here").unwrap().unwrap());
        for n in 0..100 {
            let other = place(&format!("/here/{n}"), Extent::Segments);
            registry.put(&other, entry(2, false));
            registry.remove(&other);
        }
        assert!(Arc::ptr_eq(&registry.activity(&here).unwrap(), &activity));
        assert_eq!(activity.last(), first);
        std::thread::sleep(Duration::from_millis(5));
        registry.put(&here, entry(3, false));
        let replaced = activity.last();
        assert!(replaced > first);
        std::thread::sleep(Duration::from_millis(5));
        found.route.activity.touch();
        assert!(registry.activity(&here).unwrap().last() > replaced);
        registry.remove(&here);
        assert!(registry.activity(&here).is_none());
    }

    #[test]
    fn requests_are_counted_by_what_they_ask_for() {
        let registry = Registry::new(Keys::Paths);
        registry.put(&place("/a", Extent::Segments), entry(1, false));
        assert_eq!(registry.admit(b"", b"/a", false).unwrap().unwrap().route.entry.id, 1);
        assert!(registry.admit(b"", b"/b", true).unwrap().is_none());
        assert!(registry.admit(b"", b"/%", false).is_err());
        let tally = registry.tally();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        assert_eq!((read(&tally.web), read(&tally.upgrades)), (2, 1));
        assert!(read(&tally.searching) > 0);
    }

    /// ten thousand changes by several at once, while others read.
    #[test]
    fn changes_at_once_are_all_made() {
        let registry = Registry::new(Keys::Paths);
        registry.put(&place("/stays", Extent::Segments), entry(0, false));
        std::thread::scope(|scope| {
            for writer in 1..=4 {
                let registry = &registry;
                scope.spawn(move || {
                    for n in 0..2500 {
                        let own = place(&format!("/w{writer}/{n}"), Extent::Segments);
                        registry.put(&own, entry(writer, false));
                        assert_eq!(found(registry, &format!("/w{writer}/{n}/x")), Some((writer, None)));
                        assert_eq!(found(registry, "/stays"), Some((0, None)));
                        if n % 2 == 0 {
                            registry.remove(&own);
                        }
                    }
                });
            }
        });
        assert_eq!(registry.len(), 4 * 1250 + 1);
    }
}

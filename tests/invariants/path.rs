//! What holds for every route's path and every request's: they match where their decoded segments do, and what is cut off is the route's.

use rs_proxy_middleware::engine::route::{
    Entry, Extent, HostPattern, Keys, Place, Registry, canonical_prefix,
};
use rs_proxy_middleware::engine::{Config, Target};
use std::sync::{Arc, LazyLock};

/// The first line of `data` is the path of a route that is cut off, the rest a request target. Gives `found`, `missed`, `refused` (the
/// request's target) or `unusable` (the route's path).
pub(crate) fn check(data: &[u8]) -> &'static str {
    let feed = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (route, target) = (&data[..feed], data.get(feed + 1..).unwrap_or_default());
    let prefix = canonical_prefix(route);
    let Some(mut wanted) = segments(route) else {
        assert!(prefix.is_err(), "{}", route.escape_ascii());
        return "unusable";
    };
    wanted.truncate(wanted.iter().rposition(|segment| !segment.is_empty()).map_or(0, |last| last + 1));
    let path = prefix.unwrap_or_else(|error| panic!("{}: {error}", route.escape_ascii()));
    if !path.is_empty() {
        assert_eq!(canonical_prefix(&path).as_deref(), Ok(&*path));
    }
    let registry = Registry::new(Keys::Paths);
    let config = Arc::clone(&CONFIG);
    registry.put(
        &Place { host: HostPattern::Any, path, extent: Extent::Segments },
        Entry { id: 1, config, strips: true },
    );
    let found = registry.find(b"host", target);
    let path = &target[..target.iter().position(|&byte| byte == b'?').unwrap_or(target.len())];
    let Some(asked) = segments(path) else {
        assert!(found.is_err(), "{}", target.escape_ascii());
        return "refused";
    };
    let found = found.unwrap_or_else(|error| panic!("{}: {error}", target.escape_ascii()));
    let rest = asked.starts_with(&wanted).then(|| &target[behind(path, wanted.len())..]);
    assert_eq!(found.and_then(|found| found.target).as_deref(), rest, "{}", data.escape_ascii());
    if rest.is_some() { "found" } else { "missed" }
}

/// What a target would see: segments, each decoded by itself. None if it is no path, or leads out of itself.
fn segments(path: &[u8]) -> Option<Vec<Vec<u8>>> {
    path.strip_prefix(b"/")?.split(|&byte| byte == b'/').map(segment).collect()
}

fn segment(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        decoded.push(if byte == b'%' { digit(rest.next())? * 16 + digit(rest.next())? } else { byte });
    }
    (decoded != b"." && decoded != b"..").then_some(decoded)
}

fn digit(byte: Option<&u8>) -> Option<u8> {
    let value = char::from(*byte?).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Where in `path` the segment number `count` begins, with its slash.
fn behind(path: &[u8], count: usize) -> usize {
    let mut slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    slashes.nth(count).unwrap_or(path.len())
}

static CONFIG: LazyLock<Arc<Config>> = LazyLock::new(|| {
    let target = Target::parse("http://target").unwrap_or_else(|error| panic!("{error}"));
    Arc::new(Config::new(target))
});

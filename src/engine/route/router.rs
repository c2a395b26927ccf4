//! The option `router` as a table: targets by host, by the beginning of a path, or by both.

use crate::engine::config::Config;
use std::sync::Arc;

/// A table whose first key that matches wins.
#[derive(Debug, Default)]
pub struct Router(Box<[(Key, Option<Arc<Config>>)]>);

#[derive(Debug)]
struct Key {
    /// Compared whole: a part of a host may be anybody's (CVE-2026-55602).
    host: Option<Box<[u8]>>,
    /// Ends anywhere in the request's target.
    path: Box<[u8]>,
}

impl Router {
    /// Reads a table. A key whose target is none leads where requests without a key go.
    pub fn new<'a>(table: impl IntoIterator<Item = (&'a [u8], Option<Arc<Config>>)>) -> Self {
        Self(table.into_iter().map(|(key, config)| (Key::new(key), config)).collect())
    }

    /// Where a request goes, if the table says so. `host` is the `Host` field as it came.
    pub fn find(&self, host: &[u8], target: &[u8]) -> Option<&Arc<Config>> {
        self.0.iter().find(|(key, _)| key.matches(host, target)).and_then(|(_, config)| config.as_ref())
    }
}

impl Key {
    fn new(key: &[u8]) -> Self {
        let (host, path) = key.split_at(memchr::memchr(b'/', key).unwrap_or(key.len()));
        // What begins with a slash is a path alone; the empty key is the empty host.
        let host = (host.len() == key.len() || !host.is_empty()).then(|| host.into());
        Self { host, path: path.into() }
    }

    fn matches(&self, host: &[u8], target: &[u8]) -> bool {
        self.host.as_ref().is_none_or(|own| **own == *host) && target.starts_with(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::target::Target;

    /// Configurations are told apart by the ports of their targets.
    fn config(port: u16) -> Arc<Config> {
        Arc::new(Config::new(Target::parse(&format!("http://a:{port}")).unwrap()))
    }

    fn found(table: &[(&str, u16)], host: &str, target: &str) -> Option<u16> {
        let table = table.iter().map(|(key, port)| (key.as_bytes(), (*port > 0).then(|| config(*port))));
        Router::new(table).find(host.as_bytes(), target.as_bytes()).map(|config| config.target.port)
    }

    #[test]
    fn the_first_key_that_matches_wins() {
        let table = [("a.test/x", 1), ("/x", 2), ("a.test", 3), ("b.test:8", 4), ("", 5)];
        for (host, target, wanted) in [
            ("a.test", "/x", Some(1)),
            ("a.test", "/xy", Some(1)),
            ("b.test", "/x?y", Some(2)),
            ("a.test", "/y", Some(3)),
            ("A.test", "/y", None),
            ("xa.test", "/y", None),
            ("b.test:8", "/", Some(4)),
            ("", "/", Some(5)),
        ] {
            assert_eq!(found(&table, host, target), wanted, "{host} {target}");
        }
    }

    #[test]
    fn a_key_without_target_hides_the_others() {
        assert_eq!(found(&[("/x", 0), ("/", 1)], "", "/x"), None);
        assert_eq!(found(&[("/x", 0), ("/", 1)], "", "/y"), Some(1));
        assert_eq!(found(&[], "", "/"), None);
    }
}

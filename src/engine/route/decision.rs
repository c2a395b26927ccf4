//! What a door decides about a request without asking anybody: whether it is for the proxy, where it goes, and what is asked there.

use super::path::{BadPath, canonical};
use super::registry::Found;
use super::table::Table;
use super::{Activity, PathFilter, PathRewrite, Registry, Router};
use crate::engine::config::Config;
use bytes::Bytes;
use std::borrow::Cow;
use std::sync::Arc;

/// The data that decisions are made by, compiled.
#[derive(Debug, Default)]
pub struct Routes {
    /// `pathFilter`: what is let through at all. Everything by default.
    pub filter: Option<PathFilter>,
    /// Where requests go.
    pub targets: Targets,
    /// Where they go if the table says nothing.
    pub otherwise: Option<Arc<Config>>,
    /// `pathRewrite`. Routes have their own instead.
    pub rewrite: Option<PathRewrite>,
}

/// Several targets.
#[derive(Debug, Default)]
pub enum Targets {
    /// There are no others.
    #[default]
    None,
    /// The option `router`.
    Router(Router),
    /// The option `routes` of `listen`.
    Listed(Table<Arc<Route>>),
    /// Routes that come and go.
    Registered(Arc<Registry>),
}

/// One of several routes.
#[derive(Debug)]
pub struct Route {
    /// Where it leads.
    pub config: Arc<Config>,
    /// How its requests are rewritten.
    pub rewrite: Option<PathRewrite>,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Decision {
    /// It goes there; `target`, if there is one, is asked for instead of what the client asked for.
    Forward {
        /// Where.
        config: Arc<Config>,
        /// What for.
        target: Option<Bytes>,
        /// Of the route, if it is one that comes and goes.
        activity: Option<Arc<Activity>>,
    },
    /// It is not for this proxy.
    NotMine,
    /// Nothing can be decided about what it asks for.
    Bad(BadPath),
}

impl Routes {
    /// Everything goes to one target.
    pub fn to(config: Arc<Config>) -> Self {
        Self { otherwise: Some(config), ..Self::default() }
    }

    /// The routes that come and go, if there are such.
    pub fn registry(&self) -> Option<&Registry> {
        match &self.targets {
            Targets::Registered(registry) => Some(registry),
            _ => None,
        }
    }

    /// Decides about a request for `target`, a path and perhaps a query, whose client calls this server `host`. `upgrade`: it asks for
    /// another protocol.
    pub fn decide(&self, host: &[u8], target: &[u8], upgrade: bool) -> Decision {
        if self.filter.as_ref().is_some_and(|filter| !passes(filter, target)) {
            return Decision::NotMine;
        }
        let found = match &self.targets {
            Targets::None => None,
            Targets::Router(router) => router.find(host, target),
            Targets::Listed(routes) => {
                let (path, query) = split(target);
                let path = match canonical(path) {
                    Ok(path) => path,
                    Err(error) => return Decision::Bad(error),
                };
                if let Some(found) = routes.find(host, &path) {
                    let Route { config, rewrite } = &**found.value;
                    // Rules see what the route was found by: they must not be led past by another way of writing it.
                    let target = rewrite.as_ref().and_then(|rules| rules.apply(&[&path, query].concat()));
                    return Decision::forward(config, target);
                }
                None
            }
            Targets::Registered(registry) => match registry.admit(host, target, upgrade) {
                Ok(Some(Found { route, target })) => {
                    return Decision::Forward {
                        config: Arc::clone(&route.entry.config),
                        target: target.map(Bytes::from),
                        activity: Some(Arc::clone(&route.activity)),
                    };
                }
                Ok(None) => None,
                Err(error) => return Decision::Bad(error),
            },
        };
        match found.or(self.otherwise.as_ref()) {
            Some(config) => {
                Decision::forward(config, self.rewrite.as_ref().and_then(|rules| rules.apply(target)))
            }
            None => Decision::NotMine,
        }
    }
}

impl Decision {
    fn forward(config: &Arc<Config>, target: Option<Vec<u8>>) -> Self {
        Self::Forward { config: Arc::clone(config), target: target.map(Bytes::from), activity: None }
    }
}

/// The path, and the query with its question mark.
fn split(target: &[u8]) -> (&[u8], &[u8]) {
    target.split_at(memchr::memchr(b'?', target).unwrap_or(target.len()))
}

/// Asks the filter about the path that Node's legacy parser of URLs sees, which is what http-proxy-middleware goes by.
fn passes(filter: &PathFilter, target: &[u8]) -> bool {
    let (path, _) = split(target);
    let path = if escapes(target) { escaped(path) } else { Cow::Borrowed(path) };
    match std::str::from_utf8(&path) {
        Ok(text) if text.is_ascii() => filter.matches(text),
        _ => filter.matches_units(&path.iter().copied().map(u16::from).collect::<Vec<_>>()),
    }
}

/// That parser escapes some characters of paths, but takes the simple ones as they are.
fn escapes(target: &[u8]) -> bool {
    memchr::memchr(b'@', target).is_some() || target.starts_with(b"///")
}

fn escaped(path: &[u8]) -> Cow<'_, [u8]> {
    if !path.iter().any(|byte| matches!(byte, b'|' | b'^' | b'\'')) {
        return Cow::Borrowed(path);
    }
    let mut escaped = Vec::with_capacity(path.len() + 6);
    for byte in path {
        match byte {
            b'|' => escaped.extend_from_slice(b"%7C"),
            b'^' => escaped.extend_from_slice(b"%5E"),
            b'\'' => escaped.extend_from_slice(b"%27"),
            other => escaped.push(*other),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::super::table::{Extent, HostPattern, Place};
    use super::*;
    use crate::engine::target::Target;

    fn config(port: u16) -> Arc<Config> {
        Arc::new(Config::new(Target::parse(&format!("http://a:{port}")).unwrap()))
    }

    fn rules(source: &str, replacement: &str) -> PathRewrite {
        let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
        PathRewrite::new([(&units(source)[..], &units(replacement)[..])]).unwrap()
    }

    /// The port, and what is asked for.
    fn decided(routes: &Routes, host: &str, target: &str) -> Option<(u16, String)> {
        match routes.decide(host.as_bytes(), target.as_bytes(), false) {
            Decision::Forward { config, target: new, .. } => {
                let new = new.map(|new| String::from_utf8(new.to_vec()).unwrap());
                Some((config.target.port, new.unwrap_or_else(|| target.to_owned())))
            }
            Decision::NotMine => None,
            Decision::Bad(error) => panic!("{error}"),
        }
    }

    fn forwarded(port: u16, target: &str) -> Option<(u16, String)> {
        Some((port, target.to_owned()))
    }

    #[test]
    fn the_filter_sees_the_path_before_it_is_rewritten() {
        let routes = Routes {
            filter: Some(PathFilter::prefixes(["/api"])),
            rewrite: Some(rules("^/api", "")),
            ..Routes::to(config(1))
        };
        assert_eq!(decided(&routes, "", "/api/x?q"), forwarded(1, "/x?q"));
        assert_eq!(decided(&routes, "", "/x?/api"), None);
        assert_eq!(decided(&routes, "", "/api"), forwarded(1, ""));
    }

    #[test]
    fn the_filter_sees_what_the_legacy_parser_escapes() {
        for (prefix, target, wanted) in [
            ("/a^b", "/a^b", true),
            ("/a%5Eb", "/a^b", false),
            ("/a%5Eb", "/a^b@", true),
            ("/a%7C%27", "/a|'?@", true),
            ("///a%7C", "///a|", true),
            ("//a|", "//a|", true),
        ] {
            let routes = Routes { filter: Some(PathFilter::prefixes([prefix])), ..Routes::to(config(1)) };
            assert_eq!(decided(&routes, "", target).is_some(), wanted, "{prefix} {target}");
        }
    }

    #[test]
    fn a_router_chooses_and_the_rules_apply_to_all() {
        let table = [(&b"a.test"[..], Some(config(2))), (b"/x", Some(config(3)))];
        let routes = Routes {
            targets: Targets::Router(Router::new(table)),
            rewrite: Some(rules("x", "y")),
            ..Routes::to(config(1))
        };
        assert_eq!(decided(&routes, "a.test", "/x"), forwarded(2, "/y"));
        assert_eq!(decided(&routes, "b.test", "/x"), forwarded(3, "/y"));
        assert_eq!(decided(&routes, "b.test", "/"), forwarded(1, "/"));
        assert_eq!(decided(&Routes { otherwise: None, ..routes }, "b.test", "/"), None);
    }

    #[test]
    fn each_prefix_has_rules_of_its_own() {
        let mut listed = Table::default();
        for (path, port, rewrite) in [("/api", 2, Some(rules("^/api", ""))), ("/raw", 3, None)] {
            let place =
                Place { host: HostPattern::Any, path: path.as_bytes().into(), extent: Extent::Segments };
            listed.insert(&place, Arc::new(Route { config: config(port), rewrite }));
        }
        let routes = Routes { targets: Targets::Listed(listed), ..Routes::to(config(1)) };
        assert_eq!(decided(&routes, "", "/api/x?y"), forwarded(2, "/x?y"));
        assert_eq!(decided(&routes, "", "/%61pi/%7ex"), forwarded(2, "/~x"));
        assert_eq!(decided(&routes, "", "/%72aw/%7ex"), forwarded(3, "/%72aw/%7ex"));
        assert_eq!(decided(&routes, "", "/apix"), forwarded(1, "/apix"));
        for (target, error) in [("/api/../raw", BadPath::DotSegment), ("/api/%", BadPath::Escape)] {
            assert!(
                matches!(routes.decide(b"", target.as_bytes(), false), Decision::Bad(found) if found == error)
            );
        }
    }
}

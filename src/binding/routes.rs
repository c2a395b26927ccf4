//! `NativeRoutes`: what a door decides by, compiled.

use super::config::NativeConfig;
use super::registry::NativeRegistry;
use super::route::{NativeGlob, by_globs};
use crate::engine::config::Config;
use crate::engine::route::{
    Extent, HostPattern, PathFilter, PathRewrite, Place, Route, Router, Routes, Table, Targets,
    canonical_prefix,
};
use napi::bindgen_prelude::{ClassInstance, Error, Result, Status, Utf16String};
use napi_derive::napi;
use std::fmt::Display;
use std::sync::Arc;

/// One of several targets.
#[napi(object, object_to_js = false)]
pub struct NativeRoute<'env> {
    /// A path; for a router, what its table has.
    pub key: String,
    /// None only in a router: as if nothing had been found.
    pub config: Option<ClassInstance<'env, NativeConfig>>,
    /// Not of a router.
    pub rewrite: Option<Vec<NativeRewrite>>,
}

/// A rule of `pathRewrite`.
#[napi(object, object_to_js = false)]
pub struct NativeRewrite {
    /// Of a regular expression.
    pub source: Utf16String,
    pub replacement: Utf16String,
}

/// Collected by `lib/proxy-server/door-routes.js`.
#[napi(object, object_to_js = false)]
pub struct NativeDecisions<'env> {
    /// `pathFilter` as beginnings of paths.
    pub prefixes: Option<Vec<String>>,
    /// `pathFilter` as globs.
    pub globs: Option<Vec<NativeGlob>>,
    /// Backslashes separate segments, too.
    pub backslashes: bool,
    /// `router`.
    pub router: Option<Vec<NativeRoute<'env>>>,
    /// `routes`.
    pub routes: Option<Vec<NativeRoute<'env>>>,
    /// Routes that come and go.
    pub registry: Option<ClassInstance<'env, NativeRegistry>>,
    /// The target of what none of them names.
    pub otherwise: Option<ClassInstance<'env, NativeConfig>>,
    /// `pathRewrite`.
    pub rewrite: Option<Vec<NativeRewrite>>,
}

#[napi]
pub struct NativeRoutes {
    pub(super) routes: Arc<Routes>,
    /// Where those of `routes` lead, in their order.
    pub(super) listed: Vec<Arc<Config>>,
}

#[napi]
impl NativeRoutes {
    /// Throws an error whose message begins with the name of the option that is wrong.
    #[napi(constructor, catch_unwind)]
    pub fn new(decisions: NativeDecisions<'_>) -> Result<Self> {
        let filter = match (decisions.globs, decisions.prefixes) {
            (Some(globs), _) => Some(
                by_globs(&globs, decisions.backslashes)
                    .map_err(|error| invalid("pathFilter", &error.reason))?,
            ),
            (None, Some(prefixes)) => Some(PathFilter::prefixes(prefixes)),
            (None, None) => None,
        };
        let of_list = decisions.routes.iter().flatten();
        let of_list =
            of_list.filter_map(|route| route.config.as_ref().map(|native| Arc::clone(&native.config)));
        let of_list = of_list.collect();
        let targets = match (decisions.router, decisions.routes, decisions.registry) {
            (Some(table), ..) => Targets::Router(router(&table)),
            (_, Some(routes), _) => Targets::Listed(listed(routes)?),
            (.., Some(registry)) => Targets::Registered(Arc::clone(&registry.registry)),
            (None, None, None) => Targets::None,
        };
        let routes = Routes {
            filter,
            targets,
            otherwise: decisions.otherwise.map(|native| Arc::clone(&native.config)),
            rewrite: decisions.rewrite.map(|rules| rewrite("pathRewrite", &rules)).transpose()?,
        };
        Ok(Self { routes: Arc::new(routes), listed: of_list })
    }
}

fn router(table: &[NativeRoute<'_>]) -> Router {
    let rows: Vec<_> = table
        .iter()
        // A key beyond latin1 is no host and no path that a request has.
        .filter_map(|row| {
            Some((latin1(&row.key)?, row.config.as_ref().map(|native| Arc::clone(&native.config))))
        })
        .collect();
    Router::new(rows.iter().map(|(key, config)| (&key[..], config.clone())))
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(c).ok()).collect()
}

fn listed(routes: Vec<NativeRoute<'_>>) -> Result<Table<Arc<Route>>> {
    let mut table = Table::default();
    for NativeRoute { key, config, rewrite: rules } in routes {
        let config = config.ok_or_else(|| invalid("routes", &"a route has no target"))?;
        let rewrite = rules.map(|rules| rewrite("routes", &rules)).transpose()?;
        let path = canonical_prefix(key.as_bytes())
            .map_err(|error| invalid("routes", &format!("the path {key:?}: {error}")))?;
        let place = Place { host: HostPattern::Any, path, extent: Extent::Segments };
        table.insert(&place, Arc::new(Route { config: Arc::clone(&config.config), rewrite }));
    }
    Ok(table)
}

fn rewrite(option: &str, rules: &[NativeRewrite]) -> Result<PathRewrite> {
    PathRewrite::new(rules.iter().map(|rule| (&rule.source[..], &rule.replacement[..])))
        .map_err(|error| invalid(option, &error))
}

fn invalid(option: &str, why: &dyn Display) -> Error {
    Error::new(Status::InvalidArg, format!("{option}: {why}"))
}

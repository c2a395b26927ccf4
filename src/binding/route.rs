//! `NativePathFilter`: an engine's [`PathFilter`] that JavaScript holds on to.

use crate::engine::route::{Glob, PathFilter, Separators};
use napi::JsString;
use napi::bindgen_prelude::{Error, Result, Status, Utf16String};
use napi_derive::napi;

/// What picomatch says about a glob.
#[napi(object, object_to_js = false)]
pub struct NativeGlob {
    pub text: Utf16String,
    /// The source of its regular expression.
    pub source: Utf16String,
    pub negated: bool,
}

#[napi]
pub struct NativePathFilter {
    filter: PathFilter,
}

#[napi]
impl NativePathFilter {
    /// `backslashes`: they separate segments, too. Throws if the engine cannot run one of the regular expressions.
    #[napi(constructor, catch_unwind)]
    pub fn new(globs: Vec<NativeGlob>, backslashes: bool) -> Result<Self> {
        Ok(Self { filter: by_globs(&globs, backslashes)? })
    }

    #[napi(catch_unwind)]
    pub fn test(&self, path: JsString<'_>) -> Result<bool> {
        // Not UTF-8, which cannot say everything that a JavaScript string can, and costs more to make.
        let path = path.into_utf16()?;
        // The slice has a terminating zero.
        let length = path.len().saturating_sub(1);
        Ok(self.filter.matches_units(&path.as_slice()[..length]))
    }
}

/// The filter that globs make.
pub(super) fn by_globs(globs: &[NativeGlob], backslashes: bool) -> Result<PathFilter> {
    let separators = if backslashes { Separators::SlashAndBackslash } else { Separators::Slash };
    let globs = globs
        .iter()
        .map(|glob| Glob::new(&glob.text, &glob.source, glob.negated, separators))
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| Error::new(Status::InvalidArg, error.to_string()))?;
    Ok(PathFilter::globs(globs))
}

//! Which certificates vouch for targets on this machine, for TLS that Node's own client speaks.

#![allow(unreachable_pub, reason = "napi exports public functions only, wherever they stand")]
#![cfg_attr(test, allow(dead_code, reason = "napi exports nothing from tests"))]

use super::config::invalid;
use crate::engine::upstream::added_roots;
use napi::bindgen_prelude::{Buffer, Result};
use napi_derive::napi;

/// The certificates (DER) of files of PEM certificates, and the system's. Throws as [`NativeConfig`](super::config::NativeConfig) does.
#[napi(catch_unwind, js_name = "addedRoots")]
pub fn roots_of(files: Vec<String>, of_system: bool) -> Result<Vec<Buffer>> {
    let added = added_roots(&files, of_system).map_err(|error| invalid(error.option(), &error))?;
    Ok(added.iter().map(|certificate| certificate.as_ref().into()).collect())
}

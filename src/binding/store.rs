//! `NativeStore`: an engine's [`Store`] that JavaScript holds on to.

use crate::engine::store::{Change, Journal, Memory, Store};
use napi::bindgen_prelude::{Error, Result, Status};
use napi_derive::napi;

/// A record that is kept.
#[napi(object, object_from_js = false)]
pub struct NativeRecord {
    pub key: String,
    pub value: String,
}

#[napi]
pub struct NativeStore {
    /// None once it is closed.
    store: Option<Box<dyn Store>>,
}

#[napi]
impl NativeStore {
    /// `path`: of the file to keep records in. Without one they are kept as long as the process lives.
    #[napi(constructor, catch_unwind)]
    pub fn new(path: Option<String>) -> Result<Self> {
        let store: Box<dyn Store> = match path {
            Some(path) => Box::new(Journal::open(path).map_err(|error| failed(&error))?),
            None => Box::new(Memory::default()),
        };
        Ok(Self { store: Some(store) })
    }

    #[napi(catch_unwind)]
    pub fn records(&self) -> Vec<NativeRecord> {
        let records = self.store.iter().flat_map(|store| &store.snapshot().records);
        records.map(|(key, value)| NativeRecord { key: key.clone(), value: value.clone() }).collect()
    }

    /// Throws if it cannot be kept; then nothing has changed.
    #[napi(catch_unwind)]
    pub fn put(&mut self, key: String, value: String) -> Result<()> {
        self.apply(Change::Put { key: &key, value: &value })
    }

    /// Likewise.
    #[napi(catch_unwind)]
    pub fn remove(&mut self, key: String) -> Result<()> {
        self.apply(Change::Remove { key: &key })
    }

    /// Lets go of the file; no change can be kept any more.
    #[napi(catch_unwind)]
    pub fn close(&mut self) {
        self.store = None;
    }

    fn apply(&mut self, change: Change<'_>) -> Result<()> {
        let store = self.store.as_mut().ok_or_else(|| Error::from_reason("it is closed"))?;
        store.apply(change).map(|_| ()).map_err(|error| failed(&error))
    }
}

fn failed(error: &dyn std::error::Error) -> Error {
    Error::new(Status::GenericFailure, error.to_string())
}

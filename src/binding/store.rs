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

/// A record that is put; or taken out, if it has no value.
#[napi(object, object_to_js = false)]
pub struct NativeChange {
    pub key: String,
    pub value: Option<String>,
}

impl NativeChange {
    fn change(&self) -> Change<'_> {
        let Self { key, value } = self;
        match value {
            Some(value) => Change::Put { key, value },
            None => Change::Remove { key },
        }
    }
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

    /// Makes changes, one after the other; throws if they cannot be kept, and then nothing has changed.
    #[napi(catch_unwind)]
    pub fn apply(&mut self, changes: Vec<NativeChange>) -> Result<()> {
        let store = self.store.as_mut().ok_or_else(|| Error::from_reason("it is closed"))?;
        let changes: Vec<_> = changes.iter().map(NativeChange::change).collect();
        store.apply(&changes).map(|_| ()).map_err(|error| failed(&error))
    }

    /// Lets go of the file; no change can be kept any more.
    #[napi(catch_unwind)]
    pub fn close(&mut self) {
        self.store = None;
    }
}

fn failed(error: &dyn std::error::Error) -> Error {
    Error::new(Status::GenericFailure, error.to_string())
}

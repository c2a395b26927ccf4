//! Where routes are kept: records of text by key, which outlive the process if they are kept in a file.

mod journal;

pub use journal::{Journal, OpenError};

use std::collections::BTreeMap;
use std::io;

/// What is kept, and how many changes it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Counts the changes; each has the next number.
    pub revision: u64,
    /// The records by their keys.
    pub records: BTreeMap<String, String>,
}

/// A change of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// Adds a record, or replaces it.
    Put {
        /// Its key.
        key: &'a str,
        /// Its text.
        value: &'a str,
    },
    /// Takes a record out.
    Remove {
        /// Its key.
        key: &'a str,
    },
}

/// Keeps records. What has returned is kept; what has failed is not.
pub trait Store: Send {
    /// What is kept now.
    fn snapshot(&self) -> &Snapshot;

    /// Makes changes, one after the other, and gives the revision of the last one.
    ///
    /// # Errors
    ///
    /// When they cannot be kept: nothing has changed then.
    fn apply(&mut self, changes: &[Change<'_>]) -> io::Result<u64>;
}

/// Keeps records as long as the process lives.
#[derive(Debug, Default)]
pub struct Memory(Snapshot);

impl Store for Memory {
    fn snapshot(&self) -> &Snapshot {
        &self.0
    }

    fn apply(&mut self, changes: &[Change<'_>]) -> io::Result<u64> {
        for change in changes {
            self.0.apply(*change);
        }
        Ok(self.0.revision)
    }
}

impl Snapshot {
    fn apply(&mut self, change: Change<'_>) {
        self.revision += 1;
        match change {
            Change::Put { key, value } => {
                self.records.insert(key.to_owned(), value.to_owned());
            }
            Change::Remove { key } => {
                self.records.remove(key);
            }
        }
    }
}

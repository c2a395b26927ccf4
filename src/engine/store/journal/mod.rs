//! A file of changes, one a line: each is written and synced before it counts, and a line that was not written whole is as if it had never
//! been begun. When most lines say what no longer holds, a new file takes the place of the old one at once.

mod lines;

use super::{Change, Snapshot, Store};
use lines::{Replayed, check, counted, line, replay};
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Records in a file.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Held as long as the journal is open: two writers would write over each other.
    _lock: File,
    /// How much of the file is whole.
    length: u64,
    lines: usize,
    snapshot: Snapshot,
}

/// Why a journal cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Another process has it.
    Locked,
    /// A line in the middle is not what was written; those behind it would be lost.
    Corrupt {
        /// Counted from one.
        line: usize,
    },
    /// Something else, which is not to be written over.
    Foreign,
    /// The system says no.
    Io(io::Error),
}

impl Journal {
    /// Opens a journal, or begins one. What was not written whole at its end is cut off.
    ///
    /// # Errors
    ///
    /// When it is another's, or damaged, or cannot be read or written.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let path = path.into();
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(beside(&path, "lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::Locked),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let Replayed { snapshot, lines, length } = replay(&bytes)?;
        if length < bytes.len() {
            file.set_len(length as u64)?;
            file.sync_data()?;
        }
        sync_folder(&path)?;
        Ok(Self { path, file, _lock: lock, length: length as u64, lines, snapshot })
    }

    /// Puts a file that has only what holds in the place of this one.
    fn compact(&mut self) -> io::Result<()> {
        let new = beside(&self.path, "new");
        let mut text = String::new();
        let before = self.snapshot.revision.saturating_sub(self.snapshot.records.len() as u64);
        text.push_str(&counted(before));
        for (revision, (key, value)) in (before + 1..).zip(&self.snapshot.records) {
            text.push_str(&line(revision, Change::Put { key, value }));
        }
        let mut file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &self.path)?;
        sync_folder(&self.path)?;
        (self.file, self.length, self.lines) = (file, text.len() as u64, self.snapshot.records.len() + 1);
        Ok(())
    }
}

impl Store for Journal {
    fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn apply(&mut self, changes: &[Change<'_>]) -> io::Result<u64> {
        let mut text = String::new();
        for (revision, change) in (self.snapshot.revision + 1..).zip(changes) {
            check(*change)?;
            text.push_str(&line(revision, *change));
        }
        self.file.seek(SeekFrom::Start(self.length))?;
        // Once for all of them: that is what takes its time.
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // What is there of the lines must not be found by the next start; the next ones are written over it.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += text.len() as u64;
        self.lines += changes.len();
        for change in changes {
            self.snapshot.apply(*change);
        }
        if self.lines > LEAST_LINES && self.lines > 2 * self.snapshot.records.len() {
            // The changes are kept already; the file is only longer than it need be.
            self.compact().ok();
        }
        Ok(self.snapshot.revision)
    }
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

/// A file that was made or renamed is there after a crash only if its folder was written, too.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(windows) {
        // Folders cannot be opened there; renaming is as good as it gets.
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked => f.write_str("another process has it open"),
            Self::Corrupt { line } => {
                write!(f, "line {line} is damaged, and others stand behind it; mend it, or take it out")
            }
            Self::Foreign => f.write_str("it is not a journal of routes; name another file, or take it away"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OpenError {}

/// A file this short is not worth making anew.
const LEAST_LINES: usize = 1000;

#[cfg(test)]
mod tests;

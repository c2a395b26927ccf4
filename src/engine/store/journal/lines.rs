//! The lines of a journal: `CRC revision put key value`, `CRC revision remove key` or `CRC revision count`, with tabs between them; the check sum is
//! that of what follows it.

use super::OpenError;
use crate::engine::store::{Change, Snapshot};
use std::fmt::Write as _;
use std::io;

/// What a file says.
pub(super) struct Replayed {
    pub(super) snapshot: Snapshot,
    pub(super) lines: usize,
    /// How many of its bytes are whole lines.
    pub(super) length: usize,
}

/// Makes the changes of a file again, up to a line that was not written whole.
pub(super) fn replay(bytes: &[u8]) -> Result<Replayed, OpenError> {
    let mut replayed = Replayed { snapshot: Snapshot::default(), lines: 0, length: 0 };
    for text in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(entry) = Entry::parse(text).filter(|entry| entry.follows(&replayed.snapshot)) else {
            if has_whole_line(&bytes[replayed.length + 1..]) {
                return Err(OpenError::Corrupt { line: replayed.lines + 1 });
            }
            return if replayed.lines > 0 || may_be_begun(bytes) {
                Ok(replayed)
            } else {
                Err(OpenError::Foreign)
            };
        };
        match entry.what {
            What::Changed(change) => replayed.snapshot.apply(change),
            What::Counted => replayed.snapshot.revision = entry.revision,
        }
        replayed.lines += 1;
        replayed.length += text.len();
    }
    Ok(replayed)
}

/// Whether a file without a whole line may be a journal whose first line was not written whole, or whose bytes did not reach the disk.
fn may_be_begun(bytes: &[u8]) -> bool {
    let (sum, rest) = bytes.split_at(bytes.len().min(SUM));
    bytes.iter().all(|byte| *byte == 0)
        || (sum.iter().all(u8::is_ascii_hexdigit) && rest.first().is_none_or(|byte| *byte == b'\t'))
}

/// Whether a line that was written whole begins anywhere: where a line feed is damaged, it begins within one.
fn has_whole_line(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\t', bytes).filter_map(|tab| tab.checked_sub(SUM)).any(|begin| {
        let rest = &bytes[begin..];
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |feed| feed + 1);
        Entry::parse(&rest[..end]).is_some()
    })
}

/// A line.
struct Entry<'a> {
    revision: u64,
    what: What<'a>,
}

enum What<'a> {
    Changed(Change<'a>),
    /// Where the count was when the file was begun.
    Counted,
}

impl<'a> Entry<'a> {
    fn parse(line: &'a [u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
        let (sum, rest) = line.split_once('\t')?;
        if sum.len() != SUM || u32::from_str_radix(sum, 16).ok()? != crc32fast::hash(rest.as_bytes()) {
            return None;
        }
        let mut parts = rest.splitn(4, '\t');
        let revision = parts.next()?.parse().ok()?;
        let what = match (parts.next()?, parts.next(), parts.next()) {
            ("put", Some(key), Some(value)) => What::Changed(Change::Put { key, value }),
            ("remove", Some(key), None) => What::Changed(Change::Remove { key }),
            ("count", None, None) => What::Counted,
            _ => return None,
        };
        Some(Self { revision, what })
    }

    fn follows(&self, before: &Snapshot) -> bool {
        matches!(self.what, What::Counted) || self.revision == before.revision + 1
    }
}

/// The line of a change.
pub(super) fn line(revision: u64, change: Change<'_>) -> String {
    match change {
        Change::Put { key, value } => summed(&format!("{revision}\tput\t{key}\t{value}")),
        Change::Remove { key } => summed(&format!("{revision}\tremove\t{key}")),
    }
}

/// The line that says how many changes there were before the file was begun.
pub(super) fn counted(revision: u64) -> String {
    summed(&format!("{revision}\tcount"))
}

fn summed(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 10);
    // Writing to a string does not fail.
    let _ = writeln!(line, "{:08x}\t{text}", crc32fast::hash(text.as_bytes()));
    line
}

/// Tabs and line feeds are what the file is made of.
pub(super) fn check(change: Change<'_>) -> io::Result<()> {
    let (key, value) = match change {
        Change::Put { key, value } => (key, value),
        Change::Remove { key } => (key, ""),
    };
    if key.contains(['\t', '\n']) || value.contains('\n') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a record has a tab or a line feed in it"));
    }
    Ok(())
}

/// Digits of a check sum.
const SUM: usize = 8;

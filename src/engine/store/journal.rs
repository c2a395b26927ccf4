//! A file of changes, one a line: each is written and synced before it counts, and a line that was not written whole is as if it had never
//! been begun.
//!
//! `CRC revision put key value`, `CRC revision remove key` or `CRC revision count`, with tabs between them; the check sum is that of what follows it. When most lines say
//! what no longer holds, a new file takes the place of the old one at once.

use super::{Change, Snapshot, Store};
use std::fmt::{self, Write as _};
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
        text.push_str(&summed(&format!("{before}\tcount")));
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

    fn apply(&mut self, change: Change<'_>) -> io::Result<u64> {
        check(change)?;
        let line = line(self.snapshot.revision + 1, change);
        self.file.seek(SeekFrom::Start(self.length))?;
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // What is there of the line must not be found by the next start; the next line is written over it.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += line.len() as u64;
        self.lines += 1;
        self.snapshot.apply(change);
        if self.lines > LEAST_LINES && self.lines > 2 * self.snapshot.records.len() {
            // The change is kept already; the file is only longer than it need be.
            self.compact().ok();
        }
        Ok(self.snapshot.revision)
    }
}

struct Replayed {
    snapshot: Snapshot,
    lines: usize,
    length: usize,
}

/// Makes the changes of a file again, up to a line that was not written whole.
fn replay(bytes: &[u8]) -> Result<Replayed, OpenError> {
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

fn line(revision: u64, change: Change<'_>) -> String {
    match change {
        Change::Put { key, value } => summed(&format!("{revision}\tput\t{key}\t{value}")),
        Change::Remove { key } => summed(&format!("{revision}\tremove\t{key}")),
    }
}

fn summed(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 10);
    // Writing to a string does not fail.
    let _ = writeln!(line, "{:08x}\t{text}", crc32fast::hash(text.as_bytes()));
    line
}

/// Tabs and line feeds are what the file is made of.
fn check(change: Change<'_>) -> io::Result<()> {
    let (key, value) = match change {
        Change::Put { key, value } => (key, value),
        Change::Remove { key } => (key, ""),
    };
    if key.contains(['\t', '\n']) || value.contains('\n') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a record has a tab or a line feed in it"));
    }
    Ok(())
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

/// Digits of a check sum.
const SUM: usize = 8;
/// A file this short is not worth making anew.
const LEAST_LINES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that goes with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("rs-proxy-journal-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("routes.journal")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn put(key: &str, value: &str) -> impl Fn(&mut Journal) -> u64 {
        move |journal| journal.apply(Change::Put { key, value }).unwrap()
    }

    /// Some changes, and what was kept after each.
    fn written(path: &Path) -> Vec<(u64, Snapshot)> {
        let mut journal = Journal::open(path).unwrap();
        let mut states = vec![(0, journal.snapshot().clone())];
        let changes = [
            Change::Put { key: "/a", value: "{\"port\":1}" },
            Change::Put { key: "/é b", value: "with\ttabs" },
            Change::Remove { key: "/a" },
            Change::Put { key: "/a", value: "" },
            Change::Remove { key: "/never" },
        ];
        for change in changes {
            journal.apply(change).unwrap();
            states.push((journal.length, journal.snapshot().clone()));
        }
        states
    }

    #[test]
    fn what_was_kept_is_there_again() {
        let folder = Folder::new("again");
        let states = written(&folder.file());
        let journal = Journal::open(folder.file()).unwrap();
        assert_eq!(*journal.snapshot(), states.last().unwrap().1);
        assert_eq!(journal.snapshot().records.get("/é b").map(String::as_str), Some("with\ttabs"));
        assert_eq!(journal.snapshot().revision, 5);
    }

    #[test]
    fn cut_at_every_byte_it_is_as_after_its_last_whole_line_and_goes_on() {
        let folder = Folder::new("cut");
        let states = written(&folder.file());
        let whole = std::fs::read(folder.file()).unwrap();
        for length in 0..=whole.len() {
            std::fs::write(folder.file(), &whole[..length]).unwrap();
            let (_, wanted) = states.iter().rev().find(|(end, _)| *end <= length as u64).unwrap();
            let mut journal = Journal::open(folder.file()).unwrap();
            assert_eq!(journal.snapshot(), wanted, "cut at {length}");
            put("/new", "1")(&mut journal);
            let wanted = journal.snapshot().clone();
            drop(journal);
            assert_eq!(*Journal::open(folder.file()).unwrap().snapshot(), wanted, "cut at {length}");
        }
    }

    #[test]
    fn garbage_at_its_end_is_cut_off() {
        let folder = Folder::new("garbage");
        let states = written(&folder.file());
        let whole = std::fs::read(folder.file()).unwrap();
        for garbage in
            [&b"\n"[..], b"\0\0\0\0\n\0", b"12345678\t6\tput\ta\tb\n", b"\xff\xfe", b"zzzzzzzz\t6\n\n\n"]
        {
            std::fs::write(folder.file(), [&whole, garbage].concat()).unwrap();
            assert_eq!(*Journal::open(folder.file()).unwrap().snapshot(), states.last().unwrap().1);
            assert_eq!(std::fs::read(folder.file()).unwrap(), whole);
        }
    }

    #[test]
    fn another_file_is_left_alone() {
        let folder = Folder::new("foreign");
        for foreign in
            [&b"not a journal\nat all\n"[..], b"{\"routes\":[]}", b"\n", b"deadbeef and more", b"\0\0x"]
        {
            std::fs::write(folder.file(), foreign).unwrap();
            assert!(matches!(Journal::open(folder.file()), Err(OpenError::Foreign)));
            assert_eq!(std::fs::read(folder.file()).unwrap(), foreign);
        }
    }

    #[test]
    fn a_first_line_that_did_not_reach_the_disk_is_cut_off() {
        let folder = Folder::new("first");
        for begun in [&b"12345678\t1\tput\ta\tb\n"[..], b"1234", b"\0\0\0\0\0\0\0\0\0\0"] {
            std::fs::write(folder.file(), begun).unwrap();
            assert_eq!(Journal::open(folder.file()).unwrap().snapshot().revision, 0);
        }
    }

    #[test]
    fn a_damaged_line_among_others_is_not_passed_over() {
        let folder = Folder::new("damaged");
        let states = written(&folder.file());
        let whole = std::fs::read(folder.file()).unwrap();
        let last = usize::try_from(states[4].0).unwrap();
        for at in 0..last {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(folder.file(), &damaged).unwrap();
            assert!(matches!(Journal::open(folder.file()), Err(OpenError::Corrupt { .. })), "byte {at}");
            assert_eq!(std::fs::read(folder.file()).unwrap(), damaged);
        }
    }

    #[test]
    fn only_one_has_it_at_a_time() {
        let folder = Folder::new("lock");
        let first = Journal::open(folder.file()).unwrap();
        assert!(matches!(Journal::open(folder.file()), Err(OpenError::Locked)));
        drop(first);
        Journal::open(folder.file()).unwrap();
    }

    #[test]
    fn it_does_not_grow_for_ever_and_keeps_count() {
        let folder = Folder::new("compact");
        let mut journal = Journal::open(folder.file()).unwrap();
        for n in 0..2 * LEAST_LINES {
            put(["/a", "/b", "/c"][n % 3], &n.to_string())(&mut journal);
        }
        let kept = journal.snapshot().clone();
        assert!(journal.lines <= LEAST_LINES);
        drop(journal);
        let mut journal = Journal::open(folder.file()).unwrap();
        assert_eq!(*journal.snapshot(), kept);
        for key in ["/a", "/b", "/c"] {
            journal.apply(Change::Remove { key }).unwrap();
        }
        journal.compact().unwrap();
        let revision = journal.snapshot().revision;
        drop(journal);
        assert_eq!(
            *Journal::open(folder.file()).unwrap().snapshot(),
            Snapshot { revision, ..Snapshot::default() }
        );
    }

    #[test]
    fn what_would_not_be_one_line_is_refused_and_nothing_changes() {
        let folder = Folder::new("lines");
        let mut journal = Journal::open(folder.file()).unwrap();
        for (key, value) in [("a\tb", ""), ("a\n", ""), ("a", "x\ny")] {
            assert!(journal.apply(Change::Put { key, value }).is_err());
        }
        assert_eq!(*journal.snapshot(), Snapshot::default());
        assert_eq!(std::fs::read(folder.file()).unwrap(), b"");
    }

    #[test]
    fn a_folder_that_is_not_there_is_said() {
        let error = Journal::open("/nowhere/at/all/routes").unwrap_err();
        assert!(matches!(error, OpenError::Io(_)), "{error}");
    }
}

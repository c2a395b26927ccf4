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
    move |journal| journal.apply(&[Change::Put { key, value }]).unwrap()
}

const CHANGES: [Change<'_>; 5] = [
    Change::Put { key: "/a", value: "{\"port\":1}" },
    Change::Put { key: "/é b", value: "with\ttabs" },
    Change::Remove { key: "/a" },
    Change::Put { key: "/a", value: "" },
    Change::Remove { key: "/never" },
];

/// Some changes, and what was kept after each.
fn written(path: &Path) -> Vec<(u64, Snapshot)> {
    let mut journal = Journal::open(path).unwrap();
    let mut states = vec![(0, journal.snapshot().clone())];
    for change in CHANGES {
        journal.apply(&[change]).unwrap();
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
fn changes_that_are_made_together_are_written_as_one_by_one() {
    let folder = Folder::new("together");
    let states = written(&folder.file());
    let whole = std::fs::read(folder.file()).unwrap();
    std::fs::remove_file(folder.file()).unwrap();
    let mut journal = Journal::open(folder.file()).unwrap();
    assert_eq!(journal.apply(&CHANGES[..2]).unwrap(), 2);
    assert_eq!(journal.apply(&[]).unwrap(), 2);
    assert_eq!(journal.apply(&CHANGES[2..]).unwrap(), 5);
    assert_eq!(*journal.snapshot(), states.last().unwrap().1);
    assert_eq!(std::fs::read(folder.file()).unwrap(), whole);
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
        journal.apply(&[Change::Remove { key }]).unwrap();
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
        assert!(
            journal.apply(&[Change::Put { key: "good", value: "" }, Change::Put { key, value }]).is_err()
        );
    }
    assert_eq!(*journal.snapshot(), Snapshot::default());
    assert_eq!(std::fs::read(folder.file()).unwrap(), b"");
}

#[test]
fn a_folder_that_is_not_there_is_said() {
    let error = Journal::open("/nowhere/at/all/routes").unwrap_err();
    assert!(matches!(error, OpenError::Io(_)), "{error}");
}

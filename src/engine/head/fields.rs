//! The field lines of a head, as they are written: one piece of text, and where in it each line stands.
//!
//! A head that comes is kept as it is, and what passes leave of it is written again in as few pieces as it has become: a field is neither
//! copied nor counted by itself.

use crate::engine::error::Fault;
use bytes::Bytes;
use std::fmt;
use std::ops::Range;

/// One field line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, in the case in which it came.
    pub name: &'a [u8],
    /// The value, without surrounding white space.
    pub value: &'a [u8],
}

/// The field lines of a head, in order. Names compare without case.
#[derive(Clone, Default)]
pub struct Fields {
    /// Lines, and what stands between them: what came with them, and those that are gone.
    text: Vec<u8>,
    lines: Vec<Line>,
    /// A bit for each mark of a name that is there, or was.
    marks: u64,
}

/// Where a line stands: `name: value`, and the line's end.
#[derive(Clone, Copy, Debug)]
struct Line {
    start: u32,
    name_end: u32,
    end: u32,
    mark: u8,
}

impl Line {
    fn name(self) -> Range<usize> {
        self.start as usize..self.name_end as usize
    }

    fn value(self) -> Range<usize> {
        self.name_end as usize + SEPARATOR.len()..self.end as usize - LINE_END.len()
    }
}

impl Fields {
    /// No fields, with room for `capacity`.
    pub fn with_capacity(capacity: usize) -> Self {
        let text = Vec::with_capacity(capacity * USUAL_LINE);
        Self { text, lines: Vec::with_capacity(capacity), marks: 0 }
    }

    /// The fields that a parser has found in `text`.
    pub fn found(text: Vec<u8>, found: Found) -> Self {
        let Found { lines, odd } = found;
        let mut fields = Self { text, marks: 0, lines };
        for (at, value) in odd {
            let line = fields.lines[at];
            let field = (fields.text[line.name()].to_vec(), fields.text[value].to_vec());
            fields.lines[at] = fields.write(&field.0, &field.1);
        }
        fields.marks = fields.lines.iter().fold(0, |marks, line| marks | bit(line.mark));
        fields
    }

    fn write(&mut self, name: &[u8], value: &[u8]) -> Line {
        let start = self.text.len();
        self.text.reserve(name.len() + value.len() + SEPARATOR.len() + LINE_END.len());
        self.text.extend_from_slice(name);
        self.text.extend_from_slice(SEPARATOR);
        self.text.extend_from_slice(value);
        self.text.extend_from_slice(LINE_END);
        let mark = mark(name);
        self.marks |= bit(mark);
        Line { start: at(start), name_end: at(start + name.len()), end: at(self.text.len()), mark }
    }

    fn field(&self, line: Line) -> Field<'_> {
        Field { name: &self.text[line.name()], value: &self.text[line.value()] }
    }

    /// The places of the lines of that name. Of most names the mark is known when this is compiled.
    #[inline]
    fn places<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let mark = mark(name);
        // As it mostly is: there is none.
        let lines = if self.marks & bit(mark) == 0 { &[][..] } else { &self.lines[..] };
        let is_same =
            move |line: Line| line.mark == mark && self.text[line.name()].eq_ignore_ascii_case(name);
        lines.iter().enumerate().filter(move |(_, line)| is_same(**line)).map(|(at, _)| at)
    }

    /// Adds a line at the end.
    pub fn push(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let line = self.write(name.as_ref(), value.as_ref());
        self.lines.push(line);
    }

    /// Puts `value` where the first line of that name stands and drops its other lines; adds a line if there is none.
    /// The name's case becomes `name`'s.
    pub fn set(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let (name, value) = (name.as_ref(), value.as_ref());
        let mut places = self.places(name);
        let (first, others) = (places.next(), places.next().is_some());
        drop(places);
        let Some(first) = first else { return self.push(name, value) };
        if others {
            let mut at = 0;
            self.retain(|field| {
                at += 1;
                at <= first + 1 || !field.name.eq_ignore_ascii_case(name)
            });
        }
        self.lines[first] = self.write(name, value);
    }

    /// Gives the lines of that name new values, where `new` has one.
    pub fn rewrite(&mut self, name: &[u8], new: impl Fn(&[u8]) -> Option<Vec<u8>>) {
        for at in self.places(name).collect::<Vec<_>>() {
            let Field { name, value } = self.field(self.lines[at]);
            if let Some(new) = new(value) {
                let name = name.to_vec();
                self.lines[at] = self.write(&name, &new);
            }
        }
    }

    /// Drops every line of that name.
    pub fn remove(&mut self, name: &[u8]) {
        if self.places(name).next().is_some() {
            self.retain(|field| !field.name.eq_ignore_ascii_case(name));
        }
    }

    /// Keeps the lines for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(Field<'_>) -> bool) {
        let text = &self.text;
        self.lines.retain(|line| keep(Field { name: &text[line.name()], value: &text[line.value()] }));
    }

    /// Drops the lines whose names `drops` says, of those whose names have one of the marks.
    pub(crate) fn drop_marked(&mut self, marks: Marks, drops: impl Fn(&[u8]) -> bool) {
        if self.marks & marks.0 != 0 {
            let text = &self.text;
            self.lines.retain(|line| marks.0 & bit(line.mark) == 0 || !drops(&text[line.name()]));
        }
    }

    /// The value of the first line of that name.
    #[inline]
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        let mark = mark(name);
        if self.marks & bit(mark) == 0 { None } else { self.find(name, mark) }
    }

    fn find(&self, name: &[u8], mark: u8) -> Option<&[u8]> {
        let is_same = |line: &&Line| line.mark == mark && self.text[line.name()].eq_ignore_ascii_case(name);
        self.lines.iter().find(is_same).map(|line| &self.text[line.value()])
    }

    /// The values of all lines of that name.
    #[inline]
    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.places(name).map(|at| &self.text[self.lines[at].value()])
    }

    /// Whether there may be a line of these names.
    pub(crate) const fn may_have(&self, marks: Marks) -> bool {
        self.marks & marks.0 != 0
    }

    /// All lines.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Field<'_>> + ExactSizeIterator + Clone {
        self.lines.iter().map(|line| self.field(*line))
    }

    /// All lines with values that share one copy of them.
    pub fn shared(&self) -> impl Iterator<Item = (&[u8], Bytes)> {
        let text = Bytes::copy_from_slice(&self.text);
        self.lines.iter().map(move |line| (&self.text[line.name()], text.slice(line.value())))
    }

    /// Whether a name other than `set-cookie` stands there twice.
    pub fn has_repeated(&self) -> bool {
        let mut seen = 0;
        for (n, line) in self.lines.iter().enumerate() {
            // Names whose marks differ differ: hardly one has to be compared with those before it.
            if seen & bit(line.mark) != 0 && self.is_repeated(n) {
                return true;
            }
            seen |= bit(line.mark);
        }
        false
    }

    fn is_repeated(&self, n: usize) -> bool {
        let name = &self.text[self.lines[n].name()];
        let is_same = |before: &Line| self.text[before.name()].eq_ignore_ascii_case(name);
        self.lines[..n].iter().any(is_same) && !name.eq_ignore_ascii_case(b"set-cookie")
    }

    /// Makes the names' letters small.
    pub fn lower_case_names(&mut self) {
        for line in &self.lines {
            self.text[line.name()].make_ascii_lowercase();
        }
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// No less than the lines have bytes as they are written.
    pub fn most_bytes(&self) -> usize {
        self.text.len()
    }

    /// The lines as they are written, in as few pieces as they stand in.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let mut lines = self.lines.iter().peekable();
        std::iter::from_fn(move || {
            let first = lines.next()?;
            let mut end = first.end;
            while let Some(next) = lines.next_if(|next| next.start == end) {
                end = next.end;
            }
            Some(&self.text[first.start as usize..end as usize])
        })
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Fields {}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        f.debug_map().entries(self.iter().map(|field| (text(field.name), text(field.value)))).finish()
    }
}

/// The lines that a parser has found in the text of a head.
#[derive(Debug)]
pub struct Found {
    lines: Vec<Line>,
    /// Lines that are to be written again, by their number, and their values: they have more or less white space than one space.
    odd: Vec<(usize, Range<usize>)>,
}

impl Found {
    /// What httparse has found in `text`, which it has read to its end.
    ///
    /// # Errors
    ///
    /// A line feed without a carriage return, which httparse takes: strict readers and lenient ones would see different heads.
    pub fn new(text: &[u8], headers: &[httparse::Header<'_>]) -> Result<Self, Fault> {
        let mut found = Self { lines: Vec::with_capacity(headers.len() + SPARE_LINES), odd: Vec::new() };
        let place = |part: &[u8]| part.as_ptr() as usize - text.as_ptr() as usize;
        let first = headers
            .first()
            .map_or(text.len().saturating_sub(LINE_END.len()), |first| place(first.name.as_bytes()));
        let mut is_strict = (first == 0 || text[..first].ends_with(LINE_END)) && text.ends_with(LINE_END);
        for header in headers {
            let (name, value) = (header.name.as_bytes(), header.value);
            let start = place(name);
            let name_end = start + name.len();
            let value_at = if value.is_empty() { name_end + 1 } else { place(value) };
            let value_end = value_at + value.len();
            let is_usual = value_at == name_end + SEPARATOR.len()
                && text[name_end..].starts_with(SEPARATOR)
                && text[value_end..].starts_with(LINE_END);
            if !is_usual {
                is_strict &= behind_white_space(&text[value_end..]).starts_with(LINE_END);
                found.odd.push((found.lines.len(), value_at..value_end));
            }
            found.lines.push(Line {
                start: at(start),
                name_end: at(name_end),
                end: at(value_end + LINE_END.len()),
                mark: mark(name),
            });
        }
        if is_strict { Ok(found) } else { Err(Fault::LineEnd) }
    }
}

/// Marks of several names.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks(u64);

impl Marks {
    /// Those of all these names.
    pub(crate) const fn of(names: &[&[u8]]) -> Self {
        let (mut marks, mut at) = (0, 0);
        while at < names.len() {
            marks |= bit(mark(names[at]));
            at += 1;
        }
        Self(marks)
    }

    /// These and those.
    pub(crate) const fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }
}

fn behind_white_space(text: &[u8]) -> &[u8] {
    let white_space = text.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    &text[white_space..]
}

/// One of 64 numbers, the same for a name in any case.
const fn mark(name: &[u8]) -> u8 {
    let (first, last) = match name {
        [] => (0, 0),
        [one] => (*one, *one),
        [first, .., last] => (*first, *last),
    };
    // Letters that differ in case differ in this bit.
    const CASE: u8 = 0x20;
    let ends = (first | CASE).wrapping_mul(7) ^ (last | CASE);
    (ends ^ (name.len() as u8).wrapping_mul(5)) % 64
}

const fn bit(mark: u8) -> u64 {
    1 << mark
}

/// A place in a text, which is never as long as that.
fn at(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

const SEPARATOR: &[u8] = b": ";
const LINE_END: &[u8] = b"\r\n";
/// Passes add some.
const SPARE_LINES: usize = 4;
const USUAL_LINE: usize = 32;

#[cfg(test)]
mod tests;

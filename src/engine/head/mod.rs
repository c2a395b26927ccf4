//! Heads of messages: fields in the order and the case in which they came, request lines, how long a body is.
//!
//! Everything is bytes. A field value is never decoded: what came in latin1 (or in anything else) goes out byte for byte.

mod check;
mod codec;
mod framing;
mod request;
mod response;

pub use check::{is_field_value, is_host, is_token};
pub use codec::{EditedHead, PackedRequest, Reader, pack_fields, unpack_fields};
pub use framing::{Framing, parse_length};
pub use request::{Client, RequestHead, Version};
pub use response::{ResponseHead, find_end, parse_fields};

use bytes::Bytes;

/// One field line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name, in the case in which it came.
    pub name: Bytes,
    /// The value, without surrounding white space.
    pub value: Bytes,
}

/// The field lines of a head, in order. Names compare without case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// No fields, with room for `capacity`.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Adds a line at the end.
    pub fn push(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.0.push(Field { name: name.into(), value: value.into() });
    }

    /// Puts `value` where the first line of that name stands and drops its other lines; adds a line if there is none.
    /// The name's case becomes `name`'s.
    pub fn set(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) {
        let field = Field { name: name.into(), value: value.into() };
        let Some(first) = self.0.iter().position(|f| f.name.eq_ignore_ascii_case(&field.name)) else {
            self.0.push(field);
            return;
        };
        let mut index = 0;
        self.0.retain(|f| {
            index += 1;
            index <= first + 1 || !f.name.eq_ignore_ascii_case(&field.name)
        });
        self.0[first] = field;
    }

    /// Drops every line of that name.
    pub fn remove(&mut self, name: &[u8]) {
        self.0.retain(|f| !f.name.eq_ignore_ascii_case(name));
    }

    /// Keeps the lines for which `keep` says so.
    pub fn retain(&mut self, keep: impl FnMut(&Field) -> bool) {
        self.0.retain(keep);
    }

    /// The value of the first line of that name.
    pub fn get(&self, name: &[u8]) -> Option<&Bytes> {
        self.0.iter().find(|f| f.name.eq_ignore_ascii_case(name)).map(|f| &f.value)
    }

    /// The values of all lines of that name.
    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a Bytes> {
        self.0.iter().filter(move |f| f.name.eq_ignore_ascii_case(name)).map(|f| &f.value)
    }

    /// All lines.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.0.iter()
    }

    /// All lines, to change.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Field> {
        self.0.iter_mut()
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Fields {
    type Item = Field;
    type IntoIter = std::vec::IntoIter<Field>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(lines: &[(&'static str, &'static str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in lines {
            fields.push(*name, *value);
        }
        fields
    }

    #[test]
    fn set_replaces_the_first_line_in_place_and_drops_the_others() {
        let mut fields = fields(&[("a", "1"), ("X", "2"), ("b", "3"), ("x", "4")]);
        fields.set("x", "new");
        let lines: Vec<_> = fields.iter().map(|f| (&f.name[..], &f.value[..])).collect();
        assert_eq!(lines, [(&b"a"[..], &b"1"[..]), (b"x", b"new"), (b"b", b"3")]);
    }

    #[test]
    fn names_compare_without_case() {
        let fields = fields(&[("Content-Type", "text/plain")]);
        assert_eq!(fields.get(b"content-type").map(|v| &v[..]), Some(&b"text/plain"[..]));
        assert_eq!(fields.get_all(b"CONTENT-TYPE").count(), 1);
    }
}

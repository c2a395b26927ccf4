//! The packed form in which a head crosses to and from JavaScript: latin1 text, one item a line.
//!
//! A request is `method`, `target`, `version`, `remote address`, `flags`, then name and value of each field, then name and value of each
//! field that the options add. No item may hold a line feed: the caller says how many fields there are, and a head whose lines do not
//! add up is refused, so nothing can be smuggled in through a value.

use super::{Client, Fields, RequestHead, Version, is_field_value, is_token};
use crate::engine::error::{Error, Refusal};
use bytes::Bytes;

/// A request as it crossed.
#[derive(Debug)]
pub struct PackedRequest {
    /// The head.
    pub head: RequestHead,
    /// The client's side of the connection.
    pub client: Client,
    /// The fields of the `headers` option.
    pub overrides: Fields,
}

impl PackedRequest {
    /// Reads a packed request of `fields` fields and `overrides` added ones.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] that names the part that cannot be sent.
    pub fn unpack(text: &Bytes, fields: usize, overrides: usize) -> Result<Self, Error> {
        let mut reader = Reader::new(text);
        let method = reader.item()?;
        let target = reader.item()?;
        let version = Version::parse(&reader.item()?);
        let remote = reader.item()?;
        let flags = reader.item()?;
        // It becomes part of x-forwarded-for.
        if !is_field_value(&remote) {
            return Err(Error::refused(Refusal::Field));
        }
        let head = RequestHead { method, target, version, fields: reader.fields(fields)? };
        let overrides = reader.fields(overrides).map_err(|_| Error::refused(Refusal::OptionField))?;
        reader.finish()?;
        let has = |flag| memchr::memchr(flag, &flags).is_some();
        let client = Client {
            remote: (!remote.is_empty()).then_some(remote),
            encrypted: has(b'e'),
            is_websocket: false,
            duplicate_host: has(b'h'),
            truncated: has(b't'),
        };
        Ok(Self { head, client, overrides })
    }
}

/// A request head that a listener may have edited, as it crossed back.
#[derive(Debug)]
pub struct EditedHead {
    /// The method.
    pub method: Bytes,
    /// The request target.
    pub target: Bytes,
    /// The fields.
    pub fields: Fields,
}

impl EditedHead {
    /// Reads a head of `method`, `target` and `count` fields. With a `base` (a head with its method and target) the fields are changes of
    /// the base's: each takes the place of those of its name, or removes them if a colon stands in front of the name.
    ///
    /// # Errors
    ///
    /// When the lines do not add up, or a name or value cannot be sent.
    pub fn unpack(base: &Bytes, head: &Bytes, count: usize) -> Result<Self, Error> {
        let mut reader = Reader::new(head);
        let (method, target) = (reader.item()?, reader.item()?);
        if base.is_empty() {
            let fields = reader.fields(count)?;
            reader.finish()?;
            return Ok(Self { method, target, fields });
        }
        let mut untouched = Reader::new(base);
        let (_method, _target) = (untouched.item()?, untouched.item()?);
        let mut fields = untouched.rest()?;
        for _ in 0..count {
            let (name, value) = (reader.item()?, reader.item()?);
            match name.strip_prefix(b":") {
                Some(removed) => fields.remove(removed),
                None => {
                    check_field(&name, &value)?;
                    fields.set(name, value);
                }
            }
        }
        reader.finish()?;
        Ok(Self { method, target, fields })
    }
}

/// Writes fields as lines: name, value, name, value, each ended by a line feed.
pub fn pack_fields(fields: &Fields, out: &mut Vec<u8>) {
    out.reserve(fields.most_bytes());
    for field in fields.iter() {
        out.extend_from_slice(field.name);
        out.push(b'\n');
        out.extend_from_slice(field.value);
        out.push(b'\n');
    }
}

/// Reads `count` packed fields and nothing else.
///
/// # Errors
///
/// When the lines do not add up, or a name or value cannot be sent.
pub fn unpack_fields(text: &Bytes, count: usize) -> Result<Fields, Error> {
    let mut reader = Reader::new(text);
    let fields = reader.fields(count)?;
    reader.finish()?;
    Ok(fields)
}

/// Refuses what cannot be sent: a name that is no token, a value that has what no value may have.
fn check_field(name: &[u8], value: &[u8]) -> Result<(), Error> {
    let can_be_sent = is_token(name) && is_field_value(value);
    if can_be_sent { Ok(()) } else { Err(Error::refused(Refusal::Field)) }
}

/// Reads packed text item by item; every item is a slice of it.
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a Bytes,
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `text`.
    pub const fn new(text: &'a Bytes) -> Self {
        Self { text, at: 0 }
    }

    /// The next item.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn item(&mut self) -> Result<Bytes, Error> {
        self.part().map(|part| self.text.slice_ref(part))
    }

    fn part(&mut self) -> Result<&'a [u8], Error> {
        let rest = &self.text[self.at..];
        let length = memchr::memchr(b'\n', rest).ok_or(Error::refused(Refusal::Unpackable))?;
        self.at += length + 1;
        Ok(&rest[..length])
    }

    fn field(&mut self, fields: &mut Fields) -> Result<(), Error> {
        let (name, value) = (self.part()?, self.part()?);
        check_field(name, value)?;
        fields.push(name, value);
        Ok(())
    }

    /// The next `count` fields, checked.
    ///
    /// # Errors
    ///
    /// When there are fewer, or one that cannot be sent.
    pub fn fields(&mut self, count: usize) -> Result<Fields, Error> {
        let mut fields = Fields::with_capacity(count.min(1024) + 4);
        for _ in 0..count {
            self.field(&mut fields)?;
        }
        Ok(fields)
    }

    /// All fields that are left, checked.
    ///
    /// # Errors
    ///
    /// When a name has no value, or one of them cannot be sent.
    pub fn rest(&mut self) -> Result<Fields, Error> {
        let mut fields = Fields::with_capacity(24);
        while self.at < self.text.len() {
            self.field(&mut fields)?;
        }
        Ok(fields)
    }

    /// Makes sure that all was read.
    ///
    /// # Errors
    ///
    /// When something is left.
    pub fn finish(self) -> Result<(), Error> {
        if self.at == self.text.len() { Ok(()) } else { Err(Error::refused(Refusal::Unpackable)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unpack(text: &str, fields: usize, overrides: usize) -> Result<PackedRequest, Error> {
        PackedRequest::unpack(&Bytes::copy_from_slice(text.as_bytes()), fields, overrides)
    }

    #[test]
    fn a_request_unpacks() {
        let packed = unpack("GET\n/a\n1.1\n127.0.0.1\ne\nhost\nx\naccept\n\nx-add\n1\n", 2, 1).unwrap();
        assert_eq!(&packed.head.target[..], b"/a");
        assert_eq!(packed.head.fields.get(b"accept").unwrap().len(), 0);
        assert!(packed.client.encrypted && !packed.client.duplicate_host);
        assert_eq!(packed.overrides.len(), 1);
    }

    #[test]
    fn a_line_feed_in_a_value_is_refused_whatever_it_pretends_to_be() {
        assert!(unpack("GET\n/a\n1.1\n\n\nhost\nx\nevil\n1\n", 1, 0).is_err());
        assert!(unpack("GET\n/a\n1.1\n\n\nhost\nx\n", 2, 0).is_err());
    }

    fn edited(edits: &str, count: usize) -> Result<String, Error> {
        let base = Bytes::from_static(b"GET\n/a\naccept\n*/*\nX-One\n1\nx-two\n2\n");
        let head = EditedHead::unpack(&base, &Bytes::copy_from_slice(edits.as_bytes()), count)?;
        let mut text = [&head.method[..], b" ", &head.target, b" "].concat();
        pack_fields(&head.fields, &mut text);
        Ok(String::from_utf8_lossy(&text).replace('\n', "|"))
    }

    #[test]
    fn edits_take_the_place_of_their_names_or_remove_them() {
        assert_eq!(edited("GET\n/a\n", 0).unwrap(), "GET /a accept|*/*|X-One|1|x-two|2|");
        assert_eq!(
            edited("PUT\n/b\nx-one\nnew\nx-three\n3\n", 2).unwrap(),
            "PUT /b accept|*/*|x-one|new|x-two|2|x-three|3|"
        );
        assert_eq!(edited("GET\n/a\n:x-ONE\n\nx-one\n9\n", 2).unwrap(), "GET /a accept|*/*|x-two|2|x-one|9|");
    }

    #[test]
    fn edits_that_do_not_add_up_or_cannot_be_sent_are_refused() {
        for (edits, count) in
            [("GET\n/a\nx\n1\n", 0), ("GET\n/a\nx\n1\n", 2), ("GET\n", 0), ("GET\n/a\nx y\n1\n", 1)]
        {
            assert!(edited(edits, count).is_err(), "{edits:?}");
        }
    }

    proptest! {
        #[test]
        fn any_edits_are_read_or_refused_without_panic(base: Vec<u8>, edits: Vec<u8>, count in 0_usize..50) {
            let _ = EditedHead::unpack(&Bytes::from(base), &Bytes::from(edits), count);
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_panic(bytes: Vec<u8>, fields in 0_usize..50, overrides in 0_usize..9) {
            let _ = PackedRequest::unpack(&Bytes::from(bytes), fields, overrides);
        }

        #[test]
        fn fields_survive_the_crossing(lines in prop::collection::vec(("[a-zA-Z-]{1,12}", "[ -~\u{80}-\u{ff}]{0,20}"), 0..20)) {
            let mut fields = Fields::default();
            for (name, value) in &lines {
                fields.push(name.clone(), value.clone().into_bytes());
            }
            let mut text = Vec::new();
            pack_fields(&fields, &mut text);
            prop_assert_eq!(unpack_fields(&Bytes::from(text), fields.len()).unwrap(), fields);
        }
    }
}

//! `writeHeaders`: lower-case names (unless they are to be kept), and repeated fields made one as Node's `IncomingMessage.headers` does,
//! because that is what the originals write.

use crate::engine::head::{Field, Fields};
use std::borrow::Cow;

/// Merges repeated fields. `set-cookie` stays one line each; of fields that may stand only once the first counts; the rest are joined.
/// With `keeps_case` a name stays as it is spelled, the last time if it stands several times.
pub fn write_headers(mut fields: Fields, keeps_case: bool) -> Fields {
    if !keeps_case {
        fields.lower_case_names();
    }
    // As it mostly is.
    if !fields.has_repeated() {
        return fields;
    }
    let mut merged = Fields::with_capacity(fields.len() + 1);
    for Field { name, value } in fields.iter() {
        if name.eq_ignore_ascii_case(b"set-cookie") {
            merged.push(name, value);
        } else if merged.get(name).is_none() {
            let spelled = fields.iter().rfind(|field| field.name.eq_ignore_ascii_case(name));
            merged.push(spelled.map_or(name, |field| field.name), joined(&fields, name));
        }
    }
    merged
}

/// The value of all fields of a name together.
fn joined<'a>(fields: &'a Fields, name: &'a [u8]) -> Cow<'a, [u8]> {
    let mut values = fields.get_all(name);
    let first = values.next().unwrap_or_default();
    if stands_once(&name.to_ascii_lowercase()) {
        return Cow::Borrowed(first);
    }
    let separator: &[u8] = if name.eq_ignore_ascii_case(b"cookie") { b"; " } else { b", " };
    values.fold(Cow::Borrowed(first), |mut joined, value| {
        joined.to_mut().extend_from_slice(separator);
        joined.to_mut().extend_from_slice(value);
        joined
    })
}

/// The fields of which Node drops duplicates.
fn stands_once(name: &[u8]) -> bool {
    matches!(
        name,
        b"age"
            | b"authorization"
            | b"content-length"
            | b"content-type"
            | b"etag"
            | b"expires"
            | b"from"
            | b"host"
            | b"if-modified-since"
            | b"if-unmodified-since"
            | b"last-modified"
            | b"location"
            | b"max-forwards"
            | b"proxy-authorization"
            | b"referer"
            | b"retry-after"
            | b"server"
            | b"user-agent"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_fields_are_merged_as_node_does() {
        let mut fields = Fields::default();
        for (name, value) in [
            ("Vary", "a"),
            ("Set-Cookie", "1"),
            ("ETag", "x"),
            ("vary", "b"),
            ("set-cookie", "2"),
            ("etag", "y"),
        ] {
            fields.push(name, value);
        }
        let merged = |keeps_case| -> Vec<_> {
            write_headers(fields.clone(), keeps_case)
                .iter()
                .map(|f| (f.name.to_vec(), f.value.to_vec()))
                .collect()
        };
        let bytes = |lines: [(&'static str, &'static str); 4]| lines.map(|(n, v)| (n.into(), v.into()));
        let wanted = [("vary", "a, b"), ("set-cookie", "1"), ("etag", "x"), ("set-cookie", "2")];
        assert_eq!(merged(false), bytes(wanted));
        let wanted = [("vary", "a, b"), ("Set-Cookie", "1"), ("etag", "x"), ("set-cookie", "2")];
        assert_eq!(merged(true), bytes(wanted));
    }
}

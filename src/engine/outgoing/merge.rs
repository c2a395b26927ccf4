//! `writeHeaders`: lower-case names (unless they are to be kept), and repeated fields made one as Node's `IncomingMessage.headers` does,
//! because that is what the originals write.

use crate::engine::head::{Field, Fields};
use bytes::Bytes;

/// Merges repeated fields. `set-cookie` stays one line each; of fields that may stand only once the first counts; the rest are joined.
/// With `keeps_case` a name stays as it is spelled, the last time if it stands several times.
pub fn write_headers(mut fields: Fields, keeps_case: bool) -> Fields {
    if !keeps_case {
        lower_case(&mut fields);
    }
    // As it mostly is.
    if !has_repeated(&fields) {
        return fields;
    }
    let mut merged = Fields::with_capacity(fields.len() + 1);
    for Field { name, value } in fields {
        if is_set_cookie(&name) {
            merged.push(name, value);
            continue;
        }
        let Some(before) = merged.iter_mut().find(|f| f.name.eq_ignore_ascii_case(&name)) else {
            merged.push(name, value);
            continue;
        };
        let is_cookie = name.eq_ignore_ascii_case(b"cookie");
        let stands_once = stands_once(&name.to_ascii_lowercase());
        before.name = name;
        if !stands_once {
            let separator: &[u8] = if is_cookie { b"; " } else { b", " };
            before.value = Bytes::from([&before.value[..], separator, &value].concat());
        }
    }
    merged
}

fn has_repeated(fields: &Fields) -> bool {
    let mut seen = 0_u64;
    fields.iter().enumerate().any(|(n, field)| {
        // Names whose marks differ differ: hardly one has to be compared with those before it.
        let mark = mark(&field.name);
        let may_be_there = seen & mark != 0;
        seen |= mark;
        let is_same = |before: &Field| before.name.eq_ignore_ascii_case(&field.name);
        may_be_there && fields.iter().take(n).any(is_same) && !is_set_cookie(&field.name)
    })
}

/// One of 64 bits, the same for a name in any case.
fn mark(name: &[u8]) -> u64 {
    let letter = |byte: Option<&u8>| byte.map_or(0, u8::to_ascii_lowercase);
    let ends = letter(name.first()).wrapping_mul(7) ^ letter(name.last());
    1 << ((usize::from(ends) ^ name.len().wrapping_mul(5)) % 64)
}

fn is_set_cookie(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"set-cookie")
}

/// Makes the names' letters small: one allocation for all that have others.
fn lower_case(fields: &mut Fields) {
    let has_others = |field: &Field| field.name.iter().any(u8::is_ascii_uppercase);
    let mut text = Vec::new();
    for field in fields.iter().filter(|field| has_others(field)) {
        text.extend(field.name.iter().map(u8::to_ascii_lowercase));
    }
    let mut text = Bytes::from(text);
    for field in fields.iter_mut().filter(|field| has_others(field)) {
        field.name = text.split_to(field.name.len());
    }
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
            write_headers(fields.clone(), keeps_case).into_iter().map(|f| (f.name, f.value)).collect()
        };
        let bytes = |lines: [(&'static str, &'static str); 4]| lines.map(|(n, v)| (n.into(), v.into()));
        let wanted = [("vary", "a, b"), ("set-cookie", "1"), ("etag", "x"), ("set-cookie", "2")];
        assert_eq!(merged(false), bytes(wanted));
        let wanted = [("vary", "a, b"), ("Set-Cookie", "1"), ("etag", "x"), ("set-cookie", "2")];
        assert_eq!(merged(true), bytes(wanted));
    }

    #[test]
    fn names_with_the_same_mark_are_told_apart() {
        assert_eq!(mark(b"x-one-d"), mark(b"X-TWO-D"));
        let mut fields = Fields::default();
        for (name, value) in [("x-one-d", "1"), ("x-two-d", "2")] {
            fields.push(name, value);
        }
        assert_eq!(write_headers(fields.clone(), false).len(), 2);
        fields.push("X-One-D", "3");
        let merged: Vec<_> = write_headers(fields, false).into_iter().map(|f| (f.name, f.value)).collect();
        assert_eq!(merged, [("x-one-d".into(), "1, 3".into()), ("x-two-d".into(), "2".into())]);
    }
}

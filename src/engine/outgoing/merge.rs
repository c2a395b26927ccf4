//! `writeHeaders`: lower-case names (unless they are to be kept), and repeated fields made one as Node's `IncomingMessage.headers` does,
//! because that is what the originals write.

use crate::engine::head::Fields;
use bytes::Bytes;

/// Merges repeated fields. `set-cookie` stays one line each; of fields that may stand only once the first counts; the rest are joined.
/// With `keeps_case` a name stays as it is spelled, the last time if it stands several times.
pub fn write_headers(fields: Fields, keeps_case: bool) -> Fields {
    let mut merged = Fields::with_capacity(fields.len() + 1);
    for field in fields {
        let name = if keeps_case { field.name } else { lower_case(field.name) };
        if name.eq_ignore_ascii_case(b"set-cookie") {
            merged.push(name, field.value);
            continue;
        }
        let Some(before) = merged.iter_mut().find(|f| f.name.eq_ignore_ascii_case(&name)) else {
            merged.push(name, field.value);
            continue;
        };
        let is_cookie = name.eq_ignore_ascii_case(b"cookie");
        let stands_once = stands_once(&name.to_ascii_lowercase());
        before.name = name;
        if !stands_once {
            let separator: &[u8] = if is_cookie { b"; " } else { b", " };
            before.value = Bytes::from([&before.value[..], separator, &field.value].concat());
        }
    }
    merged
}

fn lower_case(name: Bytes) -> Bytes {
    if name.iter().any(u8::is_ascii_uppercase) { Bytes::from(name.to_ascii_lowercase()) } else { name }
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
}

//! What dynamic-reverse-proxy compares prefixes with: the whole request target, decoded as `decodeURI` does, in lower case.

use super::path::BadPath;

/// The key of a target.
///
/// # Errors
///
/// For what `decodeURI` throws at.
pub(super) fn url_key(target: &[u8]) -> Result<String, BadPath> {
    let mut bytes = Vec::with_capacity(target.len());
    let mut rest = target;
    while let Some((&first, after)) = rest.split_first() {
        let escape = rest.get(..3).filter(|_| first == b'%');
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits =
            escape.and_then(|escape| std::str::from_utf8(&escape[1..]).ok()).ok_or(BadPath::Escape)?;
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex).ok_or(BadPath::Escape)?;
        if b";/?:@&=+$,#".contains(&byte) {
            bytes.push(b'%');
            bytes.extend_from_slice(digits.as_bytes());
        } else {
            bytes.push(byte);
        }
        rest = &rest[2..];
    }
    let text = String::from_utf8(bytes).map_err(|_| BadPath::Escape)?;
    Ok(text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second column is what `decodeURI(target).toLowerCase()` gives in V8.
    #[test]
    fn as_decode_uri_and_to_lower_case() {
        for (target, wanted) in [
            ("/Test?Q=Z", Some("/test?q=z")),
            ("/tes%74", Some("/test")),
            ("/enc%2Fx%3f", Some("/enc%2fx%3f")),
            ("/%C3%89", Some("/\u{e9}")),
            ("/%25%41", Some("/%a")),
            ("/%", None),
            ("/%zz", None),
            ("/%+1", None),
            ("/%E0%A4%A", None),
            ("/%ff", None),
            ("/%ed%a0%80", None),
        ] {
            assert_eq!(url_key(target.as_bytes()).ok().as_deref(), wanted, "{target}");
        }
    }
}

//! The path that is asked of the target. Bytes are forwarded as they came: nothing is resolved or re-encoded behind the application's back.

use bytes::Bytes;

/// Puts the target's `base` path and `base_query` in front of a request target.
///
/// The request's query comes after the target's; exactly one slash stands between the two paths, and slashes within either are kept.
pub fn join(base: &[u8], base_query: Option<&[u8]>, request: &[u8]) -> Bytes {
    let (path, query) = match memchr::memchr(b'?', request) {
        Some(mark) => (&request[..mark], Some(&request[mark + 1..])),
        None => (request, None),
    };
    let mut joined = Vec::with_capacity(base.len() + request.len() + base_query.map_or(0, <[u8]>::len) + 2);
    joined.extend_from_slice(base);
    if !path.is_empty() {
        match (joined.last() == Some(&b'/'), path[0] == b'/') {
            (true, true) => joined.truncate(joined.len() - 1),
            (false, false) => joined.push(b'/'),
            _ => {}
        }
        joined.extend_from_slice(path);
    }
    if joined.first() != Some(&b'/') {
        joined.insert(0, b'/');
    }
    let mut mark = b'?';
    for part in [base_query, query].into_iter().flatten() {
        joined.push(mark);
        joined.extend_from_slice(part);
        mark = b'&';
    }
    Bytes::from(joined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_table_of_the_contract() {
        for (base, query, request, wanted) in [
            ("/base", None, "/a", "/base/a"),
            ("/base/", None, "/a", "/base/a"),
            ("/base", None, "/", "/base/"),
            ("/base", None, "/?q=1", "/base/?q=1"),
            ("/base", Some("k=v"), "/a?q=1", "/base/a?k=v&q=1"),
            ("/base", Some("k=v"), "/a", "/base/a?k=v"),
            ("", None, "//x/y", "//x/y"),
            ("", None, "/a//b/../c%2Fd", "/a//b/../c%2Fd"),
            ("", None, "/a/%2e%2e/c", "/a/%2e%2e/c"),
            ("/test", None, "", "/test"),
            ("/test", None, "?foo=1", "/test?foo=1"),
            ("/test", None, "foo", "/test/foo"),
            ("", None, "*", "/*"),
            ("", None, "", "/"),
            ("", None, "/a?b?c", "/a?b?c"),
        ] {
            let joined = join(base.as_bytes(), query.map(str::as_bytes), request.as_bytes());
            assert_eq!(&joined[..], wanted.as_bytes(), "{base} + {request}");
        }
    }

    proptest! {
        #[test]
        fn a_path_without_base_is_untouched(request in "/[!-~]{0,40}") {
            prop_assert_eq!(&join(b"", None, request.as_bytes())[..], request.as_bytes());
        }

        #[test]
        fn base_and_request_are_both_whole(base in "/[a-z]{1,9}", request in "/[a-z/]{0,20}") {
            let joined = join(base.as_bytes(), None, request.as_bytes());
            prop_assert_eq!(&joined[..], [base.as_bytes(), request.as_bytes()].concat());
        }
    }
}

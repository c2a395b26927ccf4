//! Request targets: which forms there are, and which bytes may stand in them (reliability.md …A-61).

use super::denial::Denial;
use crate::engine::head::is_host;

/// A form of request target that the door takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A path, and perhaps a query.
    Origin,
    /// A URL. Its host counts more than the `Host` field.
    Absolute,
    /// `*`: the question is about the server itself.
    Asterisk,
}

/// The form of a target.
///
/// # Errors
///
/// For a form that is none, or not of that method, and for bytes that no URL has.
pub(super) fn form(method: &[u8], target: &[u8]) -> Result<Form, Denial> {
    match method {
        b"CONNECT" => return Err(Denial::new(405, "CONNECT is not offered")),
        // Its answer would show the client's cookies and credentials to whoever made it ask.
        b"TRACE" => return Err(Denial::new(405, "TRACE is not offered")),
        _ => {}
    }
    match target {
        b"*" if method == b"OPTIONS" => Ok(Form::Asterisk),
        [b'/', ..] => check_bytes(target).map(|()| Form::Origin),
        _ => {
            let Some(rest) = strip_http(target) else {
                return Err(Denial::bad("The request's target is neither a path nor an http URL"));
            };
            let end = memchr::memchr3(b'/', b'?', b'#', rest).unwrap_or(rest.len());
            if !is_host(&rest[..end]) {
                return Err(Denial::bad("The host of the request's target is not a host"));
            }
            check_bytes(&rest[end..]).map(|()| Form::Absolute)
        }
    }
}

fn strip_http(target: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"http://";
    let scheme = target.get(..SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then(|| &target[SCHEME.len()..])
}

/// What a browser sends is taken; of the rest, what another reader might understand as something else is not.
fn check_bytes(target: &[u8]) -> Result<(), Denial> {
    let path = memchr::memchr(b'?', target).unwrap_or(target.len());
    let (path, query) = target.split_at(path);
    if memchr::memchr(b'#', target).is_some() {
        return Err(Denial::bad("The request's target has a fragment"));
    }
    let is_strange = |b: u8| b <= b' ' || b >= 0x7f || matches!(b, b'"' | b'<' | b'>');
    if path.iter().any(|&b| is_strange(b) || matches!(b, b'\\' | b'{' | b'}' | b'`'))
        || query.iter().any(|&b| is_strange(b))
    {
        return Err(Denial::bad("The request's target has characters that must be percent-encoded"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (method, target, wanted) in [
            ("GET", "/", Form::Origin),
            ("GET", "//evil/x", Form::Origin),
            ("GET", "/a/../b;x/%2e%2e|^?q={}|\\^`'", Form::Origin),
            ("GET", "http://a", Form::Absolute),
            ("GET", "HTTP://a:80?x", Form::Absolute),
            ("OPTIONS", "*", Form::Asterisk),
        ] {
            assert_eq!(form(method.as_bytes(), target.as_bytes()), Ok(wanted), "{method} {target}");
        }
    }

    #[test]
    fn what_is_no_target_of_ours() {
        for (method, target, status) in [
            ("CONNECT", "a:80", 405),
            ("CONNECT", "/", 405),
            ("TRACE", "/", 405),
            ("GET", "*", 400),
            ("GET", "a:80", 400),
            ("GET", "admin", 400),
            ("GET", "ftp://a/", 400),
            ("GET", "https://a/", 400),
            ("GET", "http://", 400),
            ("GET", "http:///x", 400),
            ("GET", "http://u@a/", 400),
            ("GET", "http://a#f", 400),
            ("GET", "/a#f", 400),
            ("GET", "/a?b#f", 400),
            ("GET", "/\u{e9}", 400),
            ("GET", "/?\u{e9}", 400),
            ("GET", "/\"", 400),
            ("GET", "/?<", 400),
            ("GET", "/{a}", 400),
            ("GET", "/a\\..\\b", 400),
        ] {
            let denial = form(method.as_bytes(), target.as_bytes()).unwrap_err();
            assert_eq!(denial.status, status, "{method} {target}");
        }
    }
}

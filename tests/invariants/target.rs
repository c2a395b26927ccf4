//! What holds for every text given as a target: it is refused, or it can be printed, parsed again, and put in front of any path.

use rs_proxy_middleware::engine::Target;
use rs_proxy_middleware::engine::incoming::join_path;
use rs_proxy_middleware::engine::target::Scheme;

/// The first line of `data` is the target's URL, the rest a request target. Gives `target` or `refused`.
pub(crate) fn check(data: &[u8]) -> &'static str {
    let feed = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (url, request) = (&data[..feed], data.get(feed + 1..).unwrap_or_default());
    let parsed = Target::parse(&String::from_utf8_lossy(url));
    let (base, query) = match &parsed {
        Ok(target) => {
            check_target(target);
            (&target.path[..], target.query.as_deref())
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            (&b""[..], None)
        }
    };
    check_joined(base, query, request);
    if parsed.is_ok() { "target" } else { "refused" }
}

fn check_target(target: &Target) {
    assert!(!target.host.is_empty());
    assert!(target.path.is_empty() || target.path.starts_with(b"/"));
    assert!(target.socket_path.is_none());
    for part in [&target.authority, &target.path, target.query.as_ref().unwrap_or(&target.path)] {
        assert!(part.iter().all(u8::is_ascii_graphic), "{}", part.escape_ascii());
    }
    let printed = print(target);
    assert_eq!(Target::parse(&printed).as_ref(), Ok(target), "{printed}");
}

fn print(target: &Target) -> String {
    let scheme = match target.scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let query = target.query.as_ref().map(|query| format!("?{}", text(query))).unwrap_or_default();
    format!("{scheme}://{}{}{query}", text(&target.authority), text(&target.path))
}

/// Nothing of either side is lost or made up, but for the slash between them and the mark between their queries.
fn check_joined(base: &[u8], base_query: Option<&[u8]>, request: &[u8]) {
    let joined = join_path(base, base_query, request);
    assert!(joined.starts_with(b"/"), "{}", joined.escape_ascii());
    if base.is_empty() && base_query.is_none() && request.starts_with(b"/") {
        assert_eq!(&joined[..], request);
    }
    let mut request_parts = request.splitn(2, |&byte| byte == b'?');
    let (path, query) = (request_parts.next().unwrap_or_default(), request_parts.next());
    let mut joined_parts = joined.splitn(2, |&byte| byte == b'?');
    let (joined_path, joined_query) = (joined_parts.next().unwrap_or_default(), joined_parts.next());
    let stem = base.strip_suffix(b"/").unwrap_or(base);
    assert!(joined_path.starts_with(stem) && joined_path.ends_with(path));
    let slashes = joined_path.len() - stem.len() - path.len();
    assert!(slashes <= 1, "{}", joined.escape_ascii());
    let queries: Vec<&[u8]> = [base_query, query].into_iter().flatten().collect();
    assert_eq!(joined_query.map(<[u8]>::to_vec), (!queries.is_empty()).then(|| queries.join(&b'&')));
}

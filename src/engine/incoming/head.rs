//! The passes that concern the request line, the `Host` field and the fields that the options add.

use crate::engine::config::Config;
use crate::engine::error::{Error, Refusal};
use crate::engine::head::{Client, Fields, RequestHead, is_host};
use bytes::Bytes;

/// Refuses what must not be forwarded (docs/reliability-rows.md, C-01 to C-09).
pub(super) fn check(head: &RequestHead, client: &Client, config: &Config) -> Result<(), Error> {
    head.check_line()?;
    if client.truncated {
        return Err(Error::refused(Refusal::TooManyFields));
    }
    if client.duplicate_host && !config.allow_duplicate_host {
        return Err(Error::refused(Refusal::DuplicateHost));
    }
    // An application may have added a second one in another case.
    if head.fields.get_all(b"host").any(|host| !host.is_empty() && !is_host(host)) {
        return Err(Error::refused(Refusal::Host));
    }
    Ok(())
}

/// Makes origin-form of the request target, unless `toProxy` asks for the whole of it. The host of an absolute URL replaces the `Host` field
/// (RFC 9112 §3.2.2); a fragment, which is never sent, is cut off.
pub(super) fn take_origin_form(head: &mut RequestHead, config: &Config) -> Result<(), Error> {
    if let Some(mark) = memchr::memchr(b'#', &head.target) {
        head.target.truncate(mark);
    }
    let Some(rest) = strip_scheme(&head.target) else {
        let is_strange = !config.to_proxy && has_other_scheme(&head.target);
        return if is_strange { Err(Error::refused(Refusal::Target)) } else { Ok(()) };
    };
    let end = memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len());
    let (authority, path) = (head.target.slice_ref(&rest[..end]), head.target.slice_ref(&rest[end..]));
    if !is_host(&authority) {
        return Err(Error::refused(Refusal::Host));
    }
    head.fields.set("host", &authority);
    if config.to_proxy {
        return Ok(());
    }
    head.target = if path.first() == Some(&b'/') { path } else { Bytes::from([b"/", &path[..]].concat()) };
    Ok(())
}

/// An absolute URL of a scheme that is not forwarded, such as `ftp://host/`.
fn has_other_scheme(target: &[u8]) -> bool {
    let scheme =
        target.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')).count();
    scheme > 0 && target[scheme..].starts_with(b"://")
}

fn strip_scheme(target: &[u8]) -> Option<&[u8]> {
    let has =
        |scheme: &[u8]| target.len() >= scheme.len() && target[..scheme.len()].eq_ignore_ascii_case(scheme);
    [&b"http://"[..], b"https://"]
        .into_iter()
        .find(|scheme| has(scheme))
        .map(|scheme| &target[scheme.len()..])
}

/// A request without `Host` (HTTP/1.0) names the target. Of two spellings, which only an application can make, the last one counts, as in
/// Node's own requests.
pub(super) fn default_host(head: &mut RequestHead, config: &Config) {
    let count = head.fields.get_all(b"host").count();
    let last = head.fields.get_all(b"host").last().filter(|host| !host.is_empty());
    if count != 1 || last.is_none() {
        let host = last.unwrap_or(&config.target.authority).to_vec();
        head.fields.set("host", host);
    }
}

/// `method`: what the target is asked, whatever the client asked. How long the body is remains the client's business.
pub(super) fn set_method(head: &mut RequestHead, config: &Config) {
    if let Some(method) = &config.method {
        head.method = method.clone();
    }
}

/// `prependPath` and `ignorePath`.
pub(super) fn set_path(head: &mut RequestHead, config: &Config) {
    let target = &config.target;
    let (base, query) =
        if config.prepend_path { (&target.path[..], target.query.as_deref()) } else { (&b""[..], None) };
    let request = if config.ignore_path { Bytes::new() } else { head.target.clone() };
    if !base.is_empty() || query.is_some() || request.first() != Some(&b'/') {
        head.target = super::join_path(base, query, &request);
    }
}

/// The `headers` option: replaces fields of the same name in any case; a name that it holds several times stays so.
pub(super) fn merge_headers(fields: &mut Fields, overrides: Fields) {
    if overrides.is_empty() {
        return;
    }
    let mut overrides = overrides;
    super::strip_hop_by_hop(&mut overrides);
    for field in overrides.iter() {
        fields.remove(field.name);
    }
    for field in overrides.iter() {
        fields.push(field.name, field.value);
    }
}

/// `changeOrigin`: names the target, unless the options say otherwise with a `Host` that is not all lower case.
pub(super) fn change_origin(fields: &mut Fields, config: &Config) {
    if config.change_origin && !is_chosen(fields, b"host") {
        fields.set("host", &config.target.authority);
    }
}

/// `auth`: who asks, unless the options say otherwise with an `Authorization` that is not all lower case.
pub(super) fn authorize(fields: &mut Fields, config: &Config) {
    let Some(authorization) = &config.authorization else { return };
    let yields = if authorization.yields {
        fields.get(b"authorization").is_some()
    } else {
        is_chosen(fields, b"authorization")
    };
    if !yields {
        fields.set("Authorization", &authorization.value);
    }
}

/// Whether there is a field of this name, given in lower case, that is not: a client's names are all lower case, so it is the options'.
fn is_chosen(fields: &Fields, name: &[u8]) -> bool {
    fields.iter().any(|field| field.name.eq_ignore_ascii_case(name) && field.name != name)
}

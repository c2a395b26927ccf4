//! Which way a request goes: asks [`Routes`] in their terms, and puts the answer into the head.

use super::denial::Denial;
use crate::engine::config::Config;
use crate::engine::head::RequestHead;
use crate::engine::route::{Activity, Decision, Routes};
use bytes::Bytes;
use std::sync::Arc;

/// What becomes of a request.
pub(super) enum Choice {
    /// It is forwarded by this configuration; what it does is that of a route.
    Forward(Arc<Config>, Option<Arc<Activity>>),
    /// It is nobody's.
    NotMine,
    /// It is not looked at.
    Denied(Denial),
}

/// Chooses, and writes what the target is to be asked for into the head. `upgrade`: it asks for another protocol.
pub(super) fn choose(routes: &Routes, head: &mut RequestHead, upgrade: bool) -> Choice {
    let (host, path) = place(head);
    let whole = head.target.len() - path.len();
    // A URL may name no path at all.
    let path = if path.first() == Some(&b'/') { path } else { Bytes::from([b"/", &path[..]].concat()) };
    match routes.decide(host, &path, upgrade) {
        Decision::Forward { config, target, activity } => {
            if let Some(target) = target {
                head.target =
                    if whole == 0 { target } else { Bytes::from([&head.target[..whole], &target].concat()) };
            }
            Choice::Forward(config, activity)
        }
        Decision::NotMine => Choice::NotMine,
        Decision::Bad(_) => {
            Choice::Denied(Denial::bad("The path of the request has a dot segment or a broken escape"))
        }
    }
}

/// What the client calls this server, and what it asks for there. The host of a URL counts more than the `Host` field.
fn place(head: &RequestHead) -> (&[u8], Bytes) {
    let target = &head.target;
    if target.first() == Some(&b'/') {
        return (head.fields.get(b"host").unwrap_or_default(), target.clone());
    }
    let host = memchr::memmem::find(target, b"://").map_or(0, |at| at + 3);
    let end = memchr::memchr2(b'/', b'?', &target[host..]).map_or(target.len(), |at| host + at);
    (&target[host..end], target.slice(end..))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::head::{Fields, Version};
    use crate::engine::route::{PathFilter, PathRewrite, Router, Targets};
    use crate::engine::target::Target;

    fn routes() -> Routes {
        let config = |port| Arc::new(Config::new(Target::parse(&format!("http://t:{port}")).unwrap()));
        let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
        let rewrite = PathRewrite::new([(&units("^/api")[..], &[][..])]).unwrap();
        Routes {
            filter: Some(PathFilter::prefixes(["/api", "/x"])),
            targets: Targets::Router(Router::new([(&b"a.test:8"[..], Some(config(2)))])),
            rewrite: Some(rewrite),
            ..Routes::to(config(1))
        }
    }

    fn chosen(target: &str) -> Option<(u16, String)> {
        let mut fields = Fields::default();
        fields.push("host", "a.test:8");
        let mut head = RequestHead {
            method: Bytes::from("GET"),
            target: Bytes::from(target.to_owned()),
            version: Version::Http11,
            fields,
        };
        match choose(&routes(), &mut head, false) {
            Choice::Forward(config, _) => {
                Some((config.target.port, String::from_utf8(head.target.to_vec()).unwrap()))
            }
            _ => None,
        }
    }

    #[test]
    fn the_host_of_a_url_counts_and_its_path_is_the_path() {
        for (target, wanted) in [
            ("/api/x", Some((2, "/x"))),
            ("http://b.test/api/x?q", Some((1, "http://b.test/x?q"))),
            ("http://a.test:8/x", Some((2, "http://a.test:8/x"))),
            ("http://a.test:8/other", None),
            ("http://a.test:8", None),
            ("http://a.test:8?/api", None),
        ] {
            assert_eq!(chosen(target), wanted.map(|(port, target)| (port, target.to_owned())), "{target}");
        }
    }
}

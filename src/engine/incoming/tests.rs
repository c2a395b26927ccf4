use super::*;
use crate::engine::Target;
use crate::engine::head::{Client, Fields};

fn config(target: &str) -> Config {
    Config::new(Target::parse(target).unwrap())
}

fn fields(lines: &[(&'static str, &'static str)]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in lines {
        fields.push(*name, *value);
    }
    fields
}

fn request(target: &'static str, lines: &[(&'static str, &'static str)]) -> PackedRequest {
    PackedRequest {
        head: RequestHead {
            method: Bytes::from_static(b"GET"),
            target: Bytes::from_static(target.as_bytes()),
            version: Version::Http11,
            fields: fields(lines),
        },
        client: Client { remote: Some(Bytes::from_static(b"127.0.0.1")), ..Client::default() },
        overrides: Fields::default(),
    }
}

fn lines(outbound: &Outbound) -> Vec<String> {
    let line =
        |f: &crate::engine::head::Field| format!("{}: {}", f.name.escape_ascii(), f.value.escape_ascii());
    outbound.head.fields.iter().map(line).collect()
}

#[test]
fn fields_keep_their_order_and_their_bytes() {
    let mut packed = request("/", &[("host", "x"), ("b", "2")]);
    packed.head.fields.push("a", Bytes::from_static(b"\xff"));
    assert_eq!(lines(&run(packed, &config("http://t")).unwrap()), ["host: x", "b: 2", "a: \\xff"]);
}

#[test]
fn hop_by_hop_and_nominated_fields_are_removed_and_essential_ones_are_not() {
    let packed = request(
        "/",
        &[
            ("host", "x"),
            ("connection", "close, X-Secret, host, cookie"),
            ("x-secret", "1"),
            ("cookie", "a=b"),
            ("keep-alive", "1"),
            ("te", "gzip"),
            ("trailer", "x"),
            ("upgrade", "h2c"),
            ("http2-settings", "AA"),
            ("proxy-authorization", "Basic x"),
            ("proxy-connection", "close"),
            ("expect", "100-continue"),
        ],
    );
    assert_eq!(lines(&run(packed, &config("http://t")).unwrap()), ["host: x", "cookie: a=b"]);
}

#[test]
fn a_client_cannot_nominate_away_what_we_add() {
    let mut config = config("http://t");
    config.xfwd = true;
    let packed =
        request("/", &[("host", "x:81"), ("connection", "x-forwarded-for"), ("x-forwarded-for", "6.6.6.6")]);
    let sent = lines(&run(packed, &config).unwrap());
    assert!(sent.contains(&"x-forwarded-for: 127.0.0.1".to_owned()), "{sent:?}");
    assert!(sent.contains(&"x-forwarded-port: 81".to_owned()), "{sent:?}");
}

#[test]
fn forwarding_fields_are_appended_to_and_an_ipv6_host_has_its_own_port() {
    let mut config = config("http://t");
    config.xfwd = true;
    let packed = request(
        "/",
        &[("host", "[::1]:7777"), ("x-forwarded-for", "1.1.1.1"), ("x-forwarded-host", "first")],
    );
    let sent = lines(&run(packed, &config).unwrap());
    for line in [
        "x-forwarded-for: 1.1.1.1,127.0.0.1",
        "x-forwarded-port: 7777",
        "x-forwarded-proto: http",
        "x-forwarded-host: first",
    ] {
        assert!(sent.contains(&line.to_owned()), "{line} in {sent:?}");
    }
}

#[test]
fn an_absolute_url_decides_over_the_host_field() {
    let outbound = run(request("http://evil:99/x?y#z", &[("host", "x")]), &config("http://t")).unwrap();
    assert_eq!(&outbound.head.target[..], b"/x?y");
    assert_eq!(lines(&outbound), ["host: evil:99"]);
    let outbound = run(request("http://evil?q", &[]), &config("http://t/base")).unwrap();
    assert_eq!(&outbound.head.target[..], b"/base/?q");
    for bad in ["http://", "http://a:99999/", "http://[/x", "http://u@h/", "ftp://h/x"] {
        assert!(run(request(bad, &[]), &config("http://t")).is_err(), "{bad}");
    }
}

#[test]
fn odd_targets_have_a_defined_result() {
    for (target, sent) in [
        ("*", "/*"),
        ("", "/"),
        ("?q", "/?q"),
        ("/a#b", "/a"),
        ("//x", "//x"),
        ("/%", "/%"),
        ("/a\\b", "/a\\b"),
    ] {
        let outbound = run(request(target, &[("host", "x")]), &config("http://t")).unwrap();
        assert_eq!(&outbound.head.target[..], sent.as_bytes());
    }
}

#[test]
fn requests_that_mean_two_things_are_refused() {
    for (lines, status) in [
        (&[("host", "x"), ("transfer-encoding", "gzip, chunked")][..], 501),
        (&[("host", "x"), ("transfer-encoding", ",chunked")], 501),
        (&[("host", "x"), ("transfer-encoding", "chunked"), ("content-length", "1")], 400),
        (&[("host", "x"), ("content-length", "+1")], 400),
        (&[("host", "a b")], 400),
        (&[("host", "a,b")], 400),
        (&[("host", "u@h")], 400),
    ] {
        assert_eq!(run(request("/", lines), &config("http://t")).unwrap_err().status(), status, "{lines:?}");
    }
    let mut twice = request("/", &[("host", "x")]);
    twice.client.duplicate_host = true;
    let mut allowing = config("http://t");
    allowing.allow_duplicate_host = true;
    assert!(run(twice, &allowing).is_ok());
}

#[test]
fn change_origin_names_the_target_unless_the_options_say_otherwise() {
    let mut config = config("http://t:81");
    config.change_origin = true;
    assert_eq!(lines(&run(request("/", &[("host", "x")]), &config).unwrap()), ["host: t:81"]);
    for (name, wanted) in [("host", "host: t:81"), ("Host", "Host: mine")] {
        let mut packed = request("/", &[("host", "x")]);
        packed.overrides.push(name, "mine");
        assert_eq!(lines(&run(packed, &config).unwrap()), [wanted]);
    }
}

#[test]
fn the_headers_option_replaces_in_any_case_and_may_repeat_a_name() {
    let mut packed = request("/", &[("host", "x"), ("x-a", "1")]);
    packed.overrides.push("X-A", "2");
    packed.overrides.push("X-A", "3");
    packed.overrides.push("Transfer-Encoding", "chunked");
    assert_eq!(lines(&run(packed, &config("http://t")).unwrap()), ["host: x", "X-A: 2", "X-A: 3"]);
}

#[test]
fn path_options() {
    let sent = |change: fn(&mut Config)| {
        let mut config = config("http://t/base?k=v");
        change(&mut config);
        run(request("/a", &[("host", "x")]), &config).unwrap().head.target
    };
    assert_eq!(&sent(|_| {})[..], b"/base/a?k=v");
    assert_eq!(&sent(|c| c.prepend_path = false)[..], b"/a");
    assert_eq!(&sent(|c| c.ignore_path = true)[..], b"/base?k=v");
    assert_eq!(&sent(|c| (c.ignore_path, c.prepend_path) = (true, false))[..], b"/");
}

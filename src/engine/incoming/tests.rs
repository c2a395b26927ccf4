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
    let fields = outbound.head.fields.iter();
    fields.map(|f| format!("{}: {}", f.name.escape_ascii(), f.value.escape_ascii())).collect()
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
fn a_client_that_names_no_host_did_not_ask_for_the_targets() {
    let mut config = config("http://t:81");
    config.xfwd = true;
    let sent = lines(&run(request("/", &[]), &config).unwrap());
    for line in ["host: t:81", "x-forwarded-host: ", "x-forwarded-port: 80"] {
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

#[test]
fn to_proxy_forwards_an_absolute_url_whole() {
    let mut config = config("http://t");
    config.to_proxy = true;
    for (target, sent, host) in [
        ("http://other:81/x?y#z", "/http://other:81/x?y", "host: other:81"),
        ("ftp://other/x", "/ftp://other/x", "host: x"),
        ("/x?y", "/x?y", "host: x"),
        ("//x", "//x", "host: x"),
        ("*", "/*", "host: x"),
    ] {
        let outbound = run(request(target, &[("host", "x")]), &config).unwrap();
        assert_eq!((&outbound.head.target[..], lines(&outbound)), (sent.as_bytes(), vec![host.to_owned()]));
    }
    config.target = Target::parse("http://t/base").unwrap();
    let outbound = run(request("http://other/x", &[]), &config).unwrap();
    assert_eq!(&outbound.head.target[..], b"/base/http://other/x");
    assert!(run(request("http://[/x", &[]), &config).is_err());
}

#[test]
fn the_method_is_the_options_and_the_body_the_clients() {
    let mut config = config("http://t");
    config.method = Some("PUT".into());
    let outbound = run(request("/", &[("host", "x"), ("content-length", "5")]), &config).unwrap();
    assert_eq!((&outbound.head.method[..], outbound.framing), (&b"PUT"[..], Some(Framing::Length(5))));
}

#[test]
fn auth_counts_more_than_the_client_and_the_targets_credentials_less() {
    let sent =
        |yields: bool, client: &[(&'static str, &'static str)], chosen: &[(&'static str, &'static str)]| {
            let mut config = config("http://t");
            config.authorization =
                Some(crate::engine::config::Authorization { value: "Basic dTpw".into(), yields });
            let mut packed = request("/", client);
            packed.overrides = fields(chosen);
            lines(&run(packed, &config).unwrap()).pop().unwrap()
        };
    let client = [("host", "x"), ("authorization", "Bearer c")];
    for yields in [true, false] {
        assert_eq!(sent(yields, &client[..1], &[]), "Authorization: Basic dTpw");
        assert_eq!(sent(yields, &client[..1], &[("Authorization", "mine")]), "Authorization: mine");
    }
    assert_eq!(sent(false, &client, &[]), "Authorization: Basic dTpw");
    assert_eq!(sent(false, &client, &[("authorization", "mine")]), "Authorization: Basic dTpw");
    assert_eq!(sent(true, &client, &[]), "authorization: Bearer c");
}

#[test]
fn the_host_that_the_client_asked_is_remembered_where_it_is_needed() {
    let mut config = config("http://t");
    config.change_origin = true;
    assert_eq!(run(request("/", &[("host", "x:81")]), &config).unwrap().client_host, None);
    config.redirects = RedirectRewrite::new(None, true, None).unwrap();
    let outbound = run(request("/", &[("host", "x:81")]), &config).unwrap();
    assert_eq!(outbound.client_host.as_deref(), Some(&b"x:81"[..]));
}

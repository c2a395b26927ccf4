//! What holds for every packed request head: it is refused, or what is written parses as exactly one request with the fields that passed.

use bytes::{Bytes, BytesMut};
use rs_proxy_middleware::engine::config::Authorization;
use rs_proxy_middleware::engine::head::{EditedHead, Framing, PackedRequest, pack_fields};
use rs_proxy_middleware::engine::incoming::{self, Outbound};
use rs_proxy_middleware::engine::upstream::h1;
use rs_proxy_middleware::engine::{Config, Target};

/// The first line of `data` is three characters, each a number counted from `0`: fields, added fields, options. The rest is the packed
/// head. Gives `forwarded` or `refused`.
pub(crate) fn check(data: &[u8]) -> &'static str {
    let [fields, added, options, b'\n', text @ ..] = data else { return "refused" };
    let number = |digit: &u8| usize::from(digit.wrapping_sub(b'0'));
    let packed = PackedRequest::unpack(&Bytes::copy_from_slice(text), number(fields), number(added));
    let Some(config) = config(number(options)) else { return "refused" };
    let names_host = packed.as_ref().is_ok_and(|packed| packed.overrides.get(b"host").is_some());
    let Ok(outbound) = packed.and_then(|packed| incoming::run(packed, &config)) else { return "refused" };
    for body in [outbound.framing.unwrap_or(Framing::Empty), Framing::Length(5), Framing::Chunked] {
        for keep_alive in [true, false] {
            check_written(&outbound, body, keep_alive);
        }
    }
    check_crossing(&outbound);
    let hosts = outbound.head.fields.get_all(b"host").count();
    // Only the options may name several.
    assert!(hosts == 1 || names_host && hosts > 0, "{hosts} Host fields");
    "forwarded"
}

/// One bit per option.
fn config(bits: usize) -> Option<Config> {
    let has = |bit: usize| bits & bit != 0;
    let target = if has(32) { "https://[::1]:8443/base/?k=v" } else { "http://target" };
    let mut config = Config::new(Target::parse(target).ok()?);
    config.change_origin = has(1);
    config.xfwd = has(2);
    config.prepend_path = !has(4);
    config.ignore_path = has(8);
    config.allow_duplicate_host = has(16);
    config.to_proxy = has(64);
    config.authorization = has(128).then(|| Authorization { value: "Basic dTpw".into(), yields: has(1) });
    Some(config)
}

/// What is written is one request: the same line, the same fields, framing said once.
fn check_written(outbound: &Outbound, body: Framing, keep_alive: bool) {
    let mut wire = BytesMut::new();
    h1::request_head(&outbound.head, body, keep_alive, &mut wire);
    let sent = &outbound.head;
    // httparse takes only UTF-8 in a request target; an upstream need not.
    let line = sent.method.len() + 1 + sent.target.len();
    for byte in &mut wire[..line] {
        *byte = if byte.is_ascii() { *byte } else { b'x' };
    }
    let mut lines = vec![httparse::EMPTY_HEADER; sent.fields.len() + 8];
    let mut parsed = httparse::Request::new(&mut lines);
    let status = parsed.parse(&wire);
    assert_eq!(status, Ok(httparse::Status::Complete(wire.len())), "{}", wire.escape_ascii());
    assert_eq!(parsed.method.map(str::as_bytes), Some(&sent.method[..]));
    assert_eq!(parsed.path.map(str::len), Some(sent.target.len()));
    assert!(sent.target.starts_with(b"/"), "{}", sent.target.escape_ascii());
    let announced = match body {
        Framing::Empty => usize::from(sent.announces_empty_body()),
        _ => 1,
    };
    assert_eq!(parsed.headers.len(), sent.fields.len() + announced + 1);
    for (line, field) in parsed.headers.iter().zip(sent.fields.iter()) {
        assert_eq!(line.name.as_bytes(), field.name);
        assert_eq!(line.value, field.value.trim_ascii());
        assert!(!field.value.iter().any(|byte| b"\r\n\0".contains(byte)));
    }
    let count =
        |name: &str| parsed.headers.iter().filter(|line| line.name.eq_ignore_ascii_case(name)).count();
    assert_eq!(count("content-length") + count("transfer-encoding"), announced);
    assert_eq!(count("connection"), 1);
}

/// A passed head crosses to a listener and back without a change, whether the listener reads its fields or not, and passing it again
/// changes nothing.
fn check_crossing(outbound: &Outbound) {
    let head = &outbound.head;
    let line = [&head.method[..], b"\n", &head.target, b"\n"].concat();
    let mut whole = line.clone();
    pack_fields(&head.fields, &mut whole);
    let (line, whole) = (Bytes::from(line), Bytes::from(whole));
    for (base, edited, count) in [(&Bytes::new(), &whole, head.fields.len()), (&whole, &line, 0)] {
        let again = EditedHead::unpack(base, edited, count).and_then(|edited| incoming::resume(edited, None));
        let again = again.map(|again| again.head).map_err(|error| error.to_string());
        assert_eq!(
            again.as_ref().map(|again| (&again.target, &again.fields)),
            Ok((&head.target, &head.fields))
        );
    }
}

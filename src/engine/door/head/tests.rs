use super::*;
use proptest::prelude::*;

fn read(text: &[u8], step: usize) -> Result<Option<(ClientHead, usize)>, Denial> {
    let mut search = Search::default();
    let mut buffer = BytesMut::new();
    let limits = Limits::default();
    for (index, piece) in text.chunks(step.max(1)).enumerate() {
        buffer.extend_from_slice(piece);
        if let Some(head) = search.take(&mut buffer, &limits)? {
            let rest = text.len() - ((index + 1) * step.max(1)).min(text.len());
            return Ok(Some((head, buffer.len() + rest)));
        }
    }
    Ok(None)
}

fn status(text: &[u8]) -> u16 {
    match read(text, text.len()) {
        Ok(Some(_)) => 200,
        Ok(None) => 0,
        Err(denial) => denial.status,
    }
}

/// A request with these lines besides `Host`.
fn with(lines: &str) -> u16 {
    status(format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n").as_bytes())
}

#[test]
fn a_head_is_read_and_what_follows_is_left() {
    let text = b"POST /a?b HTTP/1.1\r\nHOST: a\r\nX-Y: 1\r\nx-y: 2\r\nContent-Length: 02\r\n\r\nhi";
    for step in 1..text.len() {
        let (head, left) = read(text, step).unwrap().unwrap();
        assert_eq!(left, 2);
        assert_eq!((head.framing, head.form, head.keep_alive), (Framing::Length(2), Form::Origin, true));
        let lines: Vec<_> = head.head.fields.iter().map(|f| (f.name, f.value)).collect();
        assert_eq!(lines, [(&b"host"[..], &b"a"[..]), (b"x-y", b"1, 2"), (b"content-length", b"02")]);
    }
}

#[test]
fn framing() {
    for (lines, wanted) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: abc", 400),
        ("Content-Length: 5\r\nContent-Length: 6", 400),
        ("Content-Length: 5\r\nContent-Length: 5", 400),
        ("Content-Length: 2, 2", 400),
        ("Content-Length:", 400),
        ("Content-Length: 9223372036854775808", 400),
        ("Content-Length: \x0b5", 400),
        ("Content-Length:\t5 ", 200),
        ("Transfer-Encoding: chunked, chunked", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", 501),
        ("Transfer-Encoding: gzip, chunked", 501),
        ("Transfer-Encoding: \"chunked\"", 501),
        ("Transfer-Encoding: CHUNKED", 200),
        ("Transfer-Encoding:\r\n chunked", 400),
        ("Content-Length : 5", 400),
    ] {
        assert_eq!(with(lines), wanted, "{lines}");
    }
    assert_eq!(status(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

#[test]
fn lines() {
    for (text, wanted) in [
        (&b"GET / HTTP/1.1\nHost: a\n\n"[..], 400),
        (b"GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\rb", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\rX", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nx\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x80\xff\r\n\r\n", 200),
        (b"\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        (b"\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
        (b"GET / http/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1x\r\nHost: a\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/0.9\r\n\r\n", 505),
        (b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\n", 505),
        (b"GET / ICE/1.0\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00", 400),
        (b"\x04\x01", 400),
    ] {
        assert_eq!(status(text), wanted, "{}", text.escape_ascii());
    }
}

#[test]
fn hosts_and_expectations() {
    assert_eq!(status(b"GET / HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(status(b"GET / HTTP/1.0\r\n\r\n"), 200);
    for bad in ["a,b", "a b", "a/b", "u@a", "a:99999", "[::1", "", "a\r\nHost: a"] {
        assert_eq!(status(format!("GET / HTTP/1.1\r\nHost: {bad}\r\n\r\n").as_bytes()), 400, "{bad}");
    }
    assert_eq!(with("Content-Length: 1\r\nExpect: 100-Continue"), 200);
    assert_eq!(with("Content-Length: 1\r\nExpect: bogus"), 417);
    assert_eq!(with("Content-Length: 1\r\nExpect: 100-continue, x"), 417);
    assert_eq!(with("Expect: bogus"), 200);
}

#[test]
fn limits() {
    let many = |count| with(&vec!["X: 1"; count].join("\r\n"));
    assert_eq!((many(99), many(100)), (200, 431));
    assert_eq!(with(&format!("X: {}", "x".repeat(33_000))), 431);
    assert_eq!(status(format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(33_000)).as_bytes()), 431);
    assert_eq!(status(format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(9000)).as_bytes()), 414);
    assert_eq!(status(format!("GET /{}", "a".repeat(70_000)).as_bytes()), 414);
    assert_eq!(status(format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "M".repeat(33)).as_bytes()), 400);
}

#[test]
fn persistence() {
    let keeps = |text: &str| read(text.as_bytes(), text.len()).unwrap().unwrap().0.keep_alive;
    assert!(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert!(!keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n"));
    assert!(!keeps("GET / HTTP/1.0\r\nHost: a\r\n\r\n"));
    assert!(keeps("GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n"));
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_head(text in "(\r\n){0,2}(GET|POST) /[a-z]{0,9} HTTP/1.[01]\r\n(Host: a\r\n)?(X-[A-Z]: [ -~]{0,9}\r\n){0,4}\r\n", step in 1_usize..20) {
        let say = |read: Result<Option<(ClientHead, usize)>, Denial>| {
            read.map(|found| found.map(|(head, left)| (format!("{head:?}"), left))).map_err(|denial| denial.status)
        };
        prop_assert_eq!(say(read(text.as_bytes(), step)), say(read(text.as_bytes(), text.len())));
    }

    #[test]
    fn any_bytes_are_a_head_or_refused(bytes: Vec<u8>, step in 1_usize..9) {
        let _ = read(&bytes, step);
    }
}

use super::*;
use proptest::prelude::*;

fn take(bytes: &[u8]) -> Result<Option<ResponseHead>, Error> {
    ResponseHead::take(&mut BytesMut::from(bytes), &mut 0)
}

fn fault_of(bytes: &[u8]) -> String {
    take(bytes).unwrap_err().code().to_owned()
}

#[test]
fn a_head_is_taken_and_the_body_stays() {
    let mut buffer = BytesMut::from(&b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: \xe9\r\n\r\nhi"[..]);
    let head = ResponseHead::take(&mut buffer, &mut 0).unwrap().unwrap();
    assert_eq!((head.status, &head.reason[..]), (200, &b"OK"[..]));
    assert_eq!(head.fields.get(b"x").unwrap(), b"\xe9");
    assert_eq!(head.framing(b"GET").unwrap(), Framing::Length(2));
    assert_eq!(&buffer[..], b"hi");
}

#[test]
fn a_head_that_drips_in_is_looked_at_once_per_byte() {
    let bytes = b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\n";
    let mut buffer = BytesMut::new();
    let mut searched = 0;
    for (index, byte) in bytes.iter().enumerate() {
        buffer.extend_from_slice(&[*byte]);
        let taken = ResponseHead::take(&mut buffer, &mut searched).unwrap();
        assert_eq!(taken.is_some(), index + 1 == bytes.len());
        assert_eq!(searched, buffer.len());
    }
}

#[test]
fn what_is_no_http_is_known_from_its_first_bytes() {
    for bytes in
        [&b"SSH-2.0-x"[..], b"ICY 200 OK\r\n\r\n", b"<html>", b"\r\nHTTP/1.1 200 OK\r\n\r\n", b"HTTX"]
    {
        assert_eq!(fault_of(bytes), "HPE_INVALID_CONSTANT");
    }
}

#[test]
fn bad_heads_have_the_codes_of_nodes_parser() {
    for (bytes, code) in [
        (&b"HTTP/2.0 200 OK\r\n\r\n"[..], "HPE_INVALID_VERSION"),
        (b"HTTP/1.1 2OO OK\r\n\r\n", "HPE_INVALID_STATUS"),
        (b"HTTP/1.1 099 OK\r\n\r\n", "HPE_INVALID_STATUS"),
        (b"HTTP/1.1 200 OK\nA: b\n\n", "HPE_CR_EXPECTED"),
        (b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n", "HPE_INVALID_HEADER_TOKEN"),
        (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HPE_INVALID_HEADER_TOKEN"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "HPE_INVALID_HEADER_TOKEN"),
        (b"HTTP/1.1 200 OK\r\n: b\r\n\r\n", "HPE_INVALID_HEADER_TOKEN"),
    ] {
        assert_eq!(fault_of(bytes), code, "{}", bytes.escape_ascii());
    }
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(201));
    assert_eq!(fault_of(many.as_bytes()), "HPE_HEADER_OVERFLOW");
    let large = format!("HTTP/1.1 200 OK\r\nA: {}", "b".repeat(70_000));
    assert_eq!(fault_of(large.as_bytes()), "HPE_HEADER_OVERFLOW");
}

#[test]
fn a_reason_phrase_that_cannot_be_sent_is_left_out() {
    assert_eq!(take(b"HTTP/1.1 200 \xe9\r\n\r\n").unwrap().unwrap().reason.len(), 0);
}

#[test]
fn a_body_is_as_long_as_the_request_method_and_the_status_allow() {
    let head = |text: &str| take(text.as_bytes()).unwrap().unwrap();
    let long = head("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
    assert_eq!(long.framing(b"HEAD").unwrap(), Framing::Empty);
    assert_eq!(head("HTTP/1.1 304 x\r\ncontent-length: 5\r\n\r\n").framing(b"GET").unwrap(), Framing::Empty);
    assert_eq!(head("HTTP/1.1 200 OK\r\n\r\n").framing(b"GET").unwrap(), Framing::UntilClose);
    let http10 = head("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
    assert_eq!(http10.framing(b"GET").unwrap_err().code(), "HPE_INVALID_TRANSFER_ENCODING");
    let both = head("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n");
    assert_eq!(both.framing(b"GET").unwrap_err().code(), "HPE_INVALID_TRANSFER_ENCODING");
    let both = head("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n");
    assert_eq!(both.framing(b"GET").unwrap_err().code(), "HPE_UNEXPECTED_CONTENT_LENGTH");
}

#[test]
fn the_connection_field_decides_whether_the_connection_lives() {
    let closes = |text: &str| take(text.as_bytes()).unwrap().unwrap().closes();
    assert!(closes("HTTP/1.1 200 OK\r\nConnection: x, Close\r\n\r\n"));
    assert!(!closes("HTTP/1.1 200 OK\r\n\r\n"));
    assert!(closes("HTTP/1.0 200 OK\r\n\r\n"));
    assert!(!closes("HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n\r\n"));
}

proptest! {
    #[test]
    fn any_bytes_are_a_head_or_an_error_however_they_are_cut(bytes: Vec<u8>, cut in 0_usize..64) {
        let mut text = b"HTTP/1.1 200 OK\r\n".to_vec();
        text.extend_from_slice(&bytes);
        let whole = take(&text).map(|h| h.is_some());
        let mut buffer = BytesMut::new();
        let mut searched = 0;
        let (first, second) = text.split_at(cut.min(text.len()));
        buffer.extend_from_slice(first);
        let early = ResponseHead::take(&mut buffer, &mut searched);
        if let Ok(None) = early {
            buffer.extend_from_slice(second);
            let late = ResponseHead::take(&mut buffer, &mut searched).map(|h| h.is_some());
            prop_assert_eq!(late.is_ok(), whole.is_ok());
        }
    }
}

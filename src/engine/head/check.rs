//! What may stand in a head: tokens, field values, hosts (RFC 9110 §5, §7.2; RFC 3986 §3.2.2).

/// A `token`: method and field name characters.
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&b| TOKEN[usize::from(b)])
}

/// Which bytes are letters, digits, or among `others`.
const fn letters_digits_and(others: &[u8]) -> [bool; 256] {
    let mut is_in = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        is_in[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < others.len() {
        is_in[others[at] as usize] = true;
        at += 1;
    }
    is_in
}

static TOKEN: [bool; 256] = letters_digits_and(b"!#$%&'*+-.^_`|~");
/// RFC 3986's reg-name without the comma, which is what joins two hosts.
static HOST: [bool; 256] = letters_digits_and(b"-._~%!$&'()*+;=");

/// A field value: no control characters but the tab. Bytes from 0x80 on are allowed and opaque.
pub fn is_field_value(bytes: &[u8]) -> bool {
    bytes.iter().all(|&b| b == b'\t' || (b >= 0x20 && b != 0x7f))
}

/// A `Host` field: a name or an address, and perhaps a port from 0 to 65535. The empty one is none.
pub fn is_host(bytes: &[u8]) -> bool {
    let (host, port) = match bytes {
        [b'[', rest @ ..] => {
            let Some(end) = memchr::memchr(b']', rest) else { return false };
            let address = &rest[..end];
            if !std::str::from_utf8(address).is_ok_and(|a| a.parse::<std::net::Ipv6Addr>().is_ok()) {
                return false;
            }
            match &rest[end + 1..] {
                [] => return true,
                [b':', port @ ..] => return is_port(port),
                _ => return false,
            }
        }
        _ => match memchr::memchr(b':', bytes) {
            Some(colon) => (&bytes[..colon], Some(&bytes[colon + 1..])),
            None => (bytes, None),
        },
    };
    !host.is_empty()
        && host.len() <= 255
        && host.iter().all(|&b| HOST[usize::from(b)])
        && port.is_none_or(is_port)
}

fn is_port(bytes: &[u8]) -> bool {
    bytes.len() <= 5
        && bytes.iter().all(u8::is_ascii_digit)
        && bytes.iter().fold(0_u32, |n, b| n * 10 + u32::from(b - b'0')) <= 65_535
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for good in ["a", "a.b:80", "[::1]", "[::1]:8080", "xn--x_y", "a:", "127.0.0.1:65535"] {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "", "a b", "a,b", "a/b", "u@h", "a:99999", "[::1", "a?b", "[::1]x", "a:8x", ":80", "a\\b",
            "\u{e9}",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
        assert!(!is_host(&[b'a'; 300]));
    }

    #[test]
    fn values_may_hold_any_byte_but_controls() {
        assert!(is_field_value(b"a\tb \x80\xff"));
        for bad in [&b"a\0"[..], b"a\r", b"a\nb", b"\x7f", b"\x1b"] {
            assert!(!is_field_value(bad));
        }
    }
}

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

fn proxy(protocol: ProxyProtocol) -> UpstreamProxy {
    UpstreamProxy { protocol, host: "proxy".into(), port: 3128, tls: None }
}

/// What the proxy is asked, and what comes of its answers; an answer is given once so many bytes were asked.
async fn ask(
    proxy: &UpstreamProxy,
    host: &str,
    turns: &[(usize, &[u8])],
) -> (Vec<u8>, Result<(), (String, String)>) {
    let (near, mut far) = duplex(4096);
    let mut near: Box<dyn Io> = Box::new(near);
    let asked = Asked { proxy, host, port: 81 };
    let answering = async {
        let mut all = Vec::new();
        for (length, answer) in turns {
            let mut bytes = vec![0; *length];
            far.read_exact(&mut bytes).await.unwrap();
            all.extend(bytes);
            far.write_all(answer).await.unwrap();
        }
        far.shutdown().await.unwrap();
        all
    };
    let asking = async {
        match &proxy.protocol {
            ProxyProtocol::Http(authorization) => {
                connect::ask(asked, authorization.as_deref(), &mut near).await
            }
            ProxyProtocol::Socks5(credentials) => socks5::ask(asked, credentials.as_ref(), &mut near).await,
        }
    };
    let (all, result) = tokio::join!(answering, asking);
    let result = result.map_err(|failure| match failure {
        Failure::Io(error) => ("io".to_owned(), error.kind().to_string()),
        Failure::Refused(error) => (error.code().to_owned(), error.to_string()),
    });
    (all, result)
}

#[tokio::test]
async fn connect_names_the_target_and_who_asks() {
    let http = proxy(ProxyProtocol::Http(Some("Basic dXNlcjp3b3Jk".into())));
    let wanted =
        "CONNECT [::1]:81 HTTP/1.1\r\nhost: [::1]:81\r\nproxy-authorization: Basic dXNlcjp3b3Jk\r\n\r\n";
    let (asked, result) =
        ask(&http, "::1", &[(wanted.len(), b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 Fine\r\n\r\n")]).await;
    assert_eq!(String::from_utf8(asked).unwrap(), wanted);
    assert!(result.is_ok());
}

#[tokio::test]
async fn connect_that_is_refused_says_how() {
    let http = proxy(ProxyProtocol::Http(None));
    let length = "CONNECT t:81 HTTP/1.1\r\nhost: t:81\r\n\r\n".len();
    for (answer, why) in [
        (&b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"[..], "407 Proxy Authentication Required"),
        (b"HTTP/1.1 200 OK\r\n\r\nearly", "more than its answer"),
        (b"SSH-2.0\r\n", "Expected HTTP/"),
    ] {
        let (_, result) = ask(&http, "t", &[(length, answer)]).await;
        let (code, message) = result.unwrap_err();
        assert_eq!(code, "ERR_PROXY_TUNNEL");
        assert!(
            message.contains("to t:81 through the proxy proxy:3128") && message.contains(why),
            "{message}"
        );
    }
    let (_, result) = ask(&http, "t", &[(length, b"HTTP/1.1 200")]).await;
    assert_eq!(result.unwrap_err().0, "io");
}

#[tokio::test]
async fn socks_is_given_names_and_addresses_as_they_are() {
    let socks = proxy(ProxyProtocol::Socks5(None));
    let granted = b"\x05\0\0\x03\x04hereQQ";
    for (host, address) in [
        ("name", &b"\x03\x04name"[..]),
        ("127.0.0.1", b"\x01\x7f\0\0\x01"),
        ("::1", b"\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"),
    ] {
        let (asked, result) = ask(&socks, host, &[(3, b"\x05\0"), (5 + address.len(), granted)]).await;
        assert_eq!(asked, [b"\x05\x01\0\x05\x01\0", address, b"\0Q"].concat());
        assert!(result.is_ok());
    }
}

#[tokio::test]
async fn socks_is_told_who_asks_if_it_wants_to_know() {
    let socks = proxy(ProxyProtocol::Socks5(Some(("user".into(), "word".into()))));
    let told = b"\x05\x02\0\x02\x01\x04user\x04word";
    let turns: [(usize, &[u8]); 3] =
        [(4, b"\x05\x02"), (11, b"\x01\0"), (10, b"\x05\0\0\x01\x7f\0\0\x01\0\0")];
    let (asked, result) = ask(&socks, "127.0.0.1", &turns).await;
    assert_eq!(asked[..15], told[..]);
    assert!(result.is_ok());
    let (_, result) = ask(&socks, "t", &[(4, b"\x05\x02"), (11, b"\x01\x01")]).await;
    assert_eq!(result.unwrap_err().0, "ERR_PROXY_TUNNEL");
    let nobody = proxy(ProxyProtocol::Socks5(None));
    for (answer, why) in [(b"\x05\xff", "who asks"), (b"HT", "not speak"), (b"\x05\x02", "another way")] {
        let (_, result) = ask(&nobody, "t", &[(3, answer)]).await;
        assert!(result.unwrap_err().1.contains(why));
    }
}

#[tokio::test]
async fn socks_says_what_the_target_did() {
    let socks = proxy(ProxyProtocol::Socks5(None));
    for (reply, code) in [
        (1, "ERR_PROXY_TUNNEL"),
        (2, "EACCES"),
        (3, "ENETUNREACH"),
        (4, "EHOSTUNREACH"),
        (5, "ECONNREFUSED"),
        (6, "ETIMEDOUT"),
    ] {
        let answer = [5, reply, 0, 1, 0, 0, 0, 0, 0, 0];
        let (_, result) = ask(&socks, "t", &[(3, b"\x05\0"), (8, &answer)]).await;
        assert_eq!(result.unwrap_err().0, code);
    }
}

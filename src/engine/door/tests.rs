use super::*;
use crate::engine::config::Config;
use crate::engine::observe::Stats;
use crate::engine::ring::Ring;
use crate::engine::route::{self, Entry, Extent, HostPattern, Keys, Registry, Targets};
use crate::engine::target::Target;
use crate::engine::upstream::{Connector, Pool};
use bytes::BytesMut;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// A target on loopback that answers each request head with `answer`.
async fn target(answer: &'static [u8]) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while let Ok(1..) = stream.read_buf(&mut head).await {
                    if head.ends_with(b"\r\n\r\n") {
                        head.clear();
                        stream.write_all(answer).await.unwrap();
                    }
                }
            });
        }
    });
    address
}

pub(super) fn context() -> Context {
    let stats = Arc::new(Stats::default());
    Context {
        pool: Arc::new(Pool::new(Arc::clone(&stats))),
        connector: Arc::new(Connector::new(Arc::clone(&stats))),
        ring: Arc::new(Ring::new(|| {})),
        stats,
    }
}

pub(super) fn settings(target: SocketAddr, limits: Limits) -> Settings {
    let config = Arc::new(Config::new(Target::parse(&format!("http://{target}")).unwrap()));
    Settings::new(Arc::new(Routes::to(config)), Fields::default(), Trust::Nobody, limits)
}

/// A registry's requests are counted by what they are, and by how they were answered.
#[tokio::test]
async fn a_registry_counts_requests_and_answers() {
    let target = target(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n").await;
    let registry = Arc::new(Registry::new(Keys::Paths));
    let config = Arc::new(Config::new(Target::parse(&format!("http://{target}")).unwrap()));
    let place = route::Place { host: HostPattern::Any, path: b"/a"[..].into(), extent: Extent::Segments };
    registry.put(&place, Entry { id: 1, config, strips: false });
    let routes = Routes { targets: Targets::Registered(Arc::clone(&registry)), ..Routes::default() };
    let settings = Settings::new(Arc::new(routes), Fields::default(), Trust::Nobody, Limits::default());
    let (door, end, _) = open_with(settings, 1);
    for path in ["/a", "/a/b", "/other", "/%"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        exchange(port_of(door.address()), request.as_bytes()).await;
    }
    door.close();
    end.await.unwrap();
    let tally = registry.tally();
    assert_eq!(tally.web.load(Ordering::Relaxed), 4);
    assert_eq!(tally.upgrades.load(Ordering::Relaxed), 0);
    assert_eq!(tally.answers().collect::<Vec<_>>(), [(302, 2), (400, 1), (404, 1)]);
}

fn loopback() -> Place {
    Place::new(Address::Tcp("127.0.0.1:0".parse().unwrap()))
}

/// An open door, its end, and whether it has said that it is closed.
fn open_with(settings: Settings, threads: usize) -> (Door, JoinHandle<()>, Arc<AtomicBool>) {
    let closed = Arc::new(AtomicBool::new(false));
    let on_closed = {
        let closed = Arc::clone(&closed);
        move || closed.store(true, Ordering::Relaxed)
    };
    let contexts = std::iter::repeat_with(context).take(threads).collect();
    let (door, tasks) = Door::open(&loopback(), settings, contexts, on_closed).unwrap();
    let end = tasks.into_iter().map(tokio::spawn).last().unwrap();
    (door, end, closed)
}

fn open(target: SocketAddr, limits: Limits) -> (Door, JoinHandle<()>, Arc<AtomicBool>) {
    open_with(settings(target, limits), 1)
}

fn port_of(address: &Address) -> SocketAddr {
    match address {
        Address::Tcp(address) => *address,
        Address::Unix(path) => panic!("{}", path.display()),
    }
}

/// What comes for these bytes, to the end of the connection.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(bytes).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    answer
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: now\r\n\r\nok";
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: me\r\n\r\n";

#[tokio::test]
async fn a_request_goes_through_and_its_connection_is_kept() {
    let (door, _, _) = open(target(OK).await, Limits::default());
    let mut client = TcpStream::connect(port_of(door.address())).await.unwrap();
    let wanted = "HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 2\r\nconnection: keep-alive\r\nkeep-alive: timeout=5\r\n\r\nok";
    for _ in 0..3 {
        client.write_all(GET).await.unwrap();
        let mut answer = vec![0; wanted.len()];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), wanted);
    }
    assert_eq!(door.total(|stats| &stats.accepted), 1);
    assert_eq!(door.total(|stats| &stats.forwarded), 3);
}

#[tokio::test]
async fn a_door_that_closes_answers_what_is_in_progress_and_ends() {
    let (door, life, closed) = open(target(OK).await, Limits::default());
    let mut client = TcpStream::connect(port_of(door.address())).await.unwrap();
    client.write_all(GET).await.unwrap();
    door.close();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("connection: close\r\n\r\nok"), "{answer}");
    drop(client);
    life.await.unwrap();
    assert!(closed.load(Ordering::Relaxed));
    assert_eq!(door.total(|stats| &stats.connections), 0);
    assert!(TcpStream::connect(port_of(door.address())).await.is_err());
}

#[tokio::test]
async fn a_kept_connection_may_bring_what_was_on_its_way_when_the_door_closed() {
    let (door, life, _) = open(target(OK).await, Limits::default());
    let mut client = TcpStream::connect(port_of(door.address())).await.unwrap();
    client.write_all(GET).await.unwrap();
    let mut seen = BytesMut::new();
    while !seen.ends_with(b"ok") {
        client.read_buf(&mut seen).await.unwrap();
    }
    door.close();
    tokio::time::sleep(Duration::from_millis(20)).await;
    client.write_all(GET).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("connection: close\r\n\r\nok"), "{answer}");
    drop(client);
    life.await.unwrap();
}

#[tokio::test]
async fn what_does_not_end_in_time_is_dropped() {
    let limits = Limits { grace: Duration::from_millis(50), ..Limits::default() };
    let (door, life, _) = open(target(b"").await, limits);
    let mut client = TcpStream::connect(port_of(door.address())).await.unwrap();
    client.write_all(GET).await.unwrap();
    while door.total(|stats| &stats.forwarded) == 0 {
        tokio::task::yield_now().await;
    }
    door.close();
    life.await.unwrap();
    let mut answer = Vec::new();
    // Closed or reset, as the system has it.
    client.read_to_end(&mut answer).await.ok();
    assert!(answer.is_empty());
}

#[tokio::test]
async fn an_address_that_is_taken_cannot_be_had() {
    let (door, _, _) = open(target(OK).await, Limits::default());
    let bound = Place::new(door.address().clone()).bind(1);
    assert_eq!(bound.unwrap_err().kind(), io::ErrorKind::AddrInUse);
}

const LAST: &[u8] = b"GET / HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn several_threads_take_turns_at_one_place_and_close_it_together() {
    let (door, end, closed) = open_with(settings(target(OK).await, Limits::default()), 3);
    for _ in 0..20 {
        assert!(exchange(port_of(door.address()), LAST).await.ends_with("\r\n\r\nok"));
    }
    assert_eq!(door.total(|stats| &stats.accepted), 20);
    assert_eq!(door.total(|stats| &stats.answers[1]), 20);
    door.close();
    end.await.unwrap();
    assert!(closed.load(Ordering::Relaxed));
    assert!(TcpStream::connect(port_of(door.address())).await.is_err());
}

#[tokio::test]
async fn more_requests_than_may_be_in_flight_are_answered_at_once() {
    let limits = Limits { in_flight: 1, grace: Duration::ZERO, ..Limits::default() };
    let (door, _, _) = open(target(b"").await, limits);
    let mut first = TcpStream::connect(port_of(door.address())).await.unwrap();
    first.write_all(GET).await.unwrap();
    while door.total(|stats| &stats.in_flight) == 0 {
        tokio::task::yield_now().await;
    }
    let mut second = TcpStream::connect(port_of(door.address())).await.unwrap();
    for _ in 0..2 {
        second.write_all(GET).await.unwrap();
        let mut answer = vec![0; 12];
        second.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer[..], b"HTTP/1.1 503");
        // Its connection is as good as before.
        while !answer.ends_with(b"Unavailable\n") {
            second.read_buf(&mut answer).await.unwrap();
        }
        assert!(String::from_utf8(answer).unwrap().contains("\r\nretry-after: 1\r\n"));
    }
    assert_eq!(door.total(|stats| &stats.overloaded), 2);
    assert_eq!(door.total(|stats| &stats.forwarded), 1);
    drop(first);
    while door.total(|stats| &stats.in_flight) == 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_monitor_tells_the_figures_and_the_state_of_its_door() {
    let mut settings = settings(target(OK).await, Limits::default());
    settings.monitor = Some(loopback());
    let (door, end, _) = open_with(settings, 2);
    let monitor = port_of(door.monitor_address().unwrap());
    let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: me\r\n\r\n").into_bytes();
    for _ in 0..3 {
        exchange(port_of(door.address()), LAST).await;
    }
    let metrics = exchange(monitor, &ask("/metrics?x")).await;
    let (head, text) = metrics.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/openmetrics-text; "), "{head}");
    for line in [
        "rs_proxy_requests_forwarded_total 3",
        "rs_proxy_answers_total{status=\"2xx\"} 3",
        "rs_proxy_answers_total{status=\"5xx\"} 0",
        "rs_proxy_request_duration_seconds_count 3",
        "rs_proxy_request_duration_seconds_bucket{le=\"+Inf\"} 3",
        "rs_proxy_draining 0",
        "# TYPE rs_proxy_connections gauge",
        "# EOF",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
    assert!(exchange(monitor, &ask("/healthz")).await.ends_with("\r\n\r\nok\n"));
    assert!(exchange(monitor, &ask("/other")).await.starts_with("HTTP/1.1 404 "));
    assert!(
        exchange(monitor, b"POST /metrics HTTP/1.1\r\nHost: me\r\n\r\n").await.starts_with("HTTP/1.1 405 ")
    );
    assert!(exchange(monitor, b"nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    let mut held = TcpStream::connect(port_of(door.address())).await.unwrap();
    held.write_all(b"POST / HTTP/1.1\r\nHost: me\r\nContent-Length: 1\r\n\r\n").await.unwrap();
    while door.total(|stats| &stats.in_flight) == 0 {
        tokio::task::yield_now().await;
    }
    door.close();
    let health = exchange(monitor, &ask("/healthz")).await;
    assert!(health.starts_with("HTTP/1.1 503 ") && health.ends_with("draining\n"), "{health}");
    drop(held);
    end.await.unwrap();
    assert!(TcpStream::connect(monitor).await.is_err());
}

#[tokio::test]
#[cfg(unix)]
async fn a_unix_socket_is_a_place_and_its_file_goes_with_the_door() {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::temp_dir().join(format!("rs-proxy-door-{}.sock", std::process::id()));
    let mut place = Place::new(Address::Unix(path.clone()));
    place.access.writable_by_all = true;
    let (door, tasks) =
        Door::open(&place, settings(target(OK).await, Limits::default()), vec![context()], || {}).unwrap();
    let end = tasks.into_iter().map(tokio::spawn).last().unwrap();
    assert_eq!(*door.address(), place.address);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o222, 0o222);
    let mut client = tokio::net::UnixStream::connect(&path).await.unwrap();
    client.write_all(LAST).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
    assert_eq!(place.bind(1).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    door.close();
    end.await.unwrap();
    assert!(!path.exists());
}

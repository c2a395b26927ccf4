use super::*;
use crate::engine::config::Config;
use crate::engine::observe::Stats;
use crate::engine::ring::Ring;
use crate::engine::target::Target;
use crate::engine::upstream::{Connector, Pool};
use std::sync::atomic::{AtomicBool, Ordering};
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

/// An open door, its life, and whether it has said that it is closed.
fn open(target: SocketAddr, limits: Limits) -> (Door, JoinHandle<()>, Arc<AtomicBool>) {
    let stats = Arc::new(Stats::default());
    let context = Context {
        pool: Arc::new(Pool::new(Arc::clone(&stats))),
        connector: Arc::new(Connector::new(Arc::clone(&stats))),
        ring: Arc::new(Ring::new(|| {})),
        stats,
    };
    let config = Config::new(Target::parse(&format!("http://{target}")).unwrap());
    let settings = Settings::new(Arc::new(Routes::to(Arc::new(config))), Fields::default(), false, limits);
    let closed = Arc::new(AtomicBool::new(false));
    let on_closed = {
        let closed = Arc::clone(&closed);
        move || closed.store(true, Ordering::Relaxed)
    };
    let (door, life) = Door::open("127.0.0.1:0".parse().unwrap(), settings, context, on_closed).unwrap();
    (door, tokio::spawn(life), closed)
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: now\r\n\r\nok";
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: me\r\n\r\n";

#[tokio::test]
async fn a_request_goes_through_and_its_connection_is_kept() {
    let (door, _, _) = open(target(OK).await, Limits::default());
    let mut client = TcpStream::connect(door.address()).await.unwrap();
    let wanted = "HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 2\r\nconnection: keep-alive\r\nkeep-alive: timeout=5\r\n\r\nok";
    for _ in 0..3 {
        client.write_all(GET).await.unwrap();
        let mut answer = vec![0; wanted.len()];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&answer), wanted);
    }
    assert_eq!(door.stats().accepted.load(Ordering::Relaxed), 1);
    assert_eq!(door.stats().forwarded.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_door_that_closes_answers_what_is_in_progress_and_ends() {
    let (door, life, closed) = open(target(OK).await, Limits::default());
    let mut client = TcpStream::connect(door.address()).await.unwrap();
    client.write_all(GET).await.unwrap();
    door.close();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("connection: close\r\n\r\nok"), "{answer}");
    drop(client);
    life.await.unwrap();
    assert!(closed.load(Ordering::Relaxed));
    assert_eq!(door.stats().connections.load(Ordering::Relaxed), 0);
    assert!(TcpStream::connect(door.address()).await.is_err());
}

#[tokio::test]
async fn what_does_not_end_in_time_is_dropped() {
    let limits = Limits { grace: Duration::from_millis(50), ..Limits::default() };
    let (door, life, _) = open(target(b"").await, limits);
    let mut client = TcpStream::connect(door.address()).await.unwrap();
    client.write_all(GET).await.unwrap();
    while door.stats().forwarded.load(Ordering::Relaxed) == 0 {
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
    assert_eq!(TcpListener::bind(door.address()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
}

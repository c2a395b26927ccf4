use super::*;
use crate::engine::error::Peer;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncWriteExt, DuplexStream};

fn key(port: u16) -> Key {
    Key { host: "h".into(), port, socket_path: None, local_address: None, tls: None, server_name: None }
}

fn pool() -> (Arc<Pool>, Arc<Stats>) {
    let stats = Arc::new(Stats::default());
    (Arc::new(Pool::new(Arc::clone(&stats))), stats)
}

fn connection(stats: &Arc<Stats>) -> (Connection, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(1024);
    (Connection::new(Box::new(ours), Peer::Unknown, stats), theirs)
}

fn idle(stats: &Stats) -> usize {
    stats.idle.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn a_connection_comes_back_until_it_expires() {
    let (pool, stats) = pool();
    let (one, _peer) = connection(&stats);
    pool.give(key(1), one, IDLE_LIMIT);
    assert!(pool.take(&key(2)).is_none(), "another origin gets nothing");
    tokio::time::advance(Duration::from_secs(3)).await;
    let one = pool.take(&key(1)).unwrap();
    assert!(one.reused);
    pool.give(key(1), one, IDLE_LIMIT);
    tokio::time::advance(Duration::from_millis(4001)).await;
    assert!(pool.take(&key(1)).is_none());
    assert_eq!((idle(&stats), stats.connections.load(Ordering::Relaxed)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_janitor_closes_what_expired_or_stirred() {
    let (pool, stats) = pool();
    tokio::spawn(Arc::clone(&pool).keep_clean());
    tokio::task::yield_now().await;
    let (expiring, _peer) = connection(&stats);
    let (closing, closing_peer) = connection(&stats);
    let (chatting, mut chatting_peer) = connection(&stats);
    for one in [expiring, closing, chatting] {
        pool.give(key(1), one, IDLE_LIMIT);
    }
    tokio::task::yield_now().await;
    assert_eq!(idle(&stats), 3);
    drop(closing_peer);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(idle(&stats), 2, "the end of an idle connection is noticed at once");
    chatting_peer.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(idle(&stats), 1, "so are bytes that nobody asked for");
    sleep(Duration::from_secs(5)).await;
    assert_eq!((idle(&stats), stats.connections.load(Ordering::Relaxed)), (0, 0));
}

#[tokio::test]
async fn unasked_bytes_are_found_at_checkout() {
    let (pool, stats) = pool();
    let (one, mut peer) = connection(&stats);
    pool.give(key(1), one, IDLE_LIMIT);
    peer.write_all(b"x").await.unwrap();
    assert!(pool.take(&key(1)).is_none());
}

#[tokio::test]
async fn the_pool_is_bounded() {
    let (pool, stats) = pool();
    let mut peers = Vec::new();
    for port in 0..2000 {
        let (one, peer) = connection(&stats);
        pool.give(key(port), one, IDLE_LIMIT);
        peers.push(peer);
    }
    assert_eq!((idle(&stats), stats.connections.load(Ordering::Relaxed)), (MOST_IDLE, MOST_IDLE));
}

#[test]
fn a_target_says_how_long_its_connections_live() {
    let after = |hint: &'static str| {
        let mut fields = Fields::default();
        fields.push("Keep-Alive", hint);
        lifetime(&fields)
    };
    assert_eq!(lifetime(&Fields::default()), IDLE_LIMIT);
    assert_eq!(after("timeout=5"), Duration::from_secs(4));
    assert_eq!(after("timeout=10, max=100"), Duration::from_secs(9));
    for none in ["timeout=0", "timeout=1", "max=1", "timeout=5, max=0"] {
        assert_eq!(after(none), Duration::ZERO, "{none}");
    }
    assert_eq!(after("timeout=99999999999"), LONGEST_LIFETIME);
    for nonsense in ["timeout=-1", "timeout=", "x", ""] {
        assert_eq!(after(nonsense), IDLE_LIMIT, "{nonsense}");
    }
}

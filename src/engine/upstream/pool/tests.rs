use super::*;
use crate::engine::error::Peer;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncWriteExt, DuplexStream};

fn key(port: u16) -> Key {
    Key {
        host: "h".into(),
        port,
        socket_path: None,
        local_address: None,
        tls: None,
        server_name: None,
        agent: None,
        names: Names::default(),
        http2: Http2::Never,
        proxy: None,
    }
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
    pool.give(&key(1), one, IDLE_LIMIT);
    assert!(pool.take(&key(2)).is_none(), "another origin gets nothing");
    tokio::time::advance(Duration::from_secs(3)).await;
    let one = pool.take(&key(1)).unwrap();
    assert!(one.reused);
    pool.give(&key(1), one, IDLE_LIMIT);
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
        pool.give(&key(1), one, IDLE_LIMIT);
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
    pool.give(&key(1), one, IDLE_LIMIT);
    peer.write_all(b"x").await.unwrap();
    assert!(pool.take(&key(1)).is_none());
}

#[tokio::test]
async fn the_pool_is_bounded_and_keeps_those_that_came_last() {
    let (pool, stats) = pool();
    let mut peers = Vec::new();
    for port in 0..2000 {
        let (one, peer) = connection(&stats);
        pool.give(&key(port), one, IDLE_LIMIT);
        peers.push(peer);
    }
    assert_eq!((idle(&stats), stats.connections.load(Ordering::Relaxed)), (MOST_IDLE, MOST_IDLE));
    assert!(pool.take(&key(1999)).is_some());
    assert!(pool.take(&key(0)).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_place_with_many_clients_keeps_a_connection_for_each_and_leaves_room_for_another_place() {
    let (pool, stats) = pool();
    let mut peers = Vec::new();
    for _ in 0..MOST_IDLE {
        let (one, peer) = connection(&stats);
        pool.give(&key(1), one, IDLE_LIMIT);
        peers.push(peer);
    }
    assert_eq!(idle(&stats), MOST_IDLE);
    tokio::time::advance(Duration::from_secs(1)).await;
    for _ in 0..2 {
        let (other, peer) = connection(&stats);
        pool.give(&key(2), other, IDLE_LIMIT);
        peers.push(peer);
    }
    assert_eq!(idle(&stats), MOST_IDLE);
    let kept = |port| std::iter::from_fn(|| pool.take(&key(port))).count();
    assert_eq!((kept(2), kept(1)), (2, MOST_IDLE - 2));
}

#[test]
fn a_target_says_how_long_its_connections_live() {
    let after = |hint: &'static str| {
        let mut fields = Fields::default();
        fields.push("Keep-Alive", hint);
        lifetime(&fields, None)
    };
    assert_eq!(lifetime(&Fields::default(), None), IDLE_LIMIT);
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

fn of_agent(agent: &Agent) -> Key {
    Key { agent: Some(Arc::new(agent.clone())), ..key(1) }
}

const AGENT: Agent =
    Agent { number: 1, most_open: None, most_idle: 2, idle_limit: None, oldest_first: false };

#[tokio::test]
async fn connections_of_different_agents_are_not_shared() {
    let (pool, stats) = pool();
    let (one, _peer) = connection(&stats);
    pool.give(&of_agent(&AGENT), one, IDLE_LIMIT);
    assert!(pool.take(&key(1)).is_none());
    assert!(pool.take(&of_agent(&Agent { number: 2, ..AGENT })).is_none());
    assert!(pool.take(&of_agent(&AGENT)).is_some());
}

#[tokio::test]
async fn an_agent_keeps_no_more_than_it_says_and_takes_in_its_order() {
    for (oldest_first, order) in [(false, [2, 1]), (true, [1, 2])] {
        let agent = Agent { oldest_first, ..AGENT };
        let (pool, stats) = pool();
        let mut peers = Vec::new();
        for size in [1, 2, 3] {
            let (mut one, peer) = connection(&stats);
            one.peer = Peer::Tcp(([127, 0, 0, 1], size).into());
            pool.give(&of_agent(&agent), one, IDLE_LIMIT);
            peers.push(peer);
        }
        assert_eq!(idle(&stats), 2);
        for port in order {
            let Peer::Tcp(address) = pool.take(&of_agent(&agent)).unwrap().peer else { panic!("not TCP") };
            assert_eq!(address.port(), port);
        }
    }
}

#[tokio::test]
async fn an_agent_lets_so_many_have_a_connection_and_the_others_wait() {
    let (pool, _stats) = pool();
    let limited = of_agent(&Agent { most_open: Some(1), ..AGENT });
    let elsewhere = Key { port: 2, ..limited.clone() };
    let first = pool.turn(&limited).await;
    assert!(first.is_some());
    assert!(pool.turn(&elsewhere).await.is_some(), "the limit is that of one place");
    assert!(pool.turn(&of_agent(&AGENT)).await.is_none(), "there is nothing to wait for without a limit");
    let waiting = pool.turn(&limited);
    tokio::pin!(waiting);
    assert!(futures_pending(waiting.as_mut()));
    drop(first);
    assert!(waiting.await.is_some());
    assert!(pool.lock().turns.len() <= 2, "what nobody holds is forgotten");
}

fn futures_pending<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
    future.poll(&mut noop_context()).is_pending()
}

#[test]
fn an_agents_time_limit_counts_and_so_does_what_the_target_says() {
    let agent = Agent { idle_limit: Some(Duration::from_secs(20)), ..AGENT };
    assert_eq!(lifetime(&Fields::default(), Some(&agent)), Duration::from_secs(20));
    let mut fields = Fields::default();
    fields.push("keep-alive", bytes::Bytes::from("timeout=6"));
    assert_eq!(lifetime(&fields, Some(&agent)), Duration::from_secs(5));
    assert_eq!(
        lifetime(&fields, Some(&Agent { idle_limit: Some(Duration::from_secs(2)), ..AGENT })),
        Duration::from_secs(2)
    );
}

use super::*;
use crate::engine::config::Config;
use crate::engine::route::{Entry, Extent, HostPattern, Keys, Place, Registry};
use crate::engine::target::Target;
use std::future::poll_fn;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{advance, timeout};

/// Moves bytes of one direction until that is over.
async fn run(mut direction: Direction, mut from: DuplexStream, mut to: DuplexStream) -> Result<(), Failure> {
    poll_fn(|cx| direction.poll(cx, &mut from, &mut to)).await
}

#[tokio::test]
async fn what_is_pending_goes_first_and_the_end_last() {
    let (mut client, from) = duplex(64);
    let (to, mut target) = duplex(64);
    let moving = tokio::spawn(run(Direction::new(Side::Client, BytesMut::from("early ")), from, to));
    client.write_all(b"late").await.unwrap();
    drop(client);
    let mut got = String::new();
    target.read_to_string(&mut got).await.unwrap();
    assert_eq!(got, "early late");
    moving.await.unwrap().unwrap();
}

/// docs/reliability-rows.md, E-17
#[tokio::test]
async fn a_blocked_direction_holds_one_read_and_an_idle_one_nothing() {
    let (mut client, mut from) = duplex(1024 * 1024);
    let (mut to, mut target) = duplex(1000);
    let mut direction = Direction::new(Side::Client, BytesMut::new());
    client.write_all(&vec![b'x'; 1024 * 1024]).await.unwrap();
    let mut cx = Context::from_waker(std::task::Waker::noop());
    for _ in 0..10 {
        assert!(direction.poll(&mut cx, &mut from, &mut to).is_pending());
        assert_eq!(direction.pending.len(), MOST - 1000);
    }
    let reading = tokio::spawn(async move {
        let mut all = vec![0; 1024 * 1024];
        target.read_exact(&mut all).await.unwrap();
        (target, all)
    });
    // The other end takes everything in the end.
    timeout(Duration::from_secs(5), async {
        while !reading.is_finished() {
            let _ = poll_fn(|cx| Poll::Ready(direction.poll(cx, &mut from, &mut to))).await;
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    let (_target, all) = reading.await.unwrap();
    assert!(all.iter().all(|b| *b == b'x'));
    assert_eq!(direction.pending.capacity(), 0);
}

#[tokio::test]
async fn a_failure_says_whose_it_is() {
    let (_client, from) = duplex(64);
    let (to, target) = duplex(64);
    drop(target);
    let failure = run(Direction::new(Side::Client, BytesMut::from("x")), from, to).await.unwrap_err();
    assert_eq!((failure.side, failure.is_write), (Side::Target, true));
}

async fn waits(idle: &mut Idle, moved: bool, is_half_closed: bool) -> bool {
    poll_fn(|cx| Poll::Ready(idle.poll(cx, moved, is_half_closed).is_pending())).await
}

/// docs/reliability-rows.md, E-18
#[tokio::test(start_paused = true)]
async fn without_a_limit_silence_is_no_end() {
    let mut idle = Idle::new(None);
    assert!(waits(&mut idle, true, false).await);
    advance(Duration::from_secs(600)).await;
    assert!(waits(&mut idle, false, false).await);
}

#[tokio::test(start_paused = true)]
async fn what_moves_is_given_the_whole_limit_again() {
    let mut idle = Idle::new(Some(Duration::from_secs(10)));
    assert!(waits(&mut idle, false, false).await);
    for _ in 0..5 {
        advance(Duration::from_secs(9)).await;
        assert!(waits(&mut idle, true, false).await);
    }
    advance(Duration::from_secs(9)).await;
    assert!(waits(&mut idle, false, false).await);
    advance(Duration::from_secs(1)).await;
    assert!(!waits(&mut idle, false, false).await);
}

/// docs/reliability-rows.md, E-15
#[tokio::test(start_paused = true)]
async fn half_a_tunnel_waits_for_half_a_minute() {
    for limit in [None, Some(Duration::from_secs(3600))] {
        let mut idle = Idle::new(limit);
        advance(Duration::from_secs(600)).await;
        // The end of the one half is something that moves.
        assert!(waits(&mut idle, true, true).await);
        advance(Duration::from_secs(29)).await;
        assert!(waits(&mut idle, false, true).await);
        advance(Duration::from_secs(1)).await;
        assert!(!waits(&mut idle, false, true).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_shorter_limit_of_the_users_counts_for_halves_too() {
    let mut idle = Idle::new(Some(Duration::from_secs(1)));
    assert!(waits(&mut idle, true, true).await);
    advance(Duration::from_secs(1)).await;
    assert!(!waits(&mut idle, false, true).await);
}

#[tokio::test]
async fn what_comes_is_the_activity_of_a_route_and_an_end_is_not() {
    let registry = Registry::new(Keys::Paths);
    let place = Place { host: HostPattern::Any, path: [].into(), extent: Extent::Segments };
    let config = Arc::new(Config::new(Target::parse("http://a").unwrap()));
    registry.put(&place, Entry { id: 1, config, strips: false });
    let activity = registry.activity(&place).unwrap();
    let direction = Direction::new(Side::Client, BytesMut::new()).of(Some(Arc::clone(&activity)));
    let (mut client, from) = duplex(64);
    let (to, mut target) = duplex(64);
    let moving = tokio::spawn(run(direction, from, to));
    let registered = activity.last();
    std::thread::sleep(Duration::from_millis(5));
    client.write_all(b"x").await.unwrap();
    target.read_u8().await.unwrap();
    let heard = activity.last();
    assert!(heard > registered);
    std::thread::sleep(Duration::from_millis(5));
    drop(client);
    moving.await.unwrap().unwrap();
    assert_eq!(activity.last(), heard);
}

use super::*;
use crate::engine::config::Http2;
use crate::engine::error::Peer;
use crate::engine::observe::Stats;
use crate::engine::upstream::{Connection, Key, Names};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{sleep, timeout};

fn key() -> Key {
    Key {
        host: "h".into(),
        port: 1,
        socket_path: None,
        local_address: None,
        tls: None,
        server_name: None,
        agent: None,
        names: Names::default(),
        proxy: None,
        http2: Http2::Everywhere,
    }
}

/// A target that takes three requests at a time, and looks at what comes only while it is awake.
struct Target {
    stats: Arc<Stats>,
    is_awake: Arc<AtomicBool>,
}

impl Target {
    fn new() -> Self {
        Self { stats: Arc::default(), is_awake: Arc::new(AtomicBool::new(true)) }
    }

    async fn session(&self, list: Option<&Arc<Sessions>>) -> Arc<Session> {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let is_awake = Arc::clone(&self.is_awake);
        tokio::spawn(async move {
            let mut target = ::h2::server::Builder::new()
                .max_concurrent_streams(3)
                .handshake::<_, bytes::Bytes>(far)
                .await
                .unwrap();
            loop {
                if is_awake.load(Ordering::Relaxed) {
                    timeout(Duration::from_millis(50), target.accept()).await.ok();
                }
                sleep(Duration::from_millis(50)).await;
            }
        });
        let connection = Connection::new(Box::new(near), Peer::Unknown, &self.stats);
        let list = list.map(|list| (Arc::downgrade(list), key()));
        Session::open(connection, &self.stats, list).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_has_room_for_what_the_target_takes() {
    let session = Target::new().session(None).await;
    let places: Vec<Place> = (0..3).map(|_| session.place()).collect();
    assert_eq!(places.iter().map(|place| place.reused).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(session.room(), 0);
    drop(places);
    assert_eq!(session.room(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_answers_no_ping_gets_no_further_requests_until_it_does() {
    let target = Target::new();
    let session = target.session(None).await;
    let _place = session.place();
    sleep(Duration::from_secs(60)).await;
    assert!(session.is_usable(), "it has answered pings all the time");
    target.is_awake.store(false, Ordering::Relaxed);
    sleep(Duration::from_secs(40)).await;
    assert!(!session.is_usable());
    target.is_awake.store(true, Ordering::Relaxed);
    sleep(Duration::from_secs(2)).await;
    assert!(session.is_usable());
}

#[tokio::test(start_paused = true)]
async fn sessions_are_shared_and_forgotten_when_nobody_has_used_them_for_a_while() {
    let target = Target::new();
    let sessions = Arc::new(Sessions::default());
    let Turn::Open(opening) = sessions.turn(&key(), 16) else { panic!("there was one already") };
    let Turn::Wait(mut outcome) = sessions.turn(&key(), 16) else { panic!("two would connect") };
    let session = target.session(Some(&sessions)).await;
    opening.opened(&session);
    assert!(matches!(*outcome.wait_for(Option::is_some).await.unwrap(), Some(Ok(()))));
    drop(session);
    let Turn::Place(place) = sessions.turn(&key(), 16) else { panic!("it is not shared") };
    sleep(Duration::from_secs(10)).await;
    assert!(matches!(sessions.turn(&key(), 16), Turn::Place(_)), "it is in use");
    drop(place);
    sleep(Duration::from_secs(10)).await;
    assert!(matches!(sessions.turn(&key(), 16), Turn::Open(_)));
    assert_eq!(target.stats.idle.load(Ordering::Relaxed), 0);
    assert_eq!(target.stats.connections.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn when_whoever_connects_gives_up_another_one_does() {
    let sessions = Arc::new(Sessions::default());
    let Turn::Open(opening) = sessions.turn(&key(), 16) else { panic!("there was one already") };
    let Turn::Wait(mut outcome) = sessions.turn(&key(), 16) else { panic!("two would connect") };
    drop(opening);
    assert!(outcome.wait_for(Option::is_some).await.is_err());
    assert!(matches!(sessions.turn(&key(), 16), Turn::Open(_)));
}

#[tokio::test(start_paused = true)]
async fn a_target_that_has_chosen_http1_is_not_waited_for_again() {
    let sessions = Arc::new(Sessions::default());
    let Turn::Open(opening) = sessions.turn(&key(), 16) else { panic!("there was one already") };
    opening.speaks_http1();
    assert!(matches!(sessions.turn(&key(), 16), Turn::Alone));
    assert!(matches!(sessions.turn(&key(), 16), Turn::Alone));
}

#[tokio::test(start_paused = true)]
async fn beyond_the_most_sessions_requests_queue() {
    let target = Target::new();
    let sessions = Arc::new(Sessions::default());
    let session = target.session(Some(&sessions)).await;
    sessions.keep(&key(), &session);
    let _places: Vec<Place> = (0..3).map(|_| session.place()).collect();
    assert!(matches!(sessions.turn(&key(), 2), Turn::Open(_)), "there may be another");
    assert!(matches!(sessions.turn(&key(), 1), Turn::Place(_)));
}

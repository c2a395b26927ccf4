use super::super::handover::{Handover, Needs};
use super::super::tests::{context, settings};
use super::super::{Handed, Limits};
use super::*;
use std::sync::Mutex;
use tokio::io::duplex;
use tokio::sync::Notify;
use tokio::time::sleep;

/// A door's session with a client that has asked for something that nobody answers, and the client's way to stop reading. Node is asked,
/// because the clock does not wait for sockets.
fn asked(limits: Limits) -> (impl Future<Output = ()>, Arc<Notify>) {
    let held: Mutex<Vec<Handed>> = Mutex::default();
    let needs = Arc::new(Needs::default());
    needs.set(1);
    let admit = move |one| held.lock().unwrap().push(one);
    let handover = Handover::new(needs, false, &[], Duration::ZERO, admit).unwrap();
    let mut settings = settings("127.0.0.1:1".parse().unwrap(), limits);
    settings.handover = Some(Arc::new(handover));
    let visitor = Visitor {
        settings: Arc::new(settings),
        stats: Arc::default(),
        remote: None,
        local: None,
        session: None,
        asked: None,
    };
    let (far, near) = duplex(64 * 1024);
    let stops = Arc::new(Notify::new());
    tokio::spawn({
        let stops = Arc::clone(&stops);
        async move {
            let (mut sender, mut connection) = h2::client::handshake(far).await.unwrap();
            let request = http::Request::get("http://me/").body(()).unwrap();
            let (_answer, _) = sender.send_request(request, true).unwrap();
            tokio::select! {
                _ = &mut connection => {}
                () = stops.notified() => pending().await,
            }
        }
    });
    let stage = watch::Sender::new(Stage::Open);
    let receiver = stage.subscribe();
    let session = async move {
        let _open = stage;
        serve(Box::new(near), visitor, receiver, context()).await;
    };
    (session, stops)
}

fn limits() -> Limits {
    Limits { head_time: Duration::from_secs(10), ..Limits::default() }
}

#[tokio::test(start_paused = true)]
async fn a_busy_client_that_answers_pings_is_kept() {
    let (session, _stops) = asked(limits());
    assert!(timeout(Duration::from_secs(600), session).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_busy_client_that_does_not_answer_a_ping_is_left() {
    let (session, stops) = asked(limits());
    let began = Instant::now();
    tokio::spawn(async move {
        sleep(Duration::from_secs(60)).await;
        stops.notify_one();
    });
    timeout(Duration::from_secs(600), session).await.unwrap();
    let took = began.elapsed();
    assert!(took > Duration::from_secs(60) && took <= Duration::from_secs(60) + 2 * PING, "{took:?}");
}

use super::*;
use crate::engine::Target;
use crate::engine::config::Timeouts;
use crate::engine::error::Peer;
use crate::engine::head::{Fields, RequestHead, Version};
use crate::engine::ring::Completion;
use crate::engine::upstream::{Connection, Lookup};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

mod limits;

/// Hands out the near ends of pipes; the tests play the target at the far ends.
struct Pipes {
    stats: Arc<Stats>,
    near: Mutex<VecDeque<DuplexStream>>,
}

impl Connect for Pipes {
    fn connect<'a>(
        &'a self,
        _key: &'a Key,
        _timeouts: Timeouts,
        _lookup: &'a dyn Lookup,
    ) -> Pin<Box<dyn Future<Output = Result<Connection, Error>> + Send + 'a>> {
        let pipe = self
            .near
            .lock()
            .unwrap()
            .pop_front()
            .expect("an exchange connects more often than its test expects");
        Box::pin(async move { Ok(Connection::new(Box::new(pipe), Peer::Unknown, &self.stats)) })
    }
}

struct Bench {
    context: Context,
    far: VecDeque<DuplexStream>,
}

impl Bench {
    fn new(connections: usize) -> Self {
        let stats = Arc::new(Stats::default());
        let (near, far) = (0..connections).map(|_| tokio::io::duplex(1024 * 1024)).unzip();
        let connector = Arc::new(Pipes { stats: Arc::clone(&stats), near: Mutex::new(near) });
        let pool = Arc::new(Pool::new(Arc::clone(&stats)));
        let ring = Arc::new(Ring::new(|| {}));
        Self { context: Context { pool, connector, ring, stats }, far }
    }

    fn start(&self, order: Order) -> Exchange {
        let (exchange, life) = prepare(order, self.context.clone());
        tokio::spawn(life);
        exchange
    }

    fn target(&mut self) -> DuplexStream {
        self.far.pop_front().unwrap()
    }

    /// The next completion.
    async fn completion(&self) -> Event {
        loop {
            let mut out: Vec<Completion> = Vec::new();
            self.context.ring.drain(1, &mut out);
            if let Some(completion) = out.pop() {
                return completion.event;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn idle(&self) -> usize {
        self.context.stats.idle.load(Ordering::Relaxed)
    }
}

fn order(method: &'static str, framing: Option<Framing>, body: Option<&'static str>) -> Order {
    let mut fields = Fields::default();
    fields.push("host", "x");
    let head = RequestHead { method: method.into(), target: "/".into(), version: Version::Http11, fields };
    Order {
        id: 7,
        config: Arc::new(Config::new(Target::parse("http://h").unwrap())),
        outbound: Outbound { head, framing, client_host: None, verbatim: false },
        body: body.map(Bytes::from),
        raw_head: false,
        announced: false,
        upgrade: None,
        #[cfg(feature = "fault-injection")]
        panic: false,
    }
}

fn get() -> Order {
    order("GET", None, Some(""))
}

async fn read_head(target: &mut DuplexStream) -> String {
    let mut received = Vec::new();
    while !received.ends_with(b"\r\n\r\n") {
        received.push(target.read_u8().await.unwrap());
    }
    String::from_utf8(received).unwrap()
}

async fn read_text(target: &mut DuplexStream, length: usize) -> String {
    let mut received = vec![0; length];
    target.read_exact(&mut received).await.unwrap();
    String::from_utf8(received).unwrap()
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

#[tokio::test(start_paused = true)]
async fn a_small_response_is_one_completion_and_its_connection_is_kept() {
    let mut bench = Bench::new(1);
    let mut target = bench.target();
    for _ in 0..2 {
        bench.start(get());
        assert_eq!(
            read_head(&mut target).await,
            "GET / HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n\r\n"
        );
        target.write_all(OK).await.unwrap();
        let Event::Response(head, Some(body)) = bench.completion().await else { panic!("not whole") };
        assert_eq!((head.status, &body[..]), (200, &b"hi"[..]));
        tokio::task::yield_now().await;
        assert_eq!(bench.idle(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_with_bytes_nobody_asked_for_is_not_kept() {
    let mut bench = Bench::new(1);
    let mut target = bench.target();
    bench.start(get());
    read_head(&mut target).await;
    target.write_all(&[OK, OK].concat()).await.unwrap();
    assert!(matches!(bench.completion().await, Event::Response(..)));
    tokio::task::yield_now().await;
    assert_eq!(bench.idle(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stale_connection_is_replaced_once_for_what_may_be_repeated() {
    let mut bench = Bench::new(2);
    let mut target = bench.target();
    bench.start(get());
    read_head(&mut target).await;
    target.write_all(OK).await.unwrap();
    bench.completion().await;
    // The second request goes out over the pooled connection, which closes without an answer.
    bench.start(get());
    read_head(&mut target).await;
    drop(target);
    let mut fresh = bench.target();
    read_head(&mut fresh).await;
    fresh.write_all(OK).await.unwrap();
    assert!(matches!(bench.completion().await, Event::Response(..)));
    assert_eq!(bench.context.stats.retries.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_post_is_never_sent_twice() {
    let mut bench = Bench::new(1);
    let mut target = bench.target();
    bench.start(get());
    read_head(&mut target).await;
    target.write_all(OK).await.unwrap();
    bench.completion().await;
    bench.start(order("POST", Some(Framing::Length(1)), Some("x")));
    read_head(&mut target).await;
    drop(target);
    let Event::Failed(error) = bench.completion().await else { panic!("not failed") };
    assert_eq!((error.code(), error.to_string().as_str()), ("ECONNRESET", "socket hang up"));
}

#[tokio::test(start_paused = true)]
async fn a_streamed_put_is_repeated_from_the_beginning() {
    let mut bench = Bench::new(2);
    let mut target = bench.target();
    bench.start(get());
    read_head(&mut target).await;
    target.write_all(OK).await.unwrap();
    bench.completion().await;
    let put = bench.start(order("PUT", Some(Framing::Length(4)), None));
    put.request_body().write(Bytes::from_static(b"ab"));
    read_head(&mut target).await;
    assert_eq!(read_text(&mut target, 2).await, "ab");
    drop(target);
    put.request_body().write(Bytes::from_static(b"cd"));
    put.request_body().finish(End::Complete(Fields::default()));
    let mut fresh = bench.target();
    read_head(&mut fresh).await;
    assert_eq!(read_text(&mut fresh, 4).await, "abcd");
    fresh.write_all(OK).await.unwrap();
    assert!(matches!(bench.completion().await, Event::Response(..)));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_asks_for_it_is_told_when_a_connection_is_there() {
    let mut bench = Bench::new(1);
    let mut target = bench.target();
    bench.start(Order { announced: true, ..order("POST", Some(Framing::Length(1)), None) });
    assert!(matches!(bench.completion().await, Event::Writable));
    read_head(&mut target).await;
    target.write_all(OK).await.unwrap();
    assert!(matches!(bench.completion().await, Event::Response(..)));
}

#[tokio::test(start_paused = true)]
async fn a_failure_says_whether_anything_had_come_back() {
    for (answer, answered) in [(&b""[..], false), (b"HTTP/1.", true), (b"garbage\r\n\r\n", true)] {
        let mut bench = Bench::new(1);
        let mut target = bench.target();
        bench.start(get());
        read_head(&mut target).await;
        target.write_all(answer).await.unwrap();
        drop(target);
        let Event::Failed(error) = bench.completion().await else { panic!("not failed") };
        assert_eq!(error.answered, answered, "{}", answer.escape_ascii());
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_stops_the_target() {
    let mut bench = Bench::new(1);
    let mut target = bench.target();
    let exchange = bench.start(get());
    read_head(&mut target).await;
    target.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let flood = tokio::spawn(async move {
        for _ in 0..64 {
            target.write_all(&[0; 64 * 1024]).await.unwrap();
        }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!flood.is_finished());
    assert!(exchange.response_body().len() <= Channel::WINDOW + 128 * 1024);
    let mut into = vec![0; 64 * 1024];
    let mut received = 0;
    while received < 64 * 64 * 1024 {
        received += exchange.response_body().read(&mut into);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    flood.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_cut_body_is_no_end() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
    ] {
        let mut bench = Bench::new(1);
        let mut target = bench.target();
        bench.start(get());
        read_head(&mut target).await;
        target.write_all(answer).await.unwrap();
        drop(target);
        let mut last = bench.completion().await;
        while matches!(last, Event::Readable | Event::Response(_, None)) {
            last = bench.completion().await;
        }
        let Event::Failed(error) = last else { panic!("{}: {last:?}", answer.escape_ascii()) };
        assert!(matches!(error.kind, Kind::Cut), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_before_the_upload_is_over_wins_and_ends_the_connection() {
    let mut bench = Bench::new(1);
    let mut target = bench.target();
    let exchange = bench.start(order("POST", Some(Framing::Chunked), None));
    exchange.request_body().write(Bytes::from_static(b"a"));
    read_head(&mut target).await;
    target.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    let Event::Response(head, Some(_)) = bench.completion().await else { panic!("no answer") };
    assert!(head.status == 413 && head.ends_connection);
    tokio::task::yield_now().await;
    assert_eq!((bench.idle(), bench.context.stats.connections.load(Ordering::Relaxed)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn giving_up_closes_the_connection_and_a_half_body_is_not_ended() {
    let mut bench = Bench::new(1);
    let mut target = bench.target();
    let exchange = bench.start(order("POST", Some(Framing::Chunked), None));
    exchange.request_body().write(Bytes::from_static(b"half"));
    read_head(&mut target).await;
    assert_eq!(read_text(&mut target, 9).await, "4\r\nhalf\r\n");
    exchange.abort();
    let Event::Failed(error) = bench.completion().await else { panic!("not failed") };
    assert!(matches!(error.kind, Kind::Cancelled));
    let mut rest = Vec::new();
    target.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "{}", rest.escape_ascii());
}

#[tokio::test(start_paused = true)]
async fn chunks_and_trailers_travel_both_ways() {
    let mut bench = Bench::new(1);
    let mut target = bench.target();
    let exchange = bench.start(order("DELETE", Some(Framing::Chunked), None));
    exchange.request_body().write(Bytes::from_static(b"body"));
    let mut trailers = Fields::default();
    trailers.push("x-sum", "1");
    trailers.push("content-length", "99");
    exchange.request_body().finish(End::Complete(trailers));
    assert!(read_head(&mut target).await.contains("\r\ntransfer-encoding: chunked\r\n"));
    assert_eq!(read_text(&mut target, 24).await, "4\r\nbody\r\n0\r\nx-sum: 1\r\n\r\n");
    target
        .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-End: 2\r\n\r\n")
        .await
        .unwrap();
    let mut last = bench.completion().await;
    while !matches!(last, Event::End(_)) {
        last = bench.completion().await;
    }
    let Event::End(trailers) = last else { unreachable!() };
    assert_eq!(trailers.get(b"x-end"), Some(&b"2"[..]));
}

#[tokio::test(start_paused = true)]
async fn interim_responses_are_passed_on_and_bounded() {
    let mut bench = Bench::new(1);
    let mut target = bench.target();
    bench.start(get());
    read_head(&mut target).await;
    let hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    target.write_all(&hint.repeat(1000)).await.unwrap();
    target.write_all(OK).await.unwrap();
    let mut hints = 0;
    while let Event::Interim(head) = bench.completion().await {
        assert_eq!(head.status, 103);
        hints += 1;
    }
    assert_eq!(hints, 16, "the final response came after sixteen of a thousand hints");

    let mut bench = Bench::new(1);
    let mut target = bench.target();
    bench.start(get());
    read_head(&mut target).await;
    target.write_all(&b"HTTP/1.1 100 Continue\r\n\r\n".repeat(20_000)).await.unwrap();
    let mut last = bench.completion().await;
    while matches!(last, Event::Interim(_)) {
        last = bench.completion().await;
    }
    assert!(matches!(last, Event::Failed(error) if error.status() == 502));
}

#[tokio::test(start_paused = true)]
async fn a_body_of_another_length_than_announced_is_not_sent_as_if_it_were_whole() {
    for body in ["ab", "abcdef"] {
        let mut bench = Bench::new(1);
        let mut target = bench.target();
        let exchange = bench.start(order("POST", Some(Framing::Length(4)), None));
        read_head(&mut target).await;
        exchange.request_body().write(Bytes::from(body));
        exchange.request_body().finish(End::Complete(Fields::default()));
        let Event::Failed(error) = bench.completion().await else { panic!("not failed") };
        assert_eq!(error.status(), 400);
    }
}

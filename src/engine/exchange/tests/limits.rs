//! The limits of time, each on its own.

use super::*;
use crate::engine::error::Limit;

#[tokio::test(start_paused = true)]
async fn the_head_limit_is_a_deadline_that_drips_do_not_extend() {
    let mut bench = Bench::new(1);
    let mut target = bench.target();
    let second = Some(Duration::from_secs(1));
    bench.start(limited(get(), Timeouts { head: second, ..Timeouts::default() }));
    let dripping = tokio::spawn(async move {
        for byte in b"HTTP/1.1 200 OK\r\nA: b\r\n" {
            target.write_all(&[*byte]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    });
    let Event::Failed(error) = bench.completion().await else { panic!("not failed") };
    assert!(matches!(error.kind, Kind::Timeout(Limit::Head, None)));
    assert_eq!(error.status(), 504);
    dripping.abort();
}

#[tokio::test(start_paused = true)]
async fn the_idle_limit_is_between_two_reads() {
    let mut bench = Bench::new(1);
    let mut target = bench.target();
    let second = Some(Duration::from_secs(1));
    bench.start(limited(get(), Timeouts { idle: second, ..Timeouts::default() }));
    read_head(&mut target).await;
    target.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").await.unwrap();
    assert!(matches!(bench.completion().await, Event::Response(_, None)));
    for _ in 0..3 {
        target.write_all(b"x").await.unwrap();
        tokio::time::sleep(Duration::from_millis(900)).await;
    }
    let mut last = bench.completion().await;
    while matches!(last, Event::Readable) {
        last = bench.completion().await;
    }
    let Event::Failed(error) = last else { panic!("not failed: {last:?}") };
    assert!(matches!(error.kind, Kind::Timeout(Limit::Idle, None)));
}

#[tokio::test(start_paused = true)]
async fn the_total_limit_is_the_whole_exchange_s() {
    let second = Duration::from_secs(1);
    let timeouts = Timeouts { total: Some(second), named: true, ..Timeouts::default() };
    for (head, phase) in
        [(&b""[..], Phase::Head), (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", Phase::Body)]
    {
        let mut bench = Bench::new(1);
        let mut target = bench.target();
        bench.start(limited(get(), timeouts));
        read_head(&mut target).await;
        target.write_all(head).await.unwrap();
        let dripping = tokio::spawn(async move {
            while !head.is_empty() && target.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            tokio::time::sleep(Duration::from_secs(9)).await;
        });
        let mut last = bench.completion().await;
        while matches!(last, Event::Readable | Event::Response(_, None)) {
            last = bench.completion().await;
        }
        let Event::Failed(error) = last else { panic!("not failed: {last:?}") };
        assert!(matches!(error.kind, Kind::Timeout(Limit::Total, Some(after)) if after == second));
        assert_eq!((error.phase, error.code()), (phase, "ERR_PROXY_TOTAL_TIMEOUT"));
        dripping.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn without_limits_nothing_times_out() {
    let mut bench = Bench::new(1);
    let mut target = bench.target();
    bench.start(get());
    read_head(&mut target).await;
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    target.write_all(OK).await.unwrap();
    assert!(matches!(bench.completion().await, Event::Response(..)));
}

fn limited(mut order: Order, timeouts: Timeouts) -> Order {
    let mut config = Config::new(Target::parse("http://h").unwrap());
    config.timeouts = timeouts;
    order.config = Arc::new(config);
    order
}

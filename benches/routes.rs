//! What looking a route up costs, however many there are, beside a search through all of them: `cargo bench --no-default-features`.

#![expect(clippy::disallowed_types, reason = "a benchmark measures real time")]
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a program that says what it has measured"
)]

use rs_proxy_middleware::engine::route::{Extent, HostPattern, Place, Table};
use std::hint::black_box;
use std::time::{Duration, Instant};

const GOAL: Duration = Duration::from_nanos(300);

fn main() {
    println!("{:>8}  {:>10}  {:>10}  {:>10}  {:>10}", "routes", "lookup", "linear", "insert", "build");
    let mut at_most = Duration::ZERO;
    for count in [10, 1_000, 10_000, 100_000] {
        let paths: Vec<String> = (0..count).map(path).collect();
        let places: Vec<Place> = paths.iter().map(|path| place(path)).collect();
        let begun = Instant::now();
        let mut table = Table::default();
        for (place, n) in places.iter().zip(0_u32..) {
            table.insert(place, n);
        }
        let build = begun.elapsed();
        let requests: Vec<String> = (0..4096)
            .map(|n: usize| format!("{}/some/file", paths[n.wrapping_mul(2_654_435_761) % count]))
            .collect();
        let lookup =
            each(400_000, |n| table.find(b"example.com", requests[n % requests.len()].as_bytes()).is_some());
        let linear = each((40_000_000 / count).min(100_000), |n| {
            search(&paths, &requests[n % requests.len()]).is_some()
        });
        // Somebody reads the table: each change copies what it touches.
        let insert = each(2000, |n| {
            let _reader = black_box(table.clone());
            table.insert(&places[n % count], 0).is_some()
        });
        println!("{count:>8}  {lookup:>10.1?}  {linear:>10.1?}  {insert:>10.1?}  {build:>10.1?}");
        at_most = at_most.max(lookup);
    }
    assert!(at_most < GOAL, "a lookup is to take less than {GOAL:?}");
}

/// Four segments.
fn path(n: usize) -> String {
    format!("/service-{}/v{}/users/u{n}", n % 97, n % 7)
}

fn place(path: &str) -> Place {
    Place { host: HostPattern::Any, path: path.as_bytes().into(), extent: Extent::Segments }
}

/// The longest prefix, as dynamic-reverse-proxy finds it.
fn search<'a>(paths: &'a [String], request: &str) -> Option<&'a String> {
    paths.iter().filter(|path| request.starts_with(path.as_str())).max_by_key(|path| path.len())
}

/// The median of many short runs: on a busy machine some of them are interrupted.
fn each(times: usize, mut act: impl FnMut(usize) -> bool) -> Duration {
    let run = (times / 1000).max(1);
    let mut runs: Vec<Duration> = (0..times / run)
        .map(|n| {
            let begun = Instant::now();
            for n in n * run..(n + 1) * run {
                assert!(black_box(act(black_box(n))), "nothing was found");
            }
            begun.elapsed() / u32::try_from(run).unwrap()
        })
        .collect();
    runs.sort_unstable();
    runs[runs.len() / 2]
}

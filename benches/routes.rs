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

/// Routes of one kind, and requests for them.
struct Kind {
    name: &'static str,
    place: fn(usize) -> Place,
    /// Host and path.
    request: fn(usize) -> (String, String),
}

const KINDS: [Kind; 3] = [
    Kind { name: "four segments", place: |n| at("*", &service(n)), request: |n| any(&service(n)) },
    Kind { name: "a user's name", place: |n| at("*", &user(n)), request: |n| any(&user(n)) },
    Kind {
        name: "a user's host",
        place: |n| at(&host(n), "/"),
        request: |n| (format!("{}:8000", host(n)), "/lab/some/file".to_owned()),
    },
];

fn main() {
    println!(
        "{:<13} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "routes", "lookup", "at best", "linear", "insert", "build"
    );
    let mut at_most = Duration::ZERO;
    for kind in &KINDS {
        for count in [10, 1_000, 10_000, 100_000] {
            at_most = at_most.max(measure(kind, count));
        }
    }
    assert!(at_most < GOAL, "a lookup is to take less than {GOAL:?} when it is left alone, not {at_most:?}");
}

/// Gives what a look-up takes at best.
fn measure(Kind { name, place, request }: &Kind, count: usize) -> Duration {
    let places: Vec<Place> = (0..count).map(place).collect();
    let begun = Instant::now();
    let mut table = Table::default();
    for (place, n) in places.iter().zip(0_u32..) {
        table.insert(place, n);
    }
    let build = begun.elapsed();
    let requests = Requests::new((0..4096_usize).map(|n| request(n.wrapping_mul(2_654_435_761) % count)));
    let look_up = |n: usize| {
        let (host, path) = requests.get(n);
        table.find(host.as_bytes(), path.as_bytes()).is_some()
    };
    let (at_best, lookup) = each(400_000, look_up);
    let search = |n: usize| {
        let (host, path) = requests.get(n);
        // Which one it is matters, or the compiler would have the first one that matches do.
        black_box(search(&places, host, path.as_bytes())).is_some()
    };
    let (_, linear) = each((40_000_000 / count).min(100_000), search);
    // Somebody reads the table: each change copies what it touches.
    let (_, insert) = each(2000, |n| {
        let _reader = black_box(table.clone());
        table.insert(&places[n % count], 0).is_some()
    });
    println!(
        "{name:<13} {count:>7} {lookup:>9.1?} {at_best:>9.1?} {linear:>9.1?} {insert:>9.1?} {build:>9.1?}"
    );
    at_best
}

/// One behind the other: what is asked for has just been read, and is not what a look-up waits for.
struct Requests {
    text: String,
    /// Where each begins, where its path does, and where it ends.
    at: Vec<[usize; 3]>,
}

impl Requests {
    fn new(requests: impl Iterator<Item = (String, String)>) -> Self {
        let mut all = Self { text: String::new(), at: Vec::new() };
        for (host, path) in requests {
            let begin = all.text.len();
            all.text.push_str(&host);
            let middle = all.text.len();
            all.text.push_str(&path);
            all.at.push([begin, middle, all.text.len()]);
        }
        all
    }

    fn get(&self, n: usize) -> (&str, &str) {
        let [begin, middle, end] = self.at[n % self.at.len()];
        (&self.text[begin..middle], &self.text[middle..end])
    }
}

fn service(n: usize) -> String {
    format!("/service-{}/v{}/users/u{n}", n % 97, n % 7)
}

fn user(n: usize) -> String {
    format!("/user/{}.{}{}", NAMES[n % 16], NAMES[n / 16 % 16], n / 256)
}

fn host(n: usize) -> String {
    format!("{}-{n}.hub.example.com", NAMES[n % 16])
}

const NAMES: [&str; 16] = [
    "anna", "bernd", "carla", "dmitri", "emma", "farid", "greta", "hassan", "ines", "jan", "keiko", "luis",
    "maria", "nils", "olga", "pedro",
];

fn any(path: &str) -> (String, String) {
    ("example.com".to_owned(), format!("{path}/some/file"))
}

fn at(host: &str, path: &str) -> Place {
    let path = path.trim_end_matches('/').as_bytes().into();
    Place { host: HostPattern::parse(host).unwrap(), path, extent: Extent::Segments }
}

/// The longest prefix, as dynamic-reverse-proxy finds it.
fn search<'a>(places: &'a [Place], host: &str, path: &[u8]) -> Option<&'a Place> {
    let host = host.split(':').next();
    let is_for = |place: &Place| match &place.host {
        HostPattern::Exactly(own) => Some(&**own) == host,
        _ => true,
    };
    let matching = places.iter().filter(|place| path.starts_with(&place.path) && is_for(place));
    matching.max_by_key(|place| place.path.len())
}

/// Of many short runs the fastest tenth, and the median: others on the machine interrupt, and take the caches for themselves.
fn each(times: usize, mut act: impl FnMut(usize) -> bool) -> (Duration, Duration) {
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
    (runs[runs.len() / 10], runs[runs.len() / 2])
}

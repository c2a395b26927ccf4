use super::*;
use proptest::prelude::*;

fn place(host: &str, path: &str, extent: Extent) -> Place {
    Place { host: HostPattern::parse(host).unwrap(), path: path.as_bytes().into(), extent }
}

fn found(table: &Table<u32>, host: &str, path: &str) -> Option<u32> {
    table.find(host.as_bytes(), path.as_bytes()).map(|found| *found.value)
}

#[test]
fn exact_hosts_then_the_longest_suffix_then_any() {
    let mut table = Table::default();
    for (host, path, value) in [
        ("*", "", 1),
        ("*.test", "/a", 2),
        ("*.b.test", "", 3),
        ("b.test", "/a", 4),
        ("c.b.test", "/c", 5),
        ("[::1]", "", 6),
        ("B\u{fc}cher.example.", "", 7),
    ] {
        table.insert(&place(host, path, Extent::Segments), value);
    }
    for (host, path, wanted) in [
        ("other", "/", 1),
        ("", "/", 1),
        ("x.test", "/a", 2),
        ("x.test", "/b", 1),
        ("b.test", "/a", 4),
        ("b.test", "/b", 1),
        ("B.Test.:8080", "/a/x", 4),
        ("x.b.test", "/a", 3),
        ("x.y.b.test", "/", 3),
        ("c.b.test", "/c", 5),
        ("c.b.test", "/d", 3),
        ("xb.test", "/", 1),
        ("[::1]:80", "/", 6),
        ("xn--bcher-kva.example", "/", 7),
    ] {
        assert_eq!(found(&table, host, path), Some(wanted), "{host} {path}");
    }
    let far_too_long = "a".repeat(300);
    assert_eq!(found(&table, &far_too_long, "/"), Some(1));
}

#[test]
fn what_is_no_host_is_refused() {
    for text in ["a b", "*.", "*.*.test", "a/b", "*x", "[::1", "a@b"] {
        assert_eq!(HostPattern::parse(text), Err(InvalidHost), "{text}");
    }
}

#[test]
fn routes_come_and_go() {
    let mut table = Table::default();
    let a = place("a.test", "/x", Extent::Segments);
    assert_eq!(table.insert(&a, 1), None);
    assert_eq!(table.insert(&a, 2), Some(1));
    assert_eq!(table.insert(&place("a.test", "/x", Extent::Exact), 3), None);
    assert_eq!((table.len(), table.get(&a)), (2, Some(&2)));
    let before = table.clone();
    assert_eq!(table.remove(&a), Some(2));
    assert_eq!(table.remove(&a), None);
    assert_eq!(table.remove(&place("a.test", "/x", Extent::Exact)), Some(3));
    assert!(table.is_empty());
    assert_eq!(found(&table, "a.test", "/x/y"), None);
    assert_eq!(found(&before, "a.test", "/x/y"), Some(2));
}

/// What the table is to answer, looked for one route after the other.
fn linear(routes: &[(Place, u32)], host: &str, path: &str) -> Option<u32> {
    let host = host.to_ascii_lowercase();
    let rank = |place: &Place| {
        let host = match &place.host {
            HostPattern::Any => 0,
            HostPattern::Below(suffix) => {
                host.strip_suffix(&**suffix).filter(|rest| rest.ends_with('.')).map(|_| suffix.len())?
            }
            HostPattern::Exactly(own) => (host == **own).then_some(usize::MAX)?,
        };
        let rest = path.as_bytes().strip_prefix(&*place.path)?;
        let matches = match place.extent {
            Extent::Exact => rest.is_empty(),
            Extent::Segments => matches!(rest, [] | [b'/', ..]),
            Extent::Text => true,
        };
        let extent = match place.extent {
            Extent::Exact => 2,
            Extent::Segments => 1,
            Extent::Text => 0,
        };
        matches.then_some((host, extent == 2, place.path.len(), extent))
    };
    routes.iter().filter_map(|(place, value)| Some((rank(place)?, *value))).max().map(|(_, value)| value)
}

fn any_place() -> impl Strategy<Value = Place> {
    let host = prop_oneof![
        3 => Just("*"), 2 => Just("*.b.c"), 1 => Just("*.c"), 2 => Just("a.b.c"), 1 => Just("b.c"), 1 => Just("a.a.b.c")
    ];
    let extent = prop_oneof![2 => Just(Extent::Segments), 1 => Just(Extent::Exact), 1 => Just(Extent::Text)];
    (host, any_path(), extent).prop_map(|(host, path, extent)| place(host, &path, extent))
}

/// Short ones that have much in common; some of bytes that are far apart, and some longer than what one node holds.
fn any_path() -> impl Strategy<Value = String> {
    prop_oneof![6 => "(/[ab]{0,2}){0,3}", 2 => "/[-0a~\u{e9}]{0,2}(/a)?", 2 => "/a{12,16}(b{12,30})?(/b)?"]
}

fn any_request() -> impl Strategy<Value = String> {
    prop_oneof![6 => "(/[ab]{0,3}){1,4}", 2 => "/[-0a~\u{e9}]{0,2}(/a){0,2}", 2 => "/a{12,16}(b{12,30})?(/b)?a?"]
}

/// `NIGHTLY=1`: a hundred thousand.
fn tables() -> u32 {
    if std::env::var_os("NIGHTLY").is_some() { 100_000 } else { 500 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(tables()))]

    #[test]
    fn the_table_agrees_with_a_linear_search(
        changes in prop::collection::vec((any_place(), any::<bool>()), 0..40),
        requests in prop::collection::vec(("(a\\.|A\\.|x\\.){0,2}b\\.c|a|", any_request()), 1..40),
    ) {
        let mut table = Table::default();
        let mut routes: Vec<(Place, u32)> = Vec::new();
        for (value, (place, stays)) in (0..).zip(changes) {
            let known = routes.iter().position(|(other, _)| *other == place).map(|at| routes.remove(at).1);
            if stays {
                prop_assert_eq!(table.insert(&place, value), known);
                routes.push((place, value));
            } else {
                prop_assert_eq!(table.remove(&place), known);
            }
            prop_assert_eq!(table.len(), routes.len());
        }
        for (host, path) in requests {
            prop_assert_eq!(found(&table, &host, &path), linear(&routes, &host, &path), "{} {}", host, path);
        }
    }
}

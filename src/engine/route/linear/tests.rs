use super::Automaton;
use proptest::prelude::*;

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn automaton(source: &str) -> Option<Automaton> {
    Automaton::new(&units(source))
}

fn is_match(automaton: &Automaton, text: &str) -> bool {
    automaton.is_match(units(text).into_iter())
}

/// Expressions without a loop in a loop, which the other engine may not come back from; they need not be valid.
fn source() -> impl Strategy<Value = String> {
    let unit = || {
        prop::sample::select(vec![
            "a", "b", "/", ".", r"\.", "[^/]", "[ab]", "[^a]", "[a-c/]", "[]", "[^]", r"[\d.-]", r"[\b]",
            r"\d", r"\w", r"\W", r"\s", r"\S", r"\D", r"\x61", r"\u0062", r"\/", "]", "é",
        ])
        .prop_map(str::to_owned)
    };
    let nothing =
        prop::sample::select(vec!["^", "$", "(?!a)", "(?=b)", r"(?!(?:^|\/)\.)", ""]).prop_map(str::to_owned);
    let quantifier = prop::sample::select(vec!["*", "+", "?", "*?", "+?", "??"]);
    let repeated = (prop::collection::vec(unit(), 1..3), prop::collection::vec(unit(), 0..3), quantifier)
        .prop_map(|(one, other, quantifier)| {
            format!("(?:{}|{}){quantifier}", one.concat(), other.concat() + "a")
        });
    prop_oneof![unit(), nothing, repeated]
        .prop_recursive(4, 24, 4, |inner| {
            let several = || prop::collection::vec(inner.clone(), 1..4);
            prop_oneof![
                several().prop_map(|parts| parts.concat()),
                several().prop_map(|branches| format!("(?:{})", branches.join("|"))),
                several().prop_map(|parts| format!("({})?", parts.concat())),
                several().prop_map(|branches| format!("(?!{})", branches.join("|"))),
                several().prop_map(|parts| format!("(?={})", parts.concat())),
            ]
        })
        .prop_map(|tree| format!("^(?:{tree})"))
        .prop_flat_map(|tree| prop::sample::select(vec![format!("{tree}$"), tree]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn answers_as_a_backtracking_engine_does(source in source(), texts in prop::collection::vec("[abc/.1 é\n]{1,7}", 8)) {
        let Ok(oracle) = regress::Regex::from_unicode(source.encode_utf16().map(u32::from), "") else { return Ok(()) };
        let Some(table) = automaton(&source) else { return Ok(()) };
        let Some(stepped) = automaton(&source).map(Automaton::without_table) else { return Ok(()) };
        for text in texts {
            let expected = oracle.find_from_ucs2(&units(&text), 0).next().is_some();
            prop_assert_eq!(is_match(&table, &text), expected, "{} on {:?}", source, text);
            prop_assert_eq!(is_match(&stepped, &text), expected, "{} on {:?}, without a table", source, text);
        }
    }
}

#[test]
fn takes_what_picomatch_writes() {
    for source in [
        r"^(?:\/api(?:\/(?!\.)(?:(?:(?!(?:^|\/)\.).)*?)|$))$",
        r"^(?!^(?:(?:^|\/|(?:(?:(?!(?:^|\/)\.).)*?)\/)(?!\.)(?=.)[^/]*?\.json)$).*$",
        r"^(?:\/(?:(?!(?:a|b)$)[^/]*?))$",
        r"^(?:\/[a-c][^/]*?\/?)$",
    ] {
        assert!(automaton(source).unwrap().has_table(), "{source}");
    }
}

#[test]
fn leaves_the_rest_to_another_engine() {
    for source in [
        "a", "a|^b", r"^(a)\1", "^(?<=a)b", "^(?<n>a)", r"^\ba", "^a{2}", r"^\cA", r"^\0", "^(?=a)*",
        r"^[\w-a]", r"^\k", r"^\u{61}",
    ] {
        assert!(automaton(source).is_none(), "{source}");
    }
    let deep = |depth: usize| format!("^{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(automaton(&deep(100)).is_some());
    assert!(automaton(&deep(101)).is_none());
    assert!(automaton(&format!("^{}", "a".repeat(10_000))).is_none());
}

#[test]
fn needs_one_pass_over_a_long_text() {
    // A backtracking engine needs billions of steps for each of these.
    let text = "/-".repeat(8 * 1024);
    for source in [
        r"^(?:\/.*?-.*?-.*?-.*?-b)$",
        "^(?:(?:/?-?)*)*b$",
        r"^(?:(?:(?:(?!(?:^|\/)\.).)*?)-(?:(?:(?!(?:^|\/)\.).)*?)-b)$",
    ] {
        assert!(!is_match(&automaton(source).unwrap(), &text), "{source}");
    }
}

#[test]
fn works_without_a_table_if_that_would_be_too_large() {
    // Read backwards, each of the last places may be the one that is counted from: a state for every combination.
    let automaton = automaton(&format!("^{}a.*$", "[ab]".repeat(17))).unwrap();
    assert!(!automaton.has_table());
    assert!(is_match(&automaton, &format!("{}ab", "b".repeat(17))));
    assert!(!is_match(&automaton, &format!("{}ab", "b".repeat(16))));
}

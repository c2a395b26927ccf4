use super::{Glob, PathFilter, Separators};

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// The regular expressions are those of picomatch 2.3.
fn glob(text: &str, source: &str, negated: bool) -> Glob {
    Glob::new(&units(text), &units(source), negated, Separators::Slash).unwrap()
}

fn everything_below_api() -> Glob {
    glob("/api/**", r"^(?:\/api(?:\/(?!\.)(?:(?:(?!(?:^|\/)\.).)*?)|$))$", false)
}

fn no_json() -> Glob {
    glob("!**/*.json", r"^(?!^(?:(?:^|\/|(?:(?:(?!(?:^|\/)\.).)*?)\/)(?!\.)(?=.)[^/]*?\.json)$).*$", true)
}

#[test]
fn a_prefix_ends_anywhere() {
    let filter = PathFilter::prefixes(["/api", "/é"]);
    for (path, expected) in
        [("/api", true), ("/apix", true), ("/é/x", true), ("/ap", false), ("", false), ("/e", false)]
    {
        assert_eq!(filter.matches(path), expected, "{path}");
        assert_eq!(filter.matches_units(&units(path)), expected, "{path}");
    }
    assert!(!PathFilter::prefixes(Vec::<String>::new()).matches("/api"));
    assert!(PathFilter::prefixes([""]).matches(""));
}

#[test]
fn wildcards_pass_over_no_dot_segment() {
    let filter = PathFilter::globs([everything_below_api()]);
    for (path, expected) in
        [("/api", true), ("/api/a/b", true), ("/api/.git", false), ("/api/😀", true), ("/apis", false)]
    {
        assert_eq!(filter.matches(path), expected, "{path}");
    }
}

#[test]
fn the_last_glob_that_speaks_wins() {
    let filter = PathFilter::globs([everything_below_api(), no_json()]);
    assert!(filter.matches("/api/a.js"));
    assert!(!filter.matches("/api/a.json"));
    assert!(!filter.matches("/other/a.js"));
    assert!(PathFilter::globs([no_json(), everything_below_api()]).matches("/api/a.json"));
}

#[test]
fn negated_globs_alone_take_away_from_everything() {
    let filter = PathFilter::globs([no_json()]);
    assert!(filter.matches("/anything"));
    assert!(!filter.matches("/a.json"));
    assert!(!filter.matches(""));
}

#[test]
fn no_globs_let_nothing_through() {
    assert!(!PathFilter::globs([]).matches("/"));
}

#[test]
fn a_question_mark_is_one_code_unit() {
    let filter = PathFilter::globs([glob("/a/b?", r"^(?:\/a\/b[^/])$", false)]);
    assert!(filter.matches("/a/bé"));
    assert!(!filter.matches("/a/b😀"));
    assert!(filter.matches_units(&[b'/'.into(), b'a'.into(), b'/'.into(), b'b'.into(), 0xd83d]));
}

#[test]
fn a_backslash_separates_on_windows() {
    let glob = |text: &str, source| {
        Glob::new(&units(text), &units(source), false, Separators::SlashAndBackslash).unwrap()
    };
    let filter = PathFilter::globs([glob("/a/b*", r"^(?:[\\/]a[\\/]b[^\\/]*?[\\/]?)$")]);
    assert!(filter.matches(r"\a\bc"));
    assert!(filter.matches("/a/bc"));
    assert!(!filter.matches(r"/a/b\c\d"));
}

#[test]
fn a_glob_matches_its_own_text() {
    assert!(PathFilter::globs([glob("/[a", r"^(?:never)$", false)]).matches("/[a"));
}

#[test]
fn globset_runs_what_is_plain() {
    // None of these expressions can match, so what matches does so by globset.
    let plain = |text| {
        let glob = glob(text, "$^", false);
        assert!(glob.is_plain(), "{text}");
        PathFilter::globs([glob])
    };
    assert!(plain("/api/v*").matches("/api/v1"));
    assert!(plain("/api/v*").matches("/api/v1/"));
    assert!(!plain("/api/v*").matches("/api/v1/a"));
    assert!(plain("/api/v*/x").matches("/api/v/x"));
    assert!(plain("/api/v?").matches("/api/v1"));
    assert!(!plain("/api/v?").matches("/api/v1/"));
    assert!(plain("/static/app-*.{js,css}").matches("/static/app-1.css"));
}

#[test]
fn globset_runs_nothing_else() {
    for text in [
        "/api/**",
        "/api/*",
        "/api/?",
        "/*",
        "/.a*",
        "/a**",
        "/a*?",
        "/a/{b}",
        "/a/{,b}",
        "/a/{1..3}",
        "/a/{b,{c,d}}",
        "/a{b",
        "/[a]",
        "/+(a)",
        "/a+",
        "/!a",
        "api*",
        "//a*",
        r"/a\*",
        "/é*",
        "",
        "/a*b{c,d}*}",
    ] {
        assert!(!glob(text, "a", false).is_plain(), "{text}");
    }
    assert!(!glob("!/a*", "a", true).is_plain());
}

#[test]
fn an_expression_that_cannot_be_run_is_refused() {
    let error = Glob::new(&units("/("), &units("("), false, Separators::Slash).unwrap_err();
    assert!(!error.to_string().is_empty());
}

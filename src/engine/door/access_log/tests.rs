use super::*;
use std::time::UNIX_EPOCH;

fn asked() -> Asked {
    Asked {
        method: "GET".into(),
        target: "/a?b=\"c\"".into(),
        protocol: "HTTP/1.1",
        host: Some("me".into()),
        referer: None,
        user_agent: Some(Bytes::from_static(b"curl \x1b[31m\xe9\n\"")),
    }
}

fn line(format: Format, asked: Option<&Asked>) -> String {
    let told = Told { status: 200, body: 12, took: Duration::from_micros(1500), why: None };
    let at = UNIX_EPOCH + Duration::from_secs(784_111_777);
    let mut out = Vec::new();
    format.write(&Line { at, client: Some("127.0.0.1".parse().unwrap()), asked, told }, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn the_formats_of_the_web_servers() {
    let common = r#"127.0.0.1 - - [06/Nov/1994:08:49:37 +0000] "GET /a?b=\"c\" HTTP/1.1" 200 12"#;
    assert_eq!(line(Format::Common, Some(&asked())), format!("{common}\n"));
    let agent = r#""-" "curl \x1B[31m\xE9\x0A\"""#;
    assert_eq!(line(Format::Combined, Some(&asked())), format!("{common} {agent}\n"));
}

#[test]
fn the_format_for_programs() {
    let wanted = r#"{"time":"1994-11-06T08:49:37Z","client":"127.0.0.1","method":"GET","target":"/a?b=\"c\"","protocol":"HTTP/1.1","host":"me","userAgent":"curl \u001b[31m\u00e9\u000a\"","status":200,"bytes":12,"ms":1.500}"#;
    assert_eq!(line(Format::Json, Some(&asked())), format!("{wanted}\n"));
}

#[test]
fn the_format_for_people() {
    let plain = line(Format::Short { coloured: false }, Some(&asked()));
    assert_eq!(plain, "200 GET /a?b=\\\"c\\\" 1.5 ms\n");
    let coloured = line(Format::Short { coloured: true }, Some(&asked()));
    assert!(coloured.starts_with("\x1b[32m200\x1b[39m GET /"), "{coloured:?}");
}

#[test]
fn what_failed_says_why() {
    let told = Told { status: 502, body: 0, took: Duration::ZERO, why: Some("connect \"it\"") };
    let written = |format: Format| {
        let mut out = Vec::new();
        format.write(&Line { at: UNIX_EPOCH, client: None, asked: None, told }, &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(written(Format::Short { coloured: false }), "502 - - 0.0 ms connect \\\"it\\\"\n");
    let ending = concat!(r#","error":"connect \"it\""}"#, "\n");
    assert!(written(Format::Json).ends_with(ending));
}

#[test]
fn what_was_no_request_has_a_line_as_well() {
    assert_eq!(line(Format::Short { coloured: false }, None), "200 - - 1.5 ms\n");
    assert!(line(Format::Common, None).contains("] \"-\" 200 12\n"));
    assert!(line(Format::Json, None).contains("\"client\":\"127.0.0.1\",\"status\":200"));
}

#[tokio::test]
async fn lines_are_in_the_file_once_it_is_finished() {
    let path = std::env::temp_dir().join(format!("rs-proxy-log-{}", std::process::id()));
    let log = AccessLog::open(Format::Common, Some(&path)).unwrap();
    let told = Told { status: 404, body: 0, took: Duration::ZERO, why: None };
    for _ in 0..1000 {
        log.add(None, Some(&asked()), told);
    }
    log.finish().await;
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!((text.lines().count(), log.lost()), (1000, 0));
    assert!(text.lines().all(|line| line.starts_with("- - - [") && line.ends_with(" 404 0")));
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_full_disk_loses_lines_and_nothing_else() {
    let log = AccessLog::open(Format::Common, Some(Path::new("/dev/full"))).unwrap();
    let told = Told { status: 200, body: 0, took: Duration::ZERO, why: None };
    log.add(None, None, told);
    log.finish().await;
    assert_eq!(log.lost(), 1);
}

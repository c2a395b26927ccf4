use super::*;
use proptest::prelude::*;

fn fields(lines: &[(&'static str, &'static str)]) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in lines {
        fields.push(name, value);
    }
    fields
}

fn parsed(text: &str) -> Fields {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let (_, headers) = httparse::parse_headers(text.as_bytes(), &mut headers).unwrap().unwrap();
    Fields::found(text.as_bytes().to_vec(), Found::new(text.as_bytes(), headers).unwrap())
}

#[test]
fn set_replaces_the_first_line_in_place_and_drops_the_others() {
    let mut fields = fields(&[("a", "1"), ("X", "2"), ("b", "3"), ("x", "4")]);
    fields.set("x", "new");
    assert_eq!(
        fields.iter().map(|f| (f.name, f.value)).collect::<Vec<_>>(),
        [(&b"a"[..], &b"1"[..]), (b"x", b"new"), (b"b", b"3")]
    );
}

#[test]
fn names_compare_without_case() {
    let fields = fields(&[("Content-Type", "text/plain")]);
    assert_eq!(fields.get(b"content-type"), Some(&b"text/plain"[..]));
    assert_eq!(fields.get_all(b"CONTENT-TYPE").count(), 1);
}

#[test]
fn names_with_the_same_mark_are_told_apart() {
    assert_eq!(mark(b"x-one-d"), mark(b"X-TWO-D"));
    let mut fields = fields(&[("x-one-d", "1"), ("x-two-d", "2")]);
    assert!(!fields.has_repeated());
    assert_eq!(fields.get(b"X-Two-D"), Some(&b"2"[..]));
    fields.push("X-One-D", "3");
    assert!(fields.has_repeated());
    fields.remove(b"x-two-d");
    assert_eq!(fields.len(), 2);
}

#[test]
fn a_head_is_written_in_as_few_pieces_as_it_has_become() {
    let mut fields =
        parsed("Host: x\r\nAccept: */*\r\nConnection: close\r\nX-A:  odd \t\r\nX-B:\r\nX-C: 1\r\n\r\n");
    let wire =
        |fields: &Fields| fields.pieces().map(|piece| piece.escape_ascii().to_string()).collect::<Vec<_>>();
    assert_eq!(
        wire(&fields),
        [r"Host: x\r\nAccept: */*\r\nConnection: close\r\n", r"X-A: odd\r\nX-B: \r\n", r"X-C: 1\r\n"]
    );
    fields.remove(b"connection");
    fields.lower_case_names();
    fields.rewrite(b"x-a", |value| Some([value, b"!"].concat()));
    assert_eq!(wire(&fields), [r"host: x\r\naccept: */*\r\n", r"x-a: odd!\r\n", r"x-b: \r\n", r"x-c: 1\r\n"]);
}

proptest! {
    #[test]
    fn what_is_read_is_what_was_written(
        lines in prop::collection::vec(("[A-Za-z-]{1,12}", "[ \t]{0,2}", "([!-~]([ -~]{0,20}[!-~])?)?"), 0..20),
        removed in 0_usize..20,
    ) {
        let text: String = lines.iter().map(|(name, space, value)| format!("{name}:{space}{value}{space}\r\n")).collect();
        let mut fields = parsed(&format!("{text}\r\n"));
        let mut wanted: Vec<_> = lines.iter().map(|(name, _, value)| (name.clone(), value.clone())).collect();
        if let Some((name, _)) = wanted.get(removed).cloned() {
            fields.remove(name.as_bytes());
            wanted.retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
        }
        let as_text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let found: Vec<_> = fields.iter().map(|f| (as_text(f.name), as_text(f.value))).collect();
        prop_assert_eq!(&found, &wanted);
        let wire: String = fields.pieces().map(as_text).collect();
        prop_assert_eq!(wire, wanted.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<String>());
    }
}

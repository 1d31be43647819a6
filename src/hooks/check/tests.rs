//! What holds for every check, and tables of single ones.

use super::*;
use bstr::ByteSlice;
use proptest::prelude::*;

/// The outcome of the content check `id` for a file of this name.
pub(super) fn look_with(id: &str, options: &Options, path: &str, content: &[u8]) -> Outcome {
    let check = find(id).unwrap_or_else(|| panic!("no check {id}"));
    let mut outcome = Outcome::clean();
    for look in check.looks {
        if let Look::Content(look) = look {
            let blob = Blob {
                path: path.into(),
                mode: Mode::Regular,
                content,
                before: None,
                lfs: false,
            };
            outcome = look(&File::new(blob), options);
        }
    }
    for finding in &outcome.findings {
        assert_eq!(finding.check, id);
    }
    outcome
}

pub(super) fn look(id: &str, path: &str, content: impl AsRef<[u8]>) -> Outcome {
    look_with(id, &Options::default(), path, content.as_ref())
}

/// Line and column of each finding.
pub(super) fn places(outcome: &Outcome) -> Vec<(usize, usize)> {
    outcome
        .findings
        .iter()
        .filter_map(|finding| finding.position)
        .map(|position| (position.line, position.column))
        .collect()
}

/// What the check makes of `content`: its fix, or the same.
fn fixed(id: &str, path: &str, content: &[u8]) -> Vec<u8> {
    let outcome = look(id, path, content);
    outcome.fixed.unwrap_or_else(|| {
        assert!(outcome.findings.is_empty(), "a finding without a fix");
        content.to_vec()
    })
}

#[test]
fn ids_are_unique_and_each_check_has_a_page() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut ids: Vec<&str> = CHECKS.iter().map(|check| check.id).collect();
    for check in CHECKS {
        assert!(!check.looks.is_empty(), "{}", check.id);
        let page = std::fs::read_to_string(root.join(check.page())).unwrap();
        assert!(
            page.starts_with(&format!("# {}\n", check.id)),
            "{}",
            check.id
        );
        let index = std::fs::read_to_string(root.join("docs/checks/README.md")).unwrap();
        let line = format!("| [{id}]({id}.md) | {} |", check.title, id = check.id);
        assert!(index.contains(&line), "{line}");
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), CHECKS.len());
}

#[test]
fn trailing_whitespace() {
    let cases: &[(&str, &[u8], &[u8])] = &[
        ("a.txt", b"", b""),
        ("a.txt", b"foo \nbar\t\nbaz", b"foo\nbar\nbaz"),
        ("a.txt", b"foo \t\r\nbar\r\n", b"foo\r\nbar\r\n"),
        ("a.txt", b"  \n\t", b"\n"),
        ("a.txt", b"a\n\x0c\nb\n", b"a\n\x0c\nb\n"),
        ("a.txt", b"caf\xe9 \n", b"caf\xe9\n"),
        ("a.txt", "a\u{a0}\n".as_bytes(), "a\u{a0}\n".as_bytes()),
        ("a.md", b"a  \nb \nc    \n\t\n\n  ", b"a  \nb\nc  \n\n\n"),
        ("a.md", b"a  \r\nb \r\n", b"a  \r\nb\r\n"),
        ("a.bin", b"a \0 \n", b"a \0 \n"),
        ("a.png", b"a \n", b"a \n"),
    ];
    for (path, before, after) in cases {
        let got = fixed("trailing-whitespace", path, before);
        assert_eq!(
            got.as_bstr(),
            after.as_bstr(),
            "{path} {}",
            before.as_bstr()
        );
    }
    let outcome = look("trailing-whitespace", "a", "é \nb\n\tc\t \r\n");
    assert_eq!(places(&outcome), [(1, 2), (3, 3)]);
    let options = Options {
        markdown_breaks: false,
        ..Options::default()
    };
    let outcome = look_with("trailing-whitespace", &options, "a.md", b"a  \n");
    assert_eq!(outcome.fixed.unwrap(), b"a\n");
    let many = look("trailing-whitespace", "a", " \n".repeat(1000));
    assert_eq!(many.findings.len(), 21);
    assert!(many.findings[20].message.starts_with("980 more lines"));
}

#[test]
fn final_newline() {
    let cases: &[(&[u8], &[u8])] = &[
        (b"", b""),
        (b"foo\n", b"foo\n"),
        (b"\n", b"\n"),
        (b"\n\n", b""),
        (b"foo", b"foo\n"),
        (b"foo\n\n\n", b"foo\n"),
        (b"foo\r\n\r\n", b"foo\r\n"),
        (b"foo\r\nbar", b"foo\r\nbar\r\n"),
        (b"foo\r\r", b"foo\r"),
        (b"a\0", b"a\0"),
    ];
    for (before, after) in cases {
        let got = fixed("final-newline", "a", before);
        assert_eq!(got.as_bstr(), after.as_bstr(), "{}", before.as_bstr());
    }
    assert_eq!(places(&look("final-newline", "a", "é\nab")), [(2, 3)]);
    assert_eq!(places(&look("final-newline", "a", "a\n\n\n")), [(2, 1)]);
}

#[test]
fn line_endings() {
    let cases: &[(Ending, &[u8], &[u8])] = &[
        (Ending::Most, b"a\r\nb\nc\n", b"a\nb\nc\n"),
        (Ending::Most, b"a\r\nb\nc\r\n", b"a\r\nb\r\nc\r\n"),
        (Ending::Most, b"a\rb\nc\r", b"a\rb\rc\r"),
        (Ending::Most, b"a\r\nb\n", b"a\nb\n"),
        (Ending::Most, b"a\r\nb\r", b"a\r\nb\r\n"),
        (Ending::Most, b"a\r\nb\r\nc", b"a\r\nb\r\nc"),
        (Ending::Most, b"a", b"a"),
        (Ending::Lf, b"a\r\nb\r\n", b"a\nb\n"),
        (Ending::Lf, b"a\r\r\nb", b"a\n\nb"),
        (Ending::Crlf, b"a\nb\rc\r\nd", b"a\r\nb\r\nc\r\nd"),
    ];
    for (ending, before, after) in cases {
        let options = Options {
            ending: *ending,
            ..Options::default()
        };
        let outcome = look_with("line-endings", &options, "a", before);
        let got = outcome.fixed.unwrap_or_else(|| before.to_vec());
        assert_eq!(
            got.as_bstr(),
            after.as_bstr(),
            "{ending:?} {}",
            before.as_bstr()
        );
    }
    let outcome = look("line-endings", "a", "a\nb\nc\r\n");
    assert_eq!(places(&outcome), [(3, 2)]);
    assert_eq!(outcome.findings[0].message, "1 of 3 lines do not end in LF");
}

#[test]
fn byte_order_mark() {
    assert_eq!(fixed("byte-order-mark", "a", b"\xEF\xBB\xBFx"), b"x");
    assert_eq!(
        fixed("byte-order-mark", "a", b"x\xEF\xBB\xBF"),
        b"x\xEF\xBB\xBF"
    );
    // UTF-16 has a use for it.
    assert_eq!(
        fixed("byte-order-mark", "a", b"\xFF\xFEx\0"),
        b"\xFF\xFEx\0"
    );
}

#[test]
fn merge_markers() {
    // Made from their parts, so that this file holds none.
    let (open, base, middle, close) = (
        "<".repeat(7) + " HEAD\n",
        "|".repeat(7) + " base\n",
        "=".repeat(7) + "\n",
        ">".repeat(7) + " topic\n",
    );
    let conflict = format!("x\n{open}a\n{base}b\n{middle}c\n{close}");
    let cases = [
        ("a.py", conflict.clone(), vec![2, 4, 6, 8]),
        ("a.md", conflict.replace('\n', "\r\n"), vec![2, 4, 6, 8]),
        ("a.py", open.clone(), vec![1]),
        ("a.py", close.clone(), vec![1]),
        ("a.md", close.clone(), vec![]),
        ("a.md", format!("Title\n{middle}"), vec![]),
        ("a.py", format!("\n{base}{middle}"), vec![]),
        ("a.py", format!("# {open}"), vec![]),
        ("a.py", format!("<{open}"), vec![]),
        ("a.py", "<<<<<<<\n>>>>>>>x\n".to_owned(), vec![]),
        ("a.png", conflict, vec![]),
    ];
    for (path, text, lines) in cases {
        let found: Vec<usize> = places(&look("merge-markers", path, &text))
            .iter()
            .map(|place| place.0)
            .collect();
        assert_eq!(found, lines, "{path}: {text}");
    }
}

/// Bytes that look like texts with what the byte-level checks look for.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    const PARTS: &[&[u8]] = &[
        b" ",
        b"\t",
        b"\n",
        b"\r\n",
        b"\r",
        b"ab",
        b"\xC3\xA9",
        b"\xFF",
        b"\xEF\xBB\xBF",
    ];
    let part = proptest::sample::select(PARTS);
    proptest::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn a_fix_leaves_nothing_fixable_and_changes_only_blanks_and_ends(
        content in texts(),
        path in prop_oneof![Just("a.md"), Just("a.py")],
    ) {
        let bare = |bytes: &[u8]| -> Vec<u8> {
            let rest = bytes.strip_prefix(byte_order_mark::MARK).unwrap_or(bytes);
            rest.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
        };
        for check in CHECKS.iter().filter(|check| check.fixes) {
            let outcome = look(check.id, path, &content);
            prop_assert_eq!(
                outcome.fixed.is_some(),
                outcome.findings.iter().any(|finding| finding.fixable)
            );
            let Some(fixed) = outcome.fixed else { continue };
            prop_assert_ne!(&fixed, &content);
            if check.id != "byte-order-mark" {
                prop_assert_eq!(bare(&fixed), bare(&content));
            }
            let again = look(check.id, path, &fixed);
            if check.id != "byte-order-mark" {
                prop_assert_eq!(again, Outcome::clean(), "{} {:?}", check.id, fixed);
            }
        }
    }

    #[test]
    fn no_content_makes_a_check_panic(content in proptest::collection::vec(any::<u8>(), 0..200)) {
        for check in CHECKS {
            for path in ["a", "a.md", "a.json", "a.toml", "a.yaml", "a.xml", "Dockerfile"] {
                look(check.id, path, &content);
            }
        }
    }
}

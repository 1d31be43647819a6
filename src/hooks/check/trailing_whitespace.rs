//! `trailing-whitespace`: no line ends in blanks.
//!
//! Blanks are spaces and tabs; a form feed is a page break that somebody put there. In Markdown
//! two spaces or more behind a text are a line break (`CommonMark` 0.31, 6.7) and become two.

use super::file::lines_from;
use super::finding::Findings;
use super::{File, Finding, Options, Outcome};
use bstr::ByteSlice;

pub(super) const ID: &str = "trailing-whitespace";

pub(super) fn look(file: &File, options: &Options) -> Outcome {
    if !file.is_text() {
        return Outcome::clean();
    }
    let Some(first) = file.lines().blank else {
        return Outcome::clean();
    };
    let markdown = options.markdown_breaks && file.is("markdown");
    let content = file.content();
    let mut fixed = Vec::with_capacity(content.len());
    fixed.extend_from_slice(&content[..first]);
    let mut findings = Findings::new(file);
    for (at, whole) in lines_from(content, first) {
        let line = whole.strip_suffix(b"\n").unwrap_or(whole);
        let (kept, blanks, returns) = parts(line, markdown);
        fixed.extend_from_slice(kept);
        fixed.extend(std::iter::repeat_n(b' ', blanks));
        fixed.extend(std::iter::repeat_n(b'\r', returns));
        fixed.extend_from_slice(&whole[line.len()..]);
        if kept.len() + blanks + returns < line.len() {
            let finding = Finding::error(
                ID,
                "the line ends in blanks",
                "take the blanks away, or run the job with fix = true",
            );
            findings.push(finding.fixable(), at + kept.len());
        }
    }
    if findings.is_empty() {
        return Outcome::clean();
    }
    Outcome {
        fixed: Some(fixed),
        ..findings.finish("lines of this file end in blanks")
    }
}

/// What stays of `line` (without its LF), and the carriage returns behind it.
fn parts(line: &[u8], markdown: bool) -> (&[u8], usize, usize) {
    let stop = line
        .iter()
        .rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r'))
        .map_or(0, |last| last + 1);
    let (kept, tail) = line.split_at(stop);
    let returns = memchr::memchr_iter(b'\r', tail).count();
    let before = tail.trim_end_with(|byte| byte == '\r');
    let breaks = markdown && stop > 0 && before.ends_with(b"  ");
    (kept, if breaks { 2 } else { 0 }, returns)
}

#[cfg(test)]
mod tests {
    use crate::hooks::check::Options;
    use crate::hooks::check::tests::{fixed, look, look_with, places};
    use bstr::ByteSlice;

    #[test]
    fn blanks_go_and_breaks_of_markdown_stay() {
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
}

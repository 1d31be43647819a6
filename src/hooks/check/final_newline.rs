//! `final-newline`: a text ends in exactly one line break.

use super::{File, Finding, Options, Outcome};

const ID: &str = "final-newline";

pub(super) fn look(file: &File, _: &Options) -> Outcome {
    let content = file.content();
    let (Some(last), true) = (content.last(), file.is_text()) else {
        return Outcome::clean();
    };
    if !matches!(last, b'\n' | b'\r') {
        let end = if file.lines().crlf > file.lines().lf {
            &b"\r\n"[..]
        } else {
            b"\n"
        };
        return outcome(
            file,
            content.len(),
            "the last line has no line break",
            [content, end].concat(),
        );
    }
    let text = content
        .iter()
        .rposition(|byte| !matches!(byte, b'\n' | b'\r'))
        .map_or(0, |last| last + 1);
    let end = &content[text..];
    let one = match end {
        [b'\r', b'\n', ..] => 2,
        _ => 1,
    };
    // A file of several line breaks and nothing else becomes an empty one.
    let kept = if text == 0 { 0 } else { text + one };
    if text + one == content.len() {
        return Outcome::clean();
    }
    let message = if text == 0 {
        "the file holds nothing but line breaks"
    } else {
        "the file ends in empty lines"
    };
    outcome(file, kept, message, content[..kept].to_vec())
}

fn outcome(file: &File, at: usize, message: &str, fixed: Vec<u8>) -> Outcome {
    let finding = Finding::error(
        ID,
        message,
        "end the file in one line break, or run the job with fix = true",
    );
    Outcome {
        findings: vec![file.place(finding.fixable(), at)],
        fixed: Some(fixed),
    }
}

#[cfg(test)]
mod tests {
    use crate::hooks::check::tests::{fixed, look, places};
    use bstr::ByteSlice;

    #[test]
    fn a_text_ends_in_one_line_break() {
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
}

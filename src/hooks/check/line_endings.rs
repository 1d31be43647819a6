//! `line-endings`: all lines of a file end alike.

use super::{File, Finding, Options, Outcome};

const ID: &str = "line-endings";

/// What the lines of a file shall end in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ending {
    /// What most of its lines end in; of those with as many the first of LF, CRLF, CR.
    #[default]
    Most,
    Lf,
    Crlf,
}

/// How many lines end in LF, CRLF and a lone CR, in this order.
type Counts = [(usize, &'static str, &'static [u8]); 3];

pub(super) fn look(file: &File, options: &Options) -> Outcome {
    if !file.is_text() {
        return Outcome::clean();
    }
    let content = file.content();
    let lines = file.lines();
    let returns = memchr::memchr_iter(b'\r', content).count();
    let counts: Counts = [
        (lines.lf, "LF", b"\n"),
        (lines.crlf, "CRLF", b"\r\n"),
        (returns - lines.crlf, "CR", b"\r"),
    ];
    let all: usize = counts.iter().map(|(count, ..)| count).sum();
    let wanted = match options.ending {
        // The first of those that are most.
        Ending::Most => counts
            .iter()
            .rev()
            .max_by_key(|(count, ..)| count)
            .copied()
            .unwrap_or(counts[0]),
        Ending::Lf => counts[0],
        Ending::Crlf => counts[1],
    };
    let (right, name, end) = wanted;
    if right == all {
        return Outcome::clean();
    }
    let (fixed, first) = with_ends(content, end);
    let finding = Finding::error(
        ID,
        format!("{} of {all} lines do not end in {name}", all - right),
        format!("end all lines in {name}, or run the job with fix = true"),
    );
    Outcome {
        findings: vec![file.place(finding.fixable(), first)],
        fixed: Some(fixed),
    }
}

/// `content` with every line ending in `end`, and where the first other end is.
fn with_ends(content: &[u8], end: &[u8]) -> (Vec<u8>, usize) {
    let mut fixed = Vec::with_capacity(content.len() + content.len() / 16);
    let mut first = None;
    let mut at = 0;
    for stop in memchr::memchr2_iter(b'\n', b'\r', content) {
        if stop < at {
            continue;
        }
        fixed.extend_from_slice(&content[at..stop]);
        let next = stop + 1 + usize::from(content[stop..].starts_with(b"\r\n"));
        if content[stop..next] != *end {
            first.get_or_insert(stop);
        }
        fixed.extend_from_slice(end);
        at = next;
    }
    fixed.extend_from_slice(&content[at..]);
    (fixed, first.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::Ending;
    use crate::hooks::check::Options;
    use crate::hooks::check::tests::{look, look_with, places};
    use bstr::ByteSlice;

    #[test]
    fn lines_end_alike() {
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
}

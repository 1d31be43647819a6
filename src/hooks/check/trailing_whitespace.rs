//! `trailing-whitespace`: no line ends in blanks.
//!
//! Blanks are spaces and tabs; a form feed is a page break that somebody put there. In Markdown
//! two spaces or more behind a text are a line break (`CommonMark` 0.31, 6.7) and become two.

use super::{File, Finding, Options, Outcome};
use bstr::ByteSlice;

pub(super) const ID: &str = "trailing-whitespace";
/// Lines of one file that are named one by one.
const NAMED: usize = 20;

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
    let mut findings: Vec<Finding> = Vec::new();
    let mut more = 0;
    let mut at = first;
    while at < content.len() {
        let stop = memchr::memchr(b'\n', &content[at..]).map_or(content.len(), |end| at + end + 1);
        let whole = &content[at..stop];
        let line = whole.strip_suffix(b"\n").unwrap_or(whole);
        let (kept, blanks, returns) = parts(line, markdown);
        fixed.extend_from_slice(kept);
        fixed.extend(std::iter::repeat_n(b' ', blanks));
        fixed.extend(std::iter::repeat_n(b'\r', returns));
        fixed.extend_from_slice(&whole[line.len()..]);
        if kept.len() + blanks + returns < line.len() {
            if findings.len() < NAMED {
                findings.push(file.place(finding("the line ends in blanks"), at + kept.len()));
            } else {
                more += 1;
            }
        }
        at = stop;
    }
    if findings.is_empty() {
        return Outcome::clean();
    }
    if more > 0 {
        let rest = format!("{more} more lines of this file end in blanks");
        findings.push(finding(&rest).at(file.path(), None));
    }
    Outcome {
        findings,
        fixed: Some(fixed),
    }
}

fn finding(message: &str) -> Finding {
    Finding::error(
        ID,
        message,
        "take the blanks away, or run the job with fix = true",
    )
    .fixable()
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

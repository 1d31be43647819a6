//! `merge-markers`: no conflict is left unresolved.
//!
//! git writes seven `<`, `|` or `>`, a blank and a label, or seven `=` alone (git-merge(1),
//! "How conflicts are presented"). Seven `=` also underline a title, and `>>>>>>> ` quotes a
//! mail: in prose a closing marker counts only behind an opening one, and `=` and `|` count
//! only between the two.

use super::{File, Finding, Options, Outcome};

const ID: &str = "merge-markers";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker {
    Opening,
    Base,
    Middle,
    Closing,
}

pub(super) fn look(file: &File, _: &Options) -> Outcome {
    if !file.is_text() {
        return Outcome::clean();
    }
    let Some(first) = file.lines().marker else {
        return Outcome::clean();
    };
    let prose = ["markdown", "rst", "plain-text", "asciidoc"]
        .iter()
        .any(|tag| file.is(tag));
    let content = file.content();
    let mut findings = Vec::new();
    let mut open = false;
    let mut inner: Vec<Finding> = Vec::new();
    let mut at = first;
    while at < content.len() {
        let stop = memchr::memchr(b'\n', &content[at..]).map_or(content.len(), |end| at + end + 1);
        match marker(&content[at..stop]) {
            Some(Marker::Opening) => {
                open = true;
                inner.clear();
                findings.push(found(file, at, "<<<<<<<"));
            }
            Some(Marker::Closing) if open || !prose => {
                open = false;
                findings.append(&mut inner);
                findings.push(found(file, at, ">>>>>>>"));
            }
            Some(Marker::Middle) if open => inner.push(found(file, at, "=======")),
            Some(Marker::Base) if open => inner.push(found(file, at, "|||||||")),
            _ => {}
        }
        at = stop;
    }
    findings.into()
}

fn found(file: &File, at: usize, marker: &str) -> Finding {
    let finding = Finding::error(
        ID,
        format!("the conflict marker {marker} is left in the file"),
        "resolve the conflict, take its markers away, and stage the file again",
    );
    file.place(finding, at)
}

fn marker(line: &[u8]) -> Option<Marker> {
    let (mark, rest) = line.split_at_checked(7)?;
    let labelled = matches!(rest, [b' ', label, ..] if !label.is_ascii_whitespace());
    match mark {
        b"<<<<<<<" if labelled => Some(Marker::Opening),
        b"|||||||" if labelled || rest.trim_ascii().is_empty() => Some(Marker::Base),
        b">>>>>>>" if labelled => Some(Marker::Closing),
        b"=======" if rest.trim_ascii().is_empty() => Some(Marker::Middle),
        _ => None,
    }
}

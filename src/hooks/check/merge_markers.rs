//! `merge-markers`: no conflict is left unresolved.
//!
//! git writes seven `<`, `|` or `>`, a blank and a label, or seven `=` alone (git-merge(1),
//! "How conflicts are presented"). Seven `=` also underline a title, and `>>>>>>> ` quotes a
//! mail: in prose a closing marker counts only behind an opening one, and `=` and `|` count
//! only between the two.

use super::file::lines_from;
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
    for (at, line) in lines_from(content, first) {
        match marker(line) {
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

#[cfg(test)]
mod tests {
    use crate::hooks::check::tests::{look, places};

    #[test]
    fn markers_are_told_from_titles_and_quotes() {
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
}

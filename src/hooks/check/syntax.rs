//! What the checks of a file's syntax share.

use super::{File, Finding, Mode, Outcome};

/// The file's text, where it is a file of the type `tag`; None for any other. What is no UTF-8
/// is an outcome of its own.
pub(super) fn text<'a>(
    file: &File<'a>,
    tag: &str,
    check: &'static str,
    format: &str,
) -> Option<Result<&'a str, Outcome>> {
    if !matches!(file.mode(), Mode::Regular | Mode::Executable) || !file.is(tag) {
        return None;
    }
    Some(utf8(file, check, format))
}

pub(super) fn utf8<'a>(
    file: &File<'a>,
    check: &'static str,
    format: &str,
) -> Result<&'a str, Outcome> {
    std::str::from_utf8(file.content()).map_err(|error| {
        let finding = Finding::error(
            check,
            format!("{format} is written in UTF-8, and this byte is none"),
            "save the file as UTF-8",
        );
        vec![file.place(finding, error.valid_up_to())].into()
    })
}

/// The finding that a parser stopped with `message` at byte `at`.
pub(super) fn invalid(
    file: &File,
    check: &'static str,
    format: &str,
    message: &str,
    at: usize,
) -> Finding {
    let message = message.trim().trim_end_matches('.');
    let message = message.lines().next().unwrap_or(message);
    let finding = Finding::error(
        check,
        format!("this is not valid {format}: {message}"),
        "correct it here or in the lines above",
    );
    file.place(finding, at)
}

/// The finding that a key is there twice; `first` is the line of its first occurrence.
pub(super) fn twice(check: &'static str, key: &str, first: Option<usize>) -> Finding {
    let before = first.map_or_else(String::new, |line| format!(", first in line {line}"));
    let key: String = key.chars().take(60).collect();
    Finding::error(
        check,
        format!(
            "the key {key:?} is there twice{before}: readers take one of them and differ in which"
        ),
        "keep one of the two",
    )
}

/// Whether it is a template that only becomes such a file (Helm, Jinja, Go, ERB, cookiecutter):
/// its own lines are instructions, or it lies where templates lie and has some.
pub(super) fn is_template(file: &File) -> bool {
    use bstr::ByteSlice;
    let path = file.path();
    if path.contains_str("{{") || path.contains_str("{%") {
        return true;
    }
    let content = file.content();
    let starts = |line: &[u8]| {
        let line = line.trim_start();
        let line = line.strip_prefix(b"#").map_or(line, <[u8]>::trim_start);
        ["{{", "{%", "{#", "<%"]
            .iter()
            .any(|mark| line.starts_with(mark.as_bytes()))
    };
    let has = ["{{", "{%", "<%"]
        .iter()
        .any(|mark| content.contains_str(mark));
    has && (content.lines().any(starts)
        || path.split_str("/").any(|part| {
            matches!(
                part,
                b"templates" | b"template" | b"_templates" | b"skeleton"
            )
        }))
}

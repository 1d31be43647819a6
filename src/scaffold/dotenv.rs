//! A `.env` file: lines that are there are never changed, missing variables are appended.

use super::block::line_ending;
use std::collections::{BTreeMap, BTreeSet};

/// Names and values of `content`; a line that is malformed is left out.
pub(super) fn values(content: &[u8]) -> BTreeMap<String, String> {
    dotenvy::from_read_iter(content)
        .filter_map(Result::ok)
        .collect()
}

/// `content` with the variables of `wanted` that it has not, each with the comment above it.
/// None where nothing is missing.
pub(super) fn append(content: &[u8], wanted: &str) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(content);
    let mut present: BTreeSet<String> = text.lines().filter_map(name).map(str::to_owned).collect();
    let mut comment = Vec::new();
    let mut missing = Vec::new();
    for line in wanted.lines() {
        match name(line) {
            Some(name) if present.insert(name.to_owned()) => {
                missing.append(&mut comment);
                missing.push(line);
            }
            Some(_) => comment.clear(),
            None if line.trim().is_empty() => comment.clear(),
            None => comment.push(line),
        }
    }
    if missing.is_empty() {
        return None;
    }
    let newline = line_ending(content);
    let mut out = content.to_vec();
    if !content.is_empty() {
        if !content.ends_with(b"\n") {
            out.extend_from_slice(newline.as_bytes());
        }
        out.extend_from_slice(newline.as_bytes());
    }
    for line in missing {
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(newline.as_bytes());
    }
    Some(out)
}

/// The variable that a line sets. A line inside a quoted value counts too: better a variable
/// too few than one that overrides the user's.
fn name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let (name, _) = line.split_once('=')?;
    let name = name.trim_end();
    let valid = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    valid.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_appended() {
        let present = b"# mine\nexport A = '1'\nB=two";
        let wanted = "# shared head\n\n# the first\nA=9\n# the third\nC=3\nB=8\n";
        assert_eq!(
            append(present, wanted).unwrap(),
            b"# mine\nexport A = '1'\nB=two\n\n# the third\nC=3\n"
        );
        assert_eq!(append(present, "A=9\nB=\n"), None);
    }

    #[test]
    fn values_are_read() {
        let values = values(b"A='x y'\nnot a line\nexport B=2\n");
        assert_eq!(values["A"], "x y");
        assert_eq!(values["B"], "2");
    }
}

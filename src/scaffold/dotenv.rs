//! A `.env` file: lines that are there are never changed, variables without a value are appended.

use super::block::line_ending;
use std::collections::BTreeMap;

/// Names and values of `content`; a line that is malformed is left out.
pub(super) fn values(content: &[u8]) -> BTreeMap<String, String> {
    dotenvy::from_read_iter(content)
        .filter_map(Result::ok)
        .collect()
}

/// `content` with the variables of `wanted` that it has not, each with the comment above it; a variable
/// of which its last line has no value gets one in a further line, which readers of such files prefer.
/// None where nothing is missing.
pub(super) fn append(content: &[u8], wanted: &str) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(content);
    let mut present: BTreeMap<&str, bool> = text
        .lines()
        .filter_map(setting)
        .map(|(name, value)| (name, has_text(value)))
        .collect();
    let mut comment = Vec::new();
    let mut missing = Vec::new();
    for line in wanted.lines() {
        match setting(line) {
            Some((name, value)) => {
                let filled = has_text(value);
                let lacks = present.get(name).is_none_or(|known| !known && filled);
                if lacks {
                    present.insert(name, filled);
                    missing.append(&mut comment);
                    missing.push(line);
                }
                comment.clear();
            }
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

/// The variable that a line sets, and what stands behind `=`. A line inside a quoted value counts too:
/// better a variable too few than one that overrides the user's.
fn setting(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end();
    let valid = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    valid.then_some((name, value))
}

/// Whether a value is more than a pair of quotes or a comment. What a quote opens may go on in the next
/// line.
fn has_text(value: &str) -> bool {
    let value = value.trim();
    !matches!(value, "" | "\"\"" | "''") && !value.starts_with('#')
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
    fn a_line_without_a_value_stays_and_another_gives_one() {
        let wanted = "# the first\nA=9\n# to fill in\nB=\n";
        for present in [
            "A=\nB=\n",
            "A=''\nB=x\n",
            "export A = \"\" \nB=\n",
            "A=1\nA=# set it\nB=\n",
        ] {
            assert_eq!(
                String::from_utf8(append(present.as_bytes(), wanted).unwrap()).unwrap(),
                format!("{present}\n# the first\nA=9\n")
            );
        }
        for present in ["A=\nA=1\nB=\n", "A=$X\nB=\n", "A=\"\nmore\"\nB=\n"] {
            assert_eq!(append(present.as_bytes(), wanted), None, "{present}");
        }
    }

    #[test]
    fn values_are_read() {
        let values = values(b"A='x y'\nnot a line\nexport B=2\n");
        assert_eq!(values["A"], "x y");
        assert_eq!(values["B"], "2");
    }
}

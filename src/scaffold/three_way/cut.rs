//! One entry less in a YAML file: every other byte stays.

use super::layout::Part;
use super::yaml::Document;
use std::ops::Range;

/// `text` without the entry at `keys`, the comments and empty lines right above it included. None
/// where it is not there, or the file is not laid out in lines.
pub(in super::super) fn cut(text: &str, keys: &[&str]) -> Option<String> {
    let document = Document::parse(text)?;
    let lines = lines_of(&Part::whole(&document)?, keys)?;
    let (before, after) = (&document.lines[..lines.start], &document.lines[lines.end..]);
    let rest = [before, after].concat().concat();
    Document::parse(&rest)?;
    Some(rest)
}

fn lines_of(part: &Part, keys: &[&str]) -> Option<Range<usize>> {
    let (key, below) = keys.split_first()?;
    let layout = part.layout()?;
    let at = part.ids()?.iter().position(|id| id == key)?;
    let row = layout.rows.get(at)?;
    if below.is_empty() {
        return Some(row.lead.start..row.body.end);
    }
    let (_, inner) = part.inner(row, layout.column)?;
    lines_of(&inner, below)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# top\non: push\n\njobs:\n  # first\n  lint:\n    runs-on: x\n\n  # ours\n  \
                        hooks:\n    runs-on: y\n    steps:\n      - run: |\n          a\n          b\n\n  \
                        test: # mine\n    runs-on: z\n";

    #[test]
    fn an_entry_goes_with_what_stands_above_it() {
        let cut = |key| cut(TEXT, &["jobs", key]).unwrap();
        let hooks = "\n  # ours\n  hooks:\n    runs-on: y\n    steps:\n      - run: |\n          \
                     a\n          b\n";
        assert_eq!(cut("hooks"), TEXT.replace(hooks, ""));
        assert_eq!(
            cut("test"),
            TEXT.replace("\n  test: # mine\n    runs-on: z\n", "")
        );
        assert_eq!(
            cut("lint"),
            TEXT.replace("  # first\n  lint:\n    runs-on: x\n", "")
        );
    }

    #[test]
    fn what_has_no_lines_of_its_own_stays() {
        assert_eq!(cut(TEXT, &["jobs", "none"]), None);
        assert_eq!(cut(TEXT, &["jobs", "test", "runs-on", "z"]), None);
        assert_eq!(cut("jobs: {a: 1, b: 2}\n", &["jobs", "a"]), None);
        assert_eq!(cut("a: [\n", &["a"]), None);
    }
}

//! Text against text: the three-way merge of a fix into a file, and the patch shown where it
//! does not go in.

use bstr::ByteSlice;
use std::ops::Range;

/// Texts with more lines are compared in a way whose time does not grow with its square.
const MANY_LINES: usize = 20_000;

/// Puts the change from `base` to `fixed` into `present`, line by line. Where `present` has CRLF
/// at every line and `base` has none, that is no difference. None where both changed the same
/// lines, or one of them is not text. Unlike `git merge-file` it lets lines side by side be
/// changed apart: a fix says nothing about its neighbours.
#[must_use]
pub fn merge(base: &[u8], present: &[u8], fixed: &[u8]) -> Option<Vec<u8>> {
    merge_favouring(base, present, fixed, None)
}

/// Whose lines are taken where both changed the same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The user's.
    Ours,
    /// shipway's.
    Theirs,
}

/// As [`merge`]; where both changed the same lines, those of a `favour`ed side are taken (`present`
/// is ours), and all else of both is kept. None then only where one of them is not text.
#[must_use]
pub fn merge_favouring(
    base: &[u8],
    present: &[u8],
    fixed: &[u8],
    favour: Option<Side>,
) -> Option<Vec<u8>> {
    if present == base {
        return Some(fixed.to_vec());
    }
    if base == fixed || present == fixed {
        return Some(present.to_vec());
    }
    if [base, present, fixed].iter().any(|text| is_binary(text)) {
        return None;
    }
    if has_only_crlf(present) && !base.contains(&b'\r') && !fixed.contains(&b'\r') {
        let present = present.replace(b"\r\n", b"\n");
        let merged = merge_favouring(base, &present, fixed, favour)?;
        return Some(merged.replace(b"\n", b"\r\n"));
    }
    merge_lines(base, present, fixed, None)
        .or_else(|| merge_ended(base, present, fixed))
        .or_else(|| merge_lines(base, present, fixed, Some(favour?)))
}

/// As [`merge_lines`] of texts whose last lines are all ended: whether a text ends with a line
/// feed is a matter of its own, and not a change of the last line.
fn merge_ended(base: &[u8], present: &[u8], fixed: &[u8]) -> Option<Vec<u8>> {
    let texts = [base, present, fixed];
    if texts.iter().any(|text| text.is_empty()) {
        return None;
    }
    let [base, present, fixed] = texts.map(|text| match text.strip_suffix(b"\n") {
        Some(text) => (text, true),
        None => (text, false),
    });
    let ended = |(text, _): (&[u8], bool)| [text, b"\n"].concat();
    let mut merged = merge_lines(&ended(base), &ended(present), &ended(fixed), None)?;
    let ends = if present.1 == base.1 {
        fixed.1
    } else {
        present.1
    };
    if !ends {
        merged.pop();
    }
    Some(merged)
}

/// Lines of the base that became other lines.
#[derive(Debug, PartialEq, Eq)]
struct Hunk<'t> {
    base: Range<usize>,
    lines: &'t [&'t [u8]],
}

/// Hunks of both sides that change the same lines, or one that is alone.
#[derive(Default)]
struct Spot<'h> {
    base: Range<usize>,
    ours: Vec<&'h Hunk<'h>>,
    theirs: Vec<&'h Hunk<'h>>,
}

impl<'h> Spot<'h> {
    /// Whether a hunk that begins no earlier changes lines of this spot, too. Side by side is apart.
    fn has(&self, hunk: &Hunk) -> bool {
        let both_insert_here =
            self.base == hunk.base && self.base.is_empty() && hunk.base.is_empty();
        both_insert_here || hunk.base.start < self.base.end
    }

    /// The lines of the spot as one side has them.
    fn with(&self, hunks: &[&'h Hunk<'h>], base: &[&[u8]]) -> Vec<u8> {
        let mut lines = Vec::new();
        let mut at = self.base.start;
        for hunk in hunks {
            lines.extend(base[at..hunk.base.start].concat());
            lines.extend(hunk.lines.concat());
            at = hunk.base.end;
        }
        lines.extend(base[at..self.base.end].concat());
        lines
    }
}

fn spots<'h>(ours: &'h [Hunk<'h>], theirs: &'h [Hunk<'h>]) -> Vec<Spot<'h>> {
    let sided = |side| move |hunk| (hunk, side);
    let mut all: Vec<(&Hunk, Side)> = (ours.iter().map(sided(Side::Ours)))
        .chain(theirs.iter().map(sided(Side::Theirs)))
        .collect();
    all.sort_by_key(|(hunk, _)| (hunk.base.start, hunk.base.end));
    let mut spots: Vec<Spot> = Vec::new();
    for (hunk, side) in all {
        let last = spots.pop_if(|last| last.has(hunk));
        let mut spot = last.unwrap_or_else(|| Spot {
            base: hunk.base.clone(),
            ..Spot::default()
        });
        spot.base.end = spot.base.end.max(hunk.base.end);
        match side {
            Side::Ours => spot.ours.push(hunk),
            Side::Theirs => spot.theirs.push(hunk),
        }
        spots.push(spot);
    }
    spots
}

fn merge_lines(base: &[u8], present: &[u8], fixed: &[u8], favour: Option<Side>) -> Option<Vec<u8>> {
    let lines = |text| -> Vec<&[u8]> { ByteSlice::lines_with_terminator(text).collect() };
    let (base, present, fixed) = (lines(base), lines(present), lines(fixed));
    let (ours, theirs) = (hunks(&base, &present), hunks(&base, &fixed));
    let mut merged = Vec::new();
    let mut at = 0;
    for spot in spots(&ours, &theirs) {
        merged.extend(base[at..spot.base.start].concat());
        at = spot.base.end;
        let mine = spot.with(&spot.ours, &base);
        let other = spot.with(&spot.theirs, &base);
        merged.extend(if spot.theirs.is_empty() || mine == other {
            mine
        } else if spot.ours.is_empty() {
            other
        } else {
            match favour? {
                Side::Ours => mine,
                Side::Theirs => other,
            }
        });
    }
    merged.extend(base[at..].concat());
    Some(merged)
}

fn hunks<'t>(base: &[&'t [u8]], other: &'t [&'t [u8]]) -> Vec<Hunk<'t>> {
    // The anchors of a histogram are looked for anew behind each hunk.
    let algorithm = if base.len().max(other.len()) > MANY_LINES {
        similar::Algorithm::Patience
    } else {
        similar::Algorithm::Histogram
    };
    similar::capture_diff_slices(algorithm, base, other)
        .iter()
        .filter(|step| step.tag() != similar::DiffTag::Equal)
        .flat_map(|step| {
            let whole = Hunk {
                base: step.old_range(),
                lines: &other[step.new_range()],
            };
            by_line(base, whole)
        })
        .collect()
}

/// A hunk that changes nothing but blanks is one of each line: who edits between two of them
/// edits neither.
fn by_line<'t>(base: &[&[u8]], whole: Hunk<'t>) -> Vec<Hunk<'t>> {
    let old = &base[whole.base.clone()];
    let text = |line: &[u8]| -> Vec<u8> { line.fields().collect::<Vec<_>>().concat() };
    let same = |(old, new): (&&[u8], &&[u8])| text(old) == text(new);
    if old.len() != whole.lines.len() || !old.iter().zip(whole.lines).all(same) {
        return vec![whole];
    }
    (whole.base.clone().zip(whole.lines.chunks(1)))
        .map(|(at, lines)| Hunk {
            base: at..at + 1,
            lines,
        })
        .collect()
}

/// The difference as `git diff` writes it, without colours, of a text named `path`. Bytes that
/// are no UTF-8 are shown as replacement characters.
#[must_use]
pub fn unified(path: &str, before: &[u8], after: &[u8]) -> String {
    let (before, after) = (
        String::from_utf8_lossy(before),
        String::from_utf8_lossy(after),
    );
    similar::TextDiff::from_lines(before.as_ref(), after.as_ref())
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
}

/// As git tells: a zero byte in the first 8,000.
#[must_use]
pub fn is_binary(content: &[u8]) -> bool {
    memchr::memchr(0, &content[..content.len().min(8000)]).is_some()
}

fn has_only_crlf(text: &[u8]) -> bool {
    let feeds = memchr::memchr_iter(b'\n', text).count();
    feeds > 0 && memchr::memmem::find_iter(text, b"\r\n").count() == feeds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fix_goes_into_a_file_that_was_edited_elsewhere() {
        assert_eq!(
            merge(b"a \nb\nc\nd\n", b"a \nb\nc\nD\n", b"a\nb\nc\nd\n").as_deref(),
            Some(b"a\nb\nc\nD\n".as_slice())
        );
    }

    #[test]
    fn the_line_next_to_a_fix_may_be_edited() {
        assert_eq!(
            merge(b"a \nb\n", b"a \nB\n", b"a\nb\n").as_deref(),
            Some(b"a\nB\n".as_slice())
        );
    }

    /// `git merge-file` is the judge wherever it finds no conflict.
    #[test]
    fn what_git_merges_is_merged_alike() {
        use proptest::prelude::*;
        use proptest::test_runner::TestRunner;
        let folder = tempfile::tempdir().unwrap();
        let line = prop::sample::select(vec!["a", "b", "c ", "d", "", "e\t", "x y"]);
        let text = prop::collection::vec(line, 0..12);
        let edit = (
            0..14_usize,
            prop::sample::select(vec!["", "new", "a", "c"]),
            0..3_u8,
        );
        let edits = || prop::collection::vec(edit.clone(), 0..4);
        let ends = (any::<bool>(), any::<bool>(), any::<bool>());
        let apply = |text: &[&'static str], edits: &[(usize, &'static str, u8)], end: bool| {
            let mut lines = text.to_vec();
            for (at, word, kind) in edits {
                let at = at % (lines.len() + 1);
                match kind {
                    0 => lines.insert(at, word),
                    1 if at < lines.len() => lines[at] = word,
                    _ if at < lines.len() => drop(lines.remove(at)),
                    _ => {}
                }
            }
            let mut text = lines.join("\n");
            if end && !lines.is_empty() {
                text.push('\n');
            }
            text
        };
        TestRunner::deterministic()
            .run(
                &(text, edits(), edits(), ends),
                |(text, ours, theirs, ends)| {
                    let base = apply(&text, &[], ends.0);
                    let present = apply(&text, &ours, ends.1);
                    let fixed = apply(&text, &theirs, ends.2);
                    let file = |name: &str, content: &str| {
                        let path = folder.path().join(name);
                        std::fs::write(&path, content).unwrap();
                        path
                    };
                    let output = std::process::Command::new("git")
                        .args(["merge-file", "-p", "--diff-algorithm=histogram"])
                        .args([
                            file("present", &present),
                            file("base", &base),
                            file("fixed", &fixed),
                        ])
                        .output()
                        .unwrap();
                    let merged = merge(base.as_bytes(), present.as_bytes(), fixed.as_bytes());
                    if output.status.success() {
                        prop_assert_eq!(
                            merged.map(String::from_utf8),
                            Some(String::from_utf8(output.stdout))
                        );
                    }
                    Ok(())
                },
            )
            .unwrap();
    }

    /// With lines between that nobody changes, git and we agree on what is a conflict.
    #[test]
    fn a_favoured_side_decides_as_git_decides() {
        use proptest::prelude::*;
        use proptest::test_runner::TestRunner;
        let folder = tempfile::tempdir().unwrap();
        let word = prop::sample::select(vec!["", "new\n", "x\ny\n", "other\n"]);
        let edits = || prop::collection::vec(prop::option::of(word.clone()), 6);
        TestRunner::deterministic()
            .run(&(edits(), edits()), |(ours, theirs)| {
                let text = |edits: &[Option<&str>]| -> String {
                    let line = |(at, edit): (usize, Option<&str>)| {
                        let own = format!("line {at}\n");
                        format!("{}between {at}\n", edit.unwrap_or(&own))
                    };
                    edits.iter().copied().enumerate().map(line).collect()
                };
                let (base, present, fixed) = (text(&[None; 6]), text(&ours), text(&theirs));
                for (name, content) in [("b", &base), ("p", &present), ("f", &fixed)] {
                    std::fs::write(folder.path().join(name), content).unwrap();
                }
                for (option, side) in [("--ours", Side::Ours), ("--theirs", Side::Theirs)] {
                    let output = std::process::Command::new("git")
                        .args(["merge-file", "-p", option, "p", "b", "f"])
                        .current_dir(folder.path())
                        .output()
                        .unwrap();
                    let texts = [&base, &present, &fixed].map(String::as_bytes);
                    let merged = merge_favouring(texts[0], texts[1], texts[2], Some(side));
                    prop_assert_eq!(
                        merged.map(String::from_utf8),
                        Some(String::from_utf8(output.stdout))
                    );
                }
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn what_does_not_overlap_is_kept_whoever_is_favoured() {
        let texts: [&[u8]; 3] = [b"a\nb\nc\n", b"A\nB\nc\nmine\n", b"a\nX\nC\n"];
        let with = |side| merge_favouring(texts[0], texts[1], texts[2], Some(side));
        assert_eq!(merge(texts[0], texts[1], texts[2]), None);
        assert_eq!(
            with(Side::Ours).as_deref(),
            Some(b"A\nB\nc\nmine\n".as_slice())
        );
        assert_eq!(
            with(Side::Theirs).as_deref(),
            Some(b"a\nX\nC\nmine\n".as_slice())
        );
    }

    #[test]
    fn both_sides_of_one_line_do_not_merge() {
        assert_eq!(merge(b"a \n", b"A \n", b"a\n"), None);
        assert_eq!(merge(b"\0a", b"\0b", b"\0c"), None);
    }

    #[test]
    fn a_checkout_with_crlf_keeps_it() {
        assert_eq!(
            merge(b"a \nb\n", b"a \r\nb\r\nc\r\n", b"a\nb\n").as_deref(),
            Some(b"a\r\nb\r\nc\r\n".as_slice())
        );
    }

    #[test]
    fn a_last_line_without_its_end_is_kept_apart() {
        // The fix adds the end of the last line, the edit changes the first.
        assert_eq!(
            merge(b"a\nb\nc", b"A\nb\nc", b"a\nb\nc\n").as_deref(),
            Some(b"A\nb\nc\n".as_slice())
        );
        // The edit goes on behind it.
        assert_eq!(
            merge(b"a\nb", b"a\nb\nc", b"a\nb\n").as_deref(),
            Some(b"a\nb\nc\n".as_slice())
        );
        assert_eq!(
            merge(b"a \nb", b"a \nb\n", b"a\nb\n").as_deref(),
            Some(b"a\nb\n".as_slice())
        );
    }
}

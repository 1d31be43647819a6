//! Two versions of a file side by side, with what goes and what stays.

use super::plan::coloured;
use super::{Output, visible};
use crate::scaffold::adopt::Takeover;
use similar::{DiffOp, TextDiff};
use std::fmt::Write;

/// Narrower terminals (columns) get a unified diff.
const WIDE: usize = 100;
/// Lines that are the same, shown around those that are not.
const CONTEXT: usize = 3;

/// What the user has and what would come, then what is carried over and what is lost.
pub(crate) fn show_takeover(
    takeover: &Takeover,
    old: &[u8],
    new: &[u8],
    output: &Output,
) -> String {
    let style = output.style();
    let path = &takeover.path;
    let mut text = match output.columns() {
        Some(columns) if columns >= WIDE => {
            let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
            side_by_side(&old, &new, columns, output)
        }
        _ => coloured(&crate::git::patch::unified(path.as_str(), old, new), &style),
    };
    if !takeover.carried.is_empty() {
        let _ = writeln!(text, "Carried over from your {path}:");
    }
    for line in &takeover.carried {
        let _ = writeln!(
            text,
            "  {} {}",
            style.clone().green().apply_to("+"),
            visible(line)
        );
    }
    if !takeover.lost.is_empty() {
        let _ = writeln!(text, "Not in the new {path}:");
    }
    for lost in &takeover.lost {
        let place = lost
            .line
            .map_or_else(String::new, |line| format!("{path}:{line}: "));
        let mark = style.clone().red().apply_to("-");
        let _ = writeln!(
            text,
            "  {mark} {place}{}, because {}",
            visible(&lost.what),
            visible(&lost.why)
        );
    }
    text
}

fn side_by_side(old: &str, new: &str, columns: usize, output: &Output) -> String {
    let width = (columns - 3) / 2;
    let cell = |line: Option<&&str>| {
        let line = line
            .map_or("", |line| line.trim_end())
            .replace('\t', "    ");
        console::pad_str(
            &visible(&line),
            width,
            console::Alignment::Left,
            Some("\u{2026}"),
        )
        .into_owned()
    };
    let (before, after): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let style = output.style();
    let mut text = String::new();
    let mut row = |left: Option<&&str>, right: Option<&&str>, same: bool| {
        let (mut one, mut other) = (style.clone(), style.clone());
        if !same {
            (one, other) = (one.red(), other.green());
        }
        let line = format!(
            "{} {} {}",
            one.apply_to(cell(left)),
            if same { " " } else { "|" },
            other.apply_to(cell(right))
        );
        text.push_str(line.trim_end());
        text.push('\n');
    };
    for (at, group) in (TextDiff::from_slices(&before, &after).grouped_ops(CONTEXT))
        .iter()
        .enumerate()
    {
        if at > 0 {
            row(Some(&"\u{22ee}"), Some(&"\u{22ee}"), true);
        }
        for op in group {
            let (left, right) = (op.old_range(), op.new_range());
            let same = matches!(op, DiffOp::Equal { .. });
            for at in 0..left.len().max(right.len()) {
                row(
                    before[left.clone()].get(at),
                    after[right.clone()].get(at),
                    same,
                );
            }
        }
    }
    text
}

//! A plan as a tree, one line of reason per file.

use super::Output;
use crate::scaffold::{Action, Entry, Plan};
use console::Style;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Widest column of names that is still aligned (characters).
const WIDEST: usize = 46;

/// Folders and files of one level.
#[derive(Default)]
struct Folder<'p> {
    folders: BTreeMap<&'p str, Folder<'p>>,
    files: Vec<(&'p str, &'p Entry)>,
}

/// The plan for the repository `name`; only what would change unless `--verbose`.
pub(crate) fn show_plan(plan: &Plan, name: &str, output: &Output) -> String {
    let style = output.style();
    let shown: Vec<&Entry> = plan
        .entries
        .iter()
        .filter(|entry| {
            !plan.is_empty() || entry.action != Action::Unchanged || output.is_verbose()
        })
        .collect();
    let mut top = Folder::default();
    for entry in &shown {
        let mut folder = &mut top;
        let mut parts = entry.path.as_str().split('/').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_some() {
                folder = folder.folders.entry(part).or_default();
            } else {
                folder.files.push((part, entry));
            }
        }
    }
    let mut rows = Vec::new();
    rows_of(&top, "", &mut rows);
    let width = rows
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0)
        .min(WIDEST);
    let mut text = String::new();
    if !rows.is_empty() {
        let _ = writeln!(text, "{}", style.clone().bold().apply_to(name));
    }
    for (name, entry) in rows {
        match entry {
            None => {
                let _ = writeln!(text, "{name}");
            }
            Some(entry) => {
                let (word, colour) = word(entry.action, &style);
                let gap = " ".repeat(width.saturating_sub(name.chars().count()));
                let word = colour.apply_to(format!("{word:<8}"));
                let _ = writeln!(text, "{name}{gap}  {word}  {}", entry.reason);
            }
        }
    }
    for skipped in &plan.skipped {
        let word = style.clone().dim().apply_to("not made:");
        let _ = writeln!(
            text,
            "{word} {}, because {}",
            skipped.feature, skipped.reason
        );
    }
    if !plan.executes.is_empty() {
        let title = style.clone().yellow().apply_to(
            "These files come from this repository's own templates and can run commands:",
        );
        let _ = writeln!(text, "{title}");
        for line in &plan.executes {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

fn rows_of<'p>(folder: &Folder<'p>, prefix: &str, rows: &mut Vec<(String, Option<&'p Entry>)>) {
    let count = folder.folders.len() + folder.files.len();
    let mut seen = 0;
    let mut branch = |prefix: &str| {
        seen += 1;
        if seen == count {
            (format!("{prefix}└─ "), format!("{prefix}   "))
        } else {
            (format!("{prefix}├─ "), format!("{prefix}│  "))
        }
    };
    for (name, inner) in &folder.folders {
        let (head, below) = branch(prefix);
        rows.push((format!("{head}{name}/"), None));
        rows_of(inner, &below, rows);
    }
    for (name, entry) in &folder.files {
        let (head, _) = branch(prefix);
        rows.push((format!("{head}{name}"), Some(entry)));
    }
}

fn word(action: Action, style: &Style) -> (&'static str, Style) {
    let style = style.clone();
    match action {
        Action::Create => ("create", style.green()),
        Action::Beside => ("beside", style.green()),
        Action::Extend => ("extend", style.cyan()),
        Action::Update => ("update", style.cyan()),
        Action::Kept => ("kept", style.yellow()),
        Action::Unchanged => ("same", style.dim()),
        Action::LeftOut => ("left out", style.yellow()),
    }
}

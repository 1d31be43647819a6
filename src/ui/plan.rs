//! A plan as a tree, one line of reason per file.

use super::Output;
use crate::scaffold::feature::Strategy;
use crate::scaffold::{Action, Entry, Plan};
use console::Style;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Widest column of names that is still aligned (characters).
const WIDEST: usize = 46;

/// Folders and files of one level.
#[derive(Default)]
struct Folder<'p> {
    folders: BTreeMap<&'p str, Folder<'p>>,
    files: Vec<(&'p str, &'p Entry)>,
}

/// The plan for the repository `name`; without the files that are as they would be made, unless
/// `all` or `--verbose`.
pub(crate) fn show_plan(plan: &Plan, name: &str, all: bool, output: &Output) -> String {
    let style = output.style();
    let shown: Vec<&Entry> = plan
        .entries
        .iter()
        .filter(|entry| all || entry.action != Action::Unchanged || output.is_verbose())
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
    // At the first run everything is new.
    let has_past = plan.entries.iter().any(|entry| {
        !matches!(
            entry.action,
            Action::Create | Action::Beside | Action::Extend | Action::LeftOut
        )
    });
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
                if !entry.why.is_empty() && has_past {
                    let why = style.clone().dim().apply_to(entry.why.join("; "));
                    let gap = " ".repeat(width + 12);
                    let _ = writeln!(text, "{gap}because of {why}");
                }
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
    for note in &plan.notes {
        let _ = writeln!(text, "{note}");
    }
    if !plan.executes.is_empty() {
        let title = style.clone().yellow().apply_to(
            "These files come from templates that are not built in and can run commands:",
        );
        let _ = writeln!(text, "{title}");
        for line in &plan.executes {
            let _ = writeln!(text, "  {line}");
        }
    }
    text
}

/// What `plan` changes in files that are there, as unified diffs. Without shipway's own records and
/// files whose values are secret.
pub(crate) fn show_changes(plan: &Plan, root: &Path, output: &Output) -> String {
    let style = output.style();
    let mut text = String::new();
    for change in &plan.changes {
        let entry = plan.entries.iter().find(|entry| entry.path == change.path);
        let is_secret = entry.is_some_and(|entry| entry.strategy == Strategy::Env);
        if is_secret || change.before.is_none() || entry.is_none() {
            continue;
        }
        let Some(content) = &change.content else {
            continue;
        };
        let present = std::fs::read(change.path.under(root)).unwrap_or_default();
        let diff = crate::git::patch::unified(change.path.as_str(), &present, content);
        text.push_str(&coloured(&diff, &style));
    }
    text
}

/// A unified diff as git colours it.
pub(crate) fn coloured(diff: &str, style: &Style) -> String {
    let mut text = String::new();
    for line in diff.lines() {
        let style = style.clone();
        let style = match line.as_bytes().first() {
            Some(b'+') => style.green(),
            Some(b'-') => style.red(),
            Some(b'@') => style.cyan(),
            _ => style,
        };
        let shown: Vec<Cow<str>> = line.split('\t').map(super::visible).collect();
        let _ = writeln!(text, "{}", style.apply_to(shown.join("\t")));
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
        Action::Adopt => ("adopt", style.cyan()),
        Action::Extend => ("extend", style.cyan()),
        Action::Update => ("update", style.cyan()),
        Action::Merge => ("merge", style.cyan()),
        Action::Kept => ("kept", style.yellow()),
        Action::Conflict => ("conflict", style.red()),
        Action::Absent => ("absent", style.dim()),
        Action::Remove => ("remove", style.red()),
        Action::Released => ("yours", style.yellow()),
        Action::Unchanged => ("same", style.dim()),
        Action::LeftOut => ("left out", style.yellow()),
    }
}

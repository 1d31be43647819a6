//! What is known of earlier runs of hooks: their times, what was put right, what is kept.

use super::{Output, visible};
use crate::hooks::snapshot::{Backup, Recovery};
use crate::hooks::stats::Summary;
use bstr::{BString, ByteSlice};
use std::fmt::Write;

/// Paths shown in one line.
const PATHS: usize = 4;

/// A table per hook, and what would bring it within its budget.
pub(crate) fn show_hook_stats(summaries: &[Summary], output: &Output) -> String {
    if summaries.is_empty() {
        return "No hook has run here yet.\n".to_owned();
    }
    let style = output.style();
    let mut text = String::new();
    for summary in summaries {
        let budget = summary.budget_milliseconds.map_or(String::new(), |budget| {
            format!(", of a budget of {}", seconds(budget))
        });
        let _ = writeln!(
            text,
            "{}: {} runs, {} failed; half took at most {}, nine of ten at most {}{budget}",
            style.clone().bold().apply_to(&summary.hook),
            summary.runs,
            summary.failed,
            seconds(summary.median_milliseconds),
            seconds(summary.p90_milliseconds),
        );
        let width = summary
            .jobs
            .iter()
            .map(|job| visible(&job.name).chars().count())
            .max()
            .unwrap_or_default();
        for job in &summary.jobs {
            let _ = writeln!(
                text,
                "  {:<width$}  {:>9}  {:>9}  {} runs, {} failed",
                visible(&job.name),
                seconds(job.median_milliseconds),
                seconds(job.p90_milliseconds),
                job.runs,
                job.failed,
            );
        }
        if let Some(over) = &summary.over {
            let word = style.clone().yellow().apply_to("over budget:").to_string();
            let _ = writeln!(
                text,
                "  {word} {} kept the last {} runs over it, with {} each",
                visible(&over.job),
                over.runs,
                seconds(over.median_milliseconds),
            );
            let mend = style.clone().cyan().apply_to("mend:").to_string();
            let _ = writeln!(text, "  {mend} {}", over.mend);
        }
    }
    text
}

fn seconds(milliseconds: u64) -> String {
    if milliseconds < 1000 {
        format!("{milliseconds} ms")
    } else {
        format!("{}.{:02} s", milliseconds / 1000, milliseconds % 1000 / 10)
    }
}

/// What was put right, a sentence each.
pub(crate) fn show_recovery(recovery: &Recovery, output: &Output) -> String {
    let mut text = String::new();
    let word = output.style().cyan().apply_to("recover ").to_string();
    let mut say = |sentence: &str| {
        let _ = writeln!(text, "{word} {sentence}");
    };
    if !recovery.put_back.is_empty() {
        say(&format!(
            "an earlier run was killed while it wrote; as before it again: {}",
            list(&recovery.put_back)
        ));
    }
    if !recovery.finished.is_empty() {
        say(&format!(
            "an earlier run was killed after it had written; its fixes are in place: {}",
            list(&recovery.finished)
        ));
    }
    if !recovery.edited.is_empty() {
        say(&format!(
            "an earlier run was killed while it wrote, and these were edited since: {}; they were left as they are",
            list(&recovery.edited)
        ));
    }
    for backup in &recovery.backups {
        say(&format!(
            "what the files were before lies in {}",
            backup.display()
        ));
    }
    for lock in &recovery.unlocked {
        say(&format!(
            "removed {}, which that run had left behind",
            lock.display()
        ));
    }
    text
}

/// The backups, newest first.
pub(crate) fn show_backups(backups: &[Backup]) -> String {
    if backups.is_empty() {
        return "There is no backup: hooks have written nothing in the last two weeks.\n"
            .to_owned();
    }
    let mut text = String::new();
    for backup in backups {
        let at = jiff::Timestamp::from_second(backup.at).unwrap_or_default();
        let _ = writeln!(text, "{at}  {}", backup.hook);
        for file in &backup.files {
            let path = visible(&file.path).into_owned();
            match &file.before {
                Some(before) => {
                    let _ = writeln!(text, "  {path}  was {}", before.display());
                }
                None => {
                    let _ = writeln!(text, "  {path}  only staged; was {}", file.staged.display());
                }
            }
        }
    }
    text
}

pub(super) fn list(paths: &[BString]) -> String {
    let mut text = paths
        .iter()
        .take(PATHS)
        .map(|path| visible(&path.to_str_lossy()).into_owned())
        .collect::<Vec<_>>()
        .join(", ");
    if paths.len() > PATHS {
        let _ = write!(text, " and {} more", paths.len() - PATHS);
    }
    text
}

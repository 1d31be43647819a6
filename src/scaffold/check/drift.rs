//! Drift: what an update would change.

use super::{Finding, Subject, rule};
use crate::project::RelPath;
use crate::scaffold::feature::Strategy;
use crate::scaffold::lock::{LOCK_FILE, LockError, PROPOSAL};
use crate::scaffold::plan::{Action, Change, Entry};
use crate::scaffold::{PlanError, read_lock};

const UPDATE: &str = "shipway update; shipway update --dry-run shows it first";

pub(super) fn findings(subject: Subject) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in &subject.plan.entries {
        findings.extend(of(entry, subject));
    }
    let lock = RelPath::parse(LOCK_FILE);
    let at_lock = |line: usize, message: &str| {
        let path = lock.as_ref().ok()?;
        Some(Finding::of(rule::RECORDS, path, line, message, UPDATE))
    };
    if let Err(PlanError::Lock(LockError::Conflict { line })) = read_lock(subject.root) {
        findings.extend(at_lock(line, "it has the marks of a merge conflict"));
    } else if subject.lock.is_older() {
        findings.extend(at_lock(2, "it is of an older schema"));
    }
    // The records go along with what they are of.
    if findings.is_empty() {
        let is_public = |change: &&Change| {
            !subject
                .plan
                .entries
                .iter()
                .any(|entry| entry.path == change.path && entry.strategy == Strategy::Env)
        };
        let records = subject.plan.changes.iter().filter(is_public);
        findings.extend(records.map(|change| {
            let message = if change.before.is_none() {
                "it is missing, or no copy of what was generated any more"
            } else {
                "it says something else than what was detected and generated"
            };
            let line = difference(change, subject);
            Finding::of(rule::RECORDS, &change.path, line, message, UPDATE)
        }));
    }
    findings
}

fn of(entry: &Entry, subject: Subject) -> Option<Finding> {
    // What each machine has of its own is not committed.
    if entry.strategy == Strategy::Env {
        return None;
    }
    let path = &entry.path;
    let change = |path: &str| {
        let mut changes = subject.plan.changes.iter();
        changes.find(|change| change.path.as_str() == path)
    };
    let planned = change(path.as_str());
    let would = match entry.action {
        Action::Conflict => {
            let line = change(&format!("{path}{PROPOSAL}"))
                .and_then(|change| first_difference(path, change, subject));
            let finding = Finding::of(
                rule::CONFLICT,
                path,
                line,
                format!("edits cross what is new{}", because(&entry.why)),
                format!(
                    "shipway update, then put what you need of {path}{PROPOSAL} into it and \
                     delete that file; or: shipway update --ours {path}; or: shipway update \
                     --theirs {path}"
                ),
            );
            return Some(Finding {
                why: entry.why.clone(),
                ..finding
            });
        }
        Action::Create | Action::Beside => "would be made",
        Action::Extend | Action::Update | Action::Merge => "is not as it would be generated now",
        Action::Remove => "is generated no more, and an update takes it away",
        Action::Released => "is not generated any more; its edits stay, and the lock lets go of it",
        Action::Kept | Action::Absent | Action::Unchanged | Action::LeftOut | Action::Adopt => {
            return None;
        }
    };
    // A block that the user deleted with its file is only forgotten.
    if planned.is_none() && entry.action != Action::Released {
        return None;
    }
    let line = planned.and_then(|change| difference(change, subject));
    let message = format!("it {would}{}", because(&entry.why));
    let finding = Finding::of(rule::DRIFT, path, line, message, UPDATE);
    Some(Finding {
        why: entry.why.clone(),
        ..finding
    })
}

fn because(why: &[String]) -> String {
    if why.is_empty() {
        String::new()
    } else {
        format!(", because of {}", why.join("; "))
    }
}

/// The first line that `change` touches, where it leaves a file that is there.
fn difference(change: &Change, subject: Subject) -> Option<usize> {
    first_difference(&change.path, change, subject)
}

/// The first line of the file at `path` that is another one in `change`.
fn first_difference(path: &RelPath, change: &Change, subject: Subject) -> Option<usize> {
    let content = change.content.as_deref()?;
    let present = std::fs::read(path.under(subject.root)).ok()?;
    let lines = |text: &[u8]| text.split(|byte| *byte == b'\n').count();
    let same = present
        .split(|byte| *byte == b'\n')
        .zip(content.split(|byte| *byte == b'\n'))
        .take_while(|(old, new)| old == new)
        .count();
    Some((same + 1).min(lines(present.trim_ascii_end())))
}

//! The verdicts that are known here, and which of them count.

use super::share::shared;
use super::{Key, Passed, Record};
use crate::git::{GitError, ObjectId, Repository};
use crate::hooks::kept_lines::KeptLines;
use std::collections::HashSet;

/// Bytes of the file from which on it is cut to its last records.
const LARGE: u64 = 4 * 1024 * 1024;
/// Records that stay then.
const KEPT: usize = 4000;

/// What passed on one tree, and which trees a hook let through.
pub(in crate::hooks) struct Ledger {
    passed: Vec<(i64, Passed)>,
    /// Told by anybody: good for a note and for nothing else.
    checked: HashSet<String>,
    /// Whether others' verdicts are here at all.
    pub(in crate::hooks) shared: bool,
}

impl Ledger {
    /// Reads what counts for `tree`. Where `strict`, as in CI, that needs a MAC by `key`, even
    /// if it lies in this clone.
    ///
    /// # Errors
    /// When the ref cannot be read.
    pub(in crate::hooks) fn read(
        repository: &Repository,
        tree: ObjectId,
        key: Option<&Key>,
        strict: bool,
        now: u64,
    ) -> Result<Self, GitError> {
        let now = i64::try_from(now).unwrap_or_default();
        let tree = tree.to_string();
        let (others, shared) = match shared(repository, now)? {
            Some(records) => (records, true),
            None => (Vec::new(), false),
        };
        let mut ledger = Self {
            passed: Vec::new(),
            checked: HashSet::new(),
            shared,
        };
        let own = own(repository).into_iter().map(|record| (record, !strict));
        let others = others.into_iter().map(|record| (record, false));
        for (record, trusted) in own.chain(others) {
            if !record.is_of_now(now) {
                continue;
            }
            if record.tree == tree && (trusted || key.is_some_and(|key| key.verifies(&record))) {
                let at = record.at;
                ledger
                    .passed
                    .extend(record.jobs.iter().cloned().map(|passed| (at, passed)));
            }
            if record.checked {
                ledger.checked.insert(record.tree);
            }
        }
        Ok(ledger)
    }

    /// When the job passed last, in seconds since 1970; None where no verdict covers it.
    pub(in crate::hooks) fn covers(&self, wanted: &Passed) -> Option<i64> {
        self.passed
            .iter()
            .filter(|(_, passed)| passed.covers(wanted))
            .map(|(at, _)| *at)
            .max()
    }

    /// Whether somebody says that a hook let a commit of `tree` through.
    pub(in crate::hooks) fn has_checked(&self, tree: ObjectId) -> bool {
        self.checked.contains(&tree.to_string())
    }
}

fn verdicts(repository: &Repository) -> KeptLines {
    KeptLines {
        file: repository.common_dir.join("shipway/verdicts.jsonl"),
        large: LARGE,
        kept: KEPT,
    }
}

/// Those of this clone, oldest first. A line that cannot be read is passed over.
pub(super) fn own(repository: &Repository) -> Vec<Record> {
    verdicts(repository).read()
}

/// Adds `record`. What cannot be kept costs another run of its jobs and nothing else.
pub(in crate::hooks) fn keep(repository: &Repository, record: &Record) {
    let _ = verdicts(repository).add(record);
}

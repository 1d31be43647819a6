//! Puts right what a run left that was killed while it wrote.

use super::backup::{FileStep, Journal, Run};
use super::write_back::{exchange, identity, mend_exchange, turn};
use super::{SnapshotError, at};
use crate::git::{Index, Repository, blob_id, native};
use bstr::{BString, ByteSlice};
use serde::{Serialize, Serializer};
use std::fs;
use std::path::{Path, PathBuf};

/// What was done about runs that died.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Recovery {
    /// Files that are as they were before the run.
    #[serde(serialize_with = "lossy")]
    pub put_back: Vec<BString>,
    /// Files whose fix the index has already: they have it too.
    #[serde(serialize_with = "lossy")]
    pub finished: Vec<BString>,
    /// Files that somebody wrote since. They were left; what they were before the run lies in
    /// the backup.
    #[serde(serialize_with = "lossy")]
    pub edited: Vec<BString>,
    /// Locks of git that the runs had left behind.
    pub unlocked: Vec<PathBuf>,
    pub backups: Vec<PathBuf>,
}

fn lossy<S: Serializer>(paths: &[BString], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_str_lossy()))
}

impl Recovery {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Puts right all runs of this work tree that died. Where there is none, nothing is done or
/// written.
///
/// # Errors
/// When a file cannot be written, or a journal not be read.
pub fn recover(repository: &Repository) -> Result<Recovery, SnapshotError> {
    let mut recovery = Recovery::default();
    for mut run in Run::dead(repository) {
        let Some(journal) = run.journal()? else {
            continue;
        };
        let _turn = turn(repository)?;
        one(repository, &run, &journal, &mut recovery)?;
        if recovery.edited.is_empty() && recovery.finished.is_empty() {
            // Everything is as before: nothing is worth keeping.
            run.forget()?;
        } else if let Some(backup) = run.finish(repository)? {
            recovery.backups.push(backup);
        }
    }
    Ok(recovery)
}

/// What a file of the work tree is, of which `kept` is the other half of the exchange.
enum State {
    /// It was not exchanged.
    Untouched,
    /// What the run put there.
    Fixed,
    /// That was there and is not any more.
    Edited,
}

fn state(step: &FileStep, kept: &Path, place: &Path) -> State {
    if identity(kept) == step.identity {
        return State::Untouched;
    }
    let fixed = identity(place) == step.identity
        && fs::read(place).is_ok_and(|content| {
            blob_id(&content).is_ok_and(|id| *id.to_hex().to_string() == step.content)
        });
    if fixed { State::Fixed } else { State::Edited }
}

fn one(
    repository: &Repository,
    run: &Run,
    journal: &Journal,
    recovery: &mut Recovery,
) -> Result<(), SnapshotError> {
    for step in &journal.indexes {
        if let Some(lock) = &step.lock
            && step.identity != (0, 0)
            && identity(lock) == step.identity
        {
            fs::remove_file(lock).map_err(at(lock))?;
            recovery.unlocked.push(lock.clone());
        }
    }
    // A temporary index is gone with the commit that was to be: the one that counts is git's.
    let index = Index::read(&repository.git_dir.join("index"))?;
    for step in &journal.files {
        file(repository, run, step, &index, recovery)?;
    }
    Ok(())
}

fn file(
    repository: &Repository,
    run: &Run,
    step: &FileStep,
    index: &Index,
    recovery: &mut Recovery,
) -> Result<(), SnapshotError> {
    let Some(number) = step.number else {
        return Ok(());
    };
    let path = step.path();
    let place = repository.root.join(native(path.as_bstr())?);
    let kept = step.beside.clone().unwrap_or_else(|| run.content(number));
    mend_exchange(&kept).map_err(at(&kept))?;
    let done = index
        .find(path.as_bstr())
        .is_some_and(|position| step.after == *index.entry(position).id.to_hex().to_string());
    match state(step, &kept, &place) {
        State::Untouched => {}
        // The index has the fix: so has the file, or whoever edited it since had it before.
        _ if done => recovery.finished.push(path),
        State::Fixed => {
            exchange(&kept, &place).map_err(at(&place))?;
            recovery.put_back.push(path);
        }
        State::Edited => recovery.edited.push(path),
    }
    if let Some(beside) = &step.beside {
        let copy = run.content(number);
        fs::copy(beside, &copy).map_err(at(&copy))?;
        fs::remove_file(beside).map_err(at(beside))?;
    }
    Ok(())
}

//! Change events of the branches that a repository has: what a squash or a rebase is going to
//! hide, written down while it can be seen.

use super::event::{Change, Event, Original, Source, Time};
use super::store::{Batch, BatchError, Store, StoreError};
use crate::git::branch::{Beside, Branches};
use crate::git::{CommitId, PatchId, patch_id};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// A branch with more commits of its own is no change that somebody merges, and would be no event
/// of 64 KiB.
const MOST_COMMITS: usize = 300;

/// Branches that are looked at in one go; the rest is for the next time.
const MOST_BRANCHES: usize = 200;

/// As many commits of branches, and no more branches, are compared in one go: each costs a
/// difference.
const ENOUGH_COMMITS: usize = 2000;

/// A branch that ended so many seconds before the main line did was left lying.
const LEFT_LYING: i64 = 365 * 86_400;

/// First line of the file that says which branches were looked at.
const HEAD: &str = "shipway branches 1";

/// Which branches are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those that were made here.
    Local,
    /// Those of remotes, too.
    All,
}

/// Where branches are looked at.
#[derive(Debug, Clone)]
pub struct Place<'p> {
    /// Top of the repository.
    pub root: &'p Path,
    /// Its common git directory.
    pub common_dir: &'p Path,
    /// A ref that is there once the record holds something; without it, every branch is new.
    pub kept_by: Option<&'p str>,
}

/// Records in `store` what the branches in `scope`, and those that end at `also`, add to the main
/// lines, and gives how many change events were new. A branch that was looked at is not looked at
/// again before it moves.
///
/// # Errors
/// When a ref or commit cannot be read, files are missing (a partial clone), or the store cannot
/// be written.
pub fn record(
    place: &Place,
    store: &dyn Store,
    scope: Scope,
    also: &[CommitId],
    now: Time,
) -> Result<usize, StoreError> {
    let branches = Branches::open(place.root)?;
    let mut tips: BTreeSet<CommitId> = branches.local().collect();
    if scope == Scope::All {
        tips.extend(branches.remote());
    }
    tips.extend(also);
    let file = file(place.common_dir);
    let known = match place.kept_by {
        Some(reference) if !branches.has(reference) => HashSet::new(),
        _ => known(&file),
    };
    if tips.iter().all(|tip| known.contains(tip)) {
        return Ok(0);
    }
    let mut new: Vec<(i64, CommitId)> = tips
        .iter()
        .filter(|tip| !known.contains(tip))
        .filter_map(|tip| Some((branches.date(*tip)?, *tip)))
        .collect();
    new.sort_unstable();
    let oldest = branches
        .newest()
        .map_or(i64::MIN, |newest| newest - LEFT_LYING);
    // Branches that are gone are forgotten where all were listed.
    let mut looked = known;
    if scope == Scope::All {
        looked.retain(|tip| tips.contains(tip));
    }
    let mut found: Vec<Beside> = Vec::new();
    let mut commits = 0;
    for (date, tip) in new.into_iter().rev().take(MOST_BRANCHES) {
        if commits >= ENOUGH_COMMITS {
            break;
        }
        looked.insert(tip);
        if date >= oldest
            && let Some(branch) = branches.beside(tip, MOST_COMMITS)?
        {
            commits += branch.commits.len();
            found.push(branch);
        }
    }
    let added = keep(place.root, store, &found, now)?;
    // What cannot be remembered is looked at again.
    let _ = remember(&file, &looked);
    Ok(added)
}

fn keep(root: &Path, store: &dyn Store, found: &[Beside], now: Time) -> Result<usize, StoreError> {
    if found.is_empty() {
        return Ok(0);
    }
    let commits: BTreeSet<CommitId> = found
        .iter()
        .flat_map(|branch| branch.commits.iter().map(|commit| commit.id))
        .collect();
    let commits: Vec<CommitId> = commits.into_iter().collect();
    let patches = patch_id::patch_ids(root, &commits)?;
    let ends: Vec<(CommitId, CommitId)> = found
        .iter()
        .map(|branch| (branch.base, branch.tip))
        .collect();
    let wholes = patch_id::branch_patch_ids(root, &ends)?;
    let mut batch = Batch::new().map_err(StoreError::Batch)?;
    for branch in found {
        let Some(change) = change(branch, &patches, wholes.get(&branch.tip).copied()) else {
            continue;
        };
        let event = Event::Change(change);
        // A clock that is wrong is no reason to stop.
        if event.not_after(now).is_err() || event.main_time() < Time::EPOCH {
            continue;
        }
        match batch.push(&event) {
            Ok(()) | Err(BatchError::Event(_)) => {}
            Err(BatchError::Io(error)) => return Err(StoreError::Batch(error)),
        }
    }
    if batch.is_empty() {
        return Ok(0);
    }
    Ok(store.add_all(&mut batch)?.new)
}

/// The event of a branch, the same wherever and whenever it is seen. None where a date is none.
fn change(
    branch: &Beside,
    patches: &HashMap<CommitId, PatchId>,
    whole: Option<PatchId>,
) -> Option<Change> {
    let commits = branch.commits.iter().map(|commit| {
        Some(Original {
            id: commit.id,
            committed_at: Time::from_second(commit.committed_at)?,
            authored_at: Time::from_second(commit.authored_at)?,
            patch_id: patches.get(&commit.id).copied(),
        })
    });
    Some(Change {
        commits: commits.collect::<Option<_>>()?,
        patch_id: whole,
        base: Some(branch.base),
        opened_at: None,
        approved_at: None,
        merged_at: None,
        merged_as: None,
        number: None,
        source: Source::Hook,
    })
}

fn file(common_dir: &Path) -> PathBuf {
    common_dir.join("shipway").join("branches.seen")
}

/// The tips that were looked at.
fn known(file: &Path) -> HashSet<CommitId> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    match text.split_once('\n') {
        Some((HEAD, rest)) => rest.lines().filter_map(|line| line.parse().ok()).collect(),
        _ => HashSet::new(),
    }
}

fn remember(file: &Path, tips: &HashSet<CommitId>) -> std::io::Result<()> {
    let mut text = format!("{HEAD}\n");
    for tip in tips {
        let _ = writeln!(text, "{tip}");
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut written = tempfile::NamedTempFile::new_in(folder)?;
    written.write_all(text.as_bytes())?;
    written.persist(file)?;
    Ok(())
}

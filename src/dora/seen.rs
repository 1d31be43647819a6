//! Change events of the branches that a repository has: what a squash or a rebase is going to
//! hide, written down while it can be seen.

use super::event::{Change, Event, Original, Source, Time};
use super::store::{Batch, BatchError, Store, StoreError};
use crate::git::branch::{self, Beside, Branches};
use crate::git::{CommitId, PatchId, Repository, kept, patch_id};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

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
const HEAD: &[u8] = b"shipway branches 2\n";

/// A ref that moves so soon after another may leave no trace in the times of files.
const CLOCK_TICKS: Duration = Duration::from_secs(2);

/// Which branches are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'t> {
    /// Those that end at these commits.
    Pushed(&'t [CommitId]),
    /// All that were made here, and those of remotes as last fetched.
    All,
}

/// Which branches were looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// [`branch::moved_at`] before all branches were looked at.
    moved_at: Option<Duration>,
    tips: BTreeSet<CommitId>,
}

/// Records in `store` what the branches in `scope` add to the main lines, and gives how many
/// change events were new. A branch that was looked at is not looked at again before it moves, or
/// the store is empty.
///
/// # Errors
/// When a ref or commit cannot be read, files are missing (a partial clone), or the store cannot
/// be read or written.
pub fn record(
    repository: &Repository,
    store: &dyn Store,
    scope: Scope,
    now: Time,
) -> Result<usize, StoreError> {
    let file = repository.common_dir.join("shipway").join("branches.seen");
    let before: Seen = if store.is_empty()? {
        Seen::default()
    } else {
        kept::load(&file, HEAD).unwrap_or_default()
    };
    let moved_at = branch::moved_at(&repository.common_dir);
    if scope == Scope::All && moved_at.is_some() && moved_at == before.moved_at {
        return Ok(0);
    }
    let branches = Branches::open(&repository.root)?;
    let tips: BTreeSet<CommitId> = match scope {
        Scope::Pushed(tips) => tips.iter().copied().collect(),
        Scope::All => branches.tips().collect(),
    };
    let mut new: Vec<(i64, CommitId)> = tips
        .difference(&before.tips)
        .filter_map(|tip| Some((branches.date(*tip)?, *tip)))
        .collect();
    new.sort_unstable();
    let oldest = branches
        .newest()
        .map_or(i64::MIN, |newest| newest - LEFT_LYING);
    let mut seen = before.clone();
    let mut found: Vec<Beside> = Vec::new();
    let mut commits = 0;
    for _ in 0..MOST_BRANCHES {
        if commits >= ENOUGH_COMMITS {
            break;
        }
        let Some((date, tip)) = new.pop() else { break };
        seen.tips.insert(tip);
        if date >= oldest
            && let Some(branch) = branches.beside(tip, MOST_COMMITS)?
        {
            commits += branch.commits.len();
            found.push(branch);
        }
    }
    let added = keep(&repository.root, store, &found, now)?;
    if scope == Scope::All {
        // Branches that are gone are forgotten.
        seen.tips.retain(|tip| tips.contains(tip));
        let settled = u64::try_from(now.second()).map_or(Duration::ZERO, Duration::from_secs);
        seen.moved_at = moved_at.filter(|at| new.is_empty() && *at + CLOCK_TICKS <= settled);
    }
    if seen != before {
        // What cannot be remembered is looked at again.
        let _ = kept::save(&file, HEAD, &seen);
    }
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

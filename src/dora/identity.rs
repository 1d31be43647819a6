//! What a merge hid: the commits that a squash or a rebase put into the deployed history in place
//! of others, restored from change events.

use super::event::{Change, EventId, Source};
use crate::git::{CommitId, PatchId};
use std::collections::{BTreeSet, HashMap};

/// A merge is made after its originals; by so many seconds clocks may say otherwise. Commits that
/// are older still are not compared, as each comparison costs a difference.
const CLOCKS_DIFFER: i64 = 31 * 86_400;

/// The change events, by what they can be found by.
pub struct Identities<'a> {
    changes: &'a [(EventId, &'a Change)],
    by_original: HashMap<CommitId, Vec<usize>>,
    by_merge: HashMap<CommitId, Vec<usize>>,
    by_whole: HashMap<PatchId, Vec<usize>>,
    /// Change and place of the commit in it.
    by_single: HashMap<PatchId, Vec<(usize, usize)>>,
    /// Second of the first commit of a change of which a patch id was recorded.
    earliest_patch: Option<i64>,
}

/// What a deployed commit is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// It stands for itself, and no change event tells of it.
    Itself,
    /// It stands for itself, as a commit of the change with this number.
    Recorded { change: usize },
    /// It took the place of these commits of the change.
    Restored {
        change: usize,
        /// Places of the commits in the change.
        originals: Vec<usize>,
        /// Other changes could have been meant.
        ambiguous: bool,
    },
}

impl<'a> Identities<'a> {
    pub fn new(changes: &'a [(EventId, &'a Change)]) -> Self {
        let mut identities = Self {
            changes,
            by_original: HashMap::new(),
            by_merge: HashMap::new(),
            by_whole: HashMap::new(),
            by_single: HashMap::new(),
            earliest_patch: changes
                .iter()
                .filter(|(_, change)| has_patch(change))
                .flat_map(|(_, change)| &change.commits)
                .map(|original| original.committed_at.second())
                .min(),
        };
        for (number, (_, change)) in changes.iter().enumerate() {
            for (place, original) in change.commits.iter().enumerate() {
                let known = identities.by_original.entry(original.id).or_default();
                known.push(number);
                if let Some(patch) = original.patch_id {
                    let single = identities.by_single.entry(patch).or_default();
                    single.push((number, place));
                }
            }
            if let Some(merge) = change.merged_as {
                identities.by_merge.entry(merge).or_default().push(number);
            }
            // The whole of a branch of one commit is that commit.
            let only = match change.commits.as_slice() {
                [only] => only.patch_id,
                _ => None,
            };
            if let Some(patch) = change.patch_id.or(only) {
                identities.by_whole.entry(patch).or_default().push(number);
            }
        }
        identities
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Every commit that a change event names, each once.
    pub fn originals(&self) -> impl Iterator<Item = CommitId> + '_ {
        self.by_original.keys().copied()
    }

    /// Whether the patch id of `commit`, made at the second `time`, can matter: no event names it,
    /// and some patch id was recorded of commits that are not younger.
    pub fn wants_patch(&self, commit: &CommitId, time: i64) -> bool {
        if self.by_original.contains_key(commit) {
            return false;
        }
        self.earliest_patch
            .is_some_and(|earliest| time >= earliest - CLOCKS_DIFFER)
    }

    /// What the deployed `commit`, made at the second `time`, is. `reached` says whether a
    /// deployment reaches a commit, `merge` whether a commit is known to be one.
    pub fn of(
        &self,
        commit: &CommitId,
        time: i64,
        patch: Option<PatchId>,
        reached: impl Fn(&CommitId) -> bool,
        merge: impl Fn(&CommitId) -> bool,
    ) -> Identity {
        if let Some(numbers) = self.by_original.get(commit) {
            let (change, _) = self.choose(numbers.iter().copied(), time);
            return Identity::Recorded { change };
        }
        let counts = |original: &CommitId| !reached(original) && !merge(original);
        let wholes = patch.and_then(|patch| self.by_whole.get(&patch));
        let singles = patch.and_then(|patch| self.by_single.get(&patch));
        let merges = self.by_merge.get(commit);
        // What the forge says of this very commit goes before what looks alike.
        let named = |number: &usize| merges.is_some_and(|merges| merges.contains(number));
        if let Some(singles) = singles
            && wholes.is_none_or(|wholes| !wholes.iter().any(named))
            && (wholes.is_none() || singles.iter().any(|(number, _)| named(number)))
        {
            let mut from: Vec<usize> = singles.iter().map(|(number, _)| *number).collect();
            if from.iter().any(named) {
                from.retain(named);
            }
            let (change, ambiguous) = self.choose(from.into_iter(), time);
            let place = singles.iter().find(|(number, _)| *number == change);
            let place = place.map_or(0, |(_, place)| *place);
            let original = &self.changes[change].1.commits[place];
            // One that is deployed, too, was picked from there: both are changes.
            return if counts(&original.id) {
                Identity::Restored {
                    change,
                    originals: vec![place],
                    ambiguous,
                }
            } else {
                Identity::Itself
            };
        }
        let mut from: Vec<usize> = wholes.or(merges).cloned().unwrap_or_default();
        if from.iter().any(named) {
            from.retain(named);
        }
        if from.is_empty() {
            return Identity::Itself;
        }
        let (change, ambiguous) = self.choose(from.into_iter(), time);
        let commits = self.changes[change].1.commits.iter().enumerate();
        let originals: Vec<usize> = commits
            .filter(|(_, original)| counts(&original.id))
            .map(|(place, _)| place)
            .collect();
        if originals.is_empty() {
            Identity::Itself
        } else {
            Identity::Restored {
                change,
                originals,
                ambiguous,
            }
        }
    }

    /// Of several changes the one whose last commit is the latest before `merged`, and whether
    /// others could have been meant. Of several events of one branch the forge's goes first, then
    /// that with the lower id.
    fn choose(&self, numbers: impl Iterator<Item = usize>, merged: i64) -> (usize, bool) {
        let last = |number: usize| {
            let commits = &self.changes[number].1.commits;
            commits
                .iter()
                .max_by_key(|c| c.committed_at)
                .map(|c| (c.committed_at.second(), c.id))
        };
        let mut candidates: Vec<usize> = numbers.collect();
        candidates.sort_by_key(|number| {
            let (id, change) = self.changes[*number];
            let forge = matches!(change.source, Source::Github | Source::Gitlab);
            let at = last(*number).map_or(i64::MIN, |(at, _)| at);
            (at > merged, std::cmp::Reverse(at), !forge, id)
        });
        let branches: BTreeSet<Option<CommitId>> = candidates
            .iter()
            .map(|number| last(*number).map(|(_, id)| id))
            .collect();
        (candidates.first().copied().unwrap_or(0), branches.len() > 1)
    }
}

fn has_patch(change: &Change) -> bool {
    change.patch_id.is_some()
        || change
            .commits
            .iter()
            .any(|commit| commit.patch_id.is_some())
}

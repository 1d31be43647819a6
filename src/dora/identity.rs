//! What a merge hid: the commits that a squash or a rebase put into the deployed history in place
//! of others, restored from change events.

use super::event::{Change, EventId, Original, Source, Time};
use crate::git::{CommitId, PatchId};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// A merge is made after its originals; by so many seconds clocks may say otherwise. Commits that
/// are older still are not compared, as each comparison costs a difference.
const CLOCKS_DIFFER: i64 = 31 * 86_400;

/// The change events, by what they can be found by.
pub struct Identities<'a> {
    changes: &'a [(EventId, &'a Change)],
    by_original: HashMap<CommitId, Vec<usize>>,
    by_merge: HashMap<CommitId, Vec<usize>>,
    by_whole: HashMap<PatchId, Vec<(usize, Part)>>,
    by_single: HashMap<PatchId, Vec<(usize, Part)>>,
    /// Second of the first commit of a change of which a patch id was recorded.
    earliest_patch: Option<i64>,
}

/// What of a change a commit looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// The commit at this place in it.
    Commit(usize),
}

/// What a deployed commit is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// It stands for itself, and no change event tells of it.
    Itself,
    /// It stands for itself, as a commit of the change with this number.
    Recorded { change: usize },
    /// It took the place of these commits of a change.
    Restored {
        /// The change that says when it was opened and merged; another one where two tell of the
        /// same commits.
        change: usize,
        from: usize,
        /// Places of the commits in the change `from`.
        originals: Vec<usize>,
        /// It is the whole change, and not one commit of it.
        whole: bool,
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
                    single.push((number, Part::Commit(place)));
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
                let whole = identities.by_whole.entry(patch).or_default();
                whole.push((number, Part::Whole));
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
            return self
                .told(numbers)
                .map_or(Identity::Itself, |change| Identity::Recorded { change });
        }
        let found = |ids: &HashMap<PatchId, Vec<(usize, Part)>>| -> Vec<(usize, Part)> {
            let found = patch.and_then(|patch| ids.get(&patch));
            found.cloned().unwrap_or_default()
        };
        let (mut wholes, mut singles) = (found(&self.by_whole), found(&self.by_single));
        // What the forge says of this very commit goes before what looks alike.
        if let Some(merges) = self.by_merge.get(commit) {
            wholes.retain(|(number, _)| merges.contains(number));
            singles.retain(|(number, _)| merges.contains(number));
            if wholes.is_empty() && singles.is_empty() {
                wholes.extend(merges.iter().map(|number| (*number, Part::Whole)));
            }
        }
        let candidates = if wholes.is_empty() { singles } else { wholes };
        let Some((from, part, ambiguous)) = self.choose(&candidates, time) else {
            return Identity::Itself;
        };
        // One that is deployed, too, was picked from there: both are changes.
        let originals: Vec<CommitId> = self
            .originals_of(from, part)
            .map(|original| original.id)
            .filter(|original| !reached(original) && !merge(original))
            .collect();
        let Some(last) = originals.last() else {
            return Identity::Itself;
        };
        // Two events may tell of the same commits.
        let told = self.by_original.get(last);
        let forge = told.and_then(|numbers| self.told(numbers));
        let change = forge.filter(|number| self.is_of_forge(*number));
        Identity::Restored {
            from,
            change: change.unwrap_or(from),
            originals: match part {
                Part::Whole => self.places_of(from, &originals),
                Part::Commit(place) => vec![place],
            },
            whole: part == Part::Whole,
            ambiguous,
        }
    }

    /// When the work of `original` was committed at first, in seconds since 1970. A branch that was
    /// rebased between two looks at it is recorded in both states, and its commits are in each by
    /// another name: the same patch of the same author date. The earliest state counts that no
    /// deployment reaches (`reached`); one that is deployed itself was picked.
    pub fn begun(&self, original: &Original, reached: impl Fn(&CommitId) -> bool) -> i64 {
        let own = original.committed_at.second();
        let states = self
            .patch_of(original)
            .and_then(|patch| self.by_single.get(&patch));
        states
            .into_iter()
            .flatten()
            .filter_map(|(number, part)| match part {
                Part::Commit(place) => Some(&self.changes[*number].1.commits[*place]),
                Part::Whole => None,
            })
            .filter(|state| state.authored_at == original.authored_at)
            .filter(|state| state.id != original.id && !reached(&state.id))
            .map(|state| state.committed_at.second())
            .chain([own])
            .min()
            .unwrap_or(own)
    }

    /// The forge names commits without their patches, the hook with them.
    fn patch_of(&self, original: &Original) -> Option<PatchId> {
        let events = self.by_original.get(&original.id).into_iter().flatten();
        events
            .flat_map(|number| &self.changes[*number].1.commits)
            .filter(|told| told.id == original.id)
            .find_map(|told| told.patch_id)
    }

    /// Of several events that name a commit, the one that is believed: the forge's, else that
    /// with the lowest id.
    fn told(&self, numbers: &[usize]) -> Option<usize> {
        numbers
            .iter()
            .copied()
            .min_by_key(|number| (!self.is_of_forge(*number), self.changes[*number].0))
    }

    fn is_of_forge(&self, number: usize) -> bool {
        let source = self.changes[number].1.source;
        matches!(source, Source::Github | Source::Gitlab)
    }

    fn originals_of(&self, number: usize, part: Part) -> impl Iterator<Item = &Original> {
        let commits = self.changes[number].1.commits.iter().enumerate();
        commits
            .filter(move |(place, _)| part == Part::Whole || part == Part::Commit(*place))
            .map(|(_, original)| original)
    }

    fn places_of(&self, number: usize, originals: &[CommitId]) -> Vec<usize> {
        let commits = self.changes[number].1.commits.iter().enumerate();
        commits
            .filter(|(_, original)| originals.contains(&original.id))
            .map(|(place, _)| place)
            .collect()
    }

    /// Of several candidates the one whose change has the latest last commit before `merged`, and
    /// whether other work could have been meant: the states of a branch that was rebased are one.
    /// Of several events of the same commits the forge's goes first, then that with the lower id.
    fn choose(&self, candidates: &[(usize, Part)], merged: i64) -> Option<(usize, Part, bool)> {
        let last = |number: usize| {
            let commits = &self.changes[number].1.commits;
            let last = commits.iter().max_by_key(|commit| commit.committed_at);
            last.map_or(i64::MIN, |commit| commit.committed_at.second())
        };
        let (number, part) = candidates.iter().copied().min_by_key(|(number, _)| {
            let at = last(*number);
            let id = self.changes[*number].0;
            (at > merged, Reverse(at), !self.is_of_forge(*number), id)
        })?;
        let work = |original: &Original| match self.patch_of(original) {
            Some(patch) => (original.authored_at, Ok(patch)),
            None => (original.authored_at, Err(original.id)),
        };
        let meant: HashSet<Vec<(Time, Result<PatchId, CommitId>)>> = candidates
            .iter()
            .map(|(number, part)| self.originals_of(*number, *part).map(work).collect())
            .collect();
        Some((number, part, meant.len() > 1))
    }
}

fn has_patch(change: &Change) -> bool {
    change.patch_id.is_some()
        || change
            .commits
            .iter()
            .any(|commit| commit.patch_id.is_some())
}

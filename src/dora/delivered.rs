//! What each deployment delivered: the starts of its changes, from which lead times are counted.

use super::event::{Change, EventId, Original};
use super::identity::{Identities, Identity};
use super::lineage::{Keeping, Lineage};
use crate::git::graph::{Graph, Node};
use crate::git::{CommitId, PatchId};
use std::collections::{HashMap, HashSet};

/// What is known before it is sorted out which deployment delivered what.
pub struct Sources<'s> {
    pub graph: &'s Graph,
    pub identities: &'s Identities<'s>,
    pub changes: &'s [(EventId, &'s Change)],
    /// Of deployed commits.
    pub patches: &'s HashMap<CommitId, PatchId>,
    /// Of the commits that the record names, as far as the repository has them.
    pub nodes: &'s HashMap<CommitId, Node>,
}

/// How changes are counted.
#[derive(Debug, Clone, Copy)]
pub struct Counting {
    pub merges: bool,
    pub keeping: Keeping,
    /// What the first deployment carried counts as delivered by it.
    pub whole: bool,
    /// Keep what does not count, too.
    pub rows: bool,
}

/// The changes by the number in the list of the deployment that delivered them.
#[derive(Debug, Default)]
pub struct Delivered {
    /// Where those of each deployment begin in `nodes`, and the end of the last.
    offsets: Vec<u32>,
    /// Commits of which no change event tells.
    nodes: Vec<Node>,
    /// By number.
    recorded: Vec<Recorded>,
    /// Merges that count for nothing, by number; where rows are kept.
    pub merges: Vec<(u32, Node)>,
    /// Originals of a squash that count for nothing, as they are merges or delivered otherwise,
    /// by number.
    pub uncounted: Vec<(u32, CommitId)>,
    /// Commits outside of the service's paths, by number; where rows are kept.
    pub outside: Vec<(u32, Node)>,
}

/// A change of which a change event tells.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Of the deployment in the list.
    pub number: u32,
    /// The deployed commit.
    pub commit: CommitId,
    /// The commit that counts: the deployed one, or an original in its place.
    pub original: CommitId,
    /// Committer date, first commit of the change and merge, in seconds since 1970.
    pub start: i64,
    /// The start is that of an earlier state of the commit.
    pub restated: bool,
    pub first: i64,
    pub merged: Option<i64>,
    /// Number of the change event.
    pub change: usize,
    pub ambiguous: bool,
}

impl Delivered {
    /// Sorts out what the lineage delivers, and takes it from there. `touches` says whether a commit
    /// touches the service.
    pub fn new(
        lineage: &mut Lineage,
        sources: &Sources,
        counting: Counting,
        touches: &dyn Fn(Node) -> bool,
    ) -> Self {
        let graph = sources.graph;
        let mut delivered = Self::default();
        let recorded = if sources.identities.is_empty() {
            HashSet::new()
        } else {
            let counts =
                |node: &Node| (counting.merges || !lineage.is_merge(*node)) && touches(*node);
            let mut commits: Vec<(u32, i64, CommitId, Node)> = Vec::new();
            for number in 0..lineage.list.len() {
                let found = lineage.delivered(number).iter().copied().filter(counts);
                commits.extend(
                    found.map(|node| (index(number), graph.time(node), graph.id(node), node)),
                );
            }
            commits.sort_unstable();
            delivered.record(&commits, lineage, sources)
        };
        let (merges, outside) = (&mut delivered.merges, &mut delivered.outside);
        let (offsets, nodes) = lineage.take_delivered(|number, node, is_merge| {
            let left_out = if is_merge && !counting.merges {
                &mut *merges
            } else if !touches(node) {
                &mut *outside
            } else {
                return !recorded.contains(&node);
            };
            if counting.rows {
                left_out.push((number, node));
            }
            false
        });
        Self {
            offsets,
            nodes,
            ..delivered
        }
    }

    /// Fills in what change events tell of; gives the nodes that they tell of.
    fn record(
        &mut self,
        commits: &[(u32, i64, CommitId, Node)],
        lineage: &Lineage,
        sources: &Sources,
    ) -> HashSet<Node> {
        let Sources {
            graph,
            identities,
            changes,
            patches,
            nodes,
        } = *sources;
        let mut recorded = HashSet::new();
        let mut restored: HashSet<CommitId> = HashSet::new();
        for (number, time, commit, node) in commits {
            let patch = patches.get(commit).copied();
            let deployed = |original: &CommitId| {
                let known = nodes.get(original);
                known.is_some_and(|node| lineage.reaches(*node))
            };
            let identity = identities.of(
                commit,
                *time,
                patch,
                |original| restored.contains(original) || deployed(original),
                |original| {
                    nodes
                        .get(original)
                        .is_some_and(|node| graph.is_merge(*node))
                },
            );
            let (change, from, originals, whole, ambiguous) = match identity {
                Identity::Itself => continue,
                Identity::Recorded { change } => (change, change, Vec::new(), false, false),
                Identity::Restored {
                    change,
                    from,
                    originals,
                    whole,
                    ambiguous,
                } => (change, from, originals, whole, ambiguous),
            };
            recorded.insert(*node);
            let event = changes[change].1;
            let hidden = &changes[from].1.commits;
            let begun = |original: &Original| identities.begun(original, deployed);
            let first = event.commits.iter().map(begun).min();
            let mut add = |original: CommitId, own: i64, begun: i64| {
                let start = own.min(begun);
                self.recorded.push(Recorded {
                    number: *number,
                    commit: *commit,
                    original,
                    start,
                    restated: start < own,
                    first: first.unwrap_or(start),
                    merged: event.merged_at.map(super::event::Time::second),
                    change,
                    ambiguous,
                });
            };
            if originals.is_empty() {
                let told = event.commits.iter().find(|told| told.id == *commit);
                // What an event says of a commit that is here is not asked for its date.
                let earlier = told.filter(|told| begun(told) < told.committed_at.second());
                add(*commit, *time, earlier.map_or(*time, begun));
            }
            if whole && changes[from].1.patch_id.is_some() {
                let others = (0..hidden.len()).filter(|place| !originals.contains(place));
                self.uncounted
                    .extend(others.map(|place| (*number, hidden[place].id)));
            }
            for place in originals {
                let original = &hidden[place];
                restored.insert(original.id);
                add(original.id, original.committed_at.second(), begun(original));
            }
        }
        recorded
    }

    /// The commits of which no change event tells and that the deployments numbered `from..to`
    /// delivered, those of one deployment together.
    pub fn nodes(&self, from: usize, to: usize) -> &[Node] {
        let place = |number: usize| self.offsets.get(number).map_or(0, |place| *place as usize);
        &self.nodes[place(from)..place(to)]
    }

    /// The changes of which a change event tells, of the deployments numbered `from..to`.
    pub fn recorded(&self, from: usize, to: usize) -> &[Recorded] {
        let place = |number: usize| {
            self.recorded
                .partition_point(|recorded| (recorded.number as usize) < number)
        };
        &self.recorded[place(from)..place(to)]
    }
}

fn index(length: usize) -> u32 {
    // Nodes and deployments are numbered in 32 bits.
    u32::try_from(length).unwrap_or(u32::MAX)
}

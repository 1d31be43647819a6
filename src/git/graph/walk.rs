//! The walk over the commit graph, from the highest generation down: children before parents.

use super::columns::Columns;
use super::{Graph, GraphError, Node, index};
use fixedbitset::FixedBitSet;
use std::ops::Range;

/// Nobody reached it.
const UNSEEN: u32 = 0;
/// The stamp of what the first tip reaches.
pub(super) const FIRST: u32 = 1;
/// Stands for a first parent: there are more. No node and no place is as high.
pub(super) const MORE: u32 = 1 << 31;
/// Beside the place of a parent: it is the last one of its child.
pub(super) const LAST: u32 = 1 << 31;
/// Stands for a node or a place: there is none.
pub(super) const NONE: u32 = MORE - 1;
/// Stands for a place: it has none, for the first tip reaches it.
const BASELINE: u32 = NONE - 1;

/// Which of a list of tips is the first to reach each commit. What the first tip of all reaches
/// is left out unless it is asked for: the walk ends where nothing else is left.
///
/// Commits lie in the commit-graph file by their ids, so that one after the other in the history
/// is anywhere in memory. They are brought into the order of their generations first, with their
/// parents, in one pass over the file: then the walk knows which ones come next and need not wait
/// for each, as it would from parent to parent. At most 12 bytes are kept of a commit, and 4 for
/// each parent of a merge.
pub struct Reach<'a> {
    pub(super) graph: &'a Graph,
    /// The commits by stamp, then by generation: a parent has a lower place than its child.
    pub(super) order: Vec<Node>,
    /// Where those of each stamp begin in the order; one more than there are stamps. A stamp is
    /// the lowest number of a tip that reaches a commit, plus 1.
    borders: Vec<u32>,
    /// The same of what [`Reach::group`] gives, where that was grouped anew.
    regrouped: Option<Vec<u32>>,
    /// By node.
    merges: FixedBitSet,
    /// The tips by their nodes, with their places in the order, [`BASELINE`] or [`NONE`].
    ends: Vec<(Node, u32)>,
    /// By place in the order; empty once they are let go.
    pub(super) parents: Parents,
    /// Stamps, the first above the second and ascending: a commit of the first one has the tip of
    /// the second one as its parent. Not all of them.
    pub(super) crossings: Vec<(u32, u32)>,
}

/// The parents of commits, all by their places in some order.
#[derive(Debug, Default)]
pub(super) struct Parents {
    /// By place: that of the only parent, [`NONE`], or [`MORE`] and where they begin in `edges`.
    only: Vec<u32>,
    /// The places of the parents of one merge after the other, the last of each with [`LAST`].
    edges: Vec<u32>,
}

impl Parents {
    /// Calls `each` with the place of every parent of what is at `place`.
    #[inline]
    pub(super) fn of(&self, place: u32, mut each: impl FnMut(u32)) {
        let only = self.only[place as usize];
        if only < NONE {
            each(only);
        } else if only >= MORE {
            for edge in &self.edges[(only - MORE) as usize..] {
                each(*edge & !LAST);
                if *edge & LAST != 0 {
                    break;
                }
            }
        }
    }

    /// Puts them into another order: `to` leads from each place to the new one, from 0 to below
    /// `count` where there is one. Leaves nothing of use in `to`.
    fn rearrange(&mut self, to: &mut [u32], count: usize) {
        for parent in self.only.iter_mut().filter(|parent| **parent < NONE) {
            *parent = to[*parent as usize];
        }
        for edge in &mut self.edges {
            *edge = to[(*edge & !LAST) as usize] | (*edge & LAST);
        }
        // What leads nowhere leads beyond the end.
        rearrange(&mut self.only, to);
        self.only.truncate(count);
    }
}

impl<'a> Reach<'a> {
    /// Walks once from all `tips` (several may be one commit). With `whole` what the first tip
    /// reaches is walked to its end as well.
    ///
    /// # Errors
    /// A broken commit-graph file.
    pub fn walk(graph: &'a Graph, tips: &[Node], whole: bool) -> Result<Self, GraphError> {
        let Descent {
            mut places,
            mut parents,
            merges,
        } = Descent::new(graph, tips)?;
        let mut stamps = vec![UNSEEN; parents.only.len()];
        let mut crossings = Vec::new();
        let ends: Vec<u32> = tips.iter().map(|tip| places[*tip as usize]).collect();
        // How many of the reached are not passed and not known to be the first tip's.
        let mut open = 0_usize;
        for (number, tip) in (FIRST..).zip(&ends) {
            let stamp = &mut stamps[*tip as usize];
            if *stamp == UNSEEN {
                *stamp = number;
                open += usize::from(whole || number != FIRST);
            }
        }
        for step in 0..index(stamps.len()) {
            if open == 0 {
                break;
            }
            let stamp = stamps[step as usize];
            if stamp == UNSEEN {
                continue;
            }
            open -= usize::from(whole || stamp != FIRST);
            let mut passed = false;
            parents.of(step, |parent| {
                if parent <= step {
                    passed = true;
                    return;
                }
                let known = &mut stamps[parent as usize];
                if *known == UNSEEN {
                    *known = stamp;
                    open += usize::from(whole || stamp != FIRST);
                } else if stamp < *known {
                    open -= usize::from(!whole && stamp == FIRST);
                    *known = stamp;
                } else if *known < stamp && ends[(*known - FIRST) as usize] == parent {
                    crossings.push((stamp, *known));
                }
            });
            if passed {
                let node = places.iter().position(|place| *place == step);
                return Err(graph.out_of_order(node.map_or(0, index)));
            }
        }
        crossings.sort_unstable();
        crossings.dedup();
        let lowest = if whole { FIRST } else { FIRST + 1 };
        let borders = sort(&mut stamps, tips.len(), lowest);
        let count = borders.last().copied().unwrap_or_default() as usize;
        for place in places.iter_mut().filter(|place| **place != NONE) {
            *place = stamps[*place as usize];
        }
        parents.rearrange(&mut stamps, count);
        drop(stamps);
        let mut order = vec![0; count];
        for (node, place) in (0..).zip(&places) {
            if let Some(here) = order.get_mut(*place as usize) {
                *here = node;
            }
        }
        let mut ends: Vec<(Node, u32)> = (tips.iter())
            .map(|tip| (*tip, places[*tip as usize]))
            .collect();
        ends.sort_unstable();
        Ok(Self {
            graph,
            order,
            borders,
            regrouped: None,
            merges,
            ends,
            parents,
            crossings,
        })
    }

    /// Lets go of what only comparisons need.
    pub fn release_parents(&mut self) {
        self.parents = Parents::default();
    }

    /// Groups the commits anew by what `carrier` says of each place in the order: the number of a
    /// tip, or that of all tips together for none of them.
    pub fn regroup(&mut self, mut carrier: Vec<u32>) {
        let mut ends = vec![0; self.borders.len()];
        for number in &carrier {
            ends[(number + FIRST) as usize] += 1;
        }
        self.regrouped = Some(begins(&mut ends));
        for number in &mut carrier {
            let end = &mut ends[(*number + FIRST) as usize];
            *number = *end;
            *end += 1;
        }
        rearrange(&mut self.order, &mut carrier);
    }

    /// By the places of the order the number of the tip that reaches a commit first.
    pub fn carriers(&self) -> Vec<u32> {
        let mut carriers = Vec::with_capacity(self.order.len());
        for (number, border) in (0..).zip(self.borders.iter().skip(FIRST as usize + 1)) {
            carriers.resize(*border as usize, number);
        }
        carriers
    }

    /// The number of the first tip that reaches the tip `node`.
    pub fn first(&self, node: Node) -> Option<u32> {
        match self.end(node) {
            NONE => None,
            BASELINE => Some(0),
            place => self.stamp_at(place).checked_sub(FIRST),
        }
    }

    /// The commits that the tip of that number reaches first, each after its parents; of the
    /// first tip only where the walk was whole. After [`Reach::regroup`], in no order of their own,
    /// those that it gave to that number, which may be that of all tips.
    pub fn group(&self, number: u32) -> &[Node] {
        self.order.get(self.places_of(number)).unwrap_or_default()
    }

    fn places_of(&self, number: u32) -> Range<usize> {
        let borders = self.regrouped.as_ref().unwrap_or(&self.borders);
        let border = |stamp: u32| borders.get(stamp as usize).copied();
        let begin = border(number + FIRST).unwrap_or_default();
        let end = border(number + FIRST + 1).unwrap_or(begin);
        begin as usize..end as usize
    }

    /// Takes out the commits of the groups numbered below `count` of which `keep` says so, given
    /// the number of the group and whether the commit is a merge: one group after the other, with
    /// where each begins and the last one ends. They stay where they are in memory; afterwards all
    /// groups are empty.
    pub fn take_groups(
        &mut self,
        count: u32,
        mut keep: impl FnMut(u32, Node, bool) -> bool,
    ) -> (Vec<u32>, Vec<Node>) {
        let mut order = std::mem::take(&mut self.order);
        let mut begins = vec![0];
        let mut kept = 0;
        for number in 0..count {
            for place in self.places_of(number) {
                let node = order[place];
                if keep(number, node, self.is_merge(node)) {
                    // No group begins before what is kept of those before it ends.
                    order[kept] = node;
                    kept += 1;
                }
            }
            begins.push(index(kept));
        }
        order.truncate(kept);
        order.shrink_to_fit();
        (begins, order)
    }

    /// How many commits have a place in the order.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Whether a commit of the order has more than one parent.
    pub fn is_merge(&self, node: Node) -> bool {
        self.merges.contains(node as usize)
    }

    /// The place of the tip `node`, [`BASELINE`] or [`NONE`].
    fn end(&self, node: Node) -> u32 {
        let found = self.ends.binary_search_by_key(&node, |(tip, _)| *tip);
        found.map_or(NONE, |found| self.ends[found].1)
    }

    /// The stamp of what is at `place`, until the commits are grouped anew.
    pub(super) fn stamp_at(&self, place: u32) -> u32 {
        let begun = self.borders.partition_point(|begin| *begin <= place);
        index(begun).saturating_sub(1)
    }

    /// The same, where it may be the stamp `near`, or that has to be looked up.
    #[inline]
    pub(super) fn stamp_near(&self, place: u32, near: u32) -> u32 {
        let begin = self.borders.get(near as usize);
        let end = self.borders.get(near as usize + 1);
        match (begin, end) {
            (Some(begin), Some(end)) if (*begin..*end).contains(&place) => near,
            _ => self.stamp_at(place),
        }
    }

    /// Whether a place is that of a commit whose stamp is above [`FIRST`].
    #[inline]
    pub(super) fn is_above(&self, place: u32) -> bool {
        place < BASELINE && place >= self.borders[FIRST as usize + 1]
    }

    /// The place of a tip whose stamp is above [`FIRST`]; None for all others.
    pub(super) fn place(&self, node: Node) -> Option<u32> {
        Some(self.end(node)).filter(|place| self.is_above(*place))
    }

    /// How many stamps there may be, [`UNSEEN`] among them.
    pub(super) fn stamps(&self) -> usize {
        self.borders.len()
    }

    /// The last place of each stamp: that of its tip, which all others of it lie behind.
    pub(super) fn last_places(&self) -> impl Iterator<Item = usize> + '_ {
        let ends = self.borders.iter().skip(FIRST as usize + 1);
        ends.filter_map(|end| (*end as usize).checked_sub(1))
    }
}

/// The commits that may be reached from some tips, and others, from the highest generation down.
struct Descent {
    /// By node: its place in that order; [`NONE`] for one above all tips.
    places: Vec<u32>,
    /// By place. A parent above all tips is 0, which nobody's parent can be.
    parents: Parents,
    /// By node.
    merges: FixedBitSet,
}

impl Descent {
    /// # Errors
    /// Where the file is broken: what it says of a parent, or fewer commits than generations.
    fn new(graph: &Graph, tips: &[Node]) -> Result<Self, GraphError> {
        let highest = tips.iter().max_by_key(|tip| graph.generation(**tip));
        let generation = highest.map_or(0, |tip| graph.generation(*tip));
        if let Some(highest) = highest.filter(|_| generation as usize > graph.len()) {
            return Err(graph.out_of_order(*highest));
        }
        // Each commit has in place of its place how many generations it is below the highest one,
        // at first.
        let Columns {
            generations: mut places,
            parents: by_node,
            mut edges,
        } = graph.columns()?;
        for place in &mut places {
            *place = generation.checked_sub(*place).unwrap_or(NONE);
        }
        let mut ends = vec![0; generation as usize + 1];
        for below in places.iter().filter(|below| **below != NONE) {
            ends[*below as usize] += 1;
        }
        let total = accumulate(&mut ends);
        for place in places.iter_mut().filter(|place| **place != NONE) {
            let end = &mut ends[*place as usize];
            *place = *end;
            *end += 1;
        }
        drop(ends);
        let place = |node: Node| match places[node as usize] {
            NONE => 0,
            place => place,
        };
        let mut parents = vec![NONE; total as usize];
        let mut merges = FixedBitSet::with_capacity(places.len());
        for (node, (of, parent)) in places.iter().zip(by_node).enumerate() {
            if *of != NONE {
                parents[*of as usize] = if parent < NONE { place(parent) } else { parent };
                merges.set(node, parent >= MORE);
            }
        }
        for edge in &mut edges {
            *edge = place(*edge & !LAST) | (*edge & LAST);
        }
        let only = parents;
        Ok(Self {
            places,
            parents: Parents { only, edges },
            merges,
        })
    }
}

/// Puts the commits that have the stamp `lowest` or a higher one into an order: by stamp, then
/// from the last of their places to the first. In `stamps` their places in it take the place of
/// their stamps, [`BASELINE`] or [`NONE`]; where each stamp begins is given.
fn sort(stamps: &mut [u32], tips: usize, lowest: u32) -> Vec<u32> {
    let mut ends = vec![0; tips + 2];
    for stamp in stamps.iter().filter(|stamp| **stamp >= lowest) {
        ends[*stamp as usize] += 1;
    }
    let borders = begins(&mut ends);
    for stamp in stamps.iter_mut().rev() {
        *stamp = if *stamp >= lowest {
            let end = &mut ends[*stamp as usize];
            *end += 1;
            *end - 1
        } else if *stamp == UNSEEN {
            NONE
        } else {
            BASELINE
        };
    }
    borders
}

/// Puts each value to where `to` leads from its place; what leads beyond the end is given up. No
/// two places lead to one. Leaves nothing of use in `to`.
fn rearrange(values: &mut [u32], to: &mut [u32]) {
    for start in 0..values.len() {
        let mut at = start;
        let mut carried = values[start];
        loop {
            let next = std::mem::replace(&mut to[at], NONE) as usize;
            let Some(there) = values.get_mut(next) else {
                break;
            };
            std::mem::swap(&mut carried, there);
            at = next;
        }
    }
}

/// Where each of the counted groups begins, and at last where the last one ends; `counts` become
/// the same.
fn begins(counts: &mut [u32]) -> Vec<u32> {
    let end = accumulate(counts);
    counts.iter().copied().chain([end]).collect()
}

/// Makes of the counts of groups where each of them begins; gives where the last one ends.
fn accumulate(counts: &mut [u32]) -> u32 {
    let mut begin = 0;
    for count in counts {
        begin += std::mem::replace(count, begin);
    }
    begin
}

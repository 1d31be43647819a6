//! The walk over the commit graph, from the highest generation down: children before parents.

use super::{Graph, GraphError, Node, index};
use fixedbitset::FixedBitSet;

/// Nobody reached it.
const UNSEEN: u32 = 0;
/// The stamp of what the first tip reaches.
pub(super) const FIRST: u32 = 1;
/// Beside a stamp while the walk goes on: it was passed.
const PASSED: u32 = 1 << 31;
/// Stands for a first parent: there are more. No node and no place is as high.
pub(super) const MORE: u32 = 1 << 31;
/// Stands for a node or a place: there is none.
pub(super) const NONE: u32 = MORE - 1;
/// Stands for a place: it has none, for the first tip reaches it.
const BASELINE: u32 = NONE - 1;

/// Which of a list of tips is the first to reach each commit. What the first tip of all reaches
/// is left out unless it is asked for: the walk ends where nothing else is left.
///
/// Commits lie in the commit-graph file by their ids, so that one after the other in the history
/// is anywhere in memory. They are brought into the order of their generations first, with their
/// first parents, in one pass over the file: then the walk knows which ones come next and need
/// not wait for each, as it would from parent to parent. At most 16 bytes are kept of a commit.
pub struct Reach<'a> {
    pub(super) graph: &'a Graph,
    /// By node: its place in the order, [`BASELINE`] or [`NONE`].
    places: Vec<u32>,
    /// The commits by stamp, then by generation: a parent has a lower place than its child.
    pub(super) order: Vec<Node>,
    /// Where those of each stamp begin in the order; one more than there are stamps. A stamp is
    /// the lowest number of a tip that reaches a commit, plus 1.
    borders: Vec<u32>,
    /// The same of what [`Reach::group`] gives, where that was grouped anew.
    regrouped: Option<Vec<u32>>,
    merges: FixedBitSet,
    pub(super) tips: Vec<Node>,
    /// Stamps, the first above the second and ascending: a commit of the first one has the tip of
    /// the second one as its parent. Not all of them.
    pub(super) crossings: Vec<(u32, u32)>,
}

impl<'a> Reach<'a> {
    /// Walks once from all `tips` (several may be one commit). With `whole` what the first tip
    /// reaches is walked to its end as well.
    ///
    /// # Errors
    /// A broken commit-graph file.
    pub fn walk(graph: &'a Graph, tips: Vec<Node>, whole: bool) -> Result<Self, GraphError> {
        let mut stamps = vec![UNSEEN; graph.len()];
        let mut merges = FixedBitSet::with_capacity(graph.len());
        let mut crossings = Vec::new();
        // How many of the reached are not passed and not known to be the first tip's.
        let mut open = 0_usize;
        for (number, tip) in (FIRST..).zip(&tips) {
            let stamp = &mut stamps[*tip as usize];
            if *stamp == UNSEEN {
                *stamp = number;
                open += usize::from(whole || number != FIRST);
            }
        }
        let (descending, parents) = descending(graph, &tips)?;
        for (node, first) in descending.iter().zip(&parents) {
            if open == 0 {
                break;
            }
            let stamp = stamps[*node as usize];
            stamps[*node as usize] = stamp | PASSED;
            if stamp == UNSEEN {
                continue;
            }
            open -= usize::from(whole || stamp != FIRST);
            let mut passed = false;
            let mut reached = |parent: Node| {
                let known = &mut stamps[parent as usize];
                passed |= *known & PASSED != 0;
                if *known == UNSEEN {
                    *known = stamp;
                    open += usize::from(whole || stamp != FIRST);
                } else if stamp < *known {
                    open -= usize::from(!whole && stamp == FIRST);
                    *known = stamp;
                } else if *known < stamp && tips[(*known - FIRST) as usize] == parent {
                    crossings.push((stamp, *known));
                }
            };
            match *first {
                NONE => {}
                MORE => {
                    graph.parents(*node, reached)?;
                    merges.insert(*node as usize);
                }
                parent => reached(parent),
            }
            if passed {
                return Err(graph.out_of_order(*node));
            }
        }
        drop(parents);
        for stamp in &mut stamps {
            *stamp &= !PASSED;
        }
        crossings.sort_unstable();
        crossings.dedup();
        let mut reach = Self {
            graph,
            places: stamps,
            order: Vec::new(),
            borders: Vec::new(),
            regrouped: None,
            merges,
            tips,
            crossings,
        };
        reach.sort(&descending, if whole { FIRST } else { FIRST + 1 });
        Ok(reach)
    }

    /// Puts the nodes of `lowest` and higher stamps into order; their stamps, which stand where
    /// their places will, become these.
    fn sort(&mut self, descending: &[Node], lowest: u32) {
        let mut ends = vec![0; self.tips.len() + 2];
        for stamp in self.places.iter().filter(|stamp| **stamp >= lowest) {
            ends[*stamp as usize] += 1;
        }
        self.borders = begins(&mut ends);
        let total = self.borders.last().copied().unwrap_or_default();
        self.order = vec![0; total as usize];
        for node in descending.iter().rev() {
            let stamp = self.places[*node as usize];
            if stamp >= lowest {
                let end = &mut ends[stamp as usize];
                self.places[*node as usize] = *end;
                self.order[*end as usize] = *node;
                *end += 1;
            } else {
                self.places[*node as usize] = if stamp == UNSEEN { NONE } else { BASELINE };
            }
        }
        // What is of a higher generation than all tips nobody reaches.
        if descending.len() < self.places.len() {
            let mut sorted = FixedBitSet::with_capacity(self.places.len());
            for node in descending {
                sorted.insert(*node as usize);
            }
            for node in sorted.zeroes() {
                self.places[node] = NONE;
            }
        }
    }

    /// Groups the commits anew by what `carrier` says of each place in the order: the number of a
    /// tip, or that of all tips together for none of them.
    pub fn regroup(&mut self, carrier: &[u32]) {
        let mut ends = vec![0; self.tips.len() + 2];
        for number in carrier {
            ends[(number + FIRST) as usize] += 1;
        }
        self.regrouped = Some(begins(&mut ends));
        let mut order = vec![0; self.order.len()];
        for (node, number) in self.order.iter().zip(carrier) {
            let end = &mut ends[(number + FIRST) as usize];
            order[*end as usize] = *node;
            *end += 1;
        }
        self.order = order;
    }

    /// By the places of the order the number of the tip that reaches a commit first.
    pub fn carriers(&self) -> Vec<u32> {
        let mut carriers = Vec::with_capacity(self.order.len());
        for (number, border) in (0..).zip(self.borders.iter().skip(FIRST as usize + 1)) {
            carriers.resize(*border as usize, number);
        }
        carriers
    }

    /// The number of the first tip that reaches `node`; None where none was seen to, which is
    /// also how most of what the first tip reaches may look.
    pub fn first(&self, node: Node) -> Option<u32> {
        self.stamp(node).checked_sub(FIRST)
    }

    /// The commits that the tip of that number reaches first, each after its parents; of the
    /// first tip only where the walk was whole. After [`Reach::regroup`], in no order of their own,
    /// those that it gave to that number, which may be that of all tips.
    pub fn group(&self, number: u32) -> &[Node] {
        let borders = self.regrouped.as_ref().unwrap_or(&self.borders);
        let border = |stamp: u32| borders.get(stamp as usize).copied();
        let begin = border(number + FIRST).unwrap_or_default();
        let end = border(number + FIRST + 1).unwrap_or(begin);
        self.order
            .get(begin as usize..end as usize)
            .unwrap_or_default()
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

    pub(super) fn stamp(&self, node: Node) -> u32 {
        match self.places[node as usize] {
            NONE => UNSEEN,
            BASELINE => FIRST,
            place => self.stamp_at(place),
        }
    }

    /// The stamp of what is at `place`, until the commits are grouped anew.
    pub(super) fn stamp_at(&self, place: u32) -> u32 {
        let begun = self.borders.partition_point(|begin| *begin <= place);
        index(begun).saturating_sub(1)
    }

    /// The place of a node whose stamp is above [`FIRST`]; None for all others.
    pub(super) fn place(&self, node: Node) -> Option<u32> {
        let place = self.places[node as usize];
        let above = self.borders.get(FIRST as usize + 1).copied();
        (place < BASELINE && above.is_some_and(|above| place >= above)).then_some(place)
    }
}

/// The commits that may be reached from `tips`, and others, from the highest generation down;
/// and of each its only parent, [`NONE`] or [`MORE`].
///
/// # Errors
/// Where there are fewer commits than generations, which is a broken file.
fn descending(graph: &Graph, tips: &[Node]) -> Result<(Vec<Node>, Vec<Node>), GraphError> {
    let Some(highest) = tips.iter().max_by_key(|tip| graph.generation(**tip)) else {
        return Ok(Default::default());
    };
    let generation = graph.generation(*highest);
    if generation as usize > graph.len() {
        return Err(graph.out_of_order(*highest));
    }
    let nodes = 0..index(graph.len());
    // Counted from the highest one down.
    let below = |node: Node| generation.checked_sub(graph.generation(node));
    let mut ends = vec![0; generation as usize + 1];
    for steps in nodes.clone().filter_map(below) {
        ends[steps as usize] += 1;
    }
    let total = begins(&mut ends).last().copied().unwrap_or_default();
    let mut sorted = vec![0; total as usize];
    let mut parents = vec![NONE; total as usize];
    for node in nodes {
        if let Some(steps) = below(node) {
            let end = &mut ends[steps as usize];
            sorted[*end as usize] = node;
            parents[*end as usize] = only_parent(graph, node);
            *end += 1;
        }
    }
    Ok((sorted, parents))
}

/// A commit with one parent has that, one without has [`NONE`], and every other one [`MORE`].
fn only_parent(graph: &Graph, node: Node) -> Node {
    let mut only = NONE;
    let read = graph.parents(node, |parent| {
        only = if only == NONE { parent } else { MORE };
    });
    // What is broken is told of where the walk comes to it.
    read.map_or(MORE, |()| only)
}

/// Where each of the counted groups begins, and at last where the last one ends; `counts` become
/// the same.
fn begins(counts: &mut [u32]) -> Vec<u32> {
    let mut begin = 0;
    for count in counts.iter_mut() {
        let length = *count;
        *count = begin;
        begin += length;
    }
    counts.iter().copied().chain([begin]).collect()
}

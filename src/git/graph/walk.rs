//! The walk over the commit graph, from the highest generation down: children before parents.

use super::{Graph, GraphError, Node, index};
use fixedbitset::FixedBitSet;

/// Nobody reached it.
const UNSEEN: u32 = 0;
/// The stamp of what the first tip reaches.
pub(super) const FIRST: u32 = 1;
/// Beside a stamp while the walk goes on: it was passed.
const PASSED: u32 = 1 << 31;

/// Which of a list of tips is the first to reach each commit. What the first tip of all reaches
/// is left out unless it is asked for: the walk ends where nothing else is left.
///
/// Commits lie in the commit-graph file by their ids, so that one after the other in the history
/// is anywhere in memory. They are brought into the order of their generations first: then the
/// walk knows which ones come next and need not wait for each, as it would from parent to parent.
/// 16 bytes are kept of a commit while that goes on, 12 then.
pub struct Reach<'a> {
    pub(super) graph: &'a Graph,
    /// By node: the lowest number of a tip that reaches it, plus 1; or [`UNSEEN`].
    stamps: Vec<u32>,
    /// By node: its place in the order.
    places: Vec<u32>,
    /// The commits by stamp, then by generation: a parent has a lower place than its child.
    pub(super) order: Vec<Node>,
    /// Where those of each stamp begin in the order; one more than there are stamps.
    borders: Vec<u32>,
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
        let descending = descending(graph, &tips)?;
        for node in &descending {
            if open == 0 {
                break;
            }
            let stamp = stamps[*node as usize];
            stamps[*node as usize] = stamp | PASSED;
            if stamp == UNSEEN {
                continue;
            }
            open -= usize::from(whole || stamp != FIRST);
            let mut parents = 0;
            let mut passed = false;
            graph.parents(*node, |parent| {
                parents += 1;
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
            })?;
            if passed {
                return Err(graph.out_of_order(*node));
            }
            if parents > 1 {
                merges.insert(*node as usize);
            }
        }
        for stamp in &mut stamps {
            *stamp &= !PASSED;
        }
        crossings.sort_unstable();
        crossings.dedup();
        let mut reach = Self {
            graph,
            places: vec![0; stamps.len()],
            stamps,
            order: Vec::new(),
            borders: Vec::new(),
            merges,
            tips,
            crossings,
        };
        reach.sort(&descending, if whole { FIRST } else { FIRST + 1 });
        Ok(reach)
    }

    /// Puts the nodes of `lowest` and higher stamps into order.
    fn sort(&mut self, descending: &[Node], lowest: u32) {
        let mut ends = vec![0; self.tips.len() + 2];
        for stamp in self.stamps.iter().filter(|stamp| **stamp >= lowest) {
            ends[*stamp as usize] += 1;
        }
        self.borders = begins(&mut ends);
        let total = self.borders.last().copied().unwrap_or_default();
        self.order = vec![0; total as usize];
        for node in descending.iter().rev() {
            let stamp = self.stamps[*node as usize];
            if stamp >= lowest {
                let end = &mut ends[stamp as usize];
                self.places[*node as usize] = *end;
                self.order[*end as usize] = *node;
                *end += 1;
            }
        }
    }

    /// Groups the commits anew by what `carrier` says of each place in the order: the number of a
    /// tip, or that of all tips together for none of them. Places are no longer of use then.
    pub fn regroup(&mut self, carrier: Vec<u32>) {
        let mut ends = vec![0; self.tips.len() + 2];
        for (node, number) in self.order.iter().zip(&carrier) {
            ends[(number + FIRST) as usize] += 1;
            self.places[*node as usize] = *number;
        }
        drop(carrier);
        self.borders = begins(&mut ends);
        let mut order = vec![0; self.order.len()];
        for node in &self.order {
            let end = &mut ends[(self.places[*node as usize] + FIRST) as usize];
            order[*end as usize] = *node;
            *end += 1;
        }
        self.order = order;
    }

    /// By the places of the order the number of the tip that reaches a commit first.
    pub fn carriers(&self) -> Vec<u32> {
        let order = self.order.iter();
        order.map(|node| self.stamp(*node) - FIRST).collect()
    }

    /// The number of the first tip that reaches `node`; None where none was seen to, which is
    /// also how most of what the first tip reaches may look.
    pub fn first(&self, node: Node) -> Option<u32> {
        self.stamps[node as usize].checked_sub(FIRST)
    }

    /// The commits that the tip of that number reaches first, each after its parents; of the
    /// first tip only where the walk was whole. After [`Reach::regroup`], in no order of their own,
    /// those that it gave to that number, which may be that of all tips.
    pub fn group(&self, number: u32) -> &[Node] {
        let border = |stamp: u32| self.borders.get(stamp as usize).copied();
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
        self.stamps[node as usize]
    }

    /// The place of a node whose stamp is above [`FIRST`].
    pub(super) fn place(&self, node: Node) -> u32 {
        self.places[node as usize]
    }
}

/// The commits that may be reached from `tips`, and others, from the highest generation down.
///
/// # Errors
/// Where there are fewer commits than generations, which is a broken file.
fn descending(graph: &Graph, tips: &[Node]) -> Result<Vec<Node>, GraphError> {
    let Some(highest) = tips.iter().max_by_key(|tip| graph.generation(**tip)) else {
        return Ok(Vec::new());
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
    for node in nodes {
        if let Some(steps) = below(node) {
            let end = &mut ends[steps as usize];
            sorted[*end as usize] = node;
            *end += 1;
        }
    }
    Ok(sorted)
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

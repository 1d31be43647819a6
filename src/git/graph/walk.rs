//! The walk over the commit graph, from the highest generation down: children before parents.

use super::{Graph, GraphError, Node, index};
use fixedbitset::FixedBitSet;

/// Nobody reached it.
const UNSEEN: u32 = 0;
/// The stamp of what the first tip reaches.
pub(super) const FIRST: u32 = 1;
/// No further node in a list of nodes of one generation.
const END: u32 = 0;

/// What is kept of a commit: 8 bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Lowest number of a tip that reaches it, plus 1; or [`UNSEEN`].
    stamp: u32,
    /// While the walk goes on, the next node of its generation, plus 1; then its place in the
    /// order.
    link: u32,
}

/// Which of a list of tips is the first to reach each commit. What the first tip of all reaches
/// is left out unless it is asked for: the walk ends where nothing else is left.
pub struct Reach<'a> {
    pub(super) graph: &'a Graph,
    slots: Vec<Slot>,
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
        let mut slots = vec![Slot::default(); graph.len()];
        let mut merges = FixedBitSet::with_capacity(graph.len());
        let mut crossings = Vec::new();
        let highest = tips.iter().map(|tip| graph.generation(*tip)).max();
        // First node of each generation, plus 1.
        let mut heads = vec![END; highest.map_or(0, |highest| highest as usize + 1)];
        // How many of the queued are not known to be the first tip's.
        let mut open = 0_usize;
        for (number, tip) in (FIRST..).zip(&tips) {
            let slot = &mut slots[*tip as usize];
            if slot.stamp == UNSEEN {
                let head = &mut heads[graph.generation(*tip) as usize];
                *slot = Slot {
                    stamp: number,
                    link: *head,
                };
                *head = tip + 1;
                open += usize::from(whole || number != FIRST);
            }
        }
        let mut generation = heads.len();
        while open > 0 && generation > 0 {
            generation -= 1;
            let mut next = heads[generation];
            while next != END {
                let node = next - 1;
                let Slot { stamp, link } = slots[node as usize];
                next = link;
                open -= usize::from(whole || stamp != FIRST);
                let mut parents = 0;
                let mut highest_parent = 0;
                graph.parents(node, |parent| {
                    parents += 1;
                    let slot = &mut slots[parent as usize];
                    if slot.stamp == UNSEEN {
                        let parents_generation = graph.generation(parent);
                        highest_parent = highest_parent.max(parents_generation);
                        if let Some(head) = heads.get_mut(parents_generation as usize) {
                            *slot = Slot { stamp, link: *head };
                            *head = parent + 1;
                            open += usize::from(whole || stamp != FIRST);
                        }
                    } else if stamp < slot.stamp {
                        open -= usize::from(!whole && stamp == FIRST);
                        slot.stamp = stamp;
                    } else if slot.stamp < stamp && tips[(slot.stamp - FIRST) as usize] == parent {
                        crossings.push((stamp, slot.stamp));
                    }
                })?;
                if parents > 1 {
                    merges.insert(node as usize);
                }
                graph.check_order(node, index(generation), highest_parent)?;
            }
        }
        crossings.sort_unstable();
        crossings.dedup();
        let mut reach = Self {
            graph,
            slots,
            order: Vec::new(),
            borders: Vec::new(),
            merges,
            tips,
            crossings,
        };
        reach.sort(&heads, if whole { FIRST } else { FIRST + 1 });
        Ok(reach)
    }

    /// Puts the nodes of `lowest` and higher stamps into order; `heads` are the lists of the
    /// generations, the lowest first.
    fn sort(&mut self, heads: &[u32], lowest: u32) {
        let mut ends = vec![0; self.tips.len() + 2];
        for slot in self.slots.iter().filter(|slot| slot.stamp >= lowest) {
            ends[slot.stamp as usize] += 1;
        }
        self.borders = begins(&mut ends);
        let total = self.borders.last().copied().unwrap_or_default();
        self.order = vec![0; total as usize];
        for head in heads {
            let mut next = *head;
            while next != END {
                let node = next - 1;
                let slot = &mut self.slots[node as usize];
                next = slot.link;
                if slot.stamp >= lowest {
                    let end = &mut ends[slot.stamp as usize];
                    slot.link = *end;
                    self.order[*end as usize] = node;
                    *end += 1;
                }
            }
        }
    }

    /// Groups the commits anew by what `carrier` says of each place in the order: the number of a
    /// tip, or that of all tips together for none of them. Places are no longer of use then.
    pub fn regroup(&mut self, carrier: Vec<u32>) {
        let mut ends = vec![0; self.tips.len() + 2];
        for (node, number) in self.order.iter().zip(&carrier) {
            ends[(number + FIRST) as usize] += 1;
            self.slots[*node as usize].link = *number;
        }
        drop(carrier);
        self.borders = begins(&mut ends);
        let mut order = vec![0; self.order.len()];
        for node in &self.order {
            let end = &mut ends[(self.slots[*node as usize].link + FIRST) as usize];
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
        self.slots[node as usize].stamp.checked_sub(FIRST)
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
        self.slots[node as usize].stamp
    }

    /// The place of a node whose stamp is above [`FIRST`].
    pub(super) fn place(&self, node: Node) -> u32 {
        self.slots[node as usize].link
    }
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

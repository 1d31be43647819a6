//! Walks over the commit graph, from the highest generation down: children before parents.

use super::{Graph, GraphError, Node, index};
use std::collections::BinaryHeap;

/// Nobody reached it.
const UNSEEN: u32 = 0;
/// The stamp of what the first tip reaches.
const FIRST: u32 = 1;
/// No further node in a list of nodes of one generation.
const END: u32 = 0;

/// What is kept of a commit during a walk: 8 bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Lowest number of a tip that reaches it, plus 1; or [`UNSEEN`].
    stamp: u32,
    /// While the walk goes on, the next node of its generation, plus 1; later the colours of the
    /// last comparison, above them its number.
    scratch: u32,
}

/// Which of a list of tips is the first to reach each commit; a commit that the first tip of
/// all reaches may stay unseen, as the walk ends where nothing else is left.
pub struct Reach<'a> {
    graph: &'a Graph,
    slots: Vec<Slot>,
    comparison: u32,
}

/// Commits that one side of a comparison reaches and the other does not.
pub type Region = Vec<Node>;

const LEFT: u32 = 1;
const RIGHT: u32 = 2;
const COLOURS: u32 = LEFT | RIGHT;

/// Two histories being compared: each commit carries the colours of those that reach it.
struct Colouring<'a> {
    graph: &'a Graph,
    /// Of the comparison, above the colours.
    number: u32,
    slots: &'a mut [Slot],
    queue: BinaryHeap<(u32, Node)>,
    /// How many of the queued have the left colour alone.
    open: usize,
}

impl Colouring<'_> {
    fn colours(&self, node: Node) -> u32 {
        let scratch = self.slots[node as usize].scratch;
        if scratch & !COLOURS == self.number {
            scratch & COLOURS
        } else {
            0
        }
    }

    fn mark(&mut self, node: Node, colours: u32) {
        let old = self.colours(node);
        let new = old | colours;
        if old == 0 {
            self.queue.push((self.graph.generation(node), node));
        }
        self.open += usize::from(new == LEFT && old != LEFT);
        self.open -= usize::from(old == LEFT && new != LEFT);
        self.slots[node as usize].scratch = self.number | new;
    }
}

impl<'a> Reach<'a> {
    /// Walks once from all `tips` (several may be one commit). With `whole` what the first tip
    /// reaches is walked to its end as well.
    ///
    /// # Errors
    /// A broken commit-graph file.
    pub fn walk(graph: &'a Graph, tips: &[Node], whole: bool) -> Result<Self, GraphError> {
        let mut slots = vec![Slot::default(); graph.len()];
        let highest = tips.iter().map(|tip| graph.generation(*tip)).max();
        // First node of each generation, plus 1.
        let mut heads = vec![END; highest.map_or(0, |highest| highest as usize + 1)];
        // How many of the queued are not known to be the first tip's.
        let mut open = 0_usize;
        for (number, tip) in (FIRST..).zip(tips) {
            let slot = &mut slots[*tip as usize];
            if slot.stamp == UNSEEN {
                let head = &mut heads[graph.generation(*tip) as usize];
                *slot = Slot {
                    stamp: number,
                    scratch: *head,
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
                let Slot { stamp, scratch } = slots[node as usize];
                next = scratch;
                open -= usize::from(whole || stamp != FIRST);
                let mut highest_parent = 0;
                graph.parents(node, |parent| {
                    let slot = &mut slots[parent as usize];
                    if slot.stamp == UNSEEN {
                        let parents_generation = graph.generation(parent);
                        highest_parent = highest_parent.max(parents_generation);
                        if let Some(head) = heads.get_mut(parents_generation as usize) {
                            *slot = Slot {
                                stamp,
                                scratch: *head,
                            };
                            *head = parent + 1;
                            open += usize::from(whole || stamp != FIRST);
                        }
                    } else if stamp < slot.stamp {
                        open -= usize::from(!whole && stamp == FIRST);
                        slot.stamp = stamp;
                    }
                })?;
                graph.check_order(node, index(generation), highest_parent)?;
            }
        }
        for slot in &mut slots {
            slot.scratch = 0;
        }
        Ok(Self {
            graph,
            slots,
            comparison: 0,
        })
    }

    /// The number of the first tip that reaches `node`; None where none was seen to, which is
    /// also how most of what the first tip reaches may look.
    pub fn first(&self, node: Node) -> Option<u32> {
        self.slots[node as usize].stamp.checked_sub(FIRST)
    }

    /// Every commit that some tip other than the first one reaches first, with that tip's number,
    /// in the order of nodes; with `whole` those of the first one, too.
    pub fn reached(&self, whole: bool) -> impl Iterator<Item = (Node, u32)> + '_ {
        let lowest = if whole { FIRST } else { FIRST + 1 };
        (0..)
            .zip(&self.slots)
            .filter(move |(_, slot)| slot.stamp >= lowest)
            .map(|(node, slot)| (node, slot.stamp - FIRST))
    }

    /// Whether `older` can be reached from `newer`. A commit is its own ancestor.
    ///
    /// # Errors
    /// As [`Reach::walk`].
    pub fn is_ancestor(&mut self, older: Node, newer: Node) -> Result<bool, GraphError> {
        let lowest = self.graph.generation(older);
        let graph = self.graph;
        let stamp = self.begin();
        let mut stack = vec![newer];
        while let Some(node) = stack.pop() {
            if node == older {
                return Ok(true);
            }
            let slots = &mut self.slots;
            graph.parents(node, |parent| {
                let slot = &mut slots[parent as usize];
                if slot.scratch != stamp && graph.generation(parent) >= lowest {
                    slot.scratch = stamp;
                    stack.push(parent);
                }
            })?;
        }
        Ok(false)
    }

    /// What can be reached from `left` and not from `right`, of the generation `lowest` or above.
    ///
    /// # Errors
    /// As [`Reach::walk`].
    pub fn only(&mut self, left: Node, right: Node, lowest: u32) -> Result<Region, GraphError> {
        let mut colouring = Colouring {
            graph: self.graph,
            number: self.begin(),
            slots: &mut self.slots,
            queue: BinaryHeap::new(),
            open: 0,
        };
        colouring.mark(left, LEFT);
        colouring.mark(right, RIGHT);
        let mut only = Region::new();
        while colouring.open > 0
            && let Some((generation, node)) = colouring.queue.pop()
            && generation >= lowest
        {
            let colours = colouring.colours(node);
            if colours == LEFT {
                colouring.open -= 1;
                only.push(node);
            }
            self.graph
                .parents(node, |parent| colouring.mark(parent, colours))?;
        }
        Ok(only)
    }

    /// Begins a comparison: gives the number that its marks carry.
    fn begin(&mut self) -> u32 {
        if self.comparison == u32::MAX >> 2 {
            self.comparison = 0;
            for slot in &mut self.slots {
                slot.scratch = 0;
            }
        }
        self.comparison += 1;
        self.comparison << 2
    }
}

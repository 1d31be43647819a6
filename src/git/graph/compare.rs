//! What one deployed commit reaches and another one does not.

use super::walk::{FIRST, MORE, NONE, Reach};
use super::{GraphError, Node};
use fixedbitset::FixedBitSet;
use std::ops::Range;

const BITS: usize = usize::BITS as usize;

/// Compares the histories of tips of a walk, above what the first tip reaches.
///
/// Both are walked down by their places in the order of [`Reach`], so that what was reached late
/// comes before what is old. A commit that only the left side was seen to reach is open until the
/// walk passes it. Where the tip that reached it first is known to be reached by the right side
/// it is closed at once: else an old branch point would keep the walk going until it is passed.
/// While it compares, it keeps 4 bytes and 3 bits of a commit above what the first tip reaches.
pub struct Comparison<'r, 'a> {
    reach: &'r Reach<'a>,
    /// By place: the left, the right side reaches it.
    left: FixedBitSet,
    right: FixedBitSet,
    /// Everything marked lies in these places, and what is not looked at before the end.
    marked: Range<usize>,
    /// How many marks before the end of `marked` are of the left side alone.
    open: usize,
    held: Held<'r>,
    only: Vec<u32>,
    /// By place: that of the only parent, [`NONE`] where that has none, or [`MORE`]. Empty before
    /// the first comparison.
    parents: Vec<u32>,
    /// By place: whether it is a tip's.
    tips: FixedBitSet,
    /// By node; clear between two searches.
    seen: FixedBitSet,
}

/// Tips that the right side is known to reach, by stamp.
struct Held<'r> {
    crossings: &'r [(u32, u32)],
    stamps: FixedBitSet,
    /// What the held tips from here up are known to reach is held.
    followed: u32,
}

impl Held<'_> {
    fn clear(&mut self) {
        self.stamps.clear();
        self.followed = 0;
    }

    /// Whether that was not known.
    fn add(&mut self, stamp: u32) -> bool {
        let new = !self.stamps.put(stamp as usize);
        if new {
            self.followed = self.followed.max(stamp + 1);
        }
        new
    }

    fn holds(&mut self, stamp: u32) -> bool {
        while self.followed > stamp + 1 {
            self.followed -= 1;
            let above = self.followed;
            if self.stamps.contains(above as usize) {
                let begin = self.crossings.partition_point(|(from, _)| *from < above);
                let crossings = self.crossings[begin..].iter();
                for (_, to) in crossings.take_while(|(from, _)| *from == above) {
                    self.stamps.insert(*to as usize);
                }
            }
        }
        self.stamps.contains(stamp as usize)
    }
}

impl<'r, 'a> Comparison<'r, 'a> {
    pub fn new(reach: &'r Reach<'a>) -> Self {
        Self {
            reach,
            left: FixedBitSet::with_capacity(reach.len()),
            right: FixedBitSet::with_capacity(reach.len()),
            marked: 0..0,
            open: 0,
            held: Held {
                crossings: &reach.crossings,
                stamps: FixedBitSet::with_capacity(reach.tips.len() + 1),
                followed: 0,
            },
            only: Vec::new(),
            parents: Vec::new(),
            tips: FixedBitSet::new(),
            seen: FixedBitSet::with_capacity(reach.graph.len()),
        }
    }

    /// The places of the commits that can be reached from the tip `left` and neither from the tip
    /// `right` nor from the first one, the highest first, down to the place `lowest`.
    ///
    /// # Errors
    /// A broken commit-graph file.
    pub fn only(&mut self, left: Node, right: Node, lowest: u32) -> Result<&[u32], GraphError> {
        let reach = self.reach;
        self.begin();
        self.mark(right, false, true);
        if let Some(place) = reach.place(right) {
            self.hold(place);
        }
        self.mark(left, true, false);
        while self.open > 0
            && let Some(place) = self.next()
            && place >= lowest as usize
        {
            let sides = (self.left.contains(place), self.right.contains(place));
            if sides == (true, false) {
                self.open -= 1;
                self.only.push(super::index(place));
            }
            if sides.1 && self.hold(super::index(place)) {
                self.close();
            }
            match self.parents[place] {
                NONE => {}
                MORE => reach.graph.parents(reach.order[place], |parent| {
                    self.mark(parent, sides.0, sides.1);
                })?,
                parent => self.mark_at(parent, sides.0, sides.1),
            }
        }
        Ok(&self.only)
    }

    /// What is looked up again and again, in the order in which it is.
    fn prepare(&mut self) {
        let reach = self.reach;
        let place = |node| reach.place(node).unwrap_or(NONE);
        self.parents = reach
            .order
            .iter()
            .map(|node| match reach.graph.first_parent(*node) {
                (_, true) => MORE,
                (Some(parent), false) => place(parent),
                (None, false) => NONE,
            })
            .collect();
        self.tips = FixedBitSet::with_capacity(reach.len());
        for place in reach.tips.iter().filter_map(|tip| reach.place(*tip)) {
            self.tips.insert(place as usize);
        }
    }

    fn begin(&mut self) {
        if self.parents.is_empty() {
            self.prepare();
        }
        let whole = 0..self.left.len();
        let marked = self.marked.start.min(whole.end)..whole.end;
        self.left.set_range(marked.clone(), false);
        self.right.set_range(marked, false);
        self.marked = whole.end..whole.end;
        self.open = 0;
        self.held.clear();
        self.only.clear();
    }

    /// The highest marked place that was not looked at.
    fn next(&mut self) -> Option<usize> {
        let (left, right) = (self.left.as_slice(), self.right.as_slice());
        let end = self.marked.end;
        let mut block = end / BITS;
        let mut mask = (1 << (end % BITS)) - 1;
        loop {
            let sides = left.get(block).zip(right.get(block));
            let bits = sides.map_or(0, |(left, right)| (left | right) & mask);
            if bits != 0 {
                let place = block * BITS + bits.ilog2() as usize;
                self.marked.end = place;
                return Some(place);
            }
            if block * BITS <= self.marked.start {
                return None;
            }
            block -= 1;
            mask = usize::MAX;
        }
    }

    fn mark(&mut self, node: Node, left: bool, right: bool) {
        if let Some(place) = self.reach.place(node) {
            self.mark_at(place, left, right);
        }
    }

    fn mark_at(&mut self, place: u32, left: bool, right: bool) {
        let number = place;
        let place = place as usize;
        self.marked.start = self.marked.start.min(place);
        let (had_left, had_right) = (self.left.contains(place), self.right.contains(place));
        let had_open = had_left && !had_right;
        let left = left || had_left;
        let right = right
            || had_right
            || (!had_open && left && self.held.holds(self.reach.stamp_at(number)));
        self.left.set(place, left);
        self.right.set(place, right);
        match (had_open, left && !right) {
            (false, true) => self.open += 1,
            (true, false) => self.open -= 1,
            _ => {}
        }
    }

    /// Notes that the right side reaches what is at `place`; gives whether that closes what is
    /// open.
    fn hold(&mut self, place: u32) -> bool {
        self.tips.contains(place as usize) && {
            let stamp = self.reach.stamp_at(place);
            let tip = self.reach.tips.get((stamp - FIRST) as usize);
            tip == Some(&self.reach.order[place as usize]) && self.held.add(stamp)
        }
    }

    /// Closes what is open and known to be reached by the right side.
    fn close(&mut self) {
        let end = self.marked.end.div_ceil(BITS);
        for block in (self.marked.start / BITS..end).rev() {
            let mut open = self.left.as_slice()[block] & !self.right.as_slice()[block];
            while open != 0 {
                let place = block * BITS + open.ilog2() as usize;
                open &= !(1 << (place % BITS));
                let stamp = self.reach.stamp_at(super::index(place));
                if place < self.marked.end && self.held.holds(stamp) {
                    self.right.insert(place);
                    self.open -= 1;
                }
            }
        }
    }

    /// Whether the tip `older` can be reached from the tip `newer`. A commit is its own ancestor.
    ///
    /// # Errors
    /// A broken commit-graph file.
    pub fn is_ancestor(&mut self, older: Node, newer: Node) -> Result<bool, GraphError> {
        let graph = self.reach.graph;
        let lowest = graph.generation(older);
        // Who reaches a commit was not first reached before it. What the first tip reaches may
        // be unseen, which proves nothing.
        let stamp = self.reach.stamp(older);
        let earliest = if stamp == FIRST { 0 } else { stamp };
        let mut found = newer == older;
        let mut stack = vec![newer];
        let mut looked_at = Vec::new();
        while !found && let Some(node) = stack.pop() {
            graph.parents(node, |parent| {
                found |= parent == older;
                if self.reach.stamp(parent) >= earliest
                    && graph.generation(parent) > lowest
                    && !self.seen.put(parent as usize)
                {
                    looked_at.push(parent);
                    stack.push(parent);
                }
            })?;
        }
        for node in looked_at {
            self.seen.remove(node as usize);
        }
        Ok(found)
    }
}

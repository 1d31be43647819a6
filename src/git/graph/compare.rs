//! What one deployed commit reaches and another one does not.

use super::walk::Reach;
use super::{Graph, GraphError, Node};
use fixedbitset::FixedBitSet;
use std::ops::Range;

const BITS: usize = usize::BITS as usize;

/// Compares the histories of tips of a walk, above what the first tip reaches.
///
/// Both are walked down by their places in the order of [`Reach`], so that what was reached late
/// comes before what is old. A commit that only the left side was seen to reach is open until the
/// walk passes it. Where the tip that reached it first is known to be reached by the right side
/// it is closed at once: else an old branch point would keep the walk going until it is passed.
/// While it compares, it keeps 4 bits of a commit above what the first tip reaches.
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
    /// The stamp that was looked up last.
    stamp: u32,
    /// By place: whether it is that of the tip of its stamp.
    tips: FixedBitSet,
    /// By place; clear between two searches.
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
        let mut tips = FixedBitSet::with_capacity(reach.len());
        tips.extend(reach.last_places());
        Self {
            reach,
            left: FixedBitSet::with_capacity(reach.len()),
            right: FixedBitSet::with_capacity(reach.len()),
            marked: 0..0,
            open: 0,
            held: Held {
                crossings: &reach.crossings,
                stamps: FixedBitSet::with_capacity(reach.stamps()),
                followed: 0,
            },
            only: Vec::new(),
            stamp: 0,
            tips,
            seen: FixedBitSet::with_capacity(reach.len()),
        }
    }

    /// The places of the commits that can be reached from the tip `left` and neither from the tip
    /// `right` nor from the first one, the highest first, down to the place `lowest`.
    pub fn only(&mut self, left: Node, right: Node, lowest: u32) -> &[u32] {
        let reach = self.reach;
        self.begin();
        if let Some(place) = reach.place(right) {
            self.mark(place, false, true);
            self.hold(place);
        }
        if let Some(place) = reach.place(left) {
            self.mark(place, true, false);
        }
        while self.open > 0
            && let Some(place) = self.next()
            && place >= lowest
        {
            let at = place as usize;
            let sides = (self.left.contains(at), self.right.contains(at));
            if sides == (true, false) {
                self.open -= 1;
                self.only.push(place);
            }
            if sides.1 && self.hold(place) {
                self.close();
            }
            reach.parents.of(place, |parent| {
                if reach.is_above(parent) {
                    self.mark(parent, sides.0, sides.1);
                }
            });
        }
        &self.only
    }

    fn begin(&mut self) {
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
    fn next(&mut self) -> Option<u32> {
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
                return Some(super::index(place));
            }
            if block * BITS <= self.marked.start {
                return None;
            }
            block -= 1;
            mask = usize::MAX;
        }
    }

    #[inline]
    fn mark(&mut self, place: u32, left: bool, right: bool) {
        let at = place as usize;
        let (block, bit) = (at / BITS, 1 << (at % BITS));
        let had_left = self.left.as_slice()[block] & bit != 0;
        let had_right = self.right.as_slice()[block] & bit != 0;
        let new_left = left && !had_left;
        let mut new_right = right && !had_right;
        if !new_left && !new_right {
            return;
        }
        self.marked.start = self.marked.start.min(at);
        if new_left {
            self.left.as_mut_slice()[block] |= bit;
            new_right = new_right || (!had_right && self.is_held(place));
        }
        if new_right {
            self.right.as_mut_slice()[block] |= bit;
        }
        let had_open = had_left && !had_right;
        let is_open = (had_left || new_left) && !(had_right || new_right);
        match (had_open, is_open) {
            (false, true) => self.open += 1,
            (true, false) => self.open -= 1,
            _ => {}
        }
    }

    /// Whether the right side is known to reach the tip of the stamp of what is at `place`.
    fn is_held(&mut self, place: u32) -> bool {
        let stamp = self.reach.stamp_near(place, self.stamp);
        self.stamp = stamp;
        self.held.holds(stamp)
    }

    /// Notes that the right side reaches what is at `place`; gives whether that closes what is
    /// open.
    fn hold(&mut self, place: u32) -> bool {
        self.tips.contains(place as usize) && self.held.add(self.reach.stamp_at(place))
    }

    /// Closes what is open and known to be reached by the right side.
    fn close(&mut self) {
        let end = self.marked.end.div_ceil(BITS);
        for block in (self.marked.start / BITS..end).rev() {
            let mut open = self.left.as_slice()[block] & !self.right.as_slice()[block];
            while open != 0 {
                let place = block * BITS + open.ilog2() as usize;
                open &= !(1 << (place % BITS));
                if place < self.marked.end && self.is_held(super::index(place)) {
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
        let reach = self.reach;
        if older == newer {
            return Ok(true);
        }
        let Some(lowest) = reach.place(older) else {
            return is_old_ancestor(reach.graph, older, newer);
        };
        // What the first tip reaches, reaches nothing that has a place.
        let mut stack: Vec<u32> = reach.place(newer).into_iter().collect();
        let mut looked_at = Vec::new();
        let mut found = false;
        while !found && let Some(place) = stack.pop() {
            reach.parents.of(place, |parent| {
                found |= parent == lowest;
                // Who reaches a commit was not first reached before it, and has a higher place.
                if parent > lowest && reach.is_above(parent) && !self.seen.put(parent as usize) {
                    looked_at.push(parent);
                    stack.push(parent);
                }
            });
        }
        for place in looked_at {
            self.seen.remove(place as usize);
        }
        Ok(found)
    }
}

/// The same of one that the first tip reaches, where commits have no places.
fn is_old_ancestor(graph: &Graph, older: Node, newer: Node) -> Result<bool, GraphError> {
    let lowest = graph.generation(older);
    let mut seen = FixedBitSet::with_capacity(graph.len());
    let mut found = false;
    let mut stack = vec![newer];
    while !found && let Some(node) = stack.pop() {
        graph.parents(node, |parent| {
            found |= parent == older;
            if graph.generation(parent) > lowest && !seen.put(parent as usize) {
                stack.push(parent);
            }
        })?;
    }
    Ok(found)
}

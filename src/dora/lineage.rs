//! Which deployment delivered which commit, for one environment and service.
//!
//! One walk finds the first deployment that reaches each commit. Only what rollbacks took out is
//! then followed deployment by deployment: all else stays with the first that reached it.

use super::account::{Account, Told};
use super::event::{Intent, Outcome};
use crate::git::graph::{Graph, GraphError, Node, Reach};
use std::collections::HashMap;

/// The deployments of one environment and service, and what they delivered.
pub struct Lineage<'g> {
    /// The deployments that succeeded, took traffic and whose commit is known: their places
    /// among the account's, by time. What they ran is in `nodes`.
    pub list: Vec<usize>,
    nodes: Vec<Node>,
    /// Places of deployments whose commit the repository lacks.
    pub unknown: Vec<usize>,
    /// By place in the account: whether it is a rollback, declared or implied.
    pub rollback: Vec<bool>,
    reach: Option<Reach<'g>>,
    /// What a rollback took out: the number in `list` that delivered it again, if any did.
    moved: HashMap<Node, Option<u32>>,
    /// What the list reaches first has lower numbers than this; probes begin here.
    probes: u32,
}

/// What becomes of a commit that a rollback took out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// The next deployment that carries it delivers it.
    Again,
    /// The first delivery stays.
    First,
}

impl<'g> Lineage<'g> {
    /// Follows the deployments of `account`. `probes` are commits of which [`Lineage::reaches`]
    /// is to be asked; `whole` walks what the first deployment carried, too.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn trace(
        account: &Account,
        known: &[Option<Node>],
        graph: &'g Graph,
        probes: &[Node],
        whole: bool,
    ) -> Result<Self, GraphError> {
        let mut lineage = Self {
            list: Vec::new(),
            nodes: Vec::new(),
            unknown: Vec::new(),
            rollback: vec![false; account.deployments.len()],
            reach: None,
            moved: HashMap::new(),
            probes: 0,
        };
        for (place, (told, node)) in account.deployments.iter().zip(known).enumerate() {
            match node {
                None => lineage.unknown.push(place),
                Some(node) if told.served() => {
                    lineage.list.push(place);
                    lineage.nodes.push(*node);
                }
                Some(_) => {}
            }
            lineage.rollback[place] = told.served() && told.declares_rollback();
        }
        lineage.probes = number(lineage.list.len());
        if lineage.list.is_empty() {
            return Ok(lineage);
        }
        let tips: Vec<Node> = lineage.nodes.iter().chain(probes).copied().collect();
        let mut reach = Reach::walk(graph, &tips, whole)?;
        lineage.follow(account, graph, &mut reach)?;
        lineage.reach = Some(reach);
        Ok(lineage)
    }

    /// Finds the rollbacks, and moves what they took out to the deployment that delivers it again.
    fn follow(
        &mut self,
        account: &Account,
        graph: &Graph,
        reach: &mut Reach,
    ) -> Result<(), GraphError> {
        // Taken out and not delivered again; and the lowest generation among it.
        let mut out = 0_usize;
        let mut lowest = u32::MAX;
        for (number, window) in (1_u32..).zip(self.nodes.windows(2)) {
            let [before, now] = [window[0], window[1]];
            let place = self.list[number as usize];
            let told = &account.deployments[place];
            if !self.rollback[place]
                && told.event.intent != Intent::Redeploy
                && graph.generation(now) < graph.generation(before)
                && reach.first(now).is_none_or(|first| first < number)
            {
                self.rollback[place] = reach.is_ancestor(now, before)?;
            }
            if out > 0 {
                for node in reach.only(now, before, lowest)? {
                    if let Some(moved @ None) = self.moved.get_mut(&node) {
                        *moved = Some(number);
                        out -= 1;
                    }
                }
            }
            if self.rollback[place] {
                for node in reach.only(before, now, 0)? {
                    // What the first deployment carried stays its own for ever.
                    if reach.first(node).is_some_and(|first| first > 0) {
                        self.moved.insert(node, None);
                        out += 1;
                        lowest = lowest.min(graph.generation(node));
                    }
                }
            }
            if out == 0 {
                lowest = u32::MAX;
            }
        }
        Ok(())
    }

    /// Calls `each` with every commit that a deployment delivered and the number of that
    /// deployment in the list, in the order of nodes. What the first one carried is among it only
    /// where it was asked for.
    pub fn delivered(&self, keeping: Keeping, whole: bool, mut each: impl FnMut(Node, u32)) {
        let Some(reach) = &self.reach else {
            return;
        };
        let all_stay = keeping == Keeping::First || self.moved.is_empty();
        for (node, first) in reach.reached(whole) {
            if first >= self.probes {
                continue;
            }
            if all_stay {
                each(node, first);
            } else if let Some(number) = self.moved.get(&node).copied().unwrap_or(Some(first)) {
                each(node, number);
            }
        }
    }

    /// The commits that a rollback took out and no later deployment delivered, by node.
    pub fn taken_out(&self) -> Vec<Node> {
        let mut out: Vec<Node> = self
            .moved
            .iter()
            .filter(|(_, again)| again.is_none())
            .map(|(node, _)| *node)
            .collect();
        out.sort_unstable();
        out
    }

    /// Whether a deployment reaches `probe`, one of the probes that were given.
    pub fn reaches(&self, probe: Node) -> bool {
        let first = self.reach.as_ref().and_then(|reach| reach.first(probe));
        first.is_some_and(|first| first < self.probes)
    }

    /// The commit that the deployment of that number in the list ran.
    pub fn node(&self, number: usize) -> Node {
        self.nodes[number]
    }
}

impl Told<'_> {
    /// Whether it succeeded and took traffic.
    pub fn served(&self) -> bool {
        self.event.outcome == Outcome::Succeeded && self.event.took_traffic
    }

    fn declares_rollback(&self) -> bool {
        self.event.intent == Intent::Rollback || self.event.reverts.is_some()
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

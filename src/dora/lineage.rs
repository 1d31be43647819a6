//! Which deployment delivered which commit, for one environment and service.
//!
//! One walk finds the first deployment that reaches each commit. Only what rollbacks took out is
//! then followed deployment by deployment: all else stays with the first that reached it.

use super::account::{Account, Told};
use super::event::{Intent, Outcome};
use crate::git::graph::{Comparison, Graph, GraphError, Node, Reach};

/// The deployments of one environment and service, and what they delivered.
pub struct Lineage<'g> {
    /// The deployments that succeeded, took traffic and whose commit is known: their places
    /// among the account's, by time. What they ran are the first tips of the walk.
    pub list: Vec<usize>,
    nodes: Vec<Node>,
    /// Places of deployments whose commit the repository lacks.
    pub unknown: Vec<usize>,
    /// By place in the account: whether it is a rollback, declared or implied.
    pub rollback: Vec<bool>,
    /// Grouped by the deployments that delivered; probes come after the list.
    reach: Option<Reach<'g>>,
    /// What all tips together are: the group of what was taken out and not delivered again.
    out: u32,
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
        keeping: Keeping,
        whole: bool,
    ) -> Result<Self, GraphError> {
        let mut lineage = Self {
            list: Vec::new(),
            nodes: Vec::new(),
            unknown: Vec::new(),
            rollback: vec![false; account.deployments.len()],
            reach: None,
            out: 0,
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
        lineage.out = number(tips.len());
        let mut reach = Reach::walk(graph, &tips, whole)?;
        let carrier = lineage.follow(account, graph, &reach)?;
        reach.release_parents();
        if let Some(carrier) = carrier.filter(|_| keeping == Keeping::Again) {
            reach.regroup(carrier);
        }
        lineage.reach = Some(reach);
        Ok(lineage)
    }

    /// Finds the rollbacks. Where there are any, gives by the places of `reach` the number of the
    /// deployment that delivered a commit at last, or `out`.
    fn follow(
        &mut self,
        account: &Account,
        graph: &Graph,
        reach: &Reach,
    ) -> Result<Option<Vec<u32>>, GraphError> {
        let mut comparison = Comparison::new(reach);
        let mut carrier: Option<Vec<u32>> = None;
        // How many are taken out and not delivered again, and the lowest place among them.
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
                self.rollback[place] = comparison.is_ancestor(now, before)?;
            }
            if let Some(carrier) = carrier.as_mut().filter(|_| out > 0) {
                for place in comparison.only(now, before, lowest) {
                    let carrier = &mut carrier[*place as usize];
                    if *carrier == self.out {
                        *carrier = number;
                        out -= 1;
                    }
                }
            }
            if self.rollback[place] {
                let carrier = carrier.get_or_insert_with(|| reach.carriers());
                // What the first deployment carried is not among it and stays its own for ever.
                for place in comparison.only(before, now, 0) {
                    carrier[*place as usize] = self.out;
                    out += 1;
                    lowest = lowest.min(*place);
                }
            }
            if out == 0 {
                lowest = u32::MAX;
            }
        }
        Ok(carrier)
    }

    /// The commits that the deployment of that number in the list delivered. What the first one
    /// carried is known only where it was asked for.
    pub fn delivered(&self, number: usize) -> &[Node] {
        let reach = self.reach.as_ref();
        reach.map_or(&[], |reach| reach.group(self::number(number)))
    }

    /// Takes out what the deployments of the list delivered, as far as `keep` says so of a commit,
    /// given the number of the deployment and whether the commit is a merge: where those of each
    /// deployment begin, and where the last ones end, and the commits.
    pub fn take_delivered(
        &mut self,
        keep: impl FnMut(u32, Node, bool) -> bool,
    ) -> (Vec<u32>, Vec<Node>) {
        let count = number(self.list.len());
        match &mut self.reach {
            Some(reach) => reach.take_groups(count, keep),
            None => (vec![0; self.list.len() + 1], Vec::new()),
        }
    }

    /// Whether a commit that was delivered has more than one parent.
    pub fn is_merge(&self, node: Node) -> bool {
        self.reach
            .as_ref()
            .is_some_and(|reach| reach.is_merge(node))
    }

    /// The commits that a rollback took out and no later deployment delivered, by node.
    pub fn taken_out(&self) -> Vec<Node> {
        let mut out = self
            .reach
            .as_ref()
            .map_or(Vec::new(), |reach| reach.group(self.out).to_vec());
        out.sort_unstable();
        out
    }

    /// Whether a deployment reaches `probe`, one of the probes that were given.
    pub fn reaches(&self, probe: Node) -> bool {
        let first = self.reach.as_ref().and_then(|reach| reach.first(probe));
        first.is_some_and(|first| first < self.probes)
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

//! The same record by the published rules of other tools, so that somebody can compare and move.

use super::percentile::{mean, nearest_ranks, ratio};
use super::window::Window;
use crate::dora::event::{Change, EventId};
use crate::dora::history::Facts;
use crate::dora::metrics::lead_time::finished;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Peer {
    /// Four Keys: each commit that a deployment brings, from its own date; a squash is one commit.
    FourKeys,
    /// Apache `DevLake`: each merged branch, from the date at which its first commit was authored.
    DevLake,
    /// GitLab: each merge request, from its merge.
    GitLab,
}

/// What the other tool would show.
#[derive(Debug, Clone, Serialize)]
pub struct PeerFigures {
    #[serde(rename = "as")]
    pub peer: Peer,
    pub lead_time: Median,
    pub deployments_per_day: Option<f64>,
    pub change_fail_rate: Option<f64>,
    /// From the opening of an incident to its end.
    pub time_to_restore: Median,
    /// Its rules, a sentence each.
    pub rules: Vec<&'static str>,
}

/// Seconds.
#[derive(Debug, Clone, Serialize)]
pub struct Median {
    pub n: usize,
    pub median: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

impl Peer {
    /// Whether its rules look at the deployed commits alone: merges count, and what a squash
    /// hides does not.
    pub fn sees_commits_only(self) -> bool {
        self == Self::FourKeys
    }

    fn rules(self) -> Vec<&'static str> {
        match self {
            Self::FourKeys => vec![
                "lead time: each commit that a deployment brought, merges too, from the commit's own date; the median lies between the two middle values",
                "a squash is one commit with the date of the squash",
                "change fail rate: deployments with an incident, of all that succeeded",
                "time to restore: from the opening of each incident to its end, median",
            ],
            Self::DevLake => vec![
                "lead time: each merged branch, from the date at which its first commit was authored; of two middle values the lower",
                "a commit that came by no branch is not seen",
                "change fail rate: deployments with an incident, of all that succeeded",
                "time to restore: from the opening of each incident to its end, lower median",
            ],
            Self::GitLab => vec![
                "lead time: each merge request, from its merge; the median lies between the two middle values",
                "a commit that came by no merge request is not seen",
                "change fail rate: incidents, by deployments that succeeded; it can exceed 1",
                "time to restore: from the opening of each incident to its end, median",
            ],
        }
    }

    fn median(self, mut values: Vec<i64>, reason: &'static str) -> Median {
        values.retain(|value| *value >= 0);
        let count = values.len();
        let lower = nearest_ranks(&mut values, [50]).map(|[median]| median);
        let mut between = || {
            values.sort_unstable();
            mean(&[values[(count - 1) / 2], values[count / 2]])
        };
        Median {
            n: count,
            median: match self {
                Self::DevLake => lower,
                Self::FourKeys | Self::GitLab => lower.and_then(|_| between()),
            },
            reason: (count == 0).then_some(reason),
        }
    }
}

impl PeerFigures {
    /// `facts` must be resolved as [`Peer::sees_commits_only`] asks.
    pub fn new(peer: Peer, facts: &Facts, changes: &[(EventId, &Change)], window: &Window) -> Self {
        let numbers = window.numbers(facts);
        let mut lead = Vec::new();
        // The last deployment of each change event that delivered some of it.
        let mut branches: BTreeMap<usize, usize> = BTreeMap::new();
        for number in numbers {
            if peer == Peer::FourKeys {
                let finished = finished(facts, number);
                let nodes = facts.delivered.nodes(number, number + 1).iter();
                lead.extend(nodes.map(|node| finished - facts.graph.time(*node)));
            }
            for change in facts.delivered.recorded(number, number + 1) {
                branches.insert(change.change, number);
            }
        }
        for (change, number) in branches {
            let event = changes[change].1;
            let start = match peer {
                Peer::FourKeys => None,
                Peer::DevLake => {
                    let authored = event
                        .commits
                        .iter()
                        .map(|commit| commit.authored_at.second());
                    authored.min().filter(|_| event.merged_at.is_some())
                }
                Peer::GitLab => event.merged_at.map(crate::dora::event::Time::second),
            };
            lead.extend(start.map(|start| finished(facts, number) - start));
        }
        let places = window.places(facts);
        let served: BTreeSet<usize> = places
            .clone()
            .filter(|place| facts.account.deployments[*place].served())
            .collect();
        let deployments = served.len() as u64;
        let with_incident = facts
            .failures
            .failures
            .iter()
            .filter(|failure| served.contains(&failure.place) && !failure.incidents.is_empty())
            .count() as u64;
        let incidents: Vec<_> = facts
            .account
            .incidents
            .iter()
            .filter(|case| !case.external)
            .filter_map(|case| Some((case.opened_at?.second(), case.resolved_at)))
            .filter(|(opened, _)| window.holds(*opened))
            .collect();
        let restored = incidents
            .iter()
            .filter_map(|(opened, resolved)| Some(resolved.as_ref()?.second() - opened));
        Self {
            peer,
            lead_time: peer.median(
                lead,
                match peer {
                    Peer::FourKeys => "no deployment brought a commit",
                    Peer::DevLake | Peer::GitLab => "no change event tells of a merged branch",
                },
            ),
            deployments_per_day: u64::try_from(window.seconds())
                .ok()
                .and_then(|seconds| ratio(deployments * 86_400, seconds)),
            change_fail_rate: match peer {
                Peer::FourKeys | Peer::DevLake => ratio(with_incident, deployments),
                Peer::GitLab => ratio(incidents.len() as u64, deployments),
            },
            time_to_restore: peer.median(restored.collect(), "no incident was resolved"),
            rules: peer.rules(),
        }
    }
}

//! How reliable the data are: what is known of the changes and deployments, and what was left out.

use super::percentile::ratio;
use super::recovery::time;
use super::window::Window;
use crate::dora::history::Facts;
use crate::dora::metrics::lead_time::{LeadTime, finished};
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Debug, Clone, Serialize)]
pub struct Data {
    /// Share of the changes of which a change event tells.
    pub with_change_event: Option<f64>,
    /// Share of the deployments of whose pipeline a step is recorded.
    pub with_steps: Option<f64>,
    pub unknown_commits: Vec<UnknownCommit>,
    pub skewed: Vec<Skewed>,
    pub ambiguous: usize,
    pub duplicates: usize,
    pub retracted: usize,
    pub external_incidents: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unattributed: Vec<Unattributed>,
}

/// A deployment of a commit that the repository lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownCommit {
    pub deployment: String,
    pub commit: String,
    /// The command that gets it.
    pub fetch: String,
}

/// A value that a wrong clock made negative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skewed {
    /// `change_lead_time`, `from_first_commit`, `from_merge` or `recovery_time`.
    pub series: &'static str,
    pub deployment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Below 0.
    pub seconds: i64,
}

/// An incident or a rollback that belongs to no deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unattributed {
    pub name: String,
    pub at: String,
    pub reason: &'static str,
}

impl Data {
    /// `lead_time` is that of the same facts and window.
    pub fn new(facts: &Facts, window: &Window, lead_time: &LeadTime) -> Self {
        let places = window.places(facts);
        let numbers = window.numbers(facts);
        let deployments = &facts.account.deployments;
        let recorded = facts.delivered.recorded(numbers.start, numbers.end);
        let plain = facts.delivered.nodes(numbers.start, numbers.end).len();
        let steps = places
            .clone()
            .filter(|place| facts.with_steps[*place])
            .count();
        let in_window = |at: i64| window.holds(at);
        let unknown = facts.unknown.iter().filter(|place| places.contains(place));
        let unattributed = facts.failures.unattributed.iter();
        Self {
            with_change_event: ratio(recorded.len() as u64, (recorded.len() + plain) as u64),
            with_steps: ratio(steps as u64, places.len() as u64),
            unknown_commits: unknown
                .map(|place| {
                    let told = &deployments[*place];
                    UnknownCommit {
                        deployment: told.id.to_string(),
                        commit: told.event.commit.to_string(),
                        fetch: format!("git fetch origin {}", told.event.commit),
                    }
                })
                .collect(),
            // Most often every change counts, and none is to be looked for.
            skewed: skewed(facts, window, lead_time.n < recorded.len() + plain),
            ambiguous: recorded
                .iter()
                .filter(|change| change.ambiguous)
                .map(|change| change.commit)
                .collect::<BTreeSet<_>>()
                .len(),
            duplicates: facts
                .account
                .duplicates
                .iter()
                .filter(|(at, ..)| in_window(at.second()))
                .count(),
            retracted: facts
                .account
                .retracted
                .iter()
                .filter(|(at, _)| in_window(at.second()))
                .count(),
            external_incidents: facts
                .failures
                .external
                .iter()
                .filter(|(at, _)| in_window(*at))
                .count(),
            unattributed: unattributed
                .filter(|unattributed| in_window(unattributed.at))
                .map(|unattributed| Unattributed {
                    name: unattributed.name.clone(),
                    at: time(unattributed.at),
                    reason: unattributed.reason,
                })
                .collect(),
        }
    }
}

/// `changes`: whether a lead time may be among them.
fn skewed(facts: &Facts, window: &Window, changes: bool) -> Vec<Skewed> {
    let mut skewed = Vec::new();
    let deployments = &facts.account.deployments;
    for number in window.numbers(facts) {
        let finished = finished(facts, number);
        let deployment = || deployments[facts.list[number]].id.to_string();
        let mut add = |series, commit: Option<String>, start: i64| {
            if finished < start {
                skewed.push(Skewed {
                    series,
                    deployment: deployment(),
                    commit,
                    seconds: finished - start,
                });
            }
        };
        let nodes = facts.delivered.nodes(number, number + 1);
        for node in nodes.iter().filter(|_| changes) {
            let start = facts.graph.time(*node);
            if finished < start {
                add(
                    "change_lead_time",
                    Some(facts.graph.id(*node).to_string()),
                    start,
                );
            }
        }
        for change in facts.delivered.recorded(number, number + 1) {
            let original = || Some(change.original.to_string());
            add("change_lead_time", original(), change.start);
            add("from_first_commit", original(), change.first);
            if let Some(merged) = change.merged {
                add("from_merge", original(), merged);
            }
        }
    }
    let places = window.places(facts);
    for failure in &facts.failures.failures {
        if let Some(restored) = failure.restored
            && places.contains(&failure.place)
            && restored < failure.sign
        {
            skewed.push(Skewed {
                series: "recovery_time",
                deployment: deployments[failure.place].id.to_string(),
                commit: None,
                seconds: restored - failure.sign,
            });
        }
    }
    skewed
}

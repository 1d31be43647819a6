//! Change lead time: from a change's start to the end of the deployment that delivered it.

use super::percentile::nearest_ranks;
use super::window::Window;
use super::{FEW, NO_DEPLOYMENTS};
use crate::dora::delivered::Recorded;
use crate::dora::history::Facts;
use serde::Serialize;

/// Seconds. The headline counts from the committer date.
#[derive(Debug, Clone, Serialize)]
pub struct LeadTime {
    pub n: usize,
    pub few: bool,
    pub p50: Option<i64>,
    pub p75: Option<i64>,
    pub p90: Option<i64>,
    pub p95: Option<i64>,
    /// The p50 over deployments of the p50 of what each delivered.
    pub per_deployment_p50: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    pub from_first_commit: Series,
    pub from_merge: Series,
}

/// Percentiles of values in seconds.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    pub n: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub few: bool,
    pub p50: Option<i64>,
    pub p75: Option<i64>,
    pub p90: Option<i64>,
    pub p95: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

impl Series {
    /// From `values` in any order; `reason` says why there are none.
    pub fn new(mut values: Vec<i64>, reason: &'static str) -> Self {
        let found = nearest_ranks(&mut values, [50, 75, 90, 95]);
        let at = |place: usize| found.map(|found| found[place]);
        Self {
            n: values.len(),
            few: !values.is_empty() && values.len() < FEW,
            p50: at(0),
            p75: at(1),
            p90: at(2),
            p95: at(3),
            reason: values.is_empty().then_some(reason),
        }
    }
}

impl LeadTime {
    pub fn new(facts: &Facts, window: &Window) -> Self {
        let numbers = window.numbers(facts);
        let nodes = facts.delivered.nodes(numbers.start, numbers.end).len();
        let recorded = facts.delivered.recorded(numbers.start, numbers.end).len();
        let mut values = Vec::with_capacity(nodes + recorded);
        let mut medians = Vec::new();
        let mut first = Vec::new();
        let mut merged = Vec::new();
        for number in numbers {
            let begin = values.len();
            values.extend(of(facts, number));
            // The whole of the values is put into order later, so this order may change.
            medians.extend(nearest_ranks(&mut values[begin..], [50]).map(|[p50]| p50));
            let finished = finished(facts, number);
            let recorded = facts.delivered.recorded(number, number + 1);
            first.extend(recorded.iter().map(|change| finished - change.first));
            merged.extend(
                recorded
                    .iter()
                    .filter_map(|change| Some(finished - change.merged?)),
            );
        }
        first.retain(|value| *value >= 0);
        merged.retain(|value| *value >= 0);
        let reason = if window.places(facts).is_empty() {
            NO_DEPLOYMENTS
        } else if values.is_empty() {
            "no deployment delivered a change"
        } else {
            "no change event tells of these changes"
        };
        let headline = Series::new(values, reason);
        Self {
            n: headline.n,
            few: headline.few,
            p50: headline.p50,
            p75: headline.p75,
            p90: headline.p90,
            p95: headline.p95,
            per_deployment_p50: nearest_ranks(&mut medians, [50]).map(|[p50]| p50),
            reason: headline.reason,
            from_first_commit: Series::new(first, reason),
            from_merge: Series::new(
                merged,
                if reason.starts_with("no change event") {
                    "no change event tells when they were merged"
                } else {
                    reason
                },
            ),
        }
    }
}

/// The lead times of what the deployment of this number in the list delivered; those that a
/// wrong clock made negative are left out.
pub fn of(facts: &Facts, number: usize) -> impl Iterator<Item = i64> {
    let finished = finished(facts, number);
    let nodes = facts.delivered.nodes(number, number + 1).iter();
    let starts = nodes.map(|node| facts.graph.time(*node));
    let recorded = facts.delivered.recorded(number, number + 1);
    starts
        .chain(recorded.iter().map(|change: &Recorded| change.start))
        .map(move |start| finished - start)
        .filter(|value| *value >= 0)
}

/// When the deployment of this number in the list finished, in seconds since 1970.
pub fn finished(facts: &Facts, number: usize) -> i64 {
    facts.account.deployments[facts.list[number]].finished()
}

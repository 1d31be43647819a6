//! Every value behind a figure, and everything that was left out with its reason.

use crate::config::Rework;
use crate::dora::account::Told;
use crate::dora::event::Outcome;
use crate::dora::history::Facts;
use crate::dora::metrics::lead_time::finished;
use crate::dora::metrics::recovery::time;
use crate::dora::metrics::rework::is_rework;
use crate::dora::metrics::success::is_attempt;
use crate::dora::metrics::window::Window;
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    LeadTime,
    Frequency,
    FailRate,
    Recovery,
    Rework,
    Success,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Id of the deployment; absent where there is none.
    pub deployment: Option<String>,
    pub commit: Option<String>,
    /// When it finished, RFC 3339.
    pub at: Option<String>,
    /// Seconds; for a share 1 where it counts in the numerator, else 0.
    pub value: Option<i64>,
    /// It is behind the figure.
    pub counted: bool,
    /// Why it was left out, or what makes it count.
    pub reason: Option<String>,
}

/// The rows of `metric`, by time; the facts must have been resolved with rows.
pub fn rows(facts: &Facts, window: &Window, metric: Metric, rework: Rework) -> Vec<Row> {
    match metric {
        Metric::LeadTime => lead_time(facts, window),
        Metric::Recovery => recovery(facts, window),
        Metric::Frequency => per_deployment(facts, window, |_, told| {
            if told.served() {
                Ok((1, None))
            } else {
                Err(without_service(told))
            }
        }),
        Metric::Success => per_deployment(facts, window, |_, told| {
            if is_attempt(told) {
                Ok((i64::from(told.event.outcome == Outcome::Succeeded), None))
            } else {
                Err("cancelled before it took traffic")
            }
        }),
        Metric::FailRate => per_deployment(facts, window, |place, told| {
            if !told.event.took_traffic {
                return Err("it took no traffic");
            }
            let failures = facts.failures.failures.iter();
            let failure = failures.clone().find(|failure| failure.place == place);
            let why = failure.map(|failure| {
                let mut why = Vec::new();
                if failure.outcome_failed {
                    why.push("it failed after it took traffic".to_owned());
                }
                if let Some(by) = failure.rollback {
                    why.push(format!("taken out by {}", id(facts, by)));
                }
                if !failure.incidents.is_empty() {
                    why.push(format!("incident {}", failure.incidents.join(", ")));
                }
                why.join("; ")
            });
            Ok((i64::from(why.is_some()), why))
        }),
        Metric::Rework => per_deployment(facts, window, |place, told| {
            if told.event.took_traffic {
                Ok((i64::from(is_rework(facts, place, rework)), None))
            } else {
                Err("it took no traffic")
            }
        }),
    }
}

fn id(facts: &Facts, place: usize) -> String {
    facts.account.deployments[place].id.to_string()
}

fn without_service(told: &Told) -> &'static str {
    match (told.event.outcome, told.event.took_traffic) {
        (Outcome::Succeeded, _) => "it took no traffic",
        (Outcome::Failed, _) => "it failed",
        (Outcome::Cancelled, _) => "it was cancelled",
    }
}

fn per_deployment(
    facts: &Facts,
    window: &Window,
    judge: impl Fn(usize, &Told) -> Result<(i64, Option<String>), &'static str>,
) -> Vec<Row> {
    let deployments = &facts.account.deployments;
    let mut rows: Vec<Row> = window
        .places(facts)
        .map(|place| {
            let told = &deployments[place];
            let judged = judge(place, told);
            Row {
                deployment: Some(told.id.to_string()),
                commit: Some(told.event.commit.to_string()),
                at: Some(time(told.finished())),
                value: judged.as_ref().ok().map(|(value, _)| *value),
                counted: judged.is_ok(),
                reason: judged.map_or_else(|reason| Some(reason.to_owned()), |(_, why)| why),
            }
        })
        .collect();
    let left_out = |id: String, at: i64, reason: String| Row {
        deployment: Some(id),
        commit: None,
        at: Some(time(at)),
        value: None,
        counted: false,
        reason: Some(reason),
    };
    for (at, id, counts) in &facts.account.duplicates {
        if window.holds(at.second()) {
            let reason = format!("tells of the same deployment as {counts}");
            rows.push(left_out(id.to_string(), at.second(), reason));
        }
    }
    for (at, id) in &facts.account.retracted {
        if window.holds(at.second()) {
            rows.push(left_out(
                id.to_string(),
                at.second(),
                "retracted".to_owned(),
            ));
        }
    }
    rows
}

fn recovery(facts: &Facts, window: &Window) -> Vec<Row> {
    let places = window.places(facts);
    let failures = facts.failures.failures.iter();
    failures
        .filter(|failure| places.contains(&failure.place))
        .map(|failure| {
            let told = &facts.account.deployments[failure.place];
            let value = failure.restored.map(|restored| restored - failure.sign);
            Row {
                deployment: Some(told.id.to_string()),
                commit: Some(told.event.commit.to_string()),
                at: Some(time(told.finished())),
                value,
                counted: value.is_some_and(|value| value >= 0),
                reason: match value {
                    None => Some(format!("open since {}", time(failure.sign))),
                    Some(value) if value < 0 => Some("negative: a clock was wrong".to_owned()),
                    Some(_) => None,
                },
            }
        })
        .collect()
}

fn lead_time(facts: &Facts, window: &Window) -> Vec<Row> {
    let graph = facts.graph;
    let mut rows = Vec::new();
    let numbers = window.numbers(facts);
    let deployed = |number: usize| facts.list[number];
    let row = |number: usize, commit: String, value: Option<i64>, reason: Option<String>| {
        let negative = value.is_some_and(|value| value < 0);
        let negative = negative.then(|| "negative: a clock was wrong".to_owned());
        Row {
            deployment: Some(id(facts, deployed(number))),
            commit: Some(commit),
            at: Some(time(finished(facts, number))),
            value,
            counted: value.is_some_and(|value| value >= 0),
            reason: negative.or(reason),
        }
    };
    for number in numbers.clone() {
        let finished = finished(facts, number);
        if number == 0 && !facts.baseline_included {
            let commit = facts.account.deployments[deployed(0)].event.commit;
            let reason = "the baseline: nobody knows when what it carries was delivered before";
            rows.push(row(0, commit.to_string(), None, Some(reason.to_owned())));
        }
        for node in facts.delivered.nodes(number, number + 1) {
            let value = finished - graph.time(*node);
            rows.push(row(number, graph.id(*node).to_string(), Some(value), None));
        }
        for change in facts.delivered.recorded(number, number + 1) {
            let value = finished - change.start;
            let ambiguous = if change.ambiguous {
                ", and others could be meant"
            } else {
                ""
            };
            let mut reasons = Vec::new();
            if change.original != change.commit {
                reasons.push(format!("merged as {}{ambiguous}", change.commit));
            }
            if change.restated {
                reasons.push("begun in a commit that a rebase replaced".to_owned());
            }
            let reason = (!reasons.is_empty()).then(|| reasons.join("; "));
            rows.push(row(
                number,
                change.original.to_string(),
                Some(value),
                reason,
            ));
        }
    }
    let of_window = |number: &u32| numbers.contains(&(*number as usize));
    let left_out = [
        (&facts.delivered.merges, "a merge"),
        (&facts.delivered.outside, "touches no path of the service"),
    ];
    for (left_out, reason) in left_out {
        for (number, node) in left_out.iter().filter(|(number, _)| of_window(number)) {
            let commit = graph.id(*node).to_string();
            rows.push(row(*number as usize, commit, None, Some(reason.to_owned())));
        }
    }
    for (number, commit) in &facts.delivered.uncounted {
        if of_window(number) {
            let reason = "an original that is a merge or was delivered by itself".to_owned();
            rows.push(row(
                *number as usize,
                commit.to_string(),
                None,
                Some(reason),
            ));
        }
    }
    for place in &facts.unknown {
        if window.places(facts).contains(place) {
            let told = &facts.account.deployments[*place];
            rows.push(Row {
                deployment: Some(told.id.to_string()),
                commit: Some(told.event.commit.to_string()),
                at: Some(time(told.finished())),
                value: None,
                counted: false,
                reason: Some("the repository lacks its commit".to_owned()),
            });
        }
    }
    for node in &facts.taken_out {
        rows.push(Row {
            deployment: None,
            commit: Some(graph.id(*node).to_string()),
            at: None,
            value: None,
            counted: false,
            reason: Some("taken out by a rollback and not delivered again".to_owned()),
        });
    }
    rows
}

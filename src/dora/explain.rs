//! Where the time goes: each change's lead time cut into stages, without gap or overlap.

use super::event::{Change, Step, Time};
use super::history::{Facts, History};
use super::metrics::percentile::{nearest_ranks, ratio};
use super::metrics::window::Window;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// Where the time of one environment and service goes.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    pub environment: String,
    pub service: String,
    /// Changes of the window.
    pub n: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The change at the 75th percentile of the time from its first commit, where a change event
    /// tells of one, else from the commit.
    pub p75: Option<Explained>,
    pub bottleneck: Option<Bottleneck>,
    /// Sum of each stage over all changes, in seconds, the largest first.
    pub stages: Vec<Stage>,
}

/// One change and its stages, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    pub commit: String,
    pub deployment: String,
    pub seconds: i64,
    pub stages: Vec<Stage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// `review`; `coding + review` where the border between two is unknown.
    pub name: String,
    pub seconds: i64,
}

/// The stage with the largest share of the p75 change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bottleneck {
    pub stage: String,
    pub seconds: i64,
    /// Of the p75 change.
    pub share: Option<f64>,
    /// The p75 of all changes, each without this stage.
    pub p75_without: i64,
    /// How much less that is.
    pub gain: i64,
    /// What removes it.
    pub setting: &'static str,
}

/// Explains the changes that deployments of `window` delivered; `history` must hold rows.
pub fn explain(history: &History, facts: &Facts, window: &Window) -> Explanation {
    let mut steps: HashMap<&str, Vec<&Step>> = HashMap::new();
    for (_, step) in &history.steps {
        steps.entry(step.run.as_str()).or_default().push(step);
    }
    for steps in steps.values_mut() {
        steps.sort_by_key(|step| (step.period.started_at(), step.period.finished_at()));
    }
    let mut all: Vec<Explained> = Vec::new();
    for number in window.numbers(facts) {
        let told = &facts.account.deployments[facts.list[number]];
        let run = told
            .event
            .run
            .as_ref()
            .and_then(|run| steps.get(run.as_str()));
        let steps = run.map(Vec::as_slice).unwrap_or_default();
        let mut add = |commit: String, start: i64, change: Option<&Change>| {
            let (started, finished) = (told.started(), told.finished());
            if start <= finished {
                all.push(Explained {
                    commit,
                    deployment: told.id.to_string(),
                    seconds: finished - start,
                    stages: stages(start, change, steps, started, finished),
                });
            }
        };
        for node in facts.delivered.nodes(number, number + 1) {
            add(
                facts.graph.id(*node).to_string(),
                facts.graph.time(*node),
                None,
            );
        }
        for change in facts.delivered.recorded(number, number + 1) {
            let event = history.changes[change.change].1;
            add(change.original.to_string(), change.first, Some(event));
        }
    }
    // Equal ones in the order of their commits, so that every machine names the same.
    all.sort_by(|a, b| (a.seconds, &a.commit).cmp(&(b.seconds, &b.commit)));
    let rank = (all.len() * 75).div_ceil(100);
    let p75 = rank
        .checked_sub(1)
        .and_then(|place| all.get(place))
        .cloned();
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for stage in all.iter().flat_map(|explained| &explained.stages) {
        *sums.entry(&stage.name).or_default() += stage.seconds;
    }
    let mut sums: Vec<Stage> = sums
        .into_iter()
        .map(|(name, seconds)| Stage {
            name: name.to_owned(),
            seconds,
        })
        .collect();
    sums.sort_by(|a, b| b.seconds.cmp(&a.seconds).then_with(|| a.name.cmp(&b.name)));
    Explanation {
        environment: facts.account.environment.to_string(),
        service: facts.account.service.to_string(),
        n: all.len(),
        reason: all.is_empty().then(|| {
            if window.places(facts).is_empty() {
                super::metrics::NO_DEPLOYMENTS
            } else {
                "no deployment delivered a change"
            }
        }),
        bottleneck: p75.as_ref().and_then(|p75| bottleneck(&all, p75)),
        p75,
        stages: sums,
    }
}

/// The stages of a change that began at `start`; all in seconds since 1970.
fn stages(
    start: i64,
    change: Option<&Change>,
    steps: &[&Step],
    started: i64,
    finished: i64,
) -> Vec<Stage> {
    let second = |time: Option<Time>| time.map(Time::second);
    let mut borders: Vec<(String, Option<i64>)> = vec![
        (
            "coding".to_owned(),
            second(change.and_then(|change| change.opened_at)),
        ),
        (
            "review".to_owned(),
            second(change.and_then(|change| change.approved_at)),
        ),
        (
            "merge wait".to_owned(),
            second(change.and_then(|change| change.merged_at)),
        ),
    ];
    if steps.is_empty() {
        borders.push(("pipeline".to_owned(), None));
    }
    for step in steps {
        borders.push((
            "queueing".to_owned(),
            Some(step.period.started_at().second().min(started)),
        ));
        borders.push((
            format!("pipeline: {}", step.name),
            Some(step.period.finished_at().second().min(started)),
        ));
    }
    borders.push(("deploy wait".to_owned(), Some(started)));
    borders.push(("deploy".to_owned(), Some(finished)));
    let mut stages: Vec<Stage> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut from = start;
    for (name, border) in borders {
        names.push(name);
        let Some(border) = border else { continue };
        // A border before the last one belongs to work that went on beside it.
        let border = border.clamp(from, finished);
        let name = std::mem::take(&mut names).join(" + ");
        if border > from {
            match stages.iter_mut().find(|stage| stage.name == name) {
                Some(stage) => stage.seconds += border - from,
                None => stages.push(Stage {
                    name,
                    seconds: border - from,
                }),
            }
        }
        from = border;
    }
    stages
}

fn bottleneck(all: &[Explained], p75: &Explained) -> Option<Bottleneck> {
    // Of equal ones the first.
    let stage = p75.stages.iter().rev().max_by_key(|stage| stage.seconds)?;
    let mut without: Vec<i64> = all
        .iter()
        .map(|explained| {
            let removed = explained
                .stages
                .iter()
                .filter(|other| other.name == stage.name);
            explained.seconds - removed.map(|stage| stage.seconds).sum::<i64>()
        })
        .collect();
    let [p75_without] = nearest_ranks(&mut without, [75])?;
    let share = ratio(stage.seconds.unsigned_abs(), p75.seconds.unsigned_abs());
    Some(Bottleneck {
        stage: stage.name.clone(),
        seconds: stage.seconds,
        share,
        p75_without,
        gain: p75.seconds - p75_without,
        setting: setting(&stage.name),
    })
}

/// What shortens a stage.
fn setting(stage: &str) -> &'static str {
    let first = stage.split(" + ").next().unwrap_or(stage);
    if stage.contains(" + ") && first == "coding" {
        return "record what lies between: a change event tells when a change was opened, approved and merged (shipway dora import), a step when the pipeline ran (shipway dora wrap)";
    }
    match first {
        "coding" => {
            "smaller changes: open each as soon as it stands by itself, and hide what is not ready behind a flag"
        }
        "review" => {
            "fewer and faster reviews: one approval as the branch rule, and checks in hooks, so that people look at what only people see"
        }
        "merge wait" => {
            "merge by itself once approved: auto-merge or a merge queue in the settings of the forge"
        }
        "queueing" => {
            "more runners, or fewer jobs that wait for one another: needs and concurrency in the workflow"
        }
        "deploy wait" => {
            "deploy at each merge: a workflow on push to the main branch, without an approval of the environment"
        }
        "deploy" => "a shorter switch: images built before, a health check that answers sooner",
        _ => {
            "a faster step: cached dependencies, tests in parallel, and only what the change touches"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dora::event::{Original, Outcome, Period, Source};
    use crate::git::CommitId;

    fn at(second: i64) -> Time {
        Time::from_second(second).unwrap()
    }

    fn step(name: &str, from: i64, to: i64) -> Step {
        Step {
            run: "1".parse().unwrap(),
            commit: CommitId::from_bytes([1; 20]),
            name: name.parse().unwrap(),
            period: Period::new(at(from), at(to)).unwrap(),
            outcome: Outcome::Succeeded,
        }
    }

    fn change(opened: Option<i64>, approved: Option<i64>, merged: Option<i64>) -> Change {
        Change {
            commits: vec![Original {
                id: CommitId::from_bytes([1; 20]),
                committed_at: at(0),
                authored_at: at(0),
                patch_id: None,
            }],
            patch_id: None,
            base: None,
            opened_at: opened.map(at),
            approved_at: approved.map(at),
            merged_at: merged.map(at),
            merged_as: None,
            number: None,
            source: Source::Github,
        }
    }

    fn cut(change: &Change, steps: &[&Step]) -> Vec<(String, i64)> {
        stages(0, Some(change), steps, 900, 1000)
            .into_iter()
            .map(|stage| (stage.name, stage.seconds))
            .collect()
    }

    #[test]
    fn stages_cover_the_lead_time_without_gap_or_overlap() {
        // 0 opened 100 approved 300 merged 350; build 400-600, test 500-700 beside it, deployment
        // 900-1000: queueing 350-400, build 200, test what is left of it, 600-700, wait 700-900.
        let steps = [step("build", 400, 600), step("test", 500, 700)];
        let found = cut(
            &change(Some(100), Some(300), Some(350)),
            &[&steps[0], &steps[1]],
        );
        let wanted = [
            ("coding", 100),
            ("review", 200),
            ("merge wait", 50),
            ("queueing", 50),
            ("pipeline: build", 200),
            ("pipeline: test", 100),
            ("deploy wait", 200),
            ("deploy", 100),
        ];
        let wanted: Vec<(String, i64)> = wanted
            .iter()
            .map(|(name, seconds)| ((*name).to_owned(), *seconds))
            .collect();
        assert_eq!(found, wanted);
        assert_eq!(found.iter().map(|(_, seconds)| seconds).sum::<i64>(), 1000);
    }

    #[test]
    fn a_stage_without_a_border_is_joined_with_its_neighbour() {
        let found = cut(&change(Some(100), None, Some(350)), &[]);
        let wanted = [
            ("coding", 100),
            ("review + merge wait", 250),
            ("pipeline + deploy wait", 550),
            ("deploy", 100),
        ];
        let wanted: Vec<(String, i64)> = wanted
            .iter()
            .map(|(name, seconds)| ((*name).to_owned(), *seconds))
            .collect();
        assert_eq!(found, wanted);
        // Merged after the deployment began, by a clock that was wrong: no stage is negative.
        let found = cut(&change(Some(100), Some(950), Some(2000)), &[]);
        assert_eq!(found.iter().map(|(_, seconds)| seconds).sum::<i64>(), 1000);
    }
}

//! How long hooks took: one line per run, kept beside git's own files, and what follows from it
//! for a hook's budget.

use super::kept_lines::KeptLines;
use super::report::{Report, State, Verdict};
use crate::config::hooks::{Hook, Hooks};
use crate::git::Repository;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// So many commits in a row have to be over the budget before a job is named.
const RUNS: usize = 10;
/// Bytes of the file from which on it is cut to its last runs.
const LARGE: u64 = 1024 * 1024;
/// Runs that stay then.
const KEPT: usize = 1000;

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Seconds since 1970.
    pub at: u64,
    pub hook: String,
    pub milliseconds: u64,
    pub files: usize,
    /// Whether what the hook guards went on.
    pub passed: bool,
    /// The commands that ran; the built-in checks share one pass and have no time of their own.
    pub jobs: Vec<PastJob>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastJob {
    pub name: String,
    pub milliseconds: u64,
    pub failed: bool,
}

/// What runs of one hook say together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub hook: String,
    pub runs: usize,
    pub failed: usize,
    /// Half of the runs took at most so long, and nine of ten.
    pub median_milliseconds: u64,
    pub p90_milliseconds: u64,
    pub budget_milliseconds: Option<u64>,
    /// Slowest first.
    pub jobs: Vec<JobSummary>,
    /// What keeps the hook over its budget.
    pub over: Option<Over>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobSummary {
    pub name: String,
    pub runs: usize,
    pub failed: usize,
    pub median_milliseconds: u64,
    pub p90_milliseconds: u64,
}

/// A job that kept the last commits over the budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Over {
    pub job: String,
    /// Of the last runs, each over the budget.
    pub runs: usize,
    pub median_milliseconds: u64,
    /// The edit that mends it.
    pub mend: String,
}

fn runs(repository: &Repository) -> KeptLines {
    KeptLines {
        file: repository.private_dir.join("hooks/runs.jsonl"),
        large: LARGE,
        kept: KEPT,
    }
}

/// Adds `report`. What cannot be kept is not missed.
pub(super) fn keep(repository: &Repository, report: &Report, verdict: Verdict, at: u64) {
    let past = Past {
        at,
        hook: report.hook.name().to_owned(),
        milliseconds: milliseconds(report.time),
        files: report.files,
        passed: verdict == Verdict::Passed,
        jobs: report
            .jobs
            .iter()
            .filter(|job| job.check.is_none())
            .filter(|job| !matches!(job.state, State::Idle | State::Skipped | State::Missing))
            .map(|job| PastJob {
                name: job.name.clone(),
                milliseconds: milliseconds(job.time),
                failed: job.state == State::Failed && job.stops(),
            })
            .collect(),
    };
    let _ = runs(repository).add(&past);
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The runs that are known, oldest first. A line that cannot be read is passed over.
#[must_use]
pub fn read(repository: &Repository) -> Vec<Past> {
    runs(repository).read()
}

/// A sentence where a job keeps `hook` over its budget; nothing is read where there is none.
pub(super) fn over_budget(repository: &Repository, hooks: &Hooks, hook: Hook) -> Option<String> {
    hooks.budget.get(&hook)?;
    let runs = read(repository);
    let over = summaries(&runs, hooks)
        .into_iter()
        .find(|summary| summary.hook == hook.name())?
        .over?;
    Some(format!(
        "{} kept the last {} runs over the budget of {hook}: {}",
        over.job, over.runs, over.mend
    ))
}

/// What the runs say, hook by hook.
#[must_use]
pub fn summaries(runs: &[Past], hooks: &Hooks) -> Vec<Summary> {
    Hook::ALL
        .into_iter()
        .filter_map(|hook| {
            let runs: Vec<&Past> = runs.iter().filter(|run| run.hook == hook.name()).collect();
            (!runs.is_empty()).then(|| summary(hook, &runs, hooks))
        })
        .collect()
}

fn summary(hook: Hook, runs: &[&Past], hooks: &Hooks) -> Summary {
    let times: Vec<u64> = runs.iter().map(|run| run.milliseconds).collect();
    let mut by_job: BTreeMap<&str, (Vec<u64>, usize)> = BTreeMap::new();
    for job in runs.iter().flat_map(|run| &run.jobs) {
        let (times, failed) = by_job.entry(&job.name).or_default();
        times.push(job.milliseconds);
        *failed += usize::from(job.failed);
    }
    let mut jobs: Vec<JobSummary> = by_job
        .into_iter()
        .map(|(name, (times, failed))| JobSummary {
            name: name.to_owned(),
            runs: times.len(),
            failed,
            median_milliseconds: quantile(&times, 50),
            p90_milliseconds: quantile(&times, 90),
        })
        .collect();
    jobs.sort_by_key(|job| std::cmp::Reverse(job.median_milliseconds));
    Summary {
        hook: hook.name().to_owned(),
        runs: runs.len(),
        failed: runs.iter().filter(|run| !run.passed).count(),
        median_milliseconds: quantile(&times, 50),
        p90_milliseconds: quantile(&times, 90),
        budget_milliseconds: hooks.budget.get(&hook).map(|time| milliseconds(*time)),
        jobs,
        over: over(hook, runs, hooks),
    }
}

/// The job without which each of the last runs would have been within the budget, the slowest
/// of them; None where they were not all over it, or no job alone is why.
fn over(hook: Hook, runs: &[&Past], hooks: &Hooks) -> Option<Over> {
    let budget = milliseconds(*hooks.budget.get(&hook)?);
    let last = &runs[runs.len().checked_sub(RUNS)?..];
    if last.iter().any(|run| run.milliseconds <= budget) {
        return None;
    }
    let times = |name: &str| -> Vec<u64> {
        last.iter()
            .filter_map(|run| {
                let job = run.jobs.iter().find(|job| job.name == name)?;
                // Those beside it would still take their time.
                let others = run.jobs.iter().filter(|job| job.name != name);
                let without = others
                    .map(|job| job.milliseconds)
                    .chain([run.milliseconds.saturating_sub(job.milliseconds)])
                    .max()?;
                (without <= budget).then_some(job.milliseconds)
            })
            .collect()
    };
    let culprit = last[0]
        .jobs
        .iter()
        .map(|job| (times(&job.name), &job.name))
        .filter(|(times, _)| times.len() == RUNS)
        .max_by_key(|(times, _)| times.iter().sum::<u64>())?;
    let (times, name) = culprit;
    let place = hooks
        .jobs(hook)
        .iter()
        .find(|job| job.name == *name)
        .and_then(|job| job.place.clone())
        .unwrap_or_else(|| crate::config::FILE.to_owned());
    let later = if hook == Hook::PrePush {
        format!("take it out of {place} and let CI alone run it")
    } else {
        format!(
            "write [[hooks.pre-push]] instead of [[hooks.{hook}]] at {place}, or let CI alone run it"
        )
    };
    Some(Over {
        job: name.clone(),
        runs: RUNS,
        median_milliseconds: quantile(&times, 50),
        mend: later,
    })
}

/// The nearest rank (NIST/SEMATECH e-Handbook, 7.2.6.2): the smallest value that `percent` of
/// all are at most. 0 of nothing.
fn quantile(values: &[u64], percent: usize) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn run(total: u64, jobs: &[(&str, u64)]) -> Past {
        Past {
            at: 0,
            hook: "pre-commit".to_owned(),
            milliseconds: total,
            files: 1,
            passed: true,
            jobs: jobs
                .iter()
                .map(|(name, milliseconds)| PastJob {
                    name: (*name).to_owned(),
                    milliseconds: *milliseconds,
                    failed: false,
                })
                .collect(),
        }
    }

    fn hooks() -> Hooks {
        let text = "[hooks.budget]\npre-commit = \"2s\"\n[[hooks.pre-commit]]\nname = \"types\"\nrun = \"mypy\"\n";
        Config::parse(text, "shipway.toml").unwrap().hooks
    }

    fn culprit(runs: &[Past]) -> Option<Over> {
        summaries(runs, &hooks()).pop()?.over
    }

    #[test]
    fn a_job_is_named_that_kept_ten_commits_over_the_budget() {
        let slow = run(3000, &[("lint", 500), ("types", 2900)]);
        let over = culprit(&vec![slow.clone(); 10]).unwrap();
        assert_eq!(
            (over.job.as_str(), over.median_milliseconds),
            ("types", 2900)
        );
        assert!(
            over.mend.contains("pre-push") && over.mend.contains("shipway.toml:3"),
            "{}",
            over.mend
        );
        assert_eq!(culprit(&vec![slow.clone(); 9]), None);
        let mut runs = vec![slow; 20];
        runs[14] = run(1999, &[("types", 1900)]);
        assert_eq!(culprit(&runs), None);
    }

    #[test]
    fn where_no_job_alone_is_why_none_is_named() {
        let both = run(5000, &[("lint", 2400), ("types", 2500)]);
        assert_eq!(culprit(&vec![both; 10]), None);
        let side_by_side = run(3000, &[("lint", 2400), ("types", 2900)]);
        assert_eq!(culprit(&vec![side_by_side; 10]), None);
    }

    #[test]
    fn quantiles_are_values_that_occurred() {
        let values = [15, 20, 35, 40, 50];
        assert_eq!(quantile(&values, 50), 35);
        assert_eq!(quantile(&values, 90), 50);
        assert_eq!(quantile(&values, 40), 20);
        assert_eq!(quantile(&[], 50), 0);
    }
}

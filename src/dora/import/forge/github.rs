//! GitHub's REST interface: deployments with their statuses, workflow runs with their jobs and
//! steps, pull requests with their commits and reviews, issues with a label.

use super::walk::{Forge, Gathered, List, number, read};
use super::{ForgeError, Kind};
use crate::dora::ci;
use crate::dora::event::{
    Change, Deployment, Event, Intent, Name, Original, Outcome, Period, Source, Step, Time,
};
use crate::git::CommitId;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// What of a project is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// `owner/name`.
    pub project: String,
    pub kinds: BTreeSet<Kind>,
    /// Empty: all.
    pub environments: BTreeSet<Name>,
    /// An issue with this label is an incident.
    pub label: String,
    /// Where incidents are.
    pub incidents_in: Name,
}

#[derive(Deserialize)]
struct GithubDeployment {
    id: u64,
    sha: CommitId,
    environment: Name,
    created_at: Time,
    #[serde(default)]
    task: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    state: String,
    created_at: Time,
}

#[derive(Deserialize)]
struct Run {
    id: u64,
    head_sha: CommitId,
    status: Option<String>,
    created_at: Time,
}

#[derive(Deserialize)]
struct Job {
    name: String,
    #[serde(default)]
    run_attempt: Option<u64>,
    conclusion: Option<String>,
    started_at: Option<Time>,
    completed_at: Option<Time>,
    #[serde(default)]
    steps: Vec<JobStep>,
}

#[derive(Deserialize)]
struct JobStep {
    name: String,
    conclusion: Option<String>,
    started_at: Option<Time>,
    completed_at: Option<Time>,
}

#[derive(Deserialize)]
struct Pull {
    number: u64,
    created_at: Time,
    merged_at: Option<Time>,
    merge_commit_sha: Option<CommitId>,
}

#[derive(Deserialize)]
struct PullCommit {
    sha: CommitId,
    commit: CommitDates,
    #[serde(default)]
    parents: Vec<Value>,
}

#[derive(Deserialize)]
struct CommitDates {
    author: Dated,
    committer: Dated,
}

#[derive(Deserialize)]
struct Dated {
    date: Time,
}

#[derive(Deserialize)]
struct Review {
    state: String,
    submitted_at: Option<Time>,
}

#[derive(Deserialize)]
struct Issue {
    number: u64,
    created_at: Time,
    closed_at: Option<Time>,
    #[serde(default)]
    pull_request: Option<Value>,
}

/// Imports what is wanted of a project.
///
/// # Errors
/// When GitHub cannot be reached, refuses, limits for longer than the client waits, or the store
/// cannot be written. What came until then is kept, and the next run goes on there.
pub fn import(forge: &mut Forge, wanted: &Wanted) -> Result<(), ForgeError> {
    let base = format!("/repos/{}", wanted.project);
    if forge.client.get(&base)?.is_none() {
        return Err(ForgeError::Absent(wanted.project.clone()));
    }
    for kind in &wanted.kinds {
        match kind {
            Kind::Deployments => deployments(forge, wanted, &base)?,
            Kind::Steps => runs(forge, &base)?,
            Kind::Changes => pulls(forge, &base)?,
            Kind::Incidents => issues(forge, wanted, &base)?,
        }
    }
    Ok(())
}

fn deployments(forge: &mut Forge, wanted: &Wanted, base: &str) -> Result<(), ForgeError> {
    let list = List {
        name: "deployments",
        path: format!("{base}/deployments?"),
        field: None,
        sorted_by: "created_at",
    };
    forge.walk(&list, &|forge, entries, gathered| {
        for entry in entries {
            let what = || format!("deployment {}", number(entry, "id"));
            let told: GithubDeployment = match read(entry) {
                Ok(told) => told,
                Err(reason) => {
                    gathered.leave_out(what(), reason);
                    continue;
                }
            };
            if !wanted.environments.is_empty() && !wanted.environments.contains(&told.environment) {
                continue;
            }
            let path = format!("{base}/deployments/{}/statuses", told.id);
            let statuses: Result<Vec<Status>, String> =
                forge.all(&path, None)?.iter().map(read).collect();
            match statuses.and_then(|statuses| deployment(&told, statuses, &forge.service)) {
                Ok(Some(event)) => gathered.take(&what, Ok(event))?,
                Ok(None) => {
                    gathered.unfinished(told.created_at);
                    gathered.leave_out(what(), "it has not ended");
                }
                Err(reason) => gathered.leave_out(what(), reason),
            }
        }
        Ok(())
    })
}

/// The deployment, if it has ended: at its first success, else at its last failure. `inactive`
/// only says that a later one took its place.
fn deployment(
    told: &GithubDeployment,
    mut statuses: Vec<Status>,
    service: &Name,
) -> Result<Option<Event>, String> {
    statuses.sort_by_key(|status| status.created_at);
    let ended = |status: &&Status| ci::outcome(&status.state).is_some();
    let success = statuses
        .iter()
        .find(|status| ci::outcome(&status.state) == Some(Outcome::Succeeded));
    let Some(last) = success.or_else(|| statuses.iter().rfind(ended)) else {
        return Ok(None);
    };
    let started = statuses
        .iter()
        .find(|status| status.state == "in_progress" && status.created_at <= last.created_at)
        .map_or(told.created_at, |status| status.created_at);
    let outcome = ci::outcome(&last.state).unwrap_or(Outcome::Failed);
    let rollback = told
        .task
        .as_deref()
        .is_some_and(|task| task.contains("rollback"));
    Ok(Some(Event::Deployment(Deployment {
        environment: told.environment.clone(),
        service: service.clone(),
        commit: told.sha,
        period: Period::new(started, last.created_at).map_err(|error| error.to_string())?,
        outcome,
        took_traffic: outcome == Outcome::Succeeded,
        intent: if rollback {
            Intent::Rollback
        } else {
            Intent::Release
        },
        release: None,
        schema_head: None,
        reverts: None,
        run: None,
        proof: None,
        source: Source::Github,
    })))
}

fn runs(forge: &mut Forge, base: &str) -> Result<(), ForgeError> {
    let list = List {
        name: "workflow runs",
        path: format!("{base}/actions/runs?"),
        field: Some("workflow_runs"),
        sorted_by: "created_at",
    };
    forge.walk(&list, &|forge, entries, gathered| {
        for entry in entries {
            let run: Run = match read(entry) {
                Ok(run) => run,
                Err(reason) => {
                    let what = format!("workflow run {}", number(entry, "id"));
                    gathered.leave_out(what, reason);
                    continue;
                }
            };
            if run.status.as_deref() != Some("completed") {
                gathered.unfinished(run.created_at);
                gathered.leave_out(format!("workflow run {}", run.id), "it has not ended");
                continue;
            }
            let path = format!("{base}/actions/runs/{}/jobs?filter=all", run.id);
            for entry in forge.all(&path, Some("jobs"))? {
                match read(&entry) {
                    Ok(job) => job_steps(&run, &job, gathered)?,
                    Err(reason) => {
                        let what =
                            format!("job {} of workflow run {}", number(&entry, "id"), run.id);
                        gathered.leave_out(what, reason);
                    }
                }
            }
        }
        Ok(())
    })
}

/// The steps of a job, or the job where it says none. What was skipped took no time.
fn job_steps(run: &Run, job: &Job, gathered: &mut Gathered) -> Result<(), ForgeError> {
    let attempt = job.run_attempt.unwrap_or(1).to_string();
    let run_name = ci::github_run(&run.id.to_string(), &attempt);
    let mut take = |name: String,
                    conclusion: Option<&str>,
                    started: Option<Time>,
                    completed: Option<Time>|
     -> Result<(), ForgeError> {
        let outcome = match conclusion {
            Some("skipped" | "neutral") | None => return Ok(()),
            Some(conclusion) => ci::outcome(conclusion),
        };
        let what = || format!("step {name:?} of workflow run {}", run.id);
        let step = || -> Result<Event, String> {
            Ok(Event::Step(Step {
                run: run_name.parse().map_err(|error| format!("run: {error}"))?,
                commit: run.head_sha,
                name: name.parse().map_err(|error| format!("name: {error}"))?,
                period: Period::new(
                    started.ok_or("started_at: it is missing")?,
                    completed.ok_or("completed_at: it is missing")?,
                )
                .map_err(|error| error.to_string())?,
                outcome: outcome.ok_or("conclusion: it is none that is known")?,
            }))
        };
        gathered.take(&what, step())
    };
    if job.steps.is_empty() {
        return take(
            job.name.clone(),
            job.conclusion.as_deref(),
            job.started_at,
            job.completed_at,
        );
    }
    for step in &job.steps {
        take(
            format!("{} / {}", job.name, step.name),
            step.conclusion.as_deref(),
            step.started_at,
            step.completed_at,
        )?;
    }
    Ok(())
}

fn pulls(forge: &mut Forge, base: &str) -> Result<(), ForgeError> {
    let list = List {
        name: "pull requests",
        path: format!("{base}/pulls?state=closed&sort=updated&direction=desc"),
        field: None,
        sorted_by: "updated_at",
    };
    forge.walk(&list, &|forge, entries, gathered| {
        let mut changes = Vec::new();
        for entry in entries {
            match read::<Pull>(entry) {
                Ok(pull) if pull.merged_at.is_none() => {}
                Ok(pull) => match change(forge, base, &pull)? {
                    Ok(change) => changes.push(change),
                    Err(reason) => {
                        gathered.leave_out(format!("pull request {}", pull.number), reason);
                    }
                },
                Err(reason) => {
                    let what = format!("pull request {}", number(entry, "number"));
                    gathered.leave_out(what, reason);
                }
            }
        }
        super::take_changes(forge, changes, gathered)
    })
}

fn change(forge: &Forge, base: &str, pull: &Pull) -> Result<Result<Change, String>, ForgeError> {
    let path = format!("{base}/pulls/{}/commits", pull.number);
    let commits: Result<Vec<PullCommit>, String> =
        forge.all(&path, None)?.iter().map(read).collect();
    let commits = match commits {
        Ok(commits) => commits,
        Err(reason) => return Ok(Err(reason)),
    };
    let path = format!("{base}/pulls/{}/reviews", pull.number);
    let approved_at = forge
        .all(&path, None)?
        .iter()
        .filter_map(|entry| read::<Review>(entry).ok())
        .filter(|review| review.state == "APPROVED")
        .filter_map(|review| review.submitted_at)
        .filter(|at| pull.merged_at.is_none_or(|merged| *at <= merged))
        .min();
    let commits: Vec<Original> = commits
        .into_iter()
        .filter(|commit| commit.parents.len() < 2)
        .map(|commit| Original {
            id: commit.sha,
            committed_at: commit.commit.committer.date,
            authored_at: commit.commit.author.date,
            patch_id: None,
        })
        .collect();
    if commits.is_empty() {
        return Ok(Err("it has no commit that is no merge".to_owned()));
    }
    Ok(Ok(Change {
        commits,
        patch_id: None,
        base: None,
        opened_at: Some(pull.created_at),
        approved_at,
        merged_at: pull.merged_at,
        merged_as: pull.merge_commit_sha,
        number: Some(pull.number),
        source: Source::Github,
    }))
}

fn issues(forge: &mut Forge, wanted: &Wanted, base: &str) -> Result<(), ForgeError> {
    let label = super::query(&wanted.label);
    let list = List {
        name: "incidents",
        path: format!("{base}/issues?state=all&sort=updated&direction=desc&labels={label}"),
        field: None,
        sorted_by: "updated_at",
    };
    forge.walk(&list, &|forge, entries, gathered| {
        for entry in entries {
            let what = || format!("issue {}", number(entry, "number"));
            let issue: Issue = match read(entry) {
                Ok(issue) => issue,
                Err(reason) => {
                    gathered.leave_out(what(), reason);
                    continue;
                }
            };
            if issue.pull_request.is_some() {
                continue;
            }
            let key = format!("{}#{}", wanted.project, issue.number);
            let told = super::Told {
                key,
                opened: issue.created_at,
                resolved: issue.closed_at,
                severity: None,
                source: Source::Github,
            };
            super::take_incident(forge, &wanted.incidents_in, &told, &what, gathered)?;
        }
        Ok(())
    })
}

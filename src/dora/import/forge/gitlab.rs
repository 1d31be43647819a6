//! GitLab's REST interface: deployments, jobs of pipelines, merge requests, incidents.

use super::walk::{Forge, List, number, read};
use super::{ForgeError, Kind};
use crate::dora::ci;
use crate::dora::event::{
    Change, Deployment, Event, Intent, Name, Original, Outcome, Period, Source, Step, Time,
};
use crate::git::CommitId;
use serde::Deserialize;
use std::collections::BTreeSet;

/// What of a project is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// `group/subgroup/name`.
    pub project: String,
    pub kinds: BTreeSet<Kind>,
    /// Empty: all.
    pub environments: BTreeSet<Name>,
    /// An issue with this label is an incident, beside those of the type incident.
    pub label: Option<String>,
    /// Where incidents are.
    pub incidents_in: Name,
}

#[derive(Deserialize)]
struct GitlabDeployment {
    sha: CommitId,
    environment: Environment,
    status: String,
    created_at: Time,
    #[serde(default)]
    finished_at: Option<Time>,
    updated_at: Option<Time>,
    deployable: Option<Deployable>,
}

#[derive(Deserialize)]
struct Environment {
    name: Name,
}

#[derive(Deserialize)]
struct Deployable {
    started_at: Option<Time>,
    finished_at: Option<Time>,
    pipeline: Option<Pipeline>,
}

#[derive(Deserialize)]
struct Pipeline {
    id: u64,
    #[serde(default)]
    sha: Option<CommitId>,
}

#[derive(Deserialize)]
struct Job {
    id: u64,
    name: String,
    #[serde(default)]
    stage: Option<String>,
    status: String,
    created_at: Time,
    started_at: Option<Time>,
    finished_at: Option<Time>,
    pipeline: Pipeline,
    #[serde(default)]
    commit: Option<JobCommit>,
}

#[derive(Deserialize)]
struct JobCommit {
    id: CommitId,
}

#[derive(Deserialize)]
struct MergeRequest {
    iid: u64,
    created_at: Time,
    merged_at: Option<Time>,
    #[serde(default)]
    squash_commit_sha: Option<CommitId>,
    #[serde(default)]
    merge_commit_sha: Option<CommitId>,
}

#[derive(Deserialize)]
struct MergeCommit {
    id: CommitId,
    committed_date: Time,
    authored_date: Time,
    #[serde(default)]
    parent_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Approvals {
    #[serde(default)]
    approved_by: Vec<Approval>,
}

#[derive(Deserialize)]
struct Approval {
    #[serde(default)]
    approved_at: Option<Time>,
}

#[derive(Deserialize)]
struct Issue {
    iid: u64,
    created_at: Time,
    closed_at: Option<Time>,
    #[serde(default)]
    severity: Option<String>,
}

/// Imports what is wanted of a project.
///
/// # Errors
/// When GitLab cannot be reached, refuses, limits for longer than the client waits, or the store
/// cannot be written. What came until then is kept, and the next run goes on there.
pub fn import(forge: &mut Forge, wanted: &Wanted) -> Result<(), ForgeError> {
    let base = format!("/projects/{}", super::query(&wanted.project));
    if forge.client.get(&base)?.is_none() {
        return Err(ForgeError::Absent(wanted.project.clone()));
    }
    for kind in &wanted.kinds {
        match kind {
            Kind::Deployments => deployments(forge, wanted, &base)?,
            Kind::Steps => jobs(forge, &base)?,
            Kind::Changes => merge_requests(forge, &base)?,
            Kind::Incidents => {
                incidents(forge, wanted, &base, "incidents", "issue_type=incident")?;
                if let Some(label) = &wanted.label {
                    let filter = format!("issue_type=issue&labels={}", super::query(label));
                    incidents(forge, wanted, &base, "issues", &filter)?;
                }
            }
        }
    }
    Ok(())
}

fn deployments(forge: &mut Forge, wanted: &Wanted, base: &str) -> Result<(), ForgeError> {
    let list = List {
        name: "deployments",
        path: format!("{base}/deployments?order_by=updated_at&sort=desc"),
        field: None,
        sorted_by: "updated_at",
    };
    forge.walk(&list, &|forge, entries, gathered| {
        for entry in entries {
            let what = || format!("deployment {}", number(entry, "iid"));
            let told: GitlabDeployment = match read(entry) {
                Ok(told) => told,
                Err(reason) => {
                    gathered.leave_out(what(), reason);
                    continue;
                }
            };
            let meant = &wanted.environments;
            if !meant.is_empty() && !meant.contains(&told.environment.name) {
                continue;
            }
            match ci::outcome(&told.status) {
                Some(outcome) => {
                    gathered.take(&what, deployment(&told, outcome, &forge.service))?;
                }
                // Its time of change moves when it ends, so that a later run sees it.
                None => gathered.leave_out(what(), format!("it is {:?}", told.status)),
            }
        }
        Ok(())
    })
}

fn deployment(told: &GitlabDeployment, outcome: Outcome, service: &Name) -> Result<Event, String> {
    let job = told.deployable.as_ref();
    let finished = told
        .finished_at
        .or_else(|| job.and_then(|job| job.finished_at))
        .or(told.updated_at)
        .ok_or("finished_at: it is missing")?;
    let started = job
        .and_then(|job| job.started_at)
        .unwrap_or(told.created_at)
        .min(finished);
    let pipeline = job.and_then(|job| job.pipeline.as_ref());
    let run = pipeline.map(|pipeline| ci::gitlab_run(&pipeline.id.to_string()));
    let run = run.map(|run| run.parse()).transpose();
    Ok(Event::Deployment(Deployment {
        environment: told.environment.name.clone(),
        service: service.clone(),
        commit: told.sha,
        period: Period::new(started, finished).map_err(|error| error.to_string())?,
        outcome,
        took_traffic: outcome == Outcome::Succeeded,
        intent: Intent::Release,
        release: None,
        schema_head: None,
        reverts: None,
        run: run.map_err(|error| format!("run: {error}"))?,
        proof: None,
        source: Source::Gitlab,
    }))
}

fn jobs(forge: &mut Forge, base: &str) -> Result<(), ForgeError> {
    let list = List {
        name: "jobs",
        path: format!("{base}/jobs?include_retried=true"),
        field: None,
        sorted_by: "created_at",
    };
    forge.walk(&list, &|_, entries, gathered| {
        for entry in entries {
            let what = || format!("job {}", number(entry, "id"));
            let job: Job = match read(entry) {
                Ok(job) => job,
                Err(reason) => {
                    gathered.leave_out(what(), reason);
                    continue;
                }
            };
            match (job.status.as_str(), ci::outcome(&job.status)) {
                // They took no time.
                ("skipped" | "manual", _) => {}
                ("canceled", _) if job.started_at.is_none() => {}
                (_, Some(outcome)) => gathered.take(&what, step(&job, outcome))?,
                (status, None) => {
                    gathered.unfinished(job.created_at);
                    gathered.leave_out(format!("job {}", job.id), format!("it is {status:?}"));
                }
            }
        }
        Ok(())
    })
}

fn step(job: &Job, outcome: Outcome) -> Result<Event, String> {
    let name = match &job.stage {
        Some(stage) => format!("{stage} / {}", job.name),
        None => job.name.clone(),
    };
    let of_commit = job.commit.as_ref().map(|commit| commit.id);
    let run = ci::gitlab_run(&job.pipeline.id.to_string());
    Ok(Event::Step(Step {
        run: run.parse().map_err(|error| format!("run: {error}"))?,
        commit: job
            .pipeline
            .sha
            .or(of_commit)
            .ok_or("pipeline.sha: it is missing")?,
        name: name.parse().map_err(|error| format!("name: {error}"))?,
        period: Period::new(
            job.started_at.ok_or("started_at: it is missing")?,
            job.finished_at.ok_or("finished_at: it is missing")?,
        )
        .map_err(|error| error.to_string())?,
        outcome,
    }))
}

fn merge_requests(forge: &mut Forge, base: &str) -> Result<(), ForgeError> {
    let list = List {
        name: "merge requests",
        path: format!("{base}/merge_requests?state=merged&order_by=updated_at&sort=desc"),
        field: None,
        sorted_by: "updated_at",
    };
    forge.walk(&list, &|forge, entries, gathered| {
        let mut changes = Vec::new();
        for entry in entries {
            let what = || format!("merge request {}", number(entry, "iid"));
            match read::<MergeRequest>(entry) {
                Ok(request) => match change(forge, base, &request)? {
                    Ok(change) => changes.push(change),
                    Err(reason) => gathered.leave_out(what(), reason),
                },
                Err(reason) => gathered.leave_out(what(), reason),
            }
        }
        super::take_changes(forge, changes, gathered)
    })
}

fn change(
    forge: &Forge,
    base: &str,
    request: &MergeRequest,
) -> Result<Result<Change, String>, ForgeError> {
    let path = format!("{base}/merge_requests/{}/commits", request.iid);
    let commits: Result<Vec<MergeCommit>, String> =
        forge.all(&path, None)?.iter().map(read).collect();
    let commits = match commits {
        Ok(commits) => commits,
        Err(reason) => return Ok(Err(reason)),
    };
    let path = format!("{base}/merge_requests/{}/approvals", request.iid);
    let approvals = forge.client.get(&path)?;
    let approved_at = approvals
        .and_then(|answer| read::<Approvals>(&answer.body).ok())
        .into_iter()
        .flat_map(|approvals| approvals.approved_by)
        .filter_map(|approval| approval.approved_at)
        .filter(|at| request.merged_at.is_none_or(|merged| *at <= merged))
        .min();
    // The newest comes first there.
    let commits: Vec<Original> = commits
        .into_iter()
        .rev()
        .filter(|commit| commit.parent_ids.len() < 2)
        .map(|commit| Original {
            id: commit.id,
            committed_at: commit.committed_date,
            authored_at: commit.authored_date,
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
        opened_at: Some(request.created_at),
        approved_at,
        merged_at: request.merged_at,
        merged_as: request.squash_commit_sha.or(request.merge_commit_sha),
        number: Some(request.iid),
        source: Source::Gitlab,
    }))
}

fn incidents(
    forge: &mut Forge,
    wanted: &Wanted,
    base: &str,
    name: &'static str,
    filter: &str,
) -> Result<(), ForgeError> {
    let list = List {
        name,
        path: format!("{base}/issues?scope=all&order_by=updated_at&sort=desc&{filter}"),
        field: None,
        sorted_by: "updated_at",
    };
    forge.walk(&list, &|forge, entries, gathered| {
        for entry in entries {
            let what = || format!("issue {}", number(entry, "iid"));
            let issue: Issue = match read(entry) {
                Ok(issue) => issue,
                Err(reason) => {
                    gathered.leave_out(what(), reason);
                    continue;
                }
            };
            let severity = issue
                .severity
                .filter(|text| !text.eq_ignore_ascii_case("unknown"));
            let told = super::Told {
                key: format!("{}#{}", wanted.project, issue.iid),
                opened: issue.created_at,
                resolved: issue.closed_at,
                severity: severity.and_then(|text| text.parse().ok()),
                source: Source::Gitlab,
            };
            super::take_incident(forge, &wanted.incidents_in, &told, &what, gathered)?;
        }
        Ok(())
    })
}

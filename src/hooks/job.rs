//! Jobs of the configuration, and which of them a run has.

use super::check::{self, Options};
use super::report::JobReport;
use crate::config::hooks::{CheckOptions, Ending, Hook, Hooks, Job};

/// What decides whether a job runs at all.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Names of jobs that alone are wanted; all where empty.
    pub only: Vec<String>,
    /// Names of jobs to leave out: `SHIPWAY_SKIP`.
    pub skip: Vec<String>,
}

/// A name that no job of the hook has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{hook} has no job named {name:?}")]
pub struct UnknownJob {
    pub hook: Hook,
    pub name: String,
    /// Names that it has.
    pub known: Vec<String>,
}

/// The state that jobs ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'m> {
    pub(super) hook: Hook,
    /// Current branch; None when HEAD is detached.
    pub(super) branch: Option<&'m str>,
    /// Whether a merge is being committed.
    pub(super) merge: bool,
}

/// Whether `job` runs now: itself, or the report that says why not.
pub(super) fn select<'j>(
    job: &'j Job,
    moment: Moment<'_>,
    choice: &Choice,
) -> Option<Result<&'j Job, JobReport>> {
    if !choice.only.is_empty() && !choice.only.contains(&job.name) {
        return None;
    }
    let skip = |reason: String| Some(Err(JobReport::new(job).skip(reason)));
    if choice.skip.contains(&job.name) {
        return skip("named in SHIPWAY_SKIP".to_owned());
    }
    if !job.branches.matches(moment.branch) {
        let branch = moment.branch.unwrap_or("a detached HEAD");
        return skip(format!("not for {branch}"));
    }
    if moment.merge && !job.merge {
        return skip("not for a merge".to_owned());
    }
    if moment.hook.is_after() && job.command().is_some() {
        return skip(format!("{} runs no commands", moment.hook));
    }
    Some(Ok(job))
}

/// A sentence for each name to leave out that is no job's of any hook: it may be written wrong.
pub(super) fn unknown_skips(choice: &Choice, hooks: &Hooks) -> Vec<String> {
    let is_known = |name: &String| {
        hooks
            .used()
            .flat_map(|hook| hooks.jobs(hook))
            .any(|job| job.name == *name)
    };
    choice
        .skip
        .iter()
        .filter(|name| !is_known(name))
        .map(|name| format!("SHIPWAY_SKIP names {name}, and no job is called so"))
        .collect()
}

/// # Errors
/// Where a chosen name is no job's.
pub(super) fn verify(choice: &Choice, hook: Hook, jobs: &[Job]) -> Result<(), UnknownJob> {
    let unknown = choice
        .only
        .iter()
        .find(|name| !jobs.iter().any(|job| job.name == **name));
    match unknown {
        None => Ok(()),
        Some(name) => Err(UnknownJob {
            hook,
            name: name.clone(),
            known: jobs.iter().map(|job| job.name.clone()).collect(),
        }),
    }
}

/// What the configuration says of a check, as the check takes it.
pub(super) fn options(options: &CheckOptions) -> Options {
    Options {
        markdown_breaks: options.markdown_breaks,
        max_size: options.max_size,
        allow: check::Allowed::new(options.allow.clone()),
        entropy: options.entropy,
        comments: options.comments.clone(),
        commit_types: options.commit_types.clone(),
        scopes: options.scopes.clone(),
        max_subject: options.max_subject,
        columns: options.columns.clone(),
        allow_columns: options.allow_columns.clone(),
        protected: options.protected.clone(),
        ending: match options.ending {
            Ending::Auto => check::Ending::Most,
            Ending::Lf => check::Ending::Lf,
            Ending::Crlf => check::Ending::Crlf,
        },
    }
}

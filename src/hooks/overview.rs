//! What each hook of a repository runs, for a person or a program to read.

use super::consent::Consent;
use super::install::{State, state};
use crate::config::hooks::{Fix, Hook, Hooks, Job, Level};
use serde::Serialize;
use std::path::Path;

/// One hook that has jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookRow {
    pub hook: Hook,
    /// Whether git calls it; absent where its folder is not shipway's or cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// In the order in which they are reported.
    pub jobs: Vec<JobRow>,
}

/// One job: `check` or `run` is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobRow {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<&'static str>,
    /// The command's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Whether it may rewrite its files.
    pub fix: bool,
    pub level: Level,
    /// `shipway.toml:12`; absent for a check that is on by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Whether it may run on this machine.
    pub trusted: bool,
}

/// The hooks that have jobs, in git's order. `folder` is where their shims belong.
#[must_use]
pub fn overview(hooks: &Hooks, consent: &Consent, folder: Option<&Path>) -> Vec<HookRow> {
    let row = |job: &Job| JobRow {
        name: job.name.clone(),
        check: job.check().map(|check| check.id.name()),
        run: job.command().map(|command| command.text.clone()),
        fix: job.fix != Fix::No,
        level: job.level,
        place: job.place.clone(),
        trusted: consent.holds(job),
    };
    hooks
        .used()
        .map(|hook| HookRow {
            hook,
            state: folder.and_then(|folder| state(folder, hook).ok()),
            jobs: hooks.jobs(hook).iter().map(row).collect(),
        })
        .collect()
}

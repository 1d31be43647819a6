//! Makes a fresh clone ready for work: what `make dev-setup` calls.
//!
//! In: the project, the machine, what is asked for. Out: steps with their outcome, and events
//! while they run. Called by `cli`. Takes from `doctor` where tools lie and which Python fits, from
//! `hooks` what installs shims, from `scaffold` what was generated.
//! The project's own commands run here: whoever calls `setup` asks for that. Every step may be
//! repeated; one that was interrupted is done again.

mod command;
mod dependencies;
mod env_file;
mod environment;
mod hooks;
mod part;
mod seed;
mod services;
mod stamp;

use crate::doctor::{self, Extent, Finding, Level, Machine, Subject};
use crate::git::Repository;
use crate::hooks::consent::Consent;
use crate::project::Project;
use serde::Serialize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is set up, and how far.
pub struct Request<'a> {
    /// Absolute.
    pub root: &'a Path,
    pub repository: &'a Repository,
    pub project: &'a Project,
    pub machine: &'a Machine,
    /// Shipway itself, as git's hooks shall call it where it is not on PATH.
    pub program: &'a Path,
    /// The commands of the repository that may run at hooks.
    pub consent: &'a Consent,
    /// Also start the compose project.
    pub services: bool,
    /// Also run the project's seed script.
    pub seed: bool,
    /// Set when the user wants to stop; the running command is then ended.
    pub interrupted: &'a AtomicBool,
}

/// What happens, as it happens.
#[derive(Debug)]
pub enum Event<'a> {
    Started {
        step: &'a str,
    },
    /// A line that a command of the running step printed.
    Said {
        line: &'a str,
    },
    Finished(&'a Step),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Done,
    /// It was so already.
    Unchanged,
    Skipped,
    Failed,
}

/// One step and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    pub name: String,
    pub outcome: Outcome,
    /// Whether it failed because something is not there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

/// All steps, in order.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What a short look at the machine found that is not fine.
    pub findings: Vec<Finding>,
    pub steps: Vec<Step>,
    pub interrupted: bool,
}

impl Step {
    fn new(name: impl Into<String>, outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            outcome,
            missing: false,
            message: message.into(),
            mend: None,
        }
    }

    fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    fn missing(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            missing: true,
            ..Self::new(name, Outcome::Failed, message)
        }
    }
}

impl Request<'_> {
    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

/// Runs every step that is asked for. A step that fails does not keep the others from being
/// done, except that nothing is seeded then.
pub fn run(request: &Request, sink: &mut dyn FnMut(&Event)) -> Report {
    let subject = Subject::new(
        request.root,
        Ok(request.repository),
        Some(request.project),
        request.machine,
    );
    let findings = doctor::examine(&subject, Extent::Basic)
        .into_iter()
        .filter(|finding| finding.level != Level::Ok)
        .collect();
    let mut steps = Vec::new();
    let mut finish = |step: Step, sink: &mut dyn FnMut(&Event)| {
        sink(&Event::Finished(&step));
        steps.push(step);
    };
    finish(env_file::step(request, sink), sink);
    if !request.is_interrupted() {
        finish(hooks::step(request), sink);
    }
    let parts = part::parts(request.project, request.root, request.machine);
    for part in &parts {
        if !request.is_interrupted() {
            finish(dependencies::step(request, part, sink), sink);
        }
    }
    if request.services && !request.is_interrupted() {
        finish(services::step(request, sink), sink);
    }
    let failed = steps.iter().any(|step| step.outcome == Outcome::Failed);
    if request.seed && !failed && !request.is_interrupted() {
        let step = seed::step(request, &parts, sink);
        sink(&Event::Finished(&step));
        steps.push(step);
    }
    Report {
        findings,
        steps,
        interrupted: request.is_interrupted(),
    }
}

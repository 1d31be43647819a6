//! What a run says: its jobs, what they found and mended, and how it ended.

mod github;
mod json;
pub(crate) mod sarif;

pub use github::github;
pub use json::json;
pub use sarif::sarif;

use super::check::Finding;
use super::snapshot::{Recovery, Refused};
use crate::config::hooks::{Hook, Level};
use crate::git::ObjectId;
use bstr::BString;
use std::time::Duration;

/// A run of one hook.
#[derive(Debug, Clone)]
pub struct Report {
    pub hook: Hook,
    /// Number of files that were looked at.
    pub files: usize,
    pub jobs: Vec<JobReport>,
    /// Sentences about the run as a whole.
    pub notes: Vec<String>,
    /// Commits of the run of which no verdict says that a hook let them through.
    pub unchecked: Vec<ObjectId>,
    /// What earlier runs had left and was put right first.
    pub recovery: Recovery,
    /// Why fixes were not written, although they could be made.
    pub trouble: Option<Trouble>,
    pub time: Duration,
}

/// What kept a run from ending as it should, with nothing lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub sentence: String,
    pub mend: String,
}

/// One job of a run.
#[derive(Debug, Clone)]
pub struct JobReport {
    pub name: String,
    /// Id of its check; None for a command.
    pub check: Option<&'static str>,
    /// Where it is configured, `file:line`.
    pub place: Option<String>,
    pub state: State,
    /// What its failure means.
    pub level: Level,
    /// A sentence: why it was skipped, or how it failed.
    pub reason: Option<String>,
    /// What mends that.
    pub mend: Option<String>,
    pub findings: Vec<Finding>,
    /// Paths that it mended, and that the commit carries mended.
    pub fixed: Vec<BString>,
    /// Fixes that were not made.
    pub refused: Vec<Refused>,
    /// What its command printed.
    pub output: String,
    /// Number of files that it was given.
    pub files: usize,
    pub time: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Passed,
    /// Has something to say that stops nothing.
    Warned,
    /// Mended what it found.
    Fixed,
    /// None of the files was its business.
    Idle,
    /// Left out, for a reason.
    Skipped,
    /// Its tool is not there, and must be.
    Missing,
    Failed,
    Interrupted,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The commit or push may go on.
    Passed,
    /// Everything was mended, and somebody shall look first.
    Stopped,
    Failed,
    /// Only tools are missing.
    Missing,
    Interrupted,
}

impl JobReport {
    pub(in crate::hooks) fn new(job: &crate::config::hooks::Job) -> Self {
        Self {
            name: job.name.clone(),
            check: job.check().map(|check| check.id.name()),
            place: job.place.clone(),
            state: State::Passed,
            level: job.level,
            reason: None,
            mend: None,
            findings: Vec::new(),
            fixed: Vec::new(),
            refused: Vec::new(),
            output: String::new(),
            files: 0,
            time: Duration::ZERO,
        }
    }

    pub(in crate::hooks) fn skip(mut self, reason: impl Into<String>) -> Self {
        self.state = State::Skipped;
        self.reason = Some(reason.into());
        self
    }

    /// It fails; where its level is a warning, it is only said.
    pub(in crate::hooks) fn fail(&mut self, reason: impl Into<String>, mend: Option<String>) {
        self.state = State::Failed;
        self.reason = Some(reason.into());
        self.mend = mend;
    }

    /// Whether it stops what the hook guards.
    #[must_use]
    pub fn stops(&self) -> bool {
        match self.state {
            State::Failed => self.level == Level::Error,
            State::Missing | State::Interrupted => true,
            _ => false,
        }
    }
}

impl Report {
    /// `stopping` are the names of jobs that ask to be looked at when they mended something.
    #[must_use]
    pub fn verdict(&self, stopping: &[&str]) -> Verdict {
        let is = |state: State| {
            self.jobs
                .iter()
                .any(|job| job.state == state && job.stops())
        };
        if is(State::Interrupted) {
            Verdict::Interrupted
        } else if is(State::Failed) || self.trouble.is_some() {
            Verdict::Failed
        } else if is(State::Missing) {
            Verdict::Missing
        } else if self
            .jobs
            .iter()
            .any(|job| !job.fixed.is_empty() && stopping.contains(&job.name.as_str()))
        {
            Verdict::Stopped
        } else {
            Verdict::Passed
        }
    }
}

//! What git's hooks run: jobs, the snapshot that they look at, the runner, the built-in checks.
//!
//! In: a repository, a hook's arguments and the `[hooks]` of its configuration. Out: findings
//! and fixes. Called by `cli`; talks to git through `git` alone. Only `snapshot` writes into a
//! user's tree.
//!
//! [`open`] and [`run`] are the journey: what an earlier run left is put right, the source
//! opened, jobs chosen; [`work`] goes on from there.

mod allow_file;
mod arrival;
mod builtin;
mod bytes;
mod capture;
pub mod check;
mod command;
pub mod consent;
mod descendants;
pub mod draft;
mod fixer;
pub mod guardian;
mod history;
pub mod import;
pub mod install;
mod job;
mod kept_lines;
mod message;
pub mod overview;
mod place;
mod process;
mod push;
pub mod replay;
pub mod report;
mod runner;
pub mod snapshot;
mod source;
pub mod stats;
mod stray;
pub mod verdict;
mod work;

pub use allow_file::AllowFileError;
pub(crate) use allow_file::options_of;
pub use arrival::ArrivalRequest;
pub use job::{Choice, UnknownJob};
pub use push::{PushError, PushLine, PushRequest};
pub use report::{JobReport, Report, State, Trouble, Verdict};
pub use snapshot::SnapshotError;
pub use source::{Scope, SourceError};

use crate::config::hooks::{Fix, Hook, Hooks, Job};
use crate::git::{Executable, Index, Objects, Surroundings};
use bstr::ByteSlice;
use builtin::Looking;
use push::Pushed;
use source::Source;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::time::Instant;
use verdict::Memory;
use work::{Started, Work};

/// What happens during a run.
#[derive(Debug)]
pub enum Event<'e> {
    /// A command was started.
    Started(&'e str),
    Ended(&'e JobReport),
    /// The snapshot is laid out for the first command that needs it.
    LayingOut,
}

/// Hears of events, from several threads.
pub type Sink<'s> = &'s (dyn Fn(Event<'_>) + Sync);

/// What is asked of a run.
pub struct Request<'r> {
    pub hook: Hook,
    pub scope: Scope,
    pub choice: Choice,
    /// Whether fixes may be made at all.
    pub fix: bool,
    /// Whether this is a CI job: a missing tool is an error there, and nothing is mended.
    pub ci: bool,
    /// The file with the commit's message, where the hook has one.
    pub message: Option<&'r Path>,
    /// What is being pushed, where the hook is about that; and the same as git told it.
    pub push: Option<&'r PushRequest>,
    pub input: &'r [u8],
    /// What just arrived, where the hook is about that.
    pub arrival: Option<&'r ArrivalRequest>,
    /// Look at everything that ever was instead of at files.
    pub history: bool,
    /// Leave out the jobs that passed on exactly this before.
    pub missing: bool,
    /// The key that makes verdicts count in CI.
    pub key: Option<&'r verdict::Key>,
    /// The value of `PATH`.
    pub path: Option<&'r OsStr>,
    /// Seconds since 1970.
    pub now: u64,
    /// Whether the user consented to a job's command.
    pub consents: &'r dyn Fn(&Job) -> bool,
    /// Asked again and again: whether to stop and leave everything as it was.
    pub interrupted: &'r (dyn Fn() -> bool + Sync),
    pub sink: Sink<'r>,
}

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error(transparent)]
    Job(#[from] UnknownJob),
    #[error(transparent)]
    AllowFile(#[from] AllowFileError),
}

impl From<crate::git::GitError> for HookError {
    fn from(error: crate::git::GitError) -> Self {
        Self::Source(error.into())
    }
}

/// The index of the commit, read once.
pub struct Opened {
    surroundings: Surroundings,
    index: Index,
    recovery: snapshot::Recovery,
    started: Option<Started>,
    start: Instant,
}

/// Puts right what an earlier run left, and reads the index. Where `commands` are to be
/// expected, their guardian is started first, to be there when they are known.
///
/// # Errors
/// When the index cannot be read, or a file not be put right.
pub fn open(surroundings: Surroundings, commands: bool) -> Result<Opened, HookError> {
    let start = Instant::now();
    // Where it fails, it does so again when a command is to be run, and is told of then.
    let started = commands.then(|| Started::new(&surroundings.repository).ok());
    let recovery = snapshot::recover(&surroundings.repository)?;
    let index = Index::read(&surroundings.index)?;
    Ok(Opened {
        surroundings,
        index,
        recovery,
        started: started.flatten(),
        start,
    })
}

impl Opened {
    /// Configurations in subfolders that the index has.
    #[must_use]
    pub fn configurations(&self) -> Vec<&str> {
        let suffix = format!("/{}", crate::config::FILE);
        self.index
            .entries()
            .filter(|entry| entry.path.ends_with(suffix.as_bytes()))
            .filter_map(|entry| entry.path.to_str().ok())
            .collect()
    }

    /// Whether something was put right: files may be others than before.
    #[must_use]
    pub fn has_recovered(&self) -> bool {
        !self.recovery.is_empty()
    }

    #[must_use]
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }
}

/// Runs a hook's jobs.
///
/// # Errors
/// When the repository cannot be read, a name is unknown, or the snapshot not be laid out; in
/// every case work tree and index are as they were.
pub fn run(opened: Opened, hooks: &Hooks, request: &Request<'_>) -> Result<Report, HookError> {
    let Opened {
        surroundings,
        index,
        recovery,
        started,
        start,
    } = opened;
    let repository = &surroundings.repository;
    let jobs = hooks.jobs(request.hook);
    job::verify(&request.choice, request.hook, jobs)?;
    let git = Executable::new(&repository.git_dir, Some(&repository.root));
    let objects = Objects::open(&repository.common_dir, git)?;
    let merging = surroundings.merging(request.hook == Hook::PreMergeCommit);
    let others = if request.scope == Scope::Staged {
        merging.others.as_slice()
    } else {
        &[]
    };
    let pushed = match request.push {
        Some(push) if request.hook == Hook::PrePush => Some(Pushed::new(
            push,
            repository,
            &objects,
            request.interrupted,
        )?),
        _ => None,
    };
    let scope = match &pushed {
        Some(pushed) if request.scope == Scope::Staged => Scope::Commits {
            tips: pushed.tips.clone(),
            paths: pushed.paths(),
        },
        _ => request.scope.clone(),
    };
    let source = Source::open(&surroundings, index, &objects, &scope, others)?;
    let mut report = Report {
        hook: request.hook,
        files: source.looked.len(),
        jobs: Vec::new(),
        notes: Vec::new(),
        unchecked: Vec::new(),
        recovery,
        trouble: None,
        time: std::time::Duration::ZERO,
    };
    let under_way = repository
        .under_way
        .filter(|what| *what != "bisect")
        .or((request.hook == Hook::PreMergeCommit).then_some("merge"));
    if let Some(what) = under_way.filter(|_| request.fix) {
        report.notes.push(format!(
            "a {what} is under way: jobs check and mend nothing"
        ));
    }
    report
        .notes
        .extend(job::unknown_skips(&request.choice, hooks));
    let fix = request.fix && !request.ci && under_way.is_none() && source.staged;
    let moment = job::Moment {
        hook: request.hook,
        branch: repository.branch.as_deref(),
        merge: merging.is_merge,
    };
    let mut memory = Memory::open(
        &surroundings,
        request,
        &source,
        merging.is_merge,
        &hooks.exclude,
        &objects.reader(),
    )?;
    let mut chosen: Vec<Looking<'_>> = Vec::new();
    for job in jobs {
        match job::select(job, moment, &request.choice) {
            Some(Ok(job)) if job.command().is_some() && !(request.consents)(job) => {
                let mut skipped =
                    JobReport::new(job).skip("its command is not trusted on this machine");
                skipped.mend = Some("read it, then: shipway trust".to_owned());
                report.jobs.push(skipped);
            }
            Some(Ok(job)) => {
                let looking = Looking::new(job, fix);
                let one = JobReport::new(job);
                if let Some(reason) = memory.covers(&looking) {
                    report.jobs.push(one.skip(reason));
                } else {
                    chosen.push(looking);
                    report.jobs.push(one);
                }
            }
            Some(Err(skipped)) => report.jobs.push(skipped),
            None => {}
        }
    }
    allow_file::take(&mut chosen, &source, &objects, &repository.root)?;
    memory.explain(&mut report)?;
    let looked: Vec<&Job> = chosen.iter().map(|looking| looking.job).collect();
    let notes = report.notes.len();
    let arrived = match request.arrival {
        Some(arrival) if !chosen.is_empty() => {
            let changed = arrival::changed(arrival, repository, &objects)?;
            let migrations = arrival::migrations(repository, &changed);
            Some(arrival::Arrived {
                changed,
                migrations,
            })
        }
        _ => None,
    };
    let mut work = Work {
        surroundings: &surroundings,
        request,
        source: &source,
        objects: &objects,
        started,
        pushed: pushed.as_ref(),
        arrived,
        merge: merging.is_merge,
        jobs: chosen,
        exclude: &hooks.exclude,
        fix,
        report: &mut report,
        mended: BTreeMap::new(),
    };
    work.go()?;
    report.time = start.elapsed();
    let verdict = report.verdict(&stopping(hooks, request.hook));
    // What an editor wrote meanwhile a command may have seen.
    if report.notes.len() == notes {
        memory.keep(&report, &looked, verdict)?;
    }
    let commits = request.scope == Scope::Staged || request.hook == Hook::PrePush;
    if commits && !report.jobs.is_empty() {
        stats::keep(repository, &report, verdict, request.now);
        if let Some(over) = stats::over_budget(repository, hooks, request.hook) {
            report.notes.push(over);
        }
    }
    Ok(report)
}

/// Names of the jobs of `hook` that ask to be looked at when they mended something.
#[must_use]
pub fn stopping(hooks: &Hooks, hook: Hook) -> Vec<&str> {
    hooks
        .jobs(hook)
        .iter()
        .filter(|job| job.fix == Fix::Stop)
        .map(|job| job.name.as_str())
        .collect()
}

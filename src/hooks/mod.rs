//! What git's hooks run: jobs, the snapshot that they look at, the runner, the built-in checks.
//!
//! In: a repository, a hook's arguments and the `[hooks]` of its configuration. Out: findings
//! and fixes. Called by `cli`; talks to git through `git` alone. Only `snapshot` writes into a
//! user's tree.
//!
//! [`run`] is the journey: what an earlier run left is put right, the source opened, jobs
//! chosen; the built-in checks pass over the files once, commands run, the checks look again at
//! what commands mended; fixes are written back; the report is made.

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
pub mod import;
pub mod install;
mod job;
pub mod overview;
mod place;
mod process;
pub mod report;
mod runner;
pub mod snapshot;
mod source;
mod stray;

pub use job::{Choice, UnknownJob};
pub use report::{JobReport, Report, State, Trouble, Verdict};
pub use snapshot::SnapshotError;
pub use source::{Scope, SourceError};

use crate::config::hooks::{Fix, Hook, Hooks, Job};
use crate::git::{Executable, Index, Objects, Surroundings};
use bstr::ByteSlice;
use builtin::{Looking, Pass};
use bytes::Bytes;
use fixer::Mended;
use runner::{Ended, Runner, Tool};
use snapshot::{Run, Target};
use source::Source;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;
use std::time::Instant;

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
    /// The value of `PATH`.
    pub path: Option<&'r OsStr>,
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
    start: Instant,
}

/// Puts right what an earlier run left, and reads the index.
///
/// # Errors
/// When the index cannot be read, or a file not be put right.
pub fn open(surroundings: Surroundings) -> Result<Opened, HookError> {
    let start = Instant::now();
    let recovery = snapshot::recover(&surroundings.repository)?;
    let index = Index::read(&surroundings.index)?;
    Ok(Opened {
        surroundings,
        index,
        recovery,
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
    let source = Source::open(&surroundings, index, &objects, &request.scope, others)?;
    let mut report = Report {
        hook: request.hook,
        files: source.looked.len(),
        jobs: Vec::new(),
        notes: Vec::new(),
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
    let fix = request.fix && !request.ci && under_way.is_none() && source.staged;
    let moment = job::Moment {
        hook: request.hook,
        branch: repository.branch.as_deref(),
        merge: merging.is_merge,
    };
    let mut chosen: Vec<&Job> = Vec::new();
    for job in jobs {
        match job::select(job, moment, &request.choice) {
            Some(Ok(job)) if job.command().is_some() && !(request.consents)(job) => {
                let skipped =
                    JobReport::new(job).skip("its command is not trusted on this machine");
                report.jobs.push(skipped);
            }
            Some(Ok(job)) => {
                chosen.push(job);
                report.jobs.push(JobReport::new(job));
            }
            Some(Err(skipped)) => report.jobs.push(skipped),
            None => {}
        }
    }
    let mut work = Work {
        surroundings: &surroundings,
        request,
        source: &source,
        objects: &objects,
        jobs: chosen.iter().map(|job| Looking::new(job, fix)).collect(),
        exclude: &hooks.exclude,
        fix,
        report: &mut report,
        mended: BTreeMap::new(),
    };
    work.go()?;
    report.time = start.elapsed();
    Ok(report)
}

/// A run under way.
struct Work<'w> {
    surroundings: &'w Surroundings,
    request: &'w Request<'w>,
    source: &'w Source,
    objects: &'w Objects,
    jobs: Vec<Looking<'w>>,
    exclude: &'w crate::config::hooks::Patterns,
    fix: bool,
    report: &'w mut Report,
    /// By position: what is other than staged by now.
    mended: BTreeMap<usize, Mended>,
}

impl Work<'_> {
    fn go(&mut self) -> Result<(), HookError> {
        let bytes = Bytes::new(
            &self.surroundings.repository.root,
            self.source.work(),
            self.objects.clone(),
            self.source.conversion,
        );
        let pass = builtin::pass(self.view(&bytes), &self.source.looked, &BTreeMap::new())?;
        let wanted = pass.wanted.clone();
        self.note(pass);
        for (number, finding) in builtin::listing(self.view(&bytes))? {
            self.job_report(number).findings.push(finding);
        }
        self.commands(&bytes, &wanted)?;
        self.settle();
        if self.fix && !(self.request.interrupted)() {
            self.write_back(&bytes)?;
        }
        Ok(())
    }

    fn view<'v>(&'v self, bytes: &'v Bytes<'v>) -> builtin::View<'v> {
        builtin::View {
            source: self.source,
            bytes,
            jobs: &self.jobs,
            exclude: self.exclude,
            everything: !matches!(self.request.scope, Scope::Staged | Scope::Range { .. }),
        }
    }

    /// The report of the chosen job `number`.
    fn job_report(&mut self, number: usize) -> &mut JobReport {
        let name = &self.jobs[number].job.name;
        let at = self
            .report
            .jobs
            .iter()
            .position(|report| report.name == *name)
            .unwrap_or_default();
        &mut self.report.jobs[at]
    }

    fn note(&mut self, pass: Pass) {
        for (number, positions) in pass.wanted.iter().enumerate() {
            let report = self.job_report(number);
            report.files = report.files.max(positions.len());
        }
        for (number, finding) in pass.findings {
            self.job_report(number).findings.push(finding);
        }
        for (number, finding) in pass.mended {
            let report = self.job_report(number);
            if let Some(path) = finding.path
                && !report.fixed.contains(&path)
            {
                report.fixed.push(path);
            }
        }
        for (position, content) in pass.fixed {
            let mode = self.mended.get(&position).map_or_else(
                || self.source.index.entry(position).mode,
                |known| known.mode,
            );
            self.mended.insert(position, Mended { content, mode });
        }
    }

    fn commands(&mut self, bytes: &Bytes<'_>, wanted: &[Vec<usize>]) -> Result<(), HookError> {
        let has_files = self.request.hook.has_files();
        let mut tools = Vec::new();
        let mut numbers = Vec::new();
        for (number, looking) in self.jobs.iter().enumerate() {
            let Some(command) = looking.job.command() else {
                continue;
            };
            numbers.push(number);
            tools.push(Tool {
                job: looking.job,
                command,
                positions: wanted[number].clone(),
            });
        }
        // Without a file of its own a job has nothing to say.
        let mut at = 0;
        while at < tools.len() {
            if has_files && tools[at].positions.is_empty() {
                tools.remove(at);
                let number = numbers.remove(at);
                let report = self.job_report(number);
                report.state = State::Idle;
            } else {
                at += 1;
            }
        }
        if tools.is_empty() {
            return Ok(());
        }
        let run = Run::new(&self.surroundings.repository)?;
        let before = self.mended.clone();
        let runner = Runner {
            repository: &self.surroundings.repository,
            source: self.source,
            bytes,
            objects: self.objects,
            run: &run,
            fix: self.fix,
            strict: self.request.ci,
            message: self.request.message,
            input: None,
            path: self.request.path,
            interrupted: self.request.interrupted,
            sink: self.request.sink,
        };
        let Ended {
            reports,
            mended,
            trouble,
            notes,
        } = runner.run(&tools, before.clone())?;
        for (number, report) in numbers.into_iter().zip(reports) {
            *self.job_report(number) = report;
        }
        self.report.notes.extend(notes);
        if let Some(sentence) = trouble.into_iter().next() {
            self.report.trouble = Some(Trouble {
                sentence,
                mend: "run each with --job to see which it is".to_owned(),
            });
        }
        let again: BTreeMap<usize, Vec<u8>> = mended
            .iter()
            .filter(|(position, now)| before.get(position) != Some(now))
            .map(|(position, now)| (*position, now.content.clone()))
            .collect();
        self.mended = mended;
        if !again.is_empty() {
            self.look_again(bytes, &again)?;
        }
        Ok(())
    }

    /// What commands mended is what will be committed: the built-in checks look at that.
    fn look_again(
        &mut self,
        bytes: &Bytes<'_>,
        contents: &BTreeMap<usize, Vec<u8>>,
    ) -> Result<(), HookError> {
        let positions: Vec<usize> = contents.keys().copied().collect();
        let paths: BTreeSet<_> = positions
            .iter()
            .map(|position| self.source.index.entry(*position).path.to_owned())
            .collect();
        for number in 0..self.jobs.len() {
            if self.jobs[number].job.check().is_some() {
                self.job_report(number).findings.retain(|finding| {
                    finding
                        .path
                        .as_ref()
                        .is_none_or(|path| !paths.contains(path))
                });
            }
        }
        let pass = builtin::pass(self.view(bytes), &positions, contents)?;
        self.note(pass);
        Ok(())
    }

    /// What each check's findings mean.
    fn settle(&mut self) {
        for report in &mut self.report.jobs {
            if report.check.is_none() || report.state != State::Passed {
                continue;
            }
            let wrong = report
                .findings
                .iter()
                .any(|finding| finding.severity == check::Severity::Error);
            report.state = match (wrong, report.findings.is_empty(), report.fixed.is_empty()) {
                (true, ..) => State::Failed,
                (false, false, _) => State::Warned,
                (false, true, false) => State::Fixed,
                (false, true, true) => State::Passed,
            };
        }
    }

    fn write_back(&mut self, bytes: &Bytes<'_>) -> Result<(), HookError> {
        let mut reader = bytes.reader();
        let mut fixes = Vec::new();
        for (position, mended) in &self.mended {
            let entry = self.source.index.entry(*position);
            let mut base = Vec::new();
            self.source.read(*position, &mut reader, &mut base)?;
            if base != mended.content || entry.mode != mended.mode {
                fixes.push(snapshot::Fix {
                    path: entry.path.to_owned(),
                    before: entry.id,
                    base,
                    fixed: mended.content.clone(),
                    mode: mended.mode,
                });
            }
        }
        if fixes.is_empty() {
            return Ok(());
        }
        let target = Target {
            repository: &self.surroundings.repository,
            hook: self.request.hook.name(),
            objects: self.objects,
            index: &self.source.index,
            next: self.source.next.as_ref(),
            interrupted: self.request.interrupted,
        };
        let run = Run::new(&self.surroundings.repository)?;
        match target.write(run, &fixes) {
            Ok(written) => {
                for refused in written.refused {
                    self.refused(&refused);
                }
            }
            Err(SnapshotError::Interrupted) => self.not_written(None),
            Err(error) => self.not_written(Some(error)),
        }
        Ok(())
    }

    /// A fix did not go in: whoever made it fails.
    fn refused(&mut self, refused: &snapshot::Refused) {
        for report in &mut self.report.jobs {
            let before = report.fixed.len();
            report.fixed.retain(|path| *path != refused.path);
            if report.fixed.len() < before {
                report.refused.push(refused.clone());
                report.fail(
                    format!(
                        "its fix of {} does not go into the file, which was edited at the same lines after git add; both are as they were",
                        refused.path
                    ),
                    Some(format!("git add {}, or make the change of the patch by hand", refused.path)),
                );
            }
        }
    }

    /// No fix went in.
    fn not_written(&mut self, error: Option<SnapshotError>) {
        for report in &mut self.report.jobs {
            if report.fixed.is_empty() {
                continue;
            }
            report.fixed.clear();
            if error.is_none() {
                report.state = State::Interrupted;
            } else {
                report.fail("its fixes could not be written", None);
            }
        }
        if let Some(error) = error {
            self.report.trouble = Some(Trouble {
                sentence: format!("no fix was written: {error}"),
                mend: match error {
                    SnapshotError::Io { .. } => {
                        "make room or the place writable, and commit again".to_owned()
                    }
                    SnapshotError::Git(crate::git::GitError::Locked(lock)) => format!(
                        "wait until the other git command has ended; where none is running, rm {}",
                        lock.display()
                    ),
                    _ => "commit again".to_owned(),
                },
            });
        }
    }
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

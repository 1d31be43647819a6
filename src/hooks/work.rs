//! A run from chosen jobs to its report: the built-in checks pass over the files once, commands
//! run, the checks look again at what commands mended, and fixes are written back.

use super::arrival::Arrived;
use super::builtin::{self, Looking, Pass, View};
use super::bytes::Bytes;
use super::check::{self, Finding, Look};
use super::fixer::Mended;
use super::guardian::Guarded;
use super::process::Ready;
use super::push::Pushed;
use super::report::{JobReport, Report, State, Trouble};
use super::runner::{Ended, Runner, Tool};
use super::snapshot::{self, Run, SnapshotError, Target};
use super::source::Source;
use super::{HookError, Request, Scope, history, message};
use crate::config::hooks::{Fix, Hook, Job, Patterns};
use crate::git::{Executable, GitError, Objects, Repository, Surroundings};
use bstr::ByteSlice;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// The folder of the commands, and a guardian that is there before its task.
pub(super) struct Started {
    run: Run,
    /// None where it could not be started: the job's own says why.
    ready: Option<Ready>,
}

impl Started {
    /// # Errors
    /// When git's own folder cannot be written.
    pub(super) fn new(repository: &Repository) -> Result<Self, SnapshotError> {
        let run = Run::new(repository)?;
        let ready = Guarded::start(run.lock()).ok();
        Ok(Self { run, ready })
    }
}

/// A run under way.
pub(super) struct Work<'w> {
    pub(super) surroundings: &'w Surroundings,
    pub(super) request: &'w Request<'w>,
    pub(super) source: &'w Source,
    pub(super) objects: &'w Objects,
    /// Where commands were to be expected before anything was read.
    pub(super) started: Option<Started>,
    pub(super) pushed: Option<&'w Pushed>,
    /// Paths that just changed, and how the project's services are migrated.
    pub(super) arrived: Option<Arrived>,
    /// Whether a merge is being committed.
    pub(super) merge: bool,
    pub(super) jobs: Vec<Looking<'w>>,
    pub(super) exclude: &'w Patterns,
    /// Whether fixes are taken.
    pub(super) fix: bool,
    pub(super) report: &'w mut Report,
    /// By position: what is other than staged by now.
    pub(super) mended: BTreeMap<usize, Mended>,
}

impl<'w> Work<'w> {
    pub(super) fn go(&mut self) -> Result<(), HookError> {
        if self.request.history {
            return self.history();
        }
        if self.started.is_none() && self.may_command() {
            self.started = Some(Started::new(&self.surroundings.repository)?);
        }
        let bytes = Bytes::new(
            &self.surroundings.repository.root,
            self.source.work(),
            self.objects.clone(),
            self.source.conversion,
        );
        let pass = builtin::pass(self.view(&bytes), &self.source.looked, &BTreeMap::new())?;
        let wanted = pass.wanted.clone();
        self.note(pass);
        let found = builtin::listing(self.view(&bytes))?;
        self.add(found);
        let found = self.moment();
        self.add(found);
        if let Some(pushed) = self.pushed {
            let found = history::of_commits(
                &pushed.brought,
                self.source,
                self.objects,
                &self.jobs,
                self.exclude,
                self.request.interrupted,
            )?;
            self.add(found);
            self.stop_history();
        }
        self.message()?;
        self.commands(&bytes, &wanted)?;
        self.settle();
        if self.fix && !(self.request.interrupted)() {
            self.write_back(&bytes)?;
        }
        Ok(())
    }

    /// Whether a command may have something to do; what the content of a file decides is not
    /// known before it is read.
    fn may_command(&self) -> bool {
        let wants = |job: &Job| {
            let looked = self.source.looked.iter();
            let mut paths = looked.map(|position| self.source.index.entry(*position).path);
            paths.any(|path| job.wants(&path.to_str_lossy())) || self.takes_away(job)
        };
        let mut jobs = self.jobs.iter().map(|looking| looking.job);
        jobs.any(|job| job.command().is_some() && (!self.request.hook.has_files() || wants(job)))
    }

    fn add(&mut self, found: Vec<(usize, Finding)>) {
        for (number, finding) in found {
            self.job_report(number).findings.push(finding);
        }
    }

    /// Everything that ever was, for the checks to which that matters.
    fn history(&mut self) -> Result<(), HookError> {
        let git = Executable::new(&self.surroundings.repository.git_dir, None);
        let (contents, found) = history::of_everything(
            &git,
            self.objects,
            &self.jobs,
            self.exclude,
            self.request.interrupted,
        )?;
        self.report.files = contents;
        self.add(found);
        self.stop_history();
        for number in 0..self.jobs.len() {
            let about = self.jobs[number]
                .job
                .check()
                .is_some_and(|check| history::counts(check.id));
            let report = self.job_report(number);
            if about {
                report.files = contents;
            } else {
                report.state = State::Skipped;
                report.reason = Some("it looks at files, not at history".to_owned());
            }
        }
        self.settle();
        Ok(())
    }

    /// Where Ctrl-C came, the checks that look at history have not seen all of it.
    fn stop_history(&mut self) {
        if !(self.request.interrupted)() {
            return;
        }
        for number in 0..self.jobs.len() {
            if history::is_about(&self.jobs[number]) {
                self.job_report(number).state = State::Interrupted;
            }
        }
    }

    /// What the checks of the commit or push itself say.
    fn moment(&self) -> Vec<(usize, Finding)> {
        let repository = &self.surroundings.repository;
        let commits = matches!(self.request.hook, Hook::PreCommit | Hook::PreMergeCommit)
            && self.request.scope == Scope::Staged;
        let commit = check::Commit {
            branch: repository
                .branch
                .as_ref()
                .map(|name| name.as_bytes().as_bstr()),
            first: repository.head.is_none(),
            merge: self.merge,
        };
        let refs: Vec<check::PushedRef> = match (self.request.push, self.pushed) {
            (Some(push), Some(pushed)) => push
                .lines
                .iter()
                .zip(&pushed.forces)
                .map(|(line, forces)| check::PushedRef {
                    local: line.local.as_bstr(),
                    remote: line.remote.as_bstr(),
                    deletes: line.local_id.is_none(),
                    creates: line.remote_id.is_none(),
                    forces: *forces,
                })
                .collect(),
            _ => Vec::new(),
        };
        let mut found = Vec::new();
        for (number, looking) in self.jobs.iter().enumerate() {
            for look in looking.other_looks() {
                let findings = match look {
                    Look::Commit(look) if commits => look(&commit, looking.options()),
                    Look::Arrival(look) => match &self.arrived {
                        Some(Arrived {
                            changed,
                            migrations,
                        }) => {
                            let arrival = check::Arrival {
                                changed,
                                migrations,
                            };
                            look(&arrival, looking.options())
                        }
                        None => continue,
                    },
                    Look::Push(look) => match self.request.push {
                        Some(push) => {
                            let remote = push.remote.as_bstr();
                            let push = check::Push {
                                remote,
                                refs: &refs,
                            };
                            look(&push, looking.options())
                        }
                        None => continue,
                    },
                    _ => continue,
                };
                found.extend(findings.into_iter().map(|finding| (number, finding)));
            }
        }
        found
    }

    /// What the checks of the message say; mended, it is written at once, for it is no file of
    /// the user's tree.
    fn message(&mut self) -> Result<(), HookError> {
        let Some(file) = self.request.message else {
            return Ok(());
        };
        let jobs: Vec<&Job> = self.jobs.iter().map(|looking| looking.job).collect();
        let text = std::fs::read(file).map_err(|source| SnapshotError::Io {
            path: file.to_owned(),
            source,
        })?;
        let fix = self.request.fix && !self.request.ci;
        let said = message::look(&jobs, &text, &self.surroundings.message, fix);
        self.add(said.findings);
        for number in said.mended {
            self.job_report(number).state = State::Fixed;
        }
        if let Some(fixed) = said.fixed {
            message::write(file, &fixed)?;
        }
        Ok(())
    }

    fn view<'v>(&'v self, bytes: &'v Bytes<'v>) -> View<'v> {
        View {
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

    /// The commands that have something to do, with the numbers of their jobs.
    fn tools(&mut self, wanted: &[Vec<usize>]) -> (Vec<usize>, Vec<Tool<'w>>) {
        let has_files = self.request.hook.has_files();
        let (mut numbers, mut tools) = (Vec::new(), Vec::new());
        for (number, positions) in wanted.iter().enumerate() {
            let job = self.jobs[number].job;
            let Some(command) = job.command() else {
                continue;
            };
            // What looks at a whole project is concerned by what is taken out of it, too.
            let concerned = !positions.is_empty()
                || (!command.takes_files() && job.types.is_empty() && self.takes_away(job));
            if has_files && !concerned {
                self.job_report(number).state = State::Idle;
                continue;
            }
            numbers.push(number);
            tools.push(Tool {
                job,
                command,
                positions: positions.clone(),
                fixes: has_files && job.fix != Fix::No,
            });
        }
        (numbers, tools)
    }

    fn takes_away(&self, job: &Job) -> bool {
        self.source
            .removed
            .iter()
            .any(|path| job.wants(&path.to_str_lossy()))
    }

    fn commands(&mut self, bytes: &Bytes<'_>, wanted: &[Vec<usize>]) -> Result<(), HookError> {
        let (numbers, tools) = self.tools(wanted);
        if tools.is_empty() {
            return Ok(());
        }
        let Started { run, ready } = match self.started.take() {
            Some(started) => started,
            None => Started::new(&self.surroundings.repository)?,
        };
        let input = run.folder().join("input");
        if !self.request.input.is_empty() {
            std::fs::write(&input, self.request.input).map_err(|source| SnapshotError::Io {
                path: input.clone(),
                source,
            })?;
        }
        let message = self.request.message.map(std::path::absolute);
        let message = message.and_then(Result::ok);
        let before = self.mended.clone();
        let runner = Runner {
            repository: &self.surroundings.repository,
            source: self.source,
            bytes,
            objects: self.objects,
            ignores: &self.surroundings.ignores,
            run: &run,
            ready: Mutex::new(ready),
            fix: self.fix,
            strict: self.request.ci,
            has_files: self.request.hook.has_files(),
            message: message.as_deref(),
            input: (!self.request.input.is_empty()).then_some(&*input),
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
                    SnapshotError::Git(GitError::Locked(lock)) => format!(
                        "wait until the other git command has ended; where none is running, rm {}",
                        lock.display()
                    ),
                    _ => "commit again".to_owned(),
                },
            });
        }
    }
}

//! Runs the commands of a run: side by side as far as cores and files allow, fixers before
//! those that only look at the same files.

use super::bytes::Bytes;
use super::capture::Capture;
use super::command::{self, Missing};
use super::fixer::Mended;
use super::guardian::Task;
use super::place::Difference;
use super::process::{self, End, Ready};
use super::report::{JobReport, State};
use super::snapshot::{Content, Folder, Run, SnapshotError, Wanted};
use super::source::Source;
use super::stray::Seen;
use super::{Event, Sink};
use crate::config::hooks::{CommandLine, Job};
use crate::git::{IgnoreSources, Mode, Objects, Repository, blob_id};
use bstr::BStr;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

/// A command of the run.
pub(super) struct Tool<'j> {
    pub(super) job: &'j Job,
    pub(super) command: &'j CommandLine,
    /// Positions of the files that it is given, sorted.
    pub(super) positions: Vec<usize>,
    /// Whether it may rewrite them.
    pub(super) fixes: bool,
}

impl Tool<'_> {
    pub(super) fn is_fixer(&self) -> bool {
        self.fixes
    }

    fn shares_a_file(&self, other: &Self) -> bool {
        let (mut a, mut b) = (
            self.positions.iter().peekable(),
            other.positions.iter().peekable(),
        );
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            match x.cmp(y) {
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Less => a.next(),
                std::cmp::Ordering::Greater => b.next(),
            };
        }
        false
    }
}

/// What the runner works on.
pub(super) struct Runner<'r> {
    pub(super) repository: &'r Repository,
    pub(super) source: &'r Source,
    pub(super) bytes: &'r Bytes<'r>,
    pub(super) objects: &'r Objects,
    pub(super) ignores: &'r IgnoreSources,
    pub(super) run: &'r Run,
    /// For the first command, started while there was other work.
    pub(super) ready: Mutex<Option<Ready>>,
    /// Whether fixes are taken.
    pub(super) fix: bool,
    /// Whether a missing tool is an error.
    pub(super) strict: bool,
    /// Whether the hook is about files: where not, all run in the work tree.
    pub(super) has_files: bool,
    /// The file with the commit's message.
    pub(super) message: Option<&'r Path>,
    /// What git hands a pre-push hook as standard input.
    pub(super) input: Option<&'r Path>,
    /// The value of `PATH`.
    pub(super) path: Option<&'r OsStr>,
    pub(super) interrupted: &'r (dyn Fn() -> bool + Sync),
    pub(super) sink: Sink<'r>,
}

/// How the commands of a run ended.
pub(super) struct Ended {
    /// In the order of the tools.
    pub(super) reports: Vec<JobReport>,
    /// By position: everything that is other than staged, what was given included.
    pub(super) mended: BTreeMap<usize, Mended>,
    /// What a command did that none may.
    pub(super) trouble: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// State that the jobs share.
pub(super) struct Shared {
    /// Which tools have ended.
    done: Vec<bool>,
    /// Processes that run.
    running: usize,
    /// What is other than staged by now, as git stores it.
    pub(super) mended: BTreeMap<usize, Mended>,
    pub(super) folder: Option<Folder>,
    /// What fixers were given or left, as it lies in the folder.
    pub(super) lying: BTreeMap<usize, Mended>,
    /// Tools that ran in the folder.
    pub(super) in_folder: BTreeSet<usize>,
    /// Tools that ran in the work tree, and what that was before the first of them.
    pub(super) in_work_tree: BTreeSet<usize>,
    pub(super) before: Option<Seen>,
}

impl Runner<'_> {
    /// Runs `tools`; `mended` is what the built-in checks made of some files.
    ///
    /// # Errors
    /// When the snapshot cannot be laid out.
    pub(super) fn run(
        &self,
        tools: &[Tool<'_>],
        mended: BTreeMap<usize, Mended>,
    ) -> Result<Ended, SnapshotError> {
        let shared = Mutex::new(Shared {
            done: vec![false; tools.len()],
            running: 0,
            mended,
            folder: None,
            lying: BTreeMap::new(),
            in_folder: BTreeSet::new(),
            in_work_tree: BTreeSet::new(),
            before: None,
        });
        let difference = Difference::new(self.repository, self.source, self.ignores);
        let all = All {
            runner: self,
            tools,
            shared: &shared,
            changed: Condvar::new(),
            cores: OnceLock::new(),
            difference: &difference,
        };
        super::descendants::adopt();
        let reports = if tools.len() == 1 {
            vec![all.one(0)]
        } else {
            all.side_by_side()
        };
        let mut ended = Ended {
            reports,
            mended: BTreeMap::new(),
            trouble: Vec::new(),
            notes: Vec::new(),
        };
        all.strays_of_the_work_tree(&mut ended)?;
        let shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.strays_of_the_folder(tools, &shared, &mut ended);
        ended.mended = shared.mended;
        Ok(ended)
    }
}

pub(super) struct All<'a> {
    pub(super) runner: &'a Runner<'a>,
    pub(super) tools: &'a [Tool<'a>],
    shared: &'a Mutex<Shared>,
    changed: Condvar,
    /// How many processes may run at once; asked when there is one already.
    cores: OnceLock<usize>,
    pub(super) difference: &'a Difference<'a>,
}

/// How all calls of one job ended.
pub(super) struct Calls {
    /// The worst.
    pub(super) end: End,
    pub(super) output: Capture,
}

impl All<'_> {
    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All tools, each in a thread of its own, in their order.
    fn side_by_side(&self) -> Vec<JobReport> {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.tools.len())
                .map(|number| scope.spawn(move || self.one(number)))
                .collect();
            threads
                .into_iter()
                .zip(self.tools)
                .map(|(thread, tool)| {
                    thread.join().unwrap_or_else(|_| {
                        let mut report = JobReport::new(tool.job);
                        report.fail("shipway could not run it", None);
                        report
                    })
                })
                .collect()
        })
    }

    fn one(&self, number: usize) -> JobReport {
        let tool = &self.tools[number];
        let mut report = JobReport::new(tool.job);
        report.files = tool.positions.len();
        let start = self.wait_for_turn(number);
        (self.runner.sink)(Event::Started(&tool.job.name));
        if let Err(error) = self.work(number, &mut report) {
            report.fail(error.to_string(), None);
        }
        report.time = start.elapsed();
        self.lock().done[number] = true;
        self.changed.notify_all();
        (self.runner.sink)(Event::Ended(&report));
        report
    }

    /// Waits for the fixers of the same files; of two fixers the first in the configuration is
    /// the first.
    fn wait_for_turn(&self, number: usize) -> Instant {
        let tool = &self.tools[number];
        let before: Vec<usize> = (0..self.tools.len())
            .filter(|other| *other != number)
            .filter(|other| {
                let earlier = &self.tools[*other];
                earlier.is_fixer()
                    && (!tool.is_fixer() || *other < number)
                    && earlier.shares_a_file(tool)
            })
            .collect();
        let mut shared = self.lock();
        while !before.iter().all(|other| shared.done[*other]) {
            shared = self
                .changed
                .wait(shared)
                .unwrap_or_else(PoisonError::into_inner);
        }
        Instant::now()
    }

    fn work(&self, number: usize, report: &mut JobReport) -> Result<(), SnapshotError> {
        if (self.runner.interrupted)() {
            report.state = State::Interrupted;
            return Ok(());
        }
        let place = self.place(number)?;
        self.work_in(&place, number, report)
    }

    /// Runs a tool where `place` stands for the root of the repository.
    pub(super) fn work_in(
        &self,
        place: &Path,
        number: usize,
        report: &mut JobReport,
    ) -> Result<(), SnapshotError> {
        let (runner, tool) = (self.runner, &self.tools[number]);
        let search =
            command::search_path(tool.job, &runner.repository.root, runner.path, &|folder| {
                runner.source.has_below(folder)
            });
        let folder = tool.job.working_dir.under(place);
        let program = match command::program(tool.job, tool.command, &search, &folder) {
            Ok(program) => program,
            Err(missing) => {
                self.missing(tool.job, missing, report);
                return Ok(());
            }
        };
        if tool.is_fixer() {
            self.remember(tool);
        }
        let mut calls = self.call(tool, &program, &folder, &search);
        if tool.is_fixer()
            && matches!(calls.end, End::Code(code) if code != 0)
            && !self.changes(tool).is_empty()
        {
            // Many fixers fail because they had something to fix: what do they say now?
            let again = self.call(tool, &program, &folder, &search);
            if again.end.is_success() {
                calls.end = again.end;
            } else {
                calls = again;
            }
        }
        judge(&calls.end, tool, report);
        report.output = self.shown(&calls.output, place);
        if tool.is_fixer() {
            self.take(tool, &calls.end, report)?;
        }
        Ok(())
    }

    fn missing(&self, job: &Job, missing: Missing, report: &mut JobReport) {
        let Missing { name, install } = missing;
        report.reason = Some(format!("{name} is not installed"));
        report.mend = install.map_or_else(
            || Some(format!("install {name}, or put its folder on PATH")),
            |install| Some(install.clone()),
        );
        report.state = if job.required || self.runner.strict {
            State::Missing
        } else {
            State::Skipped
        };
    }

    /// The folder that stands for the root of the repository.
    fn place(&self, number: usize) -> Result<PathBuf, SnapshotError> {
        let (runner, tool) = (self.runner, &self.tools[number]);
        if !runner.has_files {
            return Ok(runner.repository.root.clone());
        }
        let mut shared = self.lock();
        let mended = tool
            .positions
            .iter()
            .any(|position| shared.mended.contains_key(position));
        if !tool.is_fixer() && !mended && self.difference.is_none_for(tool.job)? {
            if shared.before.is_none() {
                shared.before = Some(Seen::before(runner, self.difference)?);
            }
            shared.in_work_tree.insert(number);
            return Ok(runner.repository.root.clone());
        }
        shared.in_folder.insert(number);
        self.folder(&mut shared)
    }

    /// The snapshot's folder, laid out when it is first needed.
    pub(super) fn folder(&self, shared: &mut Shared) -> Result<PathBuf, SnapshotError> {
        let folder = match shared.folder.take() {
            Some(folder) => folder,
            None => self.lay_out(&shared.mended)?,
        };
        Ok(shared.folder.insert(folder).tree().to_owned())
    }

    fn lay_out(&self, mended: &BTreeMap<usize, Mended>) -> Result<Folder, SnapshotError> {
        let runner = self.runner;
        (runner.sink)(Event::LayingOut);
        let index = &runner.source.index;
        let mut wanted = Vec::with_capacity(index.len());
        for (position, entry) in index.entries().enumerate() {
            if entry.unmerged || entry.intent_to_add || entry.mode == Mode::Folder {
                continue;
            }
            let (id, mode, content) = match mended.get(&position) {
                Some(mended) => (
                    blob_id(&mended.content)?,
                    mended.mode,
                    Content::Bytes(&mended.content),
                ),
                None => (entry.id, entry.mode, Content::Entry(position)),
            };
            wanted.push(Wanted {
                path: entry.path,
                id,
                mode,
                content,
                skipped: entry.skip_worktree
                    && runner.source.looked.binary_search(&position).is_err(),
            });
        }
        let mut folder = Folder::take(runner.repository)?;
        folder.lay_out(runner.repository, &wanted, runner.source, runner.bytes)?;
        Ok(folder)
    }

    /// All calls of a job, as many at once as there are cores to spare.
    fn call(&self, tool: &Tool<'_>, program: &Path, folder: &Path, search: &OsStr) -> Calls {
        let runner = self.runner;
        let files: Vec<&BStr> = tool
            .positions
            .iter()
            .map(|position| runner.source.index.entry(*position).path)
            .collect();
        let mut env: Vec<(OsString, OsString)> = vec![("PATH".into(), search.to_owned())];
        for (name, value) in &tool.job.env {
            env.push((name.into(), value.into()));
        }
        let mut tasks: Vec<_> = command::tasks(
            tool.job,
            tool.command,
            program,
            folder,
            &files,
            runner.message,
            &env,
        );
        for task in &mut tasks {
            task.input = runner.input.map(Into::into);
        }
        let mut results: Vec<(End, Capture)> = match tasks.as_slice() {
            [task] => vec![self.call_once(tool, task)],
            tasks => std::thread::scope(|scope| {
                let threads: Vec<_> = tasks
                    .iter()
                    .map(|task| scope.spawn(move || self.call_once(tool, task)))
                    .collect();
                threads
                    .into_iter()
                    .filter_map(|thread| thread.join().ok())
                    .collect()
            }),
        };
        let mut calls = Calls {
            end: End::Code(0),
            output: Capture::default(),
        };
        for (end, output) in results.drain(..) {
            calls.output.append(&output);
            if calls.end.is_success() || matches!(end, End::Interrupted | End::TimedOut) {
                calls.end = end;
            }
        }
        calls
    }

    fn call_once(&self, tool: &Tool<'_>, task: &Task) -> (End, Capture) {
        let runner = self.runner;
        self.take_core();
        let ready = runner.ready.lock().ok().and_then(|mut ready| ready.take());
        let ended = process::run(
            task,
            ready,
            runner.run.lock(),
            tool.job.timeout,
            runner.interrupted,
        );
        self.lock().running -= 1;
        self.changed.notify_all();
        ended
    }

    fn take_core(&self) {
        let mut shared = self.lock();
        while shared.running > 0 && shared.running >= self.cores() {
            shared = self
                .changed
                .wait(shared)
                .unwrap_or_else(PoisonError::into_inner);
        }
        shared.running += 1;
    }

    fn cores(&self) -> usize {
        let count = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        *self.cores.get_or_init(count)
    }

    /// What the job says, with the names of the work tree instead of the folder's.
    fn shown(&self, output: &Capture, place: &Path) -> String {
        let root = &self.runner.repository.root;
        let text = output.text();
        if place == root {
            text
        } else {
            text.replace(&*place.to_string_lossy(), &root.to_string_lossy())
        }
    }
}

/// What the end of a command says.
pub(super) fn judge(end: &End, tool: &Tool<'_>, report: &mut JobReport) {
    match end {
        End::Code(0) => {}
        End::Code(code) => report.fail(format!("it ended with exit code {code}"), None),
        End::Signal(signal) => report.fail(format!("it was ended by signal {signal}"), None),
        End::TimedOut => {
            let seconds = tool.job.timeout.unwrap_or_default().as_secs_f64();
            report.fail(
                format!("it took longer than {seconds} s and was ended with all its children"),
                tool.job
                    .place
                    .as_ref()
                    .map(|place| format!("give it more time at {place}, or less to do")),
            );
        }
        End::Interrupted => report.state = State::Interrupted,
        End::Unguarded => report.fail("its guardian was killed, and it with that", None),
        End::NotStarted(reason) => {
            report.fail(format!("it could not be started: {reason}"), None);
        }
    }
}

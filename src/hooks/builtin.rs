//! One pass over the files of a run: who wants which, what the built-in checks say of it, and
//! what becomes of it where they mend.

use super::bytes::{Bytes, BytesReader};
use super::check::{self, Blob, File, Finding, Look, Options};
use super::source::Source;
use crate::config::hooks::{Fix, Job, Patterns};
use crate::git::{Entry, GitError, Mode};
use bstr::{BString, ByteSlice};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Where shipway keeps what it generated.
const KEPT: &str = ".shipway/pristine/";

/// Files up to this number are not worth a second thread.
const FEW: usize = 24;

/// A job of the run, with what it needs to look at one file.
pub(super) struct Looking<'j> {
    pub(super) job: &'j Job,
    /// Its looks at content; none where it is a command.
    looks: Vec<fn(&File, &Options) -> check::Outcome>,
    options: Options,
    /// Whether it may mend.
    fixes: bool,
}

impl<'j> Looking<'j> {
    /// `fix` says whether the run may mend anything.
    pub(super) fn new(job: &'j Job, fix: bool) -> Self {
        let looks = job
            .check()
            .and_then(|check| check::find(check.id.name()))
            .map_or(&[][..], |check| check.looks)
            .iter()
            .filter_map(|look| match look {
                Look::Content(look) => Some(*look),
                _ => None,
            })
            .collect();
        let options = job
            .check()
            .map(|check| super::job::options(&check.options))
            .unwrap_or_default();
        Self {
            job,
            looks,
            options,
            fixes: fix && job.fix != Fix::No,
        }
    }

    /// Takes what `list` says of values that are no secrets.
    pub(super) fn allow(&mut self, list: &str) -> Result<(), check::NoHash> {
        self.options.allow.read(list)
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// What its check looks at beside content.
    pub(super) fn other_looks(&self) -> impl Iterator<Item = &'static Look> + use<> {
        self.job
            .check()
            .and_then(|check| check::find(check.id.name()))
            .map_or(&[][..], |check| check.looks)
            .iter()
            .filter(|look| !matches!(look, Look::Content(_)))
    }

    /// What its looks at content say of `file`.
    pub(super) fn findings(&self, file: &File<'_>) -> Vec<Finding> {
        self.looks
            .iter()
            .flat_map(|look| look(file, &self.options).findings)
            .collect()
    }

    fn is_command(&self) -> bool {
        self.job.command().is_some()
    }
}

/// What the pass found; jobs are numbered as they were given.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// Findings that stand, by job.
    pub(super) findings: Vec<(usize, Finding)>,
    /// Findings that [`Pass::fixed`] has mended, by job.
    pub(super) mended: Vec<(usize, Finding)>,
    /// Positions of files with what they became, sorted.
    pub(super) fixed: BTreeMap<usize, Vec<u8>>,
    /// Positions of the files that each job wants, sorted.
    pub(super) wanted: Vec<Vec<usize>>,
}

impl Pass {
    fn of(jobs: usize) -> Self {
        Self {
            wanted: vec![Vec::new(); jobs],
            ..Self::default()
        }
    }

    /// `later` is of files behind those of this one.
    fn join(mut self, later: Self) -> Self {
        self.findings.extend(later.findings);
        self.mended.extend(later.mended);
        self.fixed.extend(later.fixed);
        for (mine, theirs) in self.wanted.iter_mut().zip(later.wanted) {
            mine.extend(theirs);
        }
        self
    }
}

/// What a pass looks at.
#[derive(Clone, Copy)]
pub(super) struct View<'v> {
    pub(super) source: &'v Source,
    pub(super) bytes: &'v Bytes<'v>,
    pub(super) jobs: &'v [Looking<'v>],
    /// Files that no job looks at.
    pub(super) exclude: &'v Patterns,
    /// Whether files are looked at that the commit does not change.
    pub(super) everything: bool,
}

/// Looks at the files at `positions`; `mended` holds contents that replace those of the index.
pub(super) fn pass(
    view: View<'_>,
    positions: &[usize],
    mended: &BTreeMap<usize, Vec<u8>>,
) -> Result<Pass, GitError> {
    let View {
        source,
        bytes,
        jobs,
        exclude,
        everything,
    } = view;
    let worker = || Worker {
        source,
        bytes: bytes.reader(),
        mended,
        jobs,
        exclude,
        everything,
        buffer: Vec::new(),
        path: String::new(),
    };
    if positions.len() <= FEW {
        let mut worker = worker();
        let mut pass = Pass::of(jobs.len());
        for position in positions {
            worker.file(*position, &mut pass)?;
        }
        return Ok(pass);
    }
    positions
        .par_chunks(32)
        .map_init(worker, |worker, chunk| {
            let mut pass = Pass::of(jobs.len());
            for position in chunk {
                worker.file(*position, &mut pass)?;
            }
            Ok(pass)
        })
        .try_reduce(|| Pass::of(jobs.len()), |a, b| Ok(a.join(b)))
}

struct Worker<'w> {
    source: &'w Source,
    bytes: BytesReader<'w>,
    mended: &'w BTreeMap<usize, Vec<u8>>,
    jobs: &'w [Looking<'w>],
    exclude: &'w Patterns,
    everything: bool,
    buffer: Vec<u8>,
    path: String,
}

impl Worker<'_> {
    fn file(&mut self, position: usize, pass: &mut Pass) -> Result<(), GitError> {
        let entry = self.source.index.entry(position);
        let Some(mode) = kind(entry.mode) else {
            return Ok(());
        };
        self.path.clear();
        self.path.push_str(&entry.path.to_str_lossy());
        // What was generated stays as it was: init compares with it.
        if self.path.starts_with(KEPT)
            || (!self.exclude.is_empty() && self.exclude.matches(&self.path))
        {
            return Ok(());
        }
        let mut content = false;
        for (number, looking) in self.jobs.iter().enumerate() {
            let about = if looking.is_command() {
                entry.mode.is_file()
            } else {
                !looking.looks.is_empty()
            };
            if about && looking.job.wants(&self.path) {
                pass.wanted[number].push(position);
                content |= !looking.is_command() || !looking.job.types.is_empty();
            }
        }
        if content {
            self.content(position)?;
            self.look(position, &entry, mode, pass);
        }
        Ok(())
    }

    fn content(&mut self, position: usize) -> Result<(), GitError> {
        if let Some(content) = self.mended.get(&position) {
            self.buffer.clear();
            self.buffer.extend_from_slice(content);
            return Ok(());
        }
        self.source
            .read(position, &mut self.bytes, &mut self.buffer)
    }

    /// Shows the file to every job that wants it, and its successor to those after one that
    /// mended it.
    fn look(&self, position: usize, entry: &Entry<'_>, mode: check::Mode, pass: &mut Pass) {
        let mut fixed: Option<Vec<u8>> = None;
        let mut next = None;
        let size = self.buffer.len() as u64;
        // To find out what was before takes time, and matters only for what is large now.
        let large = self
            .jobs
            .iter()
            .any(|looking| size > looking.options.max_size);
        let before = if large && !self.everything {
            self.source.size_before(position, &self.bytes)
        } else {
            Some(size)
        };
        let lfs = self.source.is_lfs(position);
        let has = |path: &bstr::BStr| self.source.has(path);
        let read = |path: &bstr::BStr| self.beside(path);
        let beside = check::Beside {
            has: &has,
            read: &read,
        };
        loop {
            let blob = Blob {
                path: entry.path,
                mode,
                content: fixed.as_deref().unwrap_or(&self.buffer),
                before,
                lfs,
            };
            let file = File::new(blob).within(&beside);
            let Some((at, content)) = self.look_from(next, position, &file, pass) else {
                break;
            };
            next = Some(at);
            fixed = Some(content);
        }
        if let Some(content) = fixed.filter(|content| *content != self.buffer) {
            pass.fixed.insert(position, content);
        }
    }

    /// Another file of the commit, as it will be.
    fn beside(&self, path: &bstr::BStr) -> Option<Vec<u8>> {
        let position = self.source.index.find(path)?;
        if let Some(content) = self.mended.get(&position) {
            return Some(content.clone());
        }
        let mut content = Vec::new();
        let mut reader = self.bytes.another();
        self.source.read(position, &mut reader, &mut content).ok()?;
        Some(content)
    }

    /// Begins with the first job, or goes on with the job and look `from`; gives where to go on
    /// with another content.
    fn look_from(
        &self,
        from: Option<(usize, usize)>,
        position: usize,
        file: &File<'_>,
        pass: &mut Pass,
    ) -> Option<((usize, usize), Vec<u8>)> {
        let (job, done) = from.unwrap_or((0, 0));
        for (number, looking) in self.jobs.iter().enumerate().skip(job) {
            if pass.wanted[number].last() != Some(&position) {
                continue;
            }
            let goes_on = from.is_some() && number == job;
            if !goes_on && !looking.job.is_of(|tag| file.is(tag)) {
                pass.wanted[number].pop();
                continue;
            }
            let first = if goes_on { done } else { 0 };
            for (at, look) in looking.looks.iter().enumerate().skip(first) {
                let outcome = look(file, &looking.options);
                let mends = looking.fixes && outcome.fixed.is_some();
                for finding in outcome.findings {
                    let list = if mends && finding.fixable {
                        &mut pass.mended
                    } else {
                        &mut pass.findings
                    };
                    list.push((number, finding));
                }
                if mends && let Some(content) = outcome.fixed {
                    return Some(((number, at + 1), content));
                }
            }
        }
        None
    }
}

pub(super) fn kind(mode: Mode) -> Option<check::Mode> {
    match mode {
        Mode::Regular => Some(check::Mode::Regular),
        Mode::Executable => Some(check::Mode::Executable),
        Mode::Symlink => Some(check::Mode::Symlink),
        Mode::Submodule => Some(check::Mode::Submodule),
        Mode::Folder => None,
    }
}

/// What the checks of the whole listing say.
pub(super) fn listing(view: View<'_>) -> Result<Vec<(usize, Finding)>, GitError> {
    let View {
        source,
        bytes,
        jobs,
        exclude,
        everything,
    } = view;
    let of = |looking: &Looking| {
        looking
            .job
            .check()
            .and_then(|check| check::find(check.id.name()))
            .map_or(&[][..], |check| check.looks)
            .iter()
            .filter_map(|look| match look {
                Look::Listing(look) => Some(*look),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    let looks: Vec<_> = jobs.iter().map(of).collect();
    if looks.iter().all(Vec::is_empty) {
        return Ok(Vec::new());
    }
    let mut reader = bytes.reader();
    let mut targets: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    for (position, entry) in source.index.entries().enumerate() {
        if entry.mode == Mode::Symlink && !entry.unmerged {
            let mut target = Vec::new();
            reader.read(&entry, &mut target)?;
            targets.insert(position, target);
        }
    }
    let mut replaced: BTreeMap<usize, (Vec<u8>, Vec<u8>)> = BTreeMap::new();
    for (position, link) in &source.links {
        let entry = source.index.entry(*position);
        let (mut target, mut content) = (Vec::new(), Vec::new());
        reader.blob(*link, &mut target)?;
        // A name and the end of a line; what is larger is another file.
        if reader
            .size(entry.id)
            .is_some_and(|size| size <= target.len() as u64 + 2)
        {
            reader.read(&entry, &mut content)?;
            replaced.insert(*position, (target, content));
        }
    }
    let mut looked = source.looked.iter().copied().peekable();
    let entries: Vec<check::Entry> = source
        .index
        .entries()
        .enumerate()
        .filter_map(|(position, entry)| {
            let changed = looked.next_if_eq(&position).is_some() || everything;
            (!entry.unmerged && !entry.intent_to_add).then_some(())?;
            Some(check::Entry {
                path: entry.path,
                mode: kind(entry.mode)?,
                changed,
                target: targets.get(&position).map(|target| target.as_bstr()),
                replaced: replaced
                    .get(&position)
                    .map(|(target, content)| check::Replaced {
                        target: target.as_bstr(),
                        content: content.as_bstr(),
                    }),
            })
        })
        .collect();
    let removed: Vec<&bstr::BStr> = source.removed.iter().map(|path| path.as_bstr()).collect();
    let listing = check::Listing {
        entries: &entries,
        removed: &removed,
    };
    let mut found = Vec::new();
    for (number, looks) in looks.iter().enumerate() {
        let looking = &jobs[number];
        for look in looks {
            let about = look(&listing, &looking.options)
                .into_iter()
                .filter(|finding| {
                    finding.path.as_ref().is_none_or(|path: &BString| {
                        let path = path.to_str_lossy();
                        looking.job.wants(&path)
                            && !exclude.matches(&path)
                            && !path.starts_with(KEPT)
                    })
                });
            found.extend(about.map(|finding| (number, finding)));
        }
    }
    Ok(found)
}

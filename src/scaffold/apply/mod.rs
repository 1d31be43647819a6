//! Writes a plan into the work tree: all of it or nothing, whatever happens meanwhile.
//!
//! Every new content is staged and every present one backed up under git's own folder, then the
//! journal is written, then each file is moved into place. Moving the folder with the journal
//! into the history ends it. Whoever finds a journal that was not moved takes the steps back.
//! Each of the three is on the disk before the next begins, so that the same holds after a power
//! cut.

mod disk;
mod error;
mod journal;
mod repair;

pub(super) use disk::mode_of;
pub use error::ApplyError;
pub use repair::Repair;

use super::lock::sha256;
use super::plan::Change;
use crate::git::Repository;
use crate::project::RelPath;
use backon::{BlockingRetryable, ExponentialBuilder};
use disk::FileSystem;
use error::at;
use journal::{Entry, Journal, Store};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many applies can be taken back.
const HISTORY: usize = 10;
/// How often the lock is asked for again: about a second in all.
const PATIENCE: usize = 10;

/// What was just done; told to the sink, which may ask to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    Staged(&'a RelPath),
    BackedUp(&'a RelPath),
    /// From here on the apply is finished or taken back.
    Journalled,
    FolderMade(&'a str),
    Installed(&'a RelPath),
    /// Every file is in place, and nothing stops it any more. It is brought to the disk while this is
    /// heard.
    InPlace,
    Finished,
}

/// Hears of every step; `Break` takes everything back.
pub type Sink<'s> = &'s mut dyn FnMut(Step) -> ControlFlow<()>;

/// A file that is written before the journal is: a new content or the backup of a present one.
struct Copy<'c> {
    to: PathBuf,
    content: Cow<'c, [u8]>,
    mode: u32,
    /// Whose owner it gets.
    like: Option<PathBuf>,
    step: Step<'c>,
}

/// What one apply is to do.
struct Run<'r> {
    changes: &'r [Change],
    /// Folders that go at the end, where they are empty by then; outermost first.
    emptied: Vec<String>,
    command: &'r str,
    undoes: Option<u32>,
}

/// An apply that can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Past {
    /// Its number; the highest is taken back first.
    pub number: u32,
    /// `init`, `update`, …; empty where that was not noted.
    pub command: String,
    /// Seconds since 1970; 0 where that was not noted.
    #[serde(skip)]
    pub at: i64,
    /// What it wrote or took away.
    pub paths: Vec<String>,
}

/// The right to change one repository; held by one process at a time.
pub struct Session<'r> {
    repository: &'r Repository,
    lock: File,
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // Closing is not enough where a child that was just forked has the file open too.
        let _ = self.lock.unlock();
    }
}

/// Whether an apply was begun and never ended. Reads only.
#[must_use]
pub fn is_unfinished(repository: &Repository) -> bool {
    open_store(repository).journal().exists()
}

fn open_store(repository: &Repository) -> Store {
    Store {
        folder: repository.private_dir.join("apply"),
    }
}

impl<'r> Session<'r> {
    /// Waits for nobody: fails where another process has the repository.
    ///
    /// # Errors
    /// Busy, or git's folder cannot be written.
    pub fn open(repository: &'r Repository) -> Result<Self, ApplyError> {
        let private = &repository.private_dir;
        if !private.is_dir() {
            let mut builder = std::fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            match builder.create(private) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                other => other.map_err(at(private))?,
            }
            private
                .parent()
                .map_or(Ok(()), disk::sync)
                .map_err(at(private))?;
        }
        let path = private.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(at(&path))?;
        // A program that a killed run was just starting has the lock, too, until it runs.
        let held = (|| lock.try_lock())
            .retry(
                ExponentialBuilder::default()
                    .with_min_delay(Duration::from_millis(2))
                    .with_max_delay(Duration::from_millis(250))
                    .with_max_times(PATIENCE),
            )
            .when(|error| matches!(error, TryLockError::WouldBlock))
            .call();
        match held {
            Ok(()) => Ok(Self { repository, lock }),
            Err(TryLockError::WouldBlock) => Err(ApplyError::Busy),
            Err(TryLockError::Error(error)) => Err(at(&path)(error)),
        }
    }

    /// Writes `changes`, each only where the file is still what the plan saw.
    ///
    /// # Errors
    /// In every case nothing is left changed.
    pub fn apply(&self, changes: &[Change], command: &str, sink: Sink) -> Result<(), ApplyError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut emptied = BTreeSet::new();
        for change in changes.iter().filter(|change| change.content.is_none()) {
            let mut folder = change.path.parent();
            while !folder.is_root() && emptied.insert(folder.as_str().to_owned()) {
                folder = folder.parent();
            }
        }
        let run = Run {
            changes,
            emptied: emptied.into_iter().collect(),
            command,
            undoes: None,
        };
        self.run(&run, sink)
    }

    /// Writes a copy of a file's content under git's own folder, for its user alone.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn keep(&self, file: &Path, content: &[u8]) -> Result<(), ApplyError> {
        if std::fs::read(file).is_ok_and(|known| known == content) {
            return Ok(());
        }
        let folder = file.parent().unwrap_or(&self.repository.private_dir);
        std::fs::create_dir_all(folder).map_err(at(folder))?;
        disk::write_private(file, content, 0o600, None).map_err(at(file))?;
        disk::sync(file).map_err(at(file))
    }

    /// Takes the last apply back; gives the paths that changed.
    ///
    /// # Errors
    /// Where there is none, or one of its files was edited since.
    pub fn undo(&self, sink: Sink) -> Result<Vec<RelPath>, ApplyError> {
        let Some(&number) = numbers(self.repository)?.last() else {
            return Err(ApplyError::NothingToUndo);
        };
        let store = Store {
            folder: history_dir(self.repository).join(number.to_string()),
        };
        let Some(journal) = store.read().map_err(at(&store.journal()))? else {
            return Err(ApplyError::NothingToUndo);
        };
        let mut changes = Vec::new();
        let mut edited = Vec::new();
        for (index, entry) in journal.steps.iter().enumerate() {
            let now = self.now(entry)?;
            if now == entry.before {
                continue;
            }
            if now != entry.after {
                edited.push(entry.path.clone());
                continue;
            }
            let path = RelPath::parse(&entry.path)
                .map_err(|error| at(&store.journal())(io::Error::other(error)))?;
            let (mut content, mut mode) = (None, None);
            if entry.before.is_some() {
                let backup = store.backup(index);
                content = Some(std::fs::read(&backup).map_err(at(&backup))?);
                mode = Some(disk::mode_of(&backup).map_err(at(&backup))?);
            }
            changes.push(Change {
                path,
                content,
                mode,
                before: now,
            });
        }
        if !edited.is_empty() {
            return Err(ApplyError::Edited(edited));
        }
        let run = Run {
            changes: &changes,
            emptied: journal.folders,
            command: "undo",
            undoes: Some(number),
        };
        self.run(&run, sink)?;
        Ok(changes.into_iter().map(|change| change.path).collect())
    }

    fn run(&self, run: &Run, sink: Sink) -> Result<(), ApplyError> {
        let store = open_store(self.repository);
        let journal = self.stage(&store, run, sink).inspect_err(|_| {
            let _ = std::fs::remove_dir_all(&store.folder);
        })?;
        let result = self.install_all(&store, &journal, run.changes, sink);
        if let Err(error) = result {
            self.take_back(&store, &journal)?;
            return Err(error);
        }
        self.finish_beside(&store, &journal, || {
            // Nothing is left to stop.
            let _ = sink(Step::InPlace);
        })?;
        let _ = sink(Step::Finished);
        Ok(())
    }

    fn stage(&self, store: &Store, run: &Run, sink: Sink) -> Result<Journal, ApplyError> {
        let changes = run.changes;
        let private = &self.repository.private_dir;
        let file_system = FileSystem::of(private)?;
        std::fs::create_dir(&store.folder).map_err(at(&store.folder))?;
        // Where the apply will go when it is done: a disk that is full now is told of in time.
        let history = history_dir(self.repository);
        if !history.is_dir() {
            std::fs::create_dir(&history).map_err(at(&history))?;
        }
        let root = &self.repository.root;
        let mut journal = Journal {
            undoes: run.undoes,
            command: run.command.to_owned(),
            at: jiff::Timestamp::now().as_second(),
            folders: Vec::new(),
            emptied: run.emptied.clone(),
            steps: Vec::with_capacity(changes.len()),
        };
        let mut missing = BTreeSet::new();
        let mut copies = Vec::new();
        for (number, change) in changes.iter().enumerate() {
            let target = change.path.under(root);
            let present = disk::read_if_there(&target).map_err(at(&target))?;
            if present.as_deref().map(sha256) != change.before {
                return Err(ApplyError::Changed(change.path.to_string()));
            }
            let mut like = None;
            if let Some(present) = present {
                let mode = disk::mode_of(&target).map_err(at(&target))?;
                copies.push(Copy {
                    to: store.backup(number),
                    content: Cow::Owned(present),
                    mode,
                    like: Some(target.clone()),
                    step: Step::BackedUp(&change.path),
                });
                like = Some((target, mode));
            }
            if let Some(content) = &change.content {
                let kept = like.as_ref().map(|(_, mode)| *mode);
                copies.push(Copy {
                    to: store.staged(number),
                    content: Cow::Borrowed(content),
                    mode: change.mode.or(kept).unwrap_or(0o644),
                    like: like.map(|(target, _)| target),
                    step: Step::Staged(&change.path),
                });
                missing_folders(root, &change.path, &mut missing);
            }
            journal.steps.push(Entry {
                path: change.path.as_str().to_owned(),
                before: change.before.clone(),
                after: change.content.as_deref().map(sha256),
                temporary: format!(".shipway-{}-{number}", std::process::id()),
            });
        }
        // Sorted, so that the outer folder comes before what is in it.
        journal.folders.extend(missing);
        let draft = store.draft(&journal).map_err(at(&store.journal()))?;
        // One after the other: those who make files in one folder wait for each other.
        for copy in &copies {
            disk::write_private(&copy.to, &copy.content, copy.mode, copy.like.as_deref())
                .map_err(at(&copy.to))?;
        }
        let copies_at = copies.iter().map(|copy| &copy.to);
        let written: Vec<_> = copies_at.chain([&draft, private]).collect();
        file_system.keep(&written)?;
        for copy in &copies {
            proceed(sink(copy.step))?;
        }
        store.begin(&draft).map_err(at(&store.journal()))?;
        Ok(journal)
    }

    fn install_all(
        &self,
        store: &Store,
        journal: &Journal,
        changes: &[Change],
        sink: Sink,
    ) -> Result<(), ApplyError> {
        proceed(sink(Step::Journalled))?;
        let root = &self.repository.root;
        for folder in &journal.folders {
            let path = root.join(folder);
            std::fs::create_dir(&path).map_err(at(&path))?;
            proceed(sink(Step::FolderMade(folder)))?;
        }
        for (number, (change, entry)) in changes.iter().zip(&journal.steps).enumerate() {
            let target = change.path.under(root);
            let result = if change.content.is_some() {
                let temporary = target.with_file_name(&entry.temporary);
                let fresh = entry.before.is_none();
                disk::install(&store.staged(number), &target, &temporary, fresh)
            } else {
                std::fs::remove_file(&target)
            };
            result.map_err(at(&target))?;
            proceed(sink(Step::Installed(&change.path)))?;
        }
        Ok(())
    }

    /// As [`Session::finish`], which mostly waits for the disk, while `work` is done.
    fn finish_beside(
        &self,
        store: &Store,
        journal: &Journal,
        work: impl FnOnce(),
    ) -> Result<(), ApplyError> {
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new();
            let finishing = thread.spawn_scoped(scope, || self.finish(store, journal));
            work();
            match finishing {
                Ok(thread) => thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                // The system gives no thread.
                Err(_) => self.finish(store, journal),
            }
        })
    }

    /// Ends an apply whose files are all in place. Can be cut short and begun again.
    fn finish(&self, store: &Store, journal: &Journal) -> Result<(), ApplyError> {
        let root = &self.repository.root;
        let history = history_dir(self.repository);
        for folder in journal.emptied.iter().rev() {
            // One that is not empty holds something of the user's.
            let _ = std::fs::remove_dir(root.join(folder));
        }
        if let Some(number) = journal.undoes {
            journal.sync(root)?;
            let undone = Store {
                folder: history.join(number.to_string()),
            };
            if undone.folder.exists() {
                undone.discard().map_err(at(&undone.folder))?;
            }
            return store.discard().map_err(at(&store.folder));
        }
        journal.sync(root)?;
        let numbers = numbers(self.repository)?;
        let next = numbers.last().map_or(1, |last| last + 1);
        let entry = history.join(next.to_string());
        if entry.exists() {
            // Without its journal: what a removal that was cut short left.
            std::fs::remove_dir_all(&entry).map_err(at(&entry))?;
        }
        std::fs::rename(&store.folder, &entry).map_err(at(&entry))?;
        disk::sync(&history).map_err(at(&history))?;
        let private = &self.repository.private_dir;
        disk::sync(private).map_err(at(private))?;
        let too_many = (numbers.len() + 1).saturating_sub(HISTORY);
        for old in &numbers[..too_many] {
            // A history that is too long does no harm.
            let _ = std::fs::remove_dir_all(history.join(old.to_string()));
        }
        Ok(())
    }

    fn now(&self, entry: &Entry) -> Result<Option<String>, ApplyError> {
        let target = entry
            .target(&self.repository.root)
            .map_err(at(&self.repository.private_dir))?;
        let content = disk::read_if_there(&target).map_err(at(&target))?;
        Ok(content.as_deref().map(sha256))
    }
}

/// The applies that can be taken back, the last one first. Reads only.
///
/// # Errors
/// Where git's folder cannot be read.
pub fn past(repository: &Repository) -> Result<Vec<Past>, ApplyError> {
    let mut past = Vec::new();
    for number in numbers(repository)?.into_iter().rev() {
        let folder = history_dir(repository).join(number.to_string());
        let store = Store { folder };
        if let Some(journal) = store.read().map_err(at(&store.journal()))? {
            past.push(Past {
                number,
                command: journal.command,
                at: journal.at,
                paths: journal.steps.into_iter().map(|entry| entry.path).collect(),
            });
        }
    }
    Ok(past)
}

fn history_dir(repository: &Repository) -> PathBuf {
    repository.private_dir.join("history")
}

/// Numbers of the applies that can be taken back, oldest first.
fn numbers(repository: &Repository) -> Result<Vec<u32>, ApplyError> {
    let folder = history_dir(repository);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(&folder)(error)),
    };
    let mut numbers: Vec<u32> = entries
        .filter_map(Result::ok)
        .filter(|entry| {
            let folder = entry.path();
            Store { folder }.journal().is_file()
        })
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

fn proceed(answer: ControlFlow<()>) -> Result<(), ApplyError> {
    match answer {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(ApplyError::Interrupted),
    }
}

fn missing_folders(root: &Path, path: &RelPath, made: &mut BTreeSet<String>) {
    let mut folder = path.parent();
    while !folder.is_root() && !made.contains(folder.as_str()) && !folder.under(root).exists() {
        made.insert(folder.as_str().to_owned());
        folder = folder.parent();
    }
}

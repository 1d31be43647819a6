//! Writes a plan into the work tree: all of it or nothing, whatever happens meanwhile.
//!
//! Every new content is staged and every present one backed up under git's own folder, then the
//! journal is written, then each file is moved into place. Moving the folder with the journal
//! into the history ends it. Whoever finds a journal that was not moved takes the steps back.

use super::journal::{self, Entry, Journal, Store};
use super::lock::sha256;
use super::plan::Change;
use crate::git::Repository;
use crate::project::RelPath;
use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// How many applies can be taken back.
const HISTORY: usize = 10;

/// What was just done; told to the sink, which may ask to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    Staged(&'a RelPath),
    BackedUp(&'a RelPath),
    /// From here on the apply is finished or taken back.
    Journalled,
    FolderMade(&'a str),
    Installed(&'a RelPath),
    /// Every file is in place; nothing stops it any more.
    Finished,
}

/// Hears of every step; `Break` takes everything back.
pub type Sink<'s> = &'s mut dyn FnMut(Step) -> ControlFlow<()>;

/// What was done about an apply that never ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// All its files were in place already.
    Finished { files: usize },
    /// These files were put back as they were.
    TakenBack { files: usize },
}

#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    #[error("another shipway is changing this repository; wait for it to end, then run this again")]
    Busy,
    #[error("{} changed while shipway was at work; nothing was written, run it again", .0)]
    Changed(String),
    #[error("cannot write {}: {}; {}", path.display(), reason(source), mend(source, path))]
    Io { path: PathBuf, source: io::Error },
    #[error("interrupted; everything is as it was")]
    Interrupted,
    #[error(
        "an interrupted run could not be taken back, because these were edited since: {}; the \
         contents from before it lie in {}; put right what you need and remove that folder",
        paths.join(", "), backups.display()
    )]
    Conflict {
        paths: Vec<String>,
        backups: PathBuf,
    },
    #[error("there is nothing to undo: shipway has changed nothing here, or all of it was undone")]
    NothingToUndo,
    #[error("not undone, because these were edited since: {}; keep a copy of your edits, restore \
             them with git, then run shipway undo again", .0.join(", "))]
    Edited(Vec<String>),
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

fn mend(error: &io::Error, path: &Path) -> String {
    let what = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "mount it writable".to_owned(),
        ErrorKind::PermissionDenied => {
            let folder = path.parent().unwrap_or(path);
            format!("make {} writable for you", folder.display())
        }
        _ => "put that right".to_owned(),
    };
    format!("nothing was changed; {what} and run shipway again")
}

impl ApplyError {
    /// Whether something that must be there is missing (a writable tree), rather than wrong.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if matches!(
            source.kind(),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
        ))
    }
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

fn at(path: &Path) -> impl FnOnce(io::Error) -> ApplyError {
    let path = path.to_owned();
    move |source| ApplyError::Io { path, source }
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
        }
        let path = private.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(at(&path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { repository, lock }),
            Err(TryLockError::WouldBlock) => Err(ApplyError::Busy),
            Err(TryLockError::Error(error)) => Err(at(&path)(error)),
        }
    }

    /// Ends or takes back an apply that never ended. None where there is none.
    ///
    /// # Errors
    /// Where a file was edited since, or cannot be written.
    pub fn repair(&self) -> Result<Option<Repair>, ApplyError> {
        let store = open_store(self.repository);
        if !store.folder.exists() {
            return Ok(None);
        }
        let journal = store.read().map_err(at(&store.journal()))?;
        let Some(journal) = journal else {
            // Staged and never begun.
            std::fs::remove_dir_all(&store.folder).map_err(at(&store.folder))?;
            return Ok(None);
        };
        let files = journal.steps.len();
        let mut done = true;
        for entry in &journal.steps {
            done &= self.now(entry)? == entry.after;
        }
        if done {
            self.finish(&store, &journal)?;
            return Ok(Some(Repair::Finished { files }));
        }
        self.take_back(&store, &journal)?;
        Ok(Some(Repair::TakenBack { files }))
    }

    /// Writes `changes`, each only where the file is still what the plan saw.
    ///
    /// # Errors
    /// In every case nothing is left changed.
    pub fn apply(&self, changes: &[Change], sink: Sink) -> Result<(), ApplyError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.run(changes, &[], None, sink)
    }

    /// Takes the last apply back; gives the paths that changed.
    ///
    /// # Errors
    /// Where there is none, or one of its files was edited since.
    pub fn undo(&self, sink: Sink) -> Result<Vec<RelPath>, ApplyError> {
        let Some(&number) = self.history()?.last() else {
            return Err(ApplyError::NothingToUndo);
        };
        let store = Store {
            folder: self.history_dir().join(number.to_string()),
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
                mode = Some(journal::mode_of(&backup).map_err(at(&backup))?);
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
        self.run(&changes, &journal.folders, Some(number), sink)?;
        Ok(changes.into_iter().map(|change| change.path).collect())
    }

    /// `folders` are removed at the end where they are empty.
    fn run(
        &self,
        changes: &[Change],
        folders: &[String],
        undoes: Option<u32>,
        sink: Sink,
    ) -> Result<(), ApplyError> {
        let store = open_store(self.repository);
        let journal = self
            .stage(&store, changes, folders, undoes, sink)
            .inspect_err(|_| {
                let _ = std::fs::remove_dir_all(&store.folder);
            })?;
        let result = self.install_all(&store, &journal, changes, sink);
        if let Err(error) = result {
            self.take_back(&store, &journal)?;
            return Err(error);
        }
        self.finish(&store, &journal)?;
        // It is done: nothing is left to stop.
        let _ = sink(Step::Finished);
        Ok(())
    }

    fn stage(
        &self,
        store: &Store,
        changes: &[Change],
        folders: &[String],
        undoes: Option<u32>,
        sink: Sink,
    ) -> Result<Journal, ApplyError> {
        std::fs::create_dir(&store.folder).map_err(at(&store.folder))?;
        let root = &self.repository.root;
        let mut journal = Journal {
            undoes,
            folders: folders.to_vec(),
            steps: Vec::with_capacity(changes.len()),
        };
        let mut missing = BTreeSet::new();
        for (number, change) in changes.iter().enumerate() {
            let target = change.path.under(root);
            let present = read_if_there(&target).map_err(at(&target))?;
            if present.as_deref().map(sha256) != change.before {
                return Err(ApplyError::Changed(change.path.to_string()));
            }
            if let Some(present) = &present {
                let backup = store.backup(number);
                let mode = journal::mode_of(&target).map_err(at(&target))?;
                journal::write_private(&backup, present, mode).map_err(at(&backup))?;
                journal::same_owner(&target, &backup).map_err(at(&backup))?;
                proceed(sink(Step::BackedUp(&change.path)))?;
            }
            if let Some(content) = &change.content {
                let new = store.staged(number);
                let mode = match (change.mode, &present) {
                    (Some(mode), _) => mode,
                    (None, Some(_)) => journal::mode_of(&target).map_err(at(&target))?,
                    (None, None) => 0o644,
                };
                journal::write_private(&new, content, mode).map_err(at(&new))?;
                if present.is_some() {
                    journal::same_owner(&target, &new).map_err(at(&new))?;
                }
                proceed(sink(Step::Staged(&change.path)))?;
                if undoes.is_none() {
                    missing_folders(root, &change.path, &mut missing);
                }
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
        store.write(&journal).map_err(at(&store.journal()))?;
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
        if journal.undoes.is_none() {
            for folder in &journal.folders {
                let path = root.join(folder);
                std::fs::create_dir(&path).map_err(at(&path))?;
                proceed(sink(Step::FolderMade(folder)))?;
            }
        }
        for (number, (change, entry)) in changes.iter().zip(&journal.steps).enumerate() {
            let target = change.path.under(root);
            let result = if change.content.is_some() {
                let temporary = target.with_file_name(&entry.temporary);
                let fresh = entry.before.is_none();
                journal::install(&store.staged(number), &target, &temporary, fresh)
            } else {
                std::fs::remove_file(&target)
            };
            result.map_err(at(&target))?;
            proceed(sink(Step::Installed(&change.path)))?;
        }
        Ok(())
    }

    fn finish(&self, store: &Store, journal: &Journal) -> Result<(), ApplyError> {
        if let Some(number) = journal.undoes {
            for folder in journal.folders.iter().rev() {
                // One that is no longer empty holds something of the user's.
                let _ = std::fs::remove_dir(self.repository.root.join(folder));
            }
            let undone = self.history_dir().join(number.to_string());
            if undone.exists() {
                std::fs::remove_dir_all(&undone).map_err(at(&undone))?;
            }
            return std::fs::remove_dir_all(&store.folder).map_err(at(&store.folder));
        }
        let history = self.history_dir();
        if !history.is_dir() {
            std::fs::create_dir(&history).map_err(at(&history))?;
        }
        let numbers = self.history()?;
        let next = numbers.last().map_or(1, |last| last + 1);
        let entry = history.join(next.to_string());
        std::fs::rename(&store.folder, &entry).map_err(at(&entry))?;
        let too_many = (numbers.len() + 1).saturating_sub(HISTORY);
        for old in &numbers[..too_many] {
            // A history that is too long does no harm.
            let _ = std::fs::remove_dir_all(history.join(old.to_string()));
        }
        Ok(())
    }

    /// Can be cut short and begun again at any point.
    fn take_back(&self, store: &Store, journal: &Journal) -> Result<(), ApplyError> {
        let root = &self.repository.root;
        let mut edited = Vec::new();
        for (number, entry) in journal.steps.iter().enumerate().rev() {
            let target = entry
                .target(root)
                .map_err(|error| at(&store.journal())(error))?;
            let temporary = target.with_file_name(&entry.temporary);
            if temporary.exists() {
                std::fs::remove_file(&temporary).map_err(at(&temporary))?;
            }
            let now = self.now(entry)?;
            if now == entry.before {
                continue;
            }
            if now != entry.after {
                // Still staged, then the file was changed by somebody else before we came to it.
                if !store.staged(number).exists() || entry.after.is_none() {
                    edited.push(entry.path.clone());
                }
                continue;
            }
            let result = if entry.before.is_some() {
                journal::install(&store.backup(number), &target, &temporary, false)
            } else {
                std::fs::remove_file(&target)
            };
            result.map_err(at(&target))?;
        }
        if journal.undoes.is_none() {
            for folder in journal.folders.iter().rev() {
                // One that was not made yet, or holds something of the user's by now.
                let _ = std::fs::remove_dir(root.join(folder));
            }
        }
        if edited.is_empty() {
            return std::fs::remove_dir_all(&store.folder).map_err(at(&store.folder));
        }
        // The next run must not stumble over it again; the backups stay where the message says.
        let mut backups = self.repository.private_dir.join("conflict");
        let mut number = 1;
        while backups.exists() {
            number += 1;
            backups = self
                .repository
                .private_dir
                .join(format!("conflict-{number}"));
        }
        std::fs::rename(&store.folder, &backups).map_err(at(&backups))?;
        Err(ApplyError::Conflict {
            paths: edited,
            backups,
        })
    }

    fn now(&self, entry: &Entry) -> Result<Option<String>, ApplyError> {
        let target = entry
            .target(&self.repository.root)
            .map_err(at(&self.repository.private_dir))?;
        let content = read_if_there(&target).map_err(at(&target))?;
        Ok(content.as_deref().map(sha256))
    }

    fn history_dir(&self) -> PathBuf {
        self.repository.private_dir.join("history")
    }

    /// Numbers of the applies that can be taken back, oldest first.
    fn history(&self) -> Result<Vec<u32>, ApplyError> {
        let folder = self.history_dir();
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(at(&folder)(error)),
        };
        let mut numbers: Vec<u32> = entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }
}

fn proceed(answer: ControlFlow<()>) -> Result<(), ApplyError> {
    match answer {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(ApplyError::Interrupted),
    }
}

/// None where nothing is there; a link is never followed.
fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => std::fs::read(path).map(Some),
        Ok(_) => Err(io::Error::other("it is no file any more")),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn missing_folders(root: &Path, path: &RelPath, made: &mut BTreeSet<String>) {
    let mut folder = path.parent();
    while !folder.is_root() && !made.contains(folder.as_str()) && !folder.under(root).exists() {
        made.insert(folder.as_str().to_owned());
        folder = folder.parent();
    }
}

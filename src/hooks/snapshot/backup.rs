//! What is kept before the first write of a run, and the journal by which a run that was killed
//! is put right.
//!
//! Everything is a plain file below git's own folder: no ref that a push could take along, no
//! object that `git gc` could prune. One folder per run, whose lock is held by shipway and by
//! every guardian of its jobs; a folder whose lock is free is of a run that died. Folders of
//! runs that ended well stay as backups until they are old or too many.

use super::write_back::{identity, identity_of};
use super::{SnapshotError, at};
use crate::git::{Mode, ObjectId, Repository};
use bstr::{BString, ByteSlice, ByteVec};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How long a backup stays.
const AGE: Duration = Duration::from_hours(14 * 24);
/// Bytes that all backups may take together; the oldest go first, the newest always stays.
const SIZE: u64 = 256 * 1024 * 1024;

/// So many runs may be under way in one work tree at once.
const SLOTS: usize = 1000;

/// Name of the journal in a run's folder.
const JOURNAL: &str = "journal.json";

/// Everything that a run is about to write. Complete before the first write.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Journal {
    pub(super) hook: String,
    /// Seconds since 1970.
    pub(super) started: u64,
    pub(super) indexes: Vec<IndexStep>,
    pub(super) files: Vec<FileStep>,
}

impl Journal {
    /// Of a run that writes only files, from now.
    pub(super) fn of_files(hook: &str, files: Vec<FileStep>) -> Self {
        Self {
            hook: hook.to_owned(),
            started: SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs(),
            indexes: Vec::new(),
            files,
        }
    }
}

/// One index file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct IndexStep {
    pub(super) target: PathBuf,
    /// Git's lock, where the run has to take it.
    pub(super) lock: Option<PathBuf>,
    /// Device and inode of the ready file, by which a lock that stayed is told from one of
    /// another process.
    pub(super) identity: (u64, u64),
}

/// One path.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FileStep {
    /// Escaped, for it may hold any bytes.
    path: String,
    /// What the index had, and what it shall have; hexadecimal.
    pub(super) before: String,
    pub(super) after: String,
    pub(super) mode: Mode,
    /// Number of the file in the run's folder that goes into the work tree; None where the
    /// work tree's file stays as it is.
    pub(super) number: Option<usize>,
    /// Where the work tree is on another file system: a file beside the target to go through.
    pub(super) beside: Option<PathBuf>,
    /// Device and inode of the ready file.
    pub(super) identity: (u64, u64),
    /// What the ready file holds, as git names blobs.
    pub(super) content: String,
}

impl FileStep {
    pub(super) fn new(path: &BString, before: ObjectId, after: ObjectId, mode: Mode) -> Self {
        Self {
            path: path.escape_bytes().to_string(),
            before: before.to_string(),
            after: after.to_string(),
            mode,
            number: None,
            beside: None,
            identity: (0, 0),
            content: String::new(),
        }
    }

    pub(super) fn path(&self) -> BString {
        Vec::unescape_bytes(&self.path).into()
    }
}

/// The folder of one run.
pub(in crate::hooks) struct Run {
    folder: PathBuf,
    lock: File,
    /// Whether a journal was written: from then on the folder outlives the run.
    begun: bool,
}

/// Below git's own folder for this work tree.
pub(super) fn parent(repository: &Repository) -> PathBuf {
    repository.private_dir.join("hooks")
}

fn backups(repository: &Repository) -> PathBuf {
    parent(repository).join("backup")
}

impl Run {
    /// Takes a folder for this run, readable by its user alone: one that an earlier run left
    /// empty, or a new one.
    ///
    /// # Errors
    /// When git's own folder cannot be written.
    pub(in crate::hooks) fn new(repository: &Repository) -> Result<Self, SnapshotError> {
        let parent = parent(repository);
        private_folder(&parent)?;
        for number in 0..SLOTS {
            let folder = parent.join(format!("run-{number}"));
            private_folder(&folder)?;
            match Self::locked(folder.clone()) {
                // A journal is of a run that could not be put right.
                Ok(Some(run)) if !run.begun => return Ok(run),
                // Its owner may just have made a backup of it.
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(at(&folder)(error)),
            }
        }
        Err(SnapshotError::Busy(parent))
    }

    /// The run of `folder`; None where a process holds it, or it is somewhere else by now.
    fn locked(folder: PathBuf) -> std::io::Result<Option<Self>> {
        let file = folder.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&file)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if identity(&file) != identity_of(&lock.metadata()?) {
            return Ok(None);
        }
        let begun = folder.join(JOURNAL).exists();
        Ok(Some(Self {
            folder,
            lock,
            begun,
        }))
    }

    /// Folders of runs that died, each with its lock taken.
    pub(super) fn dead(repository: &Repository) -> Vec<Self> {
        let Ok(listing) = fs::read_dir(parent(repository)) else {
            return Vec::new();
        };
        listing
            .flatten()
            .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"run-"))
            .filter_map(|entry| Self::locked(entry.path()).ok().flatten())
            .collect()
    }

    pub(in crate::hooks) fn folder(&self) -> &Path {
        &self.folder
    }

    /// To be held by everything that may write for this run.
    pub(in crate::hooks) fn lock(&self) -> &File {
        &self.lock
    }

    /// Where content number `number` is made ready, and after its exchange what was there.
    pub(super) fn content(&self, number: usize) -> PathBuf {
        self.folder.join(format!("file-{number}"))
    }

    /// From this moment on the run is either finished or taken back.
    pub(super) fn begin(&mut self, journal: &Journal) -> Result<(), SnapshotError> {
        let draft = self.folder.join("journal.draft");
        let text = serde_json::to_vec(journal).map_err(|error| at(&draft)(error.into()))?;
        fs::write(&draft, text).map_err(at(&draft))?;
        let journal = self.folder.join(JOURNAL);
        fs::rename(&draft, &journal).map_err(at(&journal))?;
        self.begun = true;
        Ok(())
    }

    /// Nothing was written after all, or all of it was taken back.
    pub(super) fn forget(&mut self) -> Result<(), SnapshotError> {
        let journal = self.folder.join(JOURNAL);
        match fs::remove_file(&journal) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(at(&journal)(error)),
            _ => {
                self.begun = false;
                Ok(())
            }
        }
    }

    /// None where the run had written nothing.
    pub(super) fn journal(&self) -> Result<Option<Journal>, SnapshotError> {
        let file = self.folder.join(JOURNAL);
        match fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(|error| at(&file)(error.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&file)(error)),
        }
    }

    /// Ends the run: its folder becomes a backup where it has a journal. Gives the backup.
    pub(super) fn finish(
        mut self,
        repository: &Repository,
    ) -> Result<Option<PathBuf>, SnapshotError> {
        if !self.begun {
            return Ok(None);
        }
        let parent = backups(repository);
        private_folder(&parent)?;
        let name = self.folder.file_name().unwrap_or_default().to_os_string();
        let seconds = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis();
        let mut target = std::ffi::OsString::from(format!("{seconds}-"));
        target.push(name);
        let target = parent.join(target);
        fs::rename(&self.folder, &target).map_err(at(&target))?;
        // What is left of the run is a backup; its drop must not remove it.
        self.folder.clone_from(&target);
        expire(&parent, SystemTime::now());
        Ok(Some(target))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // A guardian without a job may be ending still, and have the lock open.
        let _ = self.lock.unlock();
        if !self.begun {
            // What stays the next run that takes the folder finds in its way, or takes away.
            for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
                if entry.file_name() != "lock" {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
    }
}

pub(super) fn private_folder(folder: &Path) -> Result<(), SnapshotError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(at(folder))
}

/// Takes away backups that are too old, and the oldest while all are too large.
fn expire(parent: &Path, now: SystemTime) {
    let Ok(listing) = fs::read_dir(parent) else {
        return;
    };
    let mut found: Vec<(SystemTime, u64, PathBuf)> = listing
        .flatten()
        .filter_map(|entry| {
            let modified = entry.metadata().ok()?.modified().ok()?;
            Some((modified, size(&entry.path()), entry.path()))
        })
        .collect();
    found.sort();
    found.reverse();
    let mut total = 0;
    for (position, (modified, size, path)) in found.into_iter().enumerate() {
        total += size;
        let old = now.duration_since(modified).is_ok_and(|age| age > AGE);
        if position > 0 && (old || total > SIZE) {
            // It is tried again at the next run.
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// What files were before a run mended them.
#[derive(Debug, Clone, Serialize)]
pub struct Backup {
    /// Seconds since 1970.
    pub at: i64,
    pub hook: String,
    pub folder: PathBuf,
    pub files: Vec<BackupFile>,
}

#[derive(Debug, Clone, Serialize)]
pub struct BackupFile {
    /// What is no UTF-8 in it is escaped.
    pub path: String,
    /// The file of the work tree as it was; None where that was not written.
    pub before: Option<PathBuf>,
    /// What was staged.
    pub staged: PathBuf,
}

/// The backups of this work tree, newest first.
#[must_use]
pub fn list(repository: &Repository) -> Vec<Backup> {
    let Ok(listing) = fs::read_dir(backups(repository)) else {
        return Vec::new();
    };
    let mut found: Vec<Backup> = listing
        .flatten()
        .filter_map(|entry| {
            let folder = entry.path();
            let text = fs::read(folder.join(JOURNAL)).ok()?;
            let journal: Journal = serde_json::from_slice(&text).ok()?;
            let file = |(number, step): (usize, &FileStep)| BackupFile {
                path: step.path.clone(),
                before: step
                    .number
                    .map(|number| folder.join(format!("file-{number}"))),
                staged: folder.join(format!("base-{number}")),
            };
            Some(Backup {
                at: i64::try_from(journal.started).unwrap_or_default(),
                hook: journal.hook,
                files: journal.files.iter().enumerate().map(file).collect(),
                folder,
            })
        })
        .collect();
    found.sort_by_key(|backup| std::cmp::Reverse(backup.at));
    found
}

fn size(folder: &Path) -> u64 {
    let Ok(listing) = fs::read_dir(folder) else {
        return 0;
    };
    listing
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .map(|metadata| metadata.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_large_backups_go_and_the_newest_stays() {
        let place = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let make = |name: &str, length: u64, age: Duration| {
            let folder = place.path().join(name);
            fs::create_dir(&folder).unwrap();
            let file = File::create(folder.join("file-0")).unwrap();
            file.set_len(length).unwrap();
            File::open(&folder)
                .unwrap()
                .set_modified(now - age)
                .unwrap();
        };
        let hour = Duration::from_hours(1);
        make("newest-and-huge", 2 * SIZE, hour);
        make("large", SIZE, 2 * hour);
        make("old", 1, AGE + hour);
        expire(place.path(), now);
        let left: Vec<_> = fs::read_dir(place.path())
            .unwrap()
            .flatten()
            .map(|e| e.file_name())
            .collect();
        assert_eq!(left, ["newest-and-huge"]);

        let place = tempfile::tempdir().unwrap();
        let make = |name: &str, age: Duration| {
            let folder = place.path().join(name);
            fs::create_dir(&folder).unwrap();
            File::open(&folder)
                .unwrap()
                .set_modified(now - age)
                .unwrap();
        };
        make("new", hour);
        make("last-week", 7 * 24 * hour);
        make("last-month", 30 * 24 * hour);
        expire(place.path(), now);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
    }
}

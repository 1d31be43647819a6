//! Puts other blobs into an index file, in one step that either happened or did not.

use super::index::{Index, Mode};
use super::{Executable, GitError};
use bstr::{BString, ByteSlice};
use gix_hash::ObjectId;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What a path shall be in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    pub path: BString,
    pub mode: Mode,
    pub id: ObjectId,
}

/// An index file made ready elsewhere, to be moved into place.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The ready file.
    pub file: PathBuf,
    /// The index file that it shall become.
    pub target: PathBuf,
    /// The lock by which git keeps others from `target`; None where whoever called the hook
    /// holds it and `target` is that lock.
    pub lock: Option<PathBuf>,
}

impl Draft {
    /// Copies the file of `index` to `file` and puts `replacements` into the copy. Everything
    /// else of it stays, extensions and flags included.
    ///
    /// # Errors
    /// When `index` is no file's, the disk is full, or git refuses.
    pub fn prepare(
        git: &Executable,
        index: &Index,
        file: PathBuf,
        replacements: &[Replacement],
    ) -> Result<Self, GitError> {
        let failed = |error: std::io::Error| GitError::Index {
            path: file.clone(),
            message: error.to_string(),
        };
        let target = index
            .file()
            .ok_or_else(|| git.failure("a tree cannot be staged into"))?
            .to_owned();
        std::fs::copy(&target, &file).map_err(failed)?;
        let git = git.with_index(&file);
        let mut lines = Vec::new();
        let mut skipped = Vec::new();
        for Replacement { path, mode, id } in replacements {
            lines.extend_from_slice(format!("{} {id}\t", mode.octal()).as_bytes());
            lines.extend_from_slice(path);
            lines.push(0);
            if index
                .find(path.as_bstr())
                .is_some_and(|position| index.entry(position).skip_worktree)
            {
                skipped.extend_from_slice(path);
                skipped.push(0);
            }
        }
        git.output(&["update-index", "-z", "--index-info"], &lines)?;
        if !skipped.is_empty() {
            git.output(
                &["update-index", "-z", "--skip-worktree", "--stdin"],
                &skipped,
            )?;
        }
        let lock = if target.extension().is_some_and(|word| word == "lock") {
            None
        } else {
            let mut name = target.clone().into_os_string();
            name.push(".lock");
            Some(PathBuf::from(name))
        };
        Ok(Self { file, target, lock })
    }

    /// Takes git's lock of the index. Nothing else may have it.
    ///
    /// # Errors
    /// [`GitError::Locked`] where another process does.
    pub fn lock(&self) -> Result<(), GitError> {
        let Some(lock) = &self.lock else {
            return Ok(());
        };
        // One step: the lock is the ready file under a second name.
        match std::fs::hard_link(&self.file, lock) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(GitError::Locked(lock.clone()))
            }
            Err(_) if lock.symlink_metadata().is_ok() => Err(GitError::Locked(lock.clone())),
            // No links on this file system.
            Err(_) => copy_new(&self.file, lock).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => GitError::Locked(lock.clone()),
                _ => GitError::Index {
                    path: lock.clone(),
                    message: error.to_string(),
                },
            }),
        }
    }

    /// Moves the ready file into place and so ends the lock.
    ///
    /// # Errors
    /// Where the file system refuses; the index is then as it was.
    pub fn install(&self) -> Result<(), GitError> {
        let from = self.lock.as_ref().unwrap_or(&self.file);
        std::fs::rename(from, &self.target).map_err(|error| GitError::Index {
            path: self.target.clone(),
            message: error.to_string(),
        })?;
        if self.lock.is_some() {
            // Its second name; where it stays, the next run sweeps it away.
            let _ = std::fs::remove_file(&self.file);
        }
        Ok(())
    }

    /// Gives the lock back without having changed anything. A lock of another process stays.
    pub fn unlock(&self) {
        if let Some(lock) = &self.lock
            && same_file(&self.file, lock)
        {
            let _ = std::fs::remove_file(lock);
        }
    }
}

fn copy_new(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut target = std::fs::File::options()
        .write(true)
        .create_new(true)
        .open(to)?;
    std::io::copy(&mut std::fs::File::open(from)?, &mut target)?;
    Ok(())
}

/// Whether both names are of one file, or of two with one content.
fn same_file(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(a), Ok(b)) = (a.symlink_metadata(), b.symlink_metadata()) {
        use std::os::unix::fs::MetadataExt;
        if (a.dev(), a.ino()) == (b.dev(), b.ino()) {
            return true;
        }
    }
    matches!((std::fs::read(a), std::fs::read(b)), (Ok(a), Ok(b)) if a == b)
}

//! The journal of an apply: what it is about to do, and how to take it back.

use crate::project::RelPath;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

const FILE: &str = "journal.json";

/// Everything that one apply does. It is complete before the first step is taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Journal {
    /// The entry of the history that this takes back.
    pub undoes: Option<u32>,
    /// Folders that will be made, outermost first.
    pub folders: Vec<String>,
    pub steps: Vec<Entry>,
}

/// One file: its state before and after.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Relative to the root, in `/` form.
    pub path: String,
    /// SHA-256 of the content; None where there is no file.
    pub before: Option<String>,
    pub after: Option<String>,
    /// Name of the file beside the target through which it goes where a rename cannot.
    pub temporary: String,
}

/// A folder with a journal, the staged contents and the backups: `apply`, or one of `history`.
pub(super) struct Store {
    pub folder: PathBuf,
}

impl Store {
    pub(super) fn staged(&self, number: usize) -> PathBuf {
        self.folder.join(format!("new-{number}"))
    }

    pub(super) fn backup(&self, number: usize) -> PathBuf {
        self.folder.join(format!("old-{number}"))
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// None where there is no complete journal.
    pub(super) fn read(&self) -> io::Result<Option<Journal>> {
        match std::fs::read(self.journal()) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// From this moment on, the apply is either finished or taken back.
    pub(super) fn write(&self, journal: &Journal) -> io::Result<()> {
        let draft = self.folder.join("journal.draft");
        std::fs::write(&draft, serde_json::to_vec(journal)?)?;
        std::fs::rename(draft, self.journal())
    }
}

impl Entry {
    /// Its target; an error where the journal was tampered with to lead out of the root.
    pub(super) fn target(&self, root: &Path) -> io::Result<PathBuf> {
        RelPath::parse(&self.path)
            .map(|path| path.under(root))
            .map_err(io::Error::other)
    }
}

/// Moves `from` to `to`; through `temporary` beside `to` where they are on two file systems.
/// With `fresh`, a file that has appeared at `to` meanwhile is an error and stays.
pub(super) fn install(from: &Path, to: &Path, temporary: &Path, fresh: bool) -> io::Result<()> {
    let result = if fresh {
        match std::fs::hard_link(from, to) {
            Ok(()) => std::fs::remove_file(from),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            Err(_) if to.symlink_metadata().is_ok() => {
                Err(io::Error::from(io::ErrorKind::AlreadyExists))
            }
            // No links on this file system, or another one.
            Err(_) => std::fs::rename(from, to),
        }
    } else {
        std::fs::rename(from, to)
    };
    match result {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let copied = std::fs::copy(from, temporary)
                .and_then(|_| same_owner(from, temporary))
                .and_then(|()| std::fs::rename(temporary, to));
            if copied.is_err() {
                let _ = std::fs::remove_file(temporary);
            }
            copied?;
            std::fs::remove_file(from)
        }
        other => other,
    }
}

/// Writes a private copy: mode 0600 from the first byte, then `mode`.
pub(super) fn write_private(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    #[cfg(not(unix))]
    let _ = mode;
    Ok(())
}

/// Gives `to` the owner of `like`, where shipway runs as another user that may.
pub(super) fn same_owner(like: &Path, to: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (wanted, has) = (like.metadata()?, to.metadata()?);
        if (wanted.uid(), wanted.gid()) != (has.uid(), has.gid()) {
            std::os::unix::fs::chown(to, Some(wanted.uid()), Some(wanted.gid()))?;
        }
    }
    #[cfg(not(unix))]
    let _ = (like, to);
    Ok(())
}

/// Permission bits of `path`.
pub(super) fn mode_of(path: &Path) -> io::Result<u32> {
    let metadata = path.metadata()?;
    #[cfg(unix)]
    return Ok(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777);
    #[cfg(not(unix))]
    return Ok(if metadata.permissions().readonly() {
        0o444
    } else {
        0o644
    });
}

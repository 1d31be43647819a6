//! Everything that touches files: the snapshot laid out for tools, fixes written back, and what
//! puts both right after a kill. Nothing else of this room writes into a user's tree.

mod backup;
mod folder;
mod kept;
mod recover;
mod write_back;

pub(super) use backup::Run;
pub use backup::{Backup, BackupFile, list as backups};
pub(super) use folder::{Content, Folder, Wanted};
pub(super) use kept::{Kept, put_back};
pub use recover::{Recovery, recover};
pub use write_back::Refused;
pub(super) use write_back::{Fix, Target};

use crate::git::GitError;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("cannot write {}: {}", path.display(), reason(source))]
    Io { path: PathBuf, source: io::Error },
    #[error("too many runs of hooks are at work in {}", .0.display())]
    Busy(PathBuf),
    #[error("files change faster than fixes can be merged into them")]
    KeepsChanging,
    #[error("interrupted; work tree and index are as they were")]
    Interrupted,
    #[error(transparent)]
    Git(#[from] GitError),
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> SnapshotError + use<> {
    let path = path.to_owned();
    move |source| SnapshotError::Io { path, source }
}

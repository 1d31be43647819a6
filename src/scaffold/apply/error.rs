//! Why a plan was not written, as the sentence that a person reads.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

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
             or delete them, then run shipway undo again", .0.join(", "))]
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

/// Makes an error of the system one that names `path`.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> ApplyError {
    let path = path.to_owned();
    move |source| ApplyError::Io { path, source }
}

//! One ref, moved by compare-and-swap, that many processes write at once.

use super::{CommitId, GitError, failure};
use backon::{BlockingRetryable, ExponentialBuilder};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A lock file of a ref that is older was left by a process that was killed: whoever is alive
/// holds it for milliseconds.
const STALE: Duration = Duration::from_secs(10);

/// How often a ref that others keep moving is tried again.
const ATTEMPTS: usize = 50;

/// Why a ref could not be read or moved.
#[derive(Debug, thiserror::Error)]
pub enum RefError {
    /// Another tool wrote it.
    #[error("{name} {what}, which shipway did not write")]
    Foreign { name: String, what: String },
    #[error("{name} was moved by others {attempts} times while it was to be moved")]
    Beaten { name: String, attempts: usize },
    #[error(transparent)]
    Git(#[from] GitError),
}

/// What the ref is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tip {
    Absent,
    Commit(git2::Oid),
}

impl Tip {
    pub(super) fn id(self) -> Option<git2::Oid> {
        match self {
            Self::Absent => None,
            Self::Commit(id) => Some(id),
        }
    }
}

/// Why the ref was not moved.
pub(super) enum Unmoved {
    /// Somebody else moved it or is moving it; read it again.
    Beaten,
    Failed(RefError),
}

/// Where `name` points.
///
/// # Errors
/// When it cannot be read, is symbolic, or points at something that is no commit.
pub(super) fn tip(repository: &git2::Repository, name: &str) -> Result<Tip, RefError> {
    let reference = match repository.find_reference(name) {
        Ok(reference) => reference,
        Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(Tip::Absent),
        Err(error) => return Err(failure(repository.path(), &error).into()),
    };
    let foreign = |what: &str| RefError::Foreign {
        name: name.to_owned(),
        what: what.to_owned(),
    };
    let Some(id) = reference.target() else {
        return Err(foreign("is a symbolic ref"));
    };
    let object = repository
        .find_object(id, None)
        .map_err(|error| failure(repository.path(), &error))?;
    match object.kind() {
        Some(git2::ObjectType::Commit) => Ok(Tip::Commit(id)),
        Some(kind) => Err(foreign(&format!("points at a {}", kind.str()))),
        None => Err(foreign("points at no known object")),
    }
}

/// Moves `name` to the commit that `make` gives for where it is, again and again while others
/// move it meanwhile. `make` gives None where there is nothing to do.
///
/// Processes of shipway wait for one another by a lock of the operating system, which ends with
/// them; other tools are noticed by the compare-and-swap.
///
/// # Errors
/// What `make` fails with; the ref cannot be read or written; it was moved by others
/// [`ATTEMPTS`] times.
pub(super) fn advance(
    repository: &git2::Repository,
    name: &str,
    mut make: impl FnMut(Tip) -> Result<Option<git2::Oid>, RefError>,
) -> Result<(), RefError> {
    let _alone = alone(repository)?;
    let attempt = || {
        let tip = tip(repository, name).map_err(Unmoved::Failed)?;
        match make(tip).map_err(Unmoved::Failed)? {
            Some(to) => swap(repository, name, tip, to),
            None => Ok(()),
        }
    };
    attempt
        .retry(
            ExponentialBuilder::default()
                .with_min_delay(Duration::from_millis(2))
                .with_max_delay(Duration::from_millis(500))
                .with_max_times(ATTEMPTS)
                .with_jitter(),
        )
        .when(|unmoved| matches!(unmoved, Unmoved::Beaten))
        .call()
        .map_err(|unmoved| match unmoved {
            Unmoved::Failed(error) => error,
            Unmoved::Beaten => RefError::Beaten {
                name: name.to_owned(),
                attempts: ATTEMPTS,
            },
        })
}

/// One compare-and-swap.
fn swap(
    repository: &git2::Repository,
    name: &str,
    from: Tip,
    to: git2::Oid,
) -> Result<(), Unmoved> {
    let message = "shipway";
    let moved = match from {
        Tip::Absent => repository.reference(name, to, false, message),
        Tip::Commit(id) => repository.reference_matching(name, to, true, id, message),
    };
    let Err(error) = moved else {
        return Ok(());
    };
    match error.code() {
        git2::ErrorCode::Modified | git2::ErrorCode::Exists => Err(Unmoved::Beaten),
        git2::ErrorCode::Locked => {
            clear_stale(&lock_file(repository, name))
                .map_err(|error| Unmoved::Failed(error.into()))?;
            Err(Unmoved::Beaten)
        }
        _ => Err(Unmoved::Failed(failure(repository.path(), &error).into())),
    }
}

fn lock_file(repository: &git2::Repository, name: &str) -> PathBuf {
    repository.commondir().join(format!("{name}.lock"))
}

/// Removes the lock file that a killed process left. Only called by one process at a time.
fn clear_stale(lock: &Path) -> Result<(), GitError> {
    let age = lock
        .metadata()
        .and_then(|metadata| metadata.modified())
        .ok()
        .and_then(|modified| SystemTime::now().duration_since(modified).ok());
    if age.is_none_or(|age| age < STALE) {
        return Ok(());
    }
    match std::fs::remove_file(lock) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(GitError::Git {
            path: lock.to_owned(),
            message: format!("this lock was left by a killed process: {error}"),
        }),
        _ => Ok(()),
    }
}

/// Waits until no other process of shipway moves a ref of this repository. None on a file
/// system without locks, where the compare-and-swap alone decides.
fn alone(repository: &git2::Repository) -> Result<Option<File>, GitError> {
    let path = repository.commondir().join("shipway");
    let failed = |error: &std::io::Error| GitError::Git {
        path: path.clone(),
        message: error.to_string(),
    };
    let open = || File::create(path.join("refs.lock"));
    let file = match open() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            std::fs::create_dir_all(&path).map_err(|error| failed(&error))?;
            open()
        }
        other => other,
    }
    .map_err(|error| failed(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => match file.lock() {
            Ok(()) => Ok(Some(file)),
            Err(error) => Err(failed(&error)),
        },
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

impl From<git2::Oid> for CommitId {
    fn from(id: git2::Oid) -> Self {
        let mut bytes = [0; 20];
        bytes.copy_from_slice(id.as_bytes());
        Self::from_bytes(bytes)
    }
}

impl CommitId {
    pub(super) fn oid(self) -> git2::Oid {
        // Every 20 bytes are an id.
        git2::Oid::from_bytes(self.as_bytes()).unwrap_or(git2::Oid::ZERO_SHA1)
    }
}

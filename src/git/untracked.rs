//! The files of a work tree that git neither tracks nor ignores, without a process for it.
//!
//! The rules are those of gitignore(5), read by the crate `ignore`; `git ls-files --others
//! --exclude-standard` says the same.

use super::{GitError, Index, Repository};
use bstr::{BString, ByteVec};
use ignore::{DirEntry, Error, WalkBuilder, WalkState};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// What tells of ignored files beside the `.gitignore` of each folder.
#[derive(Debug, Clone, Default)]
pub struct IgnoreSources {
    /// `core.excludesFile` or its default, and `info/exclude`: a later one wins.
    pub files: Vec<PathBuf>,
    /// `core.ignoreCase`.
    pub ignore_case: bool,
}

/// A tree with as many tracked files is walked by this thread alone.
const FEW: usize = 1024;

/// How many threads walk a work tree with so many tracked files.
pub fn walkers(tracked: usize) -> usize {
    // Of several threads one that finds nothing to do sleeps a while.
    if tracked <= FEW {
        1
    } else {
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    }
}

/// Paths from the root that `index` does not have and no rule ignores, in order; a repository
/// in the work tree that is no submodule is one path with a slash behind it.
///
/// # Errors
/// Where the root cannot be read.
pub fn untracked(
    repository: &Repository,
    index: &Index,
    sources: &IgnoreSources,
) -> Result<Vec<BString>, GitError> {
    let root = &repository.root;
    let mut builder = WalkBuilder::new(root);
    builder
        .standard_filters(false)
        .git_ignore(true)
        .require_git(false)
        .ignore_case_insensitive(sources.ignore_case)
        .current_dir(root)
        .filter_entry(|entry| entry.file_name() != ".git");
    for file in sources.files.iter().filter(|file| file.is_file()) {
        // A pattern that does not parse is none for git either; the others count.
        let _ = builder.add_ignore(file);
    }
    let found = if index.len() <= FEW {
        in_turn(&builder, root, index).transpose()
    } else {
        None
    };
    let found = found.unwrap_or_else(|| at_once(&mut builder, root, index));
    let mut found = found.map_err(|error| GitError::Git {
        path: root.clone(),
        message: format!("its files cannot be listed: {error}"),
    })?;
    found.sort_unstable();
    Ok(found)
}

/// Starting a thread would take longer than a small tree. None where a folder is to be left out,
/// which only [`at_once`] can.
fn in_turn(
    builder: &WalkBuilder,
    root: &Path,
    index: &Index,
) -> Result<Option<Vec<BString>>, Error> {
    let mut found = Vec::new();
    for entry in builder.build() {
        match entry {
            Ok(entry) => match seen(root, index, &entry) {
                Seen::File(path) => found.push(path),
                Seen::Repository(_) => return Ok(None),
                Seen::Nothing => {}
            },
            Err(error) if is_nothing(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(found))
}

/// As for git, a folder that cannot be opened, or is gone meanwhile, holds nothing.
fn is_nothing(error: &Error) -> bool {
    error.depth().is_some_and(|depth| depth > 0)
}

fn at_once(builder: &mut WalkBuilder, root: &Path, index: &Index) -> Result<Vec<BString>, Error> {
    let found = Mutex::new(Vec::new());
    let keep = |path| {
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        found.push(path);
    };
    let failed = Mutex::new(None);
    builder
        .threads(walkers(index.len()))
        .build_parallel()
        .run(|| {
            Box::new(|entry| {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) if is_nothing(&error) => return WalkState::Continue,
                    Err(error) => {
                        *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        return WalkState::Quit;
                    }
                };
                match seen(root, index, &entry) {
                    Seen::File(path) => {
                        keep(path);
                        WalkState::Continue
                    }
                    Seen::Repository(path) => {
                        path.into_iter().for_each(keep);
                        WalkState::Skip
                    }
                    Seen::Nothing => WalkState::Continue,
                }
            })
        });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

enum Seen {
    /// Untracked.
    File(BString),
    /// Nothing below it is of this repository; untracked itself, or a submodule.
    Repository(Option<BString>),
    Nothing,
}

fn seen(root: &Path, index: &Index, entry: &DirEntry) -> Seen {
    let (Some(kind), Ok(below)) = (entry.file_type(), entry.path().strip_prefix(root)) else {
        return Seen::Nothing;
    };
    if entry.depth() == 0 {
        return Seen::Nothing;
    }
    let Ok(mut path) = Vec::from_path_buf(below.to_owned()).map(BString::from) else {
        return Seen::Nothing;
    };
    let tracked = index.find(path.as_ref()).is_some();
    if kind.is_dir() {
        if entry.path().join(".git").symlink_metadata().is_err() {
            return Seen::Nothing;
        }
        if tracked {
            return Seen::Repository(None);
        }
        // Where git tracks files of it, it is a folder like others.
        if index.has_below(path.as_ref()) {
            return Seen::Nothing;
        }
        path.push(b'/');
        return Seen::Repository(Some(path));
    }
    if tracked || !(kind.is_file() || kind.is_symlink()) {
        return Seen::Nothing;
    }
    Seen::File(path)
}

//! The files of a work tree that git neither tracks nor ignores, without a process for it.
//!
//! The rules are those of gitignore(5), read by the crate `ignore`; `git ls-files --others
//! --exclude-standard` says the same.

use super::{GitError, Index, Repository};
use bstr::{BString, ByteVec};
use ignore::{DirEntry, WalkBuilder, WalkState};
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

/// A tree with as many tracked files is walked by one thread.
const FEW: usize = 1024;

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
    // Of several threads one that finds nothing to do sleeps a while.
    let threads = if index.len() <= FEW {
        1
    } else {
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    };
    let found = Mutex::new(Vec::new());
    let failed = Mutex::new(None);
    builder.threads(threads).build_parallel().run(|| {
        Box::new(|entry| {
            let entry = match entry {
                Ok(entry) => entry,
                // As for git, a folder that cannot be opened, or is gone meanwhile, holds nothing.
                Err(error) if error.depth().is_some_and(|depth| depth > 0) => {
                    return WalkState::Continue;
                }
                Err(error) => {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    return WalkState::Quit;
                }
            };
            match seen(root, index, &entry) {
                Seen::Untracked(path) => {
                    found
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(path);
                    WalkState::Skip
                }
                Seen::Submodule => WalkState::Skip,
                Seen::Nothing => WalkState::Continue,
            }
        })
    });
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(GitError::Git {
            path: root.clone(),
            message: format!("its files cannot be listed: {error}"),
        });
    }
    let mut found: Vec<BString> = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_unstable();
    Ok(found)
}

enum Seen {
    Untracked(BString),
    Submodule,
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
            return Seen::Submodule;
        }
        // Where git tracks files of it, it is a folder like others.
        if index.has_below(path.as_ref()) {
            return Seen::Nothing;
        }
        path.push(b'/');
        return Seen::Untracked(path);
    }
    if tracked || !(kind.is_file() || kind.is_symlink()) {
        return Seen::Nothing;
    }
    Seen::Untracked(path)
}

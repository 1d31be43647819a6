//! Which files detection may read: those of the work tree that git does not ignore, and those that
//! git tracks, outside vendored folders.

use crate::git::{self, GitError};
use crate::project::{Finding, RelPath, Severity};
use ignore::{DirEntry, WalkBuilder, WalkState};
use rayon::slice::ParallelSliceMut;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Folders that hold other people's code or generated files, whatever git says of them.
const VENDORED: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    ".venv",
    "venv",
    "node_modules",
    "bower_components",
    "vendor",
    "third_party",
    "site-packages",
    "__pycache__",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".eggs",
    "target",
    "dist",
    "build",
    ".shipway",
];

#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    #[error("cannot read {}: {source}", path.display())]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Git(#[from] GitError),
}

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Sorted.
    pub(super) files: Vec<RelPath>,
    pub(super) folders: BTreeSet<RelPath>,
    /// Everything in git's index; empty without git.
    pub(super) tracked: BTreeSet<RelPath>,
    pub(super) findings: Vec<Finding>,
    /// Names that no generated file can hold.
    unwritable: Vec<PathBuf>,
}

/// Lists the tree under `root`. Symlinks are not followed; a link to a file is no file.
///
/// # Errors
/// When `root` is no folder or cannot be listed, or the index cannot be read.
pub(super) fn list(root: &Path) -> Result<Listing, TreeError> {
    if !root.is_dir() {
        return Err(TreeError::NotAFolder(root.to_owned()));
    }
    std::fs::read_dir(root).map_err(|source| TreeError::Io {
        path: root.to_owned(),
        source,
    })?;
    let tracked = tracked(root)?;
    let mut listing = walk(root, git::walkers(tracked.len()));
    listing.files.par_sort_unstable();
    listing.findings.sort_by(|a, b| a.message.cmp(&b.message));
    let unwritten = unwritten(&listing.unwritable);
    listing.findings.extend(unwritten);
    listing.add_tracked(root, tracked);
    listing.leave_out(&super::generated::files(root));
    Ok(listing)
}

fn walk(root: &Path, threads: usize) -> Listing {
    let mut builder = WalkBuilder::new(root);
    builder
        .hidden(false)
        .follow_links(false)
        .parents(false)
        .ignore(false)
        .require_git(false)
        .filter_entry(|entry| {
            entry.depth() == 0
                || !entry.file_type().is_some_and(|kind| kind.is_dir())
                || !entry
                    .file_name()
                    .to_str()
                    .is_some_and(|name| VENDORED.contains(&name))
        });
    let mut listing = Listing::default();
    if threads == 1 {
        for entry in builder.build() {
            listing.put(seen(root, entry));
        }
        return listing;
    }
    let shared = Mutex::new(listing);
    builder.threads(threads).build_parallel().run(|| {
        Box::new(|entry| {
            let seen = seen(root, entry);
            shared
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .put(seen);
            WalkState::Continue
        })
    });
    shared.into_inner().unwrap_or_else(PoisonError::into_inner)
}

enum Seen {
    Nothing,
    File(RelPath),
    Folder(RelPath),
    Unwritable(PathBuf),
    Unreadable(Finding),
}

fn seen(root: &Path, entry: Result<DirEntry, ignore::Error>) -> Seen {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => return Seen::Unreadable(unreadable(root, &error)),
    };
    let below = entry.path().strip_prefix(root).ok();
    let (Some(below), Some(kind)) = (below.filter(|_| entry.depth() > 0), entry.file_type()) else {
        return Seen::Nothing;
    };
    let path = RelPath::from_path(below)
        .ok()
        .filter(|path| !path.as_str().contains(char::is_control));
    match path {
        Some(path) if kind.is_dir() => Seen::Folder(path),
        Some(path) if kind.is_file() => Seen::File(path),
        None if kind.is_file() => Seen::Unwritable(below.to_owned()),
        _ => Seen::Nothing,
    }
}

impl Listing {
    fn put(&mut self, seen: Seen) {
        match seen {
            Seen::Nothing => {}
            Seen::File(path) => self.files.push(path),
            Seen::Folder(path) => drop(self.folders.insert(path)),
            Seen::Unwritable(path) => self.unwritable.push(path),
            Seen::Unreadable(finding) => self.findings.push(finding),
        }
    }

    /// What git tracks it does not ignore, whatever a pattern says.
    fn add_tracked(&mut self, root: &Path, tracked: BTreeSet<RelPath>) {
        let mut walked = self.files.iter().peekable();
        let mut ignored: Vec<RelPath> = Vec::new();
        for path in &tracked {
            while walked.next_if(|file| *file < path).is_some() {}
            if walked.peek() != Some(&path) && is_plain_file(root, path) {
                ignored.push(path.clone());
            }
        }
        for path in &ignored {
            let mut folder = path.parent();
            while !folder.is_root() && self.folders.insert(folder.clone()) {
                folder = folder.parent();
            }
        }
        if !ignored.is_empty() {
            self.files.extend(ignored);
            self.files.sort_unstable();
        }
        self.tracked = tracked;
    }

    /// Takes these files out, and the folders that hold nothing else.
    pub(super) fn leave_out(&mut self, generated: &BTreeSet<RelPath>) {
        if generated.is_empty() {
            return;
        }
        self.files.retain(|path| !generated.contains(path));
        for path in generated {
            let folder = path.parent();
            if !self.files.iter().any(|file| file.is_within(&folder)) {
                self.folders.remove(&folder);
            }
        }
    }
}

/// What git tracks; nothing where git cannot be asked. An index that cannot be read is said: what it
/// hides (a committed `.env`, bytecode) would pass for not being there.
fn tracked(root: &Path) -> Result<BTreeSet<RelPath>, TreeError> {
    match crate::git::tracked(root) {
        Err(error @ GitError::Index { .. }) => Err(error.into()),
        other => Ok(other.unwrap_or_default()),
    }
}

/// Whether a path is a file that no link leads to, outside vendored folders.
fn is_plain_file(root: &Path, path: &RelPath) -> bool {
    let text = path.as_str();
    if text.contains(char::is_control) || text.split('/').any(|part| VENDORED.contains(&part)) {
        return false;
    }
    let meta = |path: &RelPath| std::fs::symlink_metadata(path.under(root));
    let mut folder = path.parent();
    while !folder.is_root() {
        if !meta(&folder).is_ok_and(|meta| meta.is_dir()) {
            return false;
        }
        folder = folder.parent();
    }
    meta(path).is_ok_and(|meta| meta.is_file())
}

fn unreadable(root: &Path, error: &ignore::Error) -> Finding {
    Finding {
        id: "unreadable",
        severity: Severity::Warning,
        message: format!("part of the tree cannot be read: {}", reason(error)),
        evidence: vec![],
        mend: format!(
            "make it readable (chmod -R u+rX) below {}, or let git ignore it",
            root.display()
        ),
    }
}

/// Names that are not UTF-8 or hold a control character cannot be written into a generated file.
fn unwritten(paths: &[PathBuf]) -> Option<Finding> {
    let first = paths.iter().min()?.to_string_lossy();
    let (count, are) = match paths.len() {
        1 => ("1 file".to_owned(), "is"),
        many => (format!("{many} files"), "are"),
    };
    Some(Finding {
        id: "unwritable-name",
        severity: Severity::Note,
        message: format!(
            "{count} {are} left out, because a path that is not UTF-8 or holds a line break cannot \
             be written into a generated file: {first:?}"
        ),
        evidence: vec![],
        mend: "rename what matters with git mv".to_owned(),
    })
}

/// The place once and then the system's own words.
fn reason(error: &ignore::Error) -> String {
    match error {
        ignore::Error::WithPath { path, err } => match err.io_error() {
            Some(error) => format!("{}: {error}", path.display()),
            None => error.to_string(),
        },
        ignore::Error::WithDepth { err, .. } => reason(err),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_and_several_find_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: String| {
            let place = folder.path().join(path);
            std::fs::create_dir_all(place.parent().unwrap()).unwrap();
            std::fs::write(place, "*.log\n").unwrap();
        };
        for number in 0..60 {
            write(format!(
                "part{}/deep{}/file{number}.py",
                number % 7,
                number % 3
            ));
            write(format!("part{}/file{number}.log", number % 7));
        }
        write(".gitignore".to_owned());
        write("node_modules/x/index.js".to_owned());
        write("a\nb.py".to_owned());
        let found = |threads| {
            let mut listing = walk(folder.path(), threads);
            listing.files.sort_unstable();
            (listing.files, listing.folders, listing.unwritable)
        };
        let (files, folders, unwritable) = found(1);
        // 60 modules and .gitignore; 7 parts with 3 folders in each.
        assert_eq!((files.len(), folders.len()), (61, 28));
        assert_eq!(unwritable, [Path::new("a\nb.py")]);
        assert_eq!(found(4), (files, folders, unwritable));
    }
}

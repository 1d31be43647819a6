//! What a run looks at: a listing of paths with their blobs, and which of them it is about.

use super::bytes::BytesReader;
use crate::git::diff::{self, Changes};
use crate::git::{
    Conversion, Executable, GitError, Index, Mode, ObjectId, Objects, Revisions, Surroundings,
    conversion,
};
use bstr::{BStr, BString, ByteSlice};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Which files a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// What the commit to be changes.
    Staged,
    /// Everything that is staged or unchanged.
    All,
    /// These, as far as the index has them; absolute, or relative to the current folder.
    Files(Vec<PathBuf>),
    /// What `to` changed since it parted from `from`.
    Range { from: String, to: String },
    /// What these commits changed, as the first of them has it.
    Commits {
        tips: Vec<ObjectId>,
        /// Each once, in any order.
        paths: Vec<BString>,
    },
    /// No file: the hook is about a message.
    Nothing,
}

/// Why there is nothing to look at.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("{0:?} names no commit")]
    Revision(String),
    #[error("{} is not in this repository's index", .0.display())]
    NotTracked(PathBuf),
}

pub(super) struct Source {
    /// Everything that the commit contains.
    pub(super) index: Index,
    /// Where `index` is that of a commit: the one that speaks of the work tree.
    work: Option<Index>,
    /// Positions in `index` that the run is about, sorted.
    pub(super) looked: Vec<usize>,
    /// Paths that the commit takes away.
    pub(super) removed: Vec<BString>,
    /// By position: what stood at the path before, or where it was moved from.
    before: HashMap<usize, ObjectId>,
    /// By position of what is a file now: the symlink that stood at its path.
    pub(super) links: HashMap<usize, ObjectId>,
    /// Paths that are under Git LFS.
    lfs: HashSet<BString>,
    /// Whether fixes can be staged.
    pub(super) staged: bool,
    /// The strongest conversion that a file may have.
    pub(super) conversion: Conversion,
    /// The second index of `git commit PATH`.
    pub(super) next: Option<Index>,
}

impl Source {
    /// `hook_is_merge` says that the commit to be is a merge, whose parents beside HEAD are
    /// `others`: then only what differs from all of them is looked at.
    pub(super) fn open(
        surroundings: &Surroundings,
        work: Index,
        objects: &Objects,
        scope: &Scope,
        others: &[ObjectId],
    ) -> Result<Self, SourceError> {
        match scope {
            Scope::Range { from, to } => Self::range(surroundings, work, objects, from, to),
            Scope::Commits { tips, paths } => {
                Self::commits(surroundings, work, objects, tips, paths)
            }
            _ => Self::index(surroundings, work, objects, scope, others),
        }
    }

    fn index(
        surroundings: &Surroundings,
        mut index: Index,
        objects: &Objects,
        scope: &Scope,
        others: &[ObjectId],
    ) -> Result<Self, SourceError> {
        let reader = objects.reader();
        let head = head_tree(surroundings, &reader)?;
        let mut changes = Changes::default();
        let mut looked = match scope {
            Scope::Staged => {
                changes = diff::changes(&index, head, &reader)?;
                if changes
                    .changed
                    .iter()
                    .any(|change| index.entry(change.position).mode == Mode::Folder)
                {
                    index = opened_out(surroundings, &index)?;
                    changes = diff::changes(&index, head, &reader)?;
                }
                positions(&changes)
            }
            Scope::Nothing => Vec::new(),
            _ => {
                if index.is_sparse() {
                    index = opened_out(surroundings, &index)?;
                }
                match scope {
                    Scope::Files(files) => named(&index, &surroundings.repository.root, files)?,
                    _ => (0..index.len()).collect(),
                }
            }
        };
        for other in others {
            let tree = reader.tree_of(*other)?;
            let theirs: HashSet<usize> = positions(&diff::changes(&index, Some(tree), &reader)?)
                .into_iter()
                .collect();
            looked.retain(|position| theirs.contains(position));
        }
        looked.retain(|position| {
            let entry = index.entry(*position);
            !entry.unmerged && !entry.intent_to_add
        });
        let next = match next_index(&surroundings.index, &surroundings.repository.git_dir) {
            Some(file) => Some(Index::read(&file)?),
            None => None,
        };
        let mut source = Self {
            conversion: of(surroundings, &index, &looked),
            before: before(&index, &changes),
            links: links(&index, &changes),
            index,
            work: None,
            looked,
            removed: changes.deleted.into_iter().map(|(path, _)| path).collect(),
            lfs: HashSet::new(),
            staged: true,
            next,
        };
        source.find_lfs(surroundings)?;
        Ok(source)
    }

    fn range(
        surroundings: &Surroundings,
        work: Index,
        objects: &Objects,
        from: &str,
        to: &str,
    ) -> Result<Self, SourceError> {
        let revisions = Revisions::open(&surroundings.repository)?;
        let commit = |text: &str| {
            revisions
                .commit(text)
                .ok_or_else(|| SourceError::Revision(text.to_owned()))
        };
        let (from, to) = (commit(from)?, commit(to)?);
        let base = match revisions.merge_base(from.id, to.id) {
            Some(base) => Some(revisions.tree_of(base)?),
            None => None,
        };
        let reader = objects.reader();
        let index = Index::of_tree(to.tree, &reader)?;
        let changes = diff::changes(&index, base, &reader)?;
        Self::of_commit(surroundings, work, index, positions(&changes), &changes)
    }

    fn commits(
        surroundings: &Surroundings,
        work: Index,
        objects: &Objects,
        tips: &[ObjectId],
        paths: &[BString],
    ) -> Result<Self, SourceError> {
        let reader = objects.reader();
        let revisions = Revisions::open(&surroundings.repository)?;
        let Some(tip) = tips.first() else {
            let empty = crate::git::empty_tree();
            let index = Index::of_tree(empty, &reader)?;
            return Self::of_commit(surroundings, work, index, Vec::new(), &Changes::default());
        };
        let index = Index::of_tree(revisions.tree_of(*tip)?, &reader)?;
        let mut looked: Vec<usize> = paths
            .iter()
            .filter_map(|path| index.find(path.as_bstr()))
            .collect();
        looked.sort_unstable();
        Self::of_commit(surroundings, work, index, looked, &Changes::default())
    }

    fn of_commit(
        surroundings: &Surroundings,
        work: Index,
        index: Index,
        looked: Vec<usize>,
        changes: &Changes,
    ) -> Result<Self, SourceError> {
        let mut source = Self {
            conversion: of(surroundings, &index, &looked),
            before: before(&index, changes),
            links: links(&index, changes),
            index,
            work: Some(work),
            looked,
            removed: changes
                .deleted
                .iter()
                .map(|(path, _)| path.clone())
                .collect(),
            lfs: HashSet::new(),
            staged: false,
            next: None,
        };
        source.find_lfs(surroundings)?;
        Ok(source)
    }

    /// Only where any filter is in use; git itself says which file is under which.
    fn find_lfs(&mut self, surroundings: &Surroundings) -> Result<(), GitError> {
        if self.conversion != Conversion::Any {
            return Ok(());
        }
        let repository = &surroundings.repository;
        let git = Executable::new(&repository.git_dir, Some(&repository.root))
            .with_index(&surroundings.index);
        let paths = self
            .looked
            .iter()
            .map(|position| self.index.entry(*position).path);
        self.lfs = git.with_attribute(paths, "filter", "lfs")?;
        Ok(())
    }

    pub(super) fn is_lfs(&self, position: usize) -> bool {
        !self.lfs.is_empty() && self.lfs.contains(self.index.entry(position).path)
    }

    /// Bytes of what stood at the path of `position` before. None where there was nothing.
    pub(super) fn size_before(&self, position: usize, reader: &BytesReader<'_>) -> Option<u64> {
        reader.size(*self.before.get(&position)?)
    }

    /// The index whose metadata speak of the work tree.
    pub(super) fn work(&self) -> &Index {
        self.work.as_ref().unwrap_or(&self.index)
    }

    /// The content of the entry at `position`, from the work tree where that is proven.
    pub(super) fn read(
        &self,
        position: usize,
        reader: &mut BytesReader<'_>,
        buffer: &mut Vec<u8>,
    ) -> Result<(), GitError> {
        match self.in_work(position) {
            Some(position) => reader.read(&self.work().entry(position), buffer),
            None => reader.read(&self.index.entry(position), buffer),
        }
    }

    /// Whether the commit has a file or a folder there, or a submodule that may have.
    pub(super) fn has(&self, path: &BStr) -> bool {
        let entry = |path: &BStr| {
            let entry = self.index.entry(self.index.find(path)?);
            (!entry.intent_to_add).then_some(entry)
        };
        let above = path.rfind_iter("/").map(|end| path[..end].as_bstr());
        entry(path).is_some()
            || self.index.has_below(path)
            || above
                .filter_map(entry)
                .any(|entry| entry.mode == Mode::Submodule)
    }

    /// Whether the commit has anything in `folder`.
    pub(super) fn has_below(&self, folder: &str) -> bool {
        self.index.has_below(folder.into())
    }

    /// Position in [`Source::work`] of what is the same path with the same content.
    pub(super) fn in_work(&self, position: usize) -> Option<usize> {
        let Some(work) = &self.work else {
            return Some(position);
        };
        let entry = self.index.entry(position);
        work.find(entry.path).filter(|found| {
            let other = work.entry(*found);
            other.id == entry.id && other.mode == entry.mode
        })
    }
}

/// What was moved unchanged has been where it was moved from.
fn before(index: &Index, changes: &Changes) -> HashMap<usize, ObjectId> {
    let gone: HashSet<ObjectId> = changes.deleted.iter().map(|(_, id)| *id).collect();
    changes
        .changed
        .iter()
        .filter_map(|change| {
            let id = index.entry(change.position).id;
            let moved = || gone.contains(&id).then_some(id);
            Some((change.position, change.before.or_else(moved)?))
        })
        .collect()
}

fn links(index: &Index, changes: &Changes) -> HashMap<usize, ObjectId> {
    changes
        .changed
        .iter()
        .filter(|change| change.was_link && index.entry(change.position).mode.is_file())
        .filter_map(|change| Some((change.position, change.before?)))
        .collect()
}

fn positions(changes: &Changes) -> Vec<usize> {
    changes
        .changed
        .iter()
        .map(|change| change.position)
        .collect()
}

fn of(surroundings: &Surroundings, index: &Index, looked: &[usize]) -> Conversion {
    conversion(
        &surroundings.attributes,
        &surroundings.repository.root,
        looked.iter().map(|position| index.entry(*position).path),
    )
}

fn head_tree(
    surroundings: &Surroundings,
    reader: &crate::git::Reader,
) -> Result<Option<ObjectId>, GitError> {
    match surroundings.repository.head_id() {
        Some(head) => reader.tree_of(head).map(Some),
        None => Ok(None),
    }
}

/// `git commit PATH` hands the hook a temporary index for the commit, while the lock of the
/// real one already holds what that will be.
fn next_index(index: &Path, git_dir: &Path) -> Option<PathBuf> {
    let name = index.file_name()?.to_str()?;
    let next = git_dir.join("index.lock");
    (name.starts_with("next-index-") && next.exists()).then_some(next)
}

/// The same index with the folders outside of a sparse checkout opened out.
fn opened_out(surroundings: &Surroundings, index: &Index) -> Result<Index, GitError> {
    let repository = &surroundings.repository;
    let Some(file) = index.file() else {
        return Index::read(&surroundings.index);
    };
    let git = Executable::new(&repository.git_dir, Some(&repository.root));
    git.opened_out(file)
}

fn named(index: &Index, root: &Path, files: &[PathBuf]) -> Result<Vec<usize>, SourceError> {
    let mut found = Vec::new();
    for file in files {
        let missing = || SourceError::NotTracked(file.clone());
        let absolute = std::path::absolute(file).map_err(|_| missing())?;
        // The file itself may be a link; the folder that holds it counts.
        let folder = absolute
            .parent()
            .and_then(|folder| folder.canonicalize().ok())
            .ok_or_else(missing)?;
        let place = folder.join(absolute.file_name().ok_or_else(missing)?);
        let below = place.strip_prefix(root).map_err(|_| missing())?;
        let path = BString::from(below.as_os_str().as_encoded_bytes());
        if let Some(position) = index.find(path.as_bstr()) {
            found.push(position);
            continue;
        }
        let before = found.len();
        let mut folder = path;
        folder.push(b'/');
        found.extend(
            (0..index.len()).filter(|position| index.entry(*position).path.starts_with(&folder)),
        );
        if found.len() == before {
            return Err(missing());
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

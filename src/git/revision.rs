//! Names of commits, and what lies between them.

use super::{GitError, Repository, failure};
use gix_hash::ObjectId;
use std::path::Path;

/// A commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    pub id: ObjectId,
    pub tree: ObjectId,
}

/// The tree without entries.
#[must_use]
pub fn empty_tree() -> ObjectId {
    ObjectId::empty_tree(gix_hash::Kind::Sha1)
}

/// Reads the commits of one repository.
pub struct Revisions {
    repository: git2::Repository,
}

pub(super) fn convert(id: git2::Oid) -> ObjectId {
    ObjectId::from_bytes_or_panic(id.as_bytes())
}

pub(super) fn back(id: ObjectId) -> Result<git2::Oid, git2::Error> {
    git2::Oid::from_bytes(id.as_slice())
}

impl Revisions {
    /// # Errors
    /// When the repository cannot be opened.
    pub fn open(repository: &Repository) -> Result<Self, GitError> {
        git2::Repository::open(&repository.git_dir)
            .map(|repository| Self { repository })
            .map_err(|error| failure(&repository.root, &error))
    }

    fn failed(&self, error: &git2::Error) -> GitError {
        failure(self.repository.workdir().unwrap_or(Path::new("")), error)
    }

    /// The commit that `text` names (gitrevisions(7)); None where it names none. A tag stands
    /// for its commit.
    #[must_use]
    pub fn commit(&self, text: &str) -> Option<Commit> {
        let commit = self
            .repository
            .revparse_single(text)
            .and_then(|object| object.peel_to_commit())
            .ok()?;
        Some(Commit {
            id: convert(commit.id()),
            tree: convert(commit.tree_id()),
        })
    }

    /// # Errors
    /// When it is not there or no commit.
    pub fn tree_of(&self, id: ObjectId) -> Result<ObjectId, GitError> {
        back(id)
            .and_then(|id| self.repository.find_commit(id))
            .map(|commit| convert(commit.tree_id()))
            .map_err(|error| self.failed(&error))
    }

    /// # Errors
    /// As [`Revisions::tree_of`].
    pub fn parents(&self, id: ObjectId) -> Result<Vec<ObjectId>, GitError> {
        back(id)
            .and_then(|id| self.repository.find_commit(id))
            .map(|commit| commit.parent_ids().map(convert).collect())
            .map_err(|error| self.failed(&error))
    }

    /// The best common ancestor of both; None where they have no common history.
    #[must_use]
    pub fn merge_base(&self, a: ObjectId, b: ObjectId) -> Option<ObjectId> {
        let base = self.repository.merge_base(back(a).ok()?, back(b).ok()?);
        base.ok().map(convert)
    }

    /// Whether `ancestor` is `descendant` or one of its ancestors. False where either is not
    /// here.
    #[must_use]
    pub fn descends(&self, descendant: ObjectId, ancestor: ObjectId) -> bool {
        descendant == ancestor
            || matches!((back(descendant), back(ancestor)), (Ok(descendant), Ok(ancestor))
                if self.repository.graph_descendant_of(descendant, ancestor).unwrap_or(false))
    }

    /// The commits that `tips` reach and `without` do not, newest last. Of `without`, what is
    /// not here is passed over; so is what `tips` has that is no commit.
    ///
    /// # Errors
    /// When an object is missing or broken.
    pub fn between(
        &self,
        tips: &[ObjectId],
        without: &[ObjectId],
    ) -> Result<Vec<ObjectId>, GitError> {
        let walk = || {
            let mut walk = self.repository.revwalk()?;
            walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::REVERSE)?;
            for tip in tips {
                let object = self.repository.find_object(back(*tip)?, None)?;
                if let Ok(commit) = object.peel_to_commit() {
                    walk.push(commit.id())?;
                }
            }
            for id in without {
                if let Ok(object) = self.repository.find_object(back(*id)?, None)
                    && let Ok(commit) = object.peel_to_commit()
                {
                    walk.hide(commit.id())?;
                }
            }
            walk.map(|id| id.map(convert)).collect::<Result<_, _>>()
        };
        walk().map_err(|error| self.failed(&error))
    }

    /// What the branches of the remote `name` were when last seen.
    #[must_use]
    pub fn remote_tips(&self, name: &str) -> Vec<ObjectId> {
        let glob = format!("refs/remotes/{name}/*");
        let Ok(references) = self.repository.references_glob(&glob) else {
            return Vec::new();
        };
        references
            .flatten()
            .filter_map(|reference| reference.target())
            .map(convert)
            .collect()
    }
}

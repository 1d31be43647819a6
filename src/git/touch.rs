//! Which files a commit touches.

use super::graph::{Graph, Node};
use super::{CommitId, GitError, discover, failure};
use std::path::Path;

/// Reads the trees of one repository.
pub struct Touches {
    repository: git2::Repository,
}

impl Touches {
    /// # Errors
    /// When `root` is in no repository.
    pub fn open(root: &Path) -> Result<Self, GitError> {
        Ok(Self {
            repository: discover(root)?,
        })
    }

    /// Whether the difference of a commit to its first parent, or of a root to the empty tree,
    /// has a file of which `wanted` says so. Renames are not looked for.
    ///
    /// # Errors
    /// When a tree is missing, as in a treeless clone.
    pub fn touches(
        &self,
        graph: &Graph,
        node: Node,
        wanted: &dyn Fn(&Path) -> bool,
    ) -> Result<bool, GitError> {
        let tree = |id: CommitId| {
            let oid = git2::Oid::from_bytes(id.as_bytes())?;
            self.repository.find_commit(oid)?.tree()
        };
        let difference = || {
            let new = tree(graph.id(node))?;
            let old = match graph.first_parent(node).0 {
                Some(parent) => Some(tree(graph.id(parent))?),
                None => None,
            };
            self.repository
                .diff_tree_to_tree(old.as_ref(), Some(&new), None)
        };
        let difference = difference().map_err(|error| failure(self.repository.path(), &error))?;
        Ok(difference.deltas().any(|delta| {
            [delta.old_file(), delta.new_file()]
                .iter()
                .filter_map(git2::DiffFile::path)
                .any(wanted)
        }))
    }
}

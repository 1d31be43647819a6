//! Files that moved: what a work tree has anew, and git's rename detection.

use super::{Executable, GitError, Repository, discover, failure};
use crate::project::RelPath;
use std::path::Path;

/// Similarity (percent) from which git takes two files for one: git-diff(1), `--find-renames`.
const THRESHOLD: u16 = 50;

/// The commit that last wrote a file.
pub struct Written {
    repository: git2::Repository,
    git: Executable,
    /// In hexadecimal; None before the first one.
    commit: Option<String>,
}

impl Written {
    /// The last commit of HEAD's history that wrote the file at `path`; where none did, HEAD.
    ///
    /// # Errors
    /// When the repository cannot be opened.
    pub fn find(repository: &Repository, path: &str) -> Result<Self, GitError> {
        let git = Executable::new(&repository.git_dir, Some(&repository.root));
        let path = format!(":(top,literal){path}");
        // Before the first commit git fails.
        let found = git.output(&["log", "-1", "--format=%H", "--", &path], b"");
        let found = String::from_utf8_lossy(&found.unwrap_or_default())
            .trim()
            .to_owned();
        Ok(Self {
            repository: discover(&repository.root)?,
            git,
            commit: Some(found)
                .filter(|found| !found.is_empty())
                .or_else(|| repository.head.clone()),
        })
    }

    /// What was at `path` in it.
    #[must_use]
    pub fn content(&self, path: &RelPath) -> Option<Vec<u8>> {
        self.blob(&format!("{}:{path}", self.commit.as_ref()?))
    }

    /// What was at `path` in its first parent.
    #[must_use]
    pub fn content_before(&self, path: &RelPath) -> Option<Vec<u8>> {
        self.blob(&format!("{}^:{path}", self.commit.as_ref()?))
    }

    fn blob(&self, name: &str) -> Option<Vec<u8>> {
        self.git.output(&["cat-file", "blob", name], b"").ok()
    }

    /// The files of the work tree that it has not, sorted; without links and what git ignores.
    ///
    /// # Errors
    /// When git cannot compare.
    pub fn new_since(&self) -> Result<Vec<RelPath>, GitError> {
        let tree = self.tree("").map_err(|error| self.failure(&error))?;
        let mut options = git2::DiffOptions::new();
        options
            .include_untracked(true)
            .recurse_untracked_dirs(true)
            .ignore_submodules(true);
        self.repository
            .diff_tree_to_workdir_with_index(tree.as_ref(), Some(&mut options))
            .map(|diff| added(&diff))
            .map_err(|error| self.failure(&error))
    }

    /// The files that it has and its first parent has not, sorted; without links.
    ///
    /// # Errors
    /// When git cannot compare.
    pub fn new_in(&self) -> Result<Vec<RelPath>, GitError> {
        let trees = self
            .tree("^")
            .and_then(|before| Ok((before, self.tree("")?)));
        trees
            .and_then(|(before, tree)| {
                let compare = git2::Repository::diff_tree_to_tree;
                compare(&self.repository, before.as_ref(), tree.as_ref(), None)
                    .map(|diff| added(&diff))
            })
            .map_err(|error| self.failure(&error))
    }

    /// The tree of the commit, or of the one that `suffix` leads to.
    fn tree(&self, suffix: &str) -> Result<Option<git2::Tree<'_>>, git2::Error> {
        let Some(commit) = &self.commit else {
            return Ok(None);
        };
        let found = self
            .repository
            .revparse_single(&format!("{commit}{suffix}"));
        found?.peel_to_tree().map(Some)
    }

    fn failure(&self, error: &git2::Error) -> GitError {
        failure(self.repository.path(), error)
    }
}

fn added(diff: &git2::Diff) -> Vec<RelPath> {
    let is_file = |file: &git2::DiffFile| {
        matches!(
            file.mode(),
            git2::FileMode::Blob | git2::FileMode::BlobExecutable
        )
    };
    let mut files: Vec<RelPath> = diff
        .deltas()
        .filter(|delta| matches!(delta.status(), git2::Delta::Added | git2::Delta::Untracked))
        .filter(|delta| is_file(&delta.new_file()))
        .filter_map(|delta| RelPath::from_path(delta.new_file().path()?).ok())
        .collect();
    files.sort();
    files
}

/// Which of `old` each of `new` is, where git takes both for one file, as indices into them: the
/// best match, and each of `old` goes first to that of `new` which is most like it. Of one of
/// `old` there may be several. Writes nothing.
///
/// # Errors
/// When libgit2 cannot compare.
pub fn similar(old: &[&[u8]], new: &[&[u8]]) -> Result<Vec<(usize, usize)>, GitError> {
    compare(old, new).map_err(|error| failure(Path::new("memory"), &error))
}

fn compare(old: &[&[u8]], new: &[&[u8]]) -> Result<Vec<(usize, usize)>, git2::Error> {
    if old.is_empty() || new.is_empty() {
        return Ok(Vec::new());
    }
    // Objects in memory alone.
    let objects = git2::Odb::new()?;
    objects.add_new_mempack_backend(1)?;
    let repository = git2::Repository::from_odb(objects)?;
    let tree = |side: &str, contents: &[&[u8]]| {
        let mut builder = repository.treebuilder(None)?;
        for (at, content) in contents.iter().enumerate() {
            let blob = repository.blob(content)?;
            builder.insert(format!("{side}{at}"), blob, 0o100_644)?;
        }
        repository.find_tree(builder.write()?)
    };
    let (before, after) = (tree("old", old)?, tree("new", new)?);
    let mut diff = repository.diff_tree_to_tree(Some(&before), Some(&after), None)?;
    let mut options = git2::DiffFindOptions::new();
    options
        .renames(true)
        .copies(true)
        .rename_threshold(THRESHOLD)
        .copy_threshold(THRESHOLD)
        .rename_limit(old.len().max(new.len()));
    diff.find_similar(Some(&mut options))?;
    let index = |file: git2::DiffFile, side: &str| {
        let name = file.path()?.to_str()?.strip_prefix(side)?.to_owned();
        name.parse::<usize>().ok()
    };
    let pairs = diff
        .deltas()
        .filter(|delta| matches!(delta.status(), git2::Delta::Renamed | git2::Delta::Copied));
    let mut pairs: Vec<(usize, usize)> = pairs
        .filter_map(|delta| {
            let old = index(delta.old_file(), "old")?;
            Some((old, index(delta.new_file(), "new")?))
        })
        .collect();
    pairs.sort_unstable();
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `count` lines, of which those from `mine` on are others.
    fn lines(count: usize, mine: usize) -> Vec<u8> {
        let line = |at: usize| {
            let whose = if at < mine {
                "a common line"
            } else {
                "my line"
            };
            format!("{whose}, number {at}\n")
        };
        (0..count).map(line).collect::<String>().into_bytes()
    }

    fn pairs(old: &[Vec<u8>], new: &[Vec<u8>]) -> Vec<(usize, usize)> {
        let old: Vec<&[u8]> = old.iter().map(Vec::as_slice).collect();
        let new: Vec<&[u8]> = new.iter().map(Vec::as_slice).collect();
        similar(&old, &new).unwrap()
    }

    #[test]
    fn a_file_of_which_half_is_left_is_the_same() {
        let old = [lines(40, 40)];
        assert_eq!(pairs(&old, &[lines(40, 40)]), [(0, 0)]);
        assert_eq!(pairs(&old, &[lines(40, 26)]), [(0, 0)]);
        assert_eq!(pairs(&old, &[lines(40, 10)]), []);
        assert_eq!(pairs(&old, &[]), []);
        assert_eq!(pairs(&[], &old), []);
    }

    #[test]
    fn each_is_the_one_that_it_is_most_like() {
        let other = b"nothing of it\n".repeat(20);
        let old = [lines(40, 40), lines(40, 25), other.clone()];
        let new = [lines(40, 24), other, lines(40, 39)];
        assert_eq!(pairs(&old, &new), [(0, 2), (1, 0), (2, 1)]);
        let twice = [lines(40, 38), lines(40, 39)];
        assert_eq!(pairs(&old[..1], &twice), [(0, 0), (0, 1)]);
    }
}

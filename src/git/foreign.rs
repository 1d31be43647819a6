//! The files of one commit of another repository, fetched through the git executable into a folder
//! that is gone afterwards. Nothing is checked out: no filter, no hook and no link of it does anything.

use super::sync::{Remote, RemoteError};
use super::{CommitId, GitError, failure};
use std::time::Duration;

/// Above this (bytes), the content of a file is not read.
const HUGE: usize = 1024 * 1024;
/// More files than that are no folder of templates.
const MOST: usize = 10_000;
/// Mode of a symbolic link in a tree.
const LINK: i32 = 0o120_000;

/// Why the files were not had.
#[derive(Debug, thiserror::Error)]
pub enum ForeignError {
    #[error(transparent)]
    Remote(#[from] RemoteError),
    #[error("{remote} has no commit {id}")]
    NoCommit { remote: String, id: CommitId },
    #[error("{remote} holds {path}, which is {what}")]
    Refused {
        remote: String,
        path: String,
        what: &'static str,
    },
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("no folder for the time of a fetch can be made: {0}")]
    Folder(#[from] std::io::Error),
}

/// One file.
pub struct ForeignFile {
    /// From the top, with `/`.
    pub path: String,
    /// None where it is larger than 1 MiB.
    pub content: Option<Vec<u8>>,
}

/// Another repository, and where what is fetched lies meanwhile.
pub struct Foreign {
    folder: tempfile::TempDir,
    remote: Remote,
}

impl Foreign {
    /// The repository at `address`; nothing is asked of it yet.
    ///
    /// # Errors
    /// When there is no room for a folder.
    pub fn at(address: &str, patience: Duration, interactive: bool) -> Result<Self, ForeignError> {
        let folder = tempfile::tempdir()?;
        git2::Repository::init_bare(folder.path())
            .map_err(|error| failure(folder.path(), &error))?;
        let remote = Remote::at(folder.path(), address, patience, interactive);
        Ok(Self { folder, remote })
    }

    /// The commit that a branch or tag `name` stands for now; None where there is none.
    ///
    /// # Errors
    /// When it cannot be reached, or not in time.
    pub fn named(&self, name: &str) -> Result<Option<CommitId>, ForeignError> {
        for reference in [
            format!("refs/heads/{name}"),
            format!("refs/tags/{name}^{{}}"),
            format!("refs/tags/{name}"),
        ] {
            if let Some(id) = self.remote.tip(&reference)? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// The files of the commit `id` that are `wanted` by their path, sorted by it.
    ///
    /// # Errors
    /// When it cannot be reached or has no such commit, or holds a link, a submodule, or more than
    /// anybody writes.
    pub fn files(
        &self,
        id: CommitId,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<ForeignFile>, ForeignError> {
        let git = |error: git2::Error| failure(self.folder.path(), &error);
        if let Err(refused) = self.remote.fetch(&id.to_string()) {
            // Some servers give nothing but what a ref names.
            self.remote.tip("HEAD").map_err(|_| refused)?;
            for refs in ["refs/heads/*", "refs/tags/*"] {
                self.remote.fetch(&format!("{refs}:{refs}"))?;
            }
        }
        let repository = git2::Repository::open(self.folder.path()).map_err(git)?;
        let oid = git2::Oid::from_bytes(id.as_bytes()).map_err(git)?;
        let Ok(commit) = repository.find_commit(oid) else {
            return Err(ForeignError::NoCommit {
                remote: self.remote.shown(),
                id,
            });
        };
        let mut files = Vec::new();
        let mut open = vec![(String::new(), commit.tree_id())];
        let mut rest = MOST;
        while let Some((prefix, tree)) = open.pop() {
            for entry in &repository.find_tree(tree).map_err(git)? {
                let name = String::from_utf8_lossy(entry.name_bytes());
                let path = format!("{prefix}{name}");
                let is_file = entry.kind() == Some(git2::ObjectType::Blob);
                rest = rest.saturating_sub(1);
                let refused = if rest == 0 {
                    Some("one of more than 10000 files and folders")
                } else if is_file && entry.filemode() == LINK {
                    Some("a symbolic link")
                } else {
                    (entry.kind() == Some(git2::ObjectType::Commit)).then_some("a submodule")
                };
                if let Some(what) = refused {
                    let remote = self.remote.shown();
                    return Err(ForeignError::Refused { remote, path, what });
                }
                if !is_file {
                    open.push((format!("{path}/"), entry.id()));
                } else if wanted(&path) {
                    let blob = repository.find_blob(entry.id()).map_err(git)?;
                    let content = (blob.size() <= HUGE).then(|| blob.content().to_vec());
                    files.push(ForeignFile { path, content });
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }
}

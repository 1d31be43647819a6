//! A repository that is kept open for several questions: to open one reads all its settings.

use super::{GitError, Repository, describe, describe_at, discover, failure};
use std::path::Path;
use std::rc::Rc;

/// A repository that is open. Its clones are the same one.
#[derive(Clone)]
pub struct Opened(Rc<git2::Repository>);

impl Opened {
    /// Opens the repository that holds `start`.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn at(start: &Path) -> Result<Self, GitError> {
        Ok(Self(Rc::new(discover(start)?)))
    }

    /// What [`super::open`] says of it; `start` is what it was opened at.
    ///
    /// # Errors
    /// When it is bare, or it cannot be read.
    pub fn describe(&self, start: &Path) -> Result<Repository, GitError> {
        describe(&self.0, start)
    }

    /// The same, also without a work tree: its root is its git directory then.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn describe_bare(&self) -> Result<Repository, GitError> {
        let root = self.0.workdir().unwrap_or(self.0.path());
        describe_at(&self.0, root)
    }

    /// The content of `path` in the commit that HEAD is; None where it has no such file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn in_head(&self, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let absent = |error: &git2::Error| {
            matches!(
                error.code(),
                git2::ErrorCode::NotFound | git2::ErrorCode::UnbornBranch
            )
        };
        match self.0.revparse_single(&format!("HEAD:{path}")) {
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(failure(self.0.path(), &error)),
            Ok(object) => Ok(object.as_blob().map(|blob| blob.content().to_vec())),
        }
    }

    pub(super) fn repository(&self) -> &Rc<git2::Repository> {
        &self.0
    }
}

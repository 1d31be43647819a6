//! A repository that is kept open for several questions: to open one reads all its settings.

use super::{GitError, Repository, describe, discover};
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

    pub(super) fn repository(&self) -> &Rc<git2::Repository> {
        &self.0
    }
}

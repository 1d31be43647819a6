//! One commit, named as a person or a CI system names it.

use super::{CommitId, GitError, Opened, failure};

/// Why a text names no one commit.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    #[error("there is no commit {0:?} in this repository")]
    Absent(String),
    #[error("{0:?} is the beginning of several ids")]
    Ambiguous(String),
    #[error("{text:?} is a {kind}, and a commit is needed")]
    Other { text: String, kind: &'static str },
    #[error(transparent)]
    Git(#[from] GitError),
}

/// The commit that `text` names: an id or its beginning, a branch, a tag, `HEAD~2`.
///
/// # Errors
/// Where there is none, where there are several, where it names a tree or a file.
pub fn resolve(opened: &Opened, text: &str) -> Result<CommitId, RevisionError> {
    let repository = opened.repository();
    let object = repository
        .revparse_single(text)
        .map_err(|error| match error.code() {
            git2::ErrorCode::Ambiguous => RevisionError::Ambiguous(text.to_owned()),
            git2::ErrorCode::NotFound | git2::ErrorCode::InvalidSpec => {
                RevisionError::Absent(text.to_owned())
            }
            _ => failure(repository.path(), &error).into(),
        })?;
    match object.peel_to_commit() {
        Ok(commit) => Ok(commit.id().into()),
        Err(_) => Err(RevisionError::Other {
            text: text.to_owned(),
            kind: object.kind().map_or("object", |kind| kind.str()),
        }),
    }
}

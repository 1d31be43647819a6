//! Why a command could not do its work: a sentence, what mends it, and the exit code.

use super::Exit;
use crate::config::ConfigError;
use crate::detect::TreeError;
use crate::git::GitError;

/// What a command ends with instead of a result.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What happened, and where.
    pub(crate) sentence: String,
    /// The command or edit that mends it.
    pub(crate) mend: Option<String>,
    pub(crate) exit: Exit,
}

impl Failure {
    pub(crate) fn new(exit: Exit, sentence: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            mend: Some(mend.into()),
            exit,
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let place = format!("{}:{}:{}", error.file, error.line, error.column);
        Self {
            sentence: format!("{place}: {}", error.message),
            mend: error
                .mend
                .or_else(|| Some(format!("correct {} at this place", error.file))),
            exit: Exit::Usage,
        }
    }
}

impl From<TreeError> for Failure {
    fn from(error: TreeError) -> Self {
        let sentence = error.to_string();
        match error {
            TreeError::NotAFolder(_) => {
                Self::new(Exit::Usage, sentence, "name the folder of a repository")
            }
            TreeError::Io { path, .. } => Self::new(
                Exit::Missing,
                sentence,
                format!("make it readable: chmod u+rx {}", path.display()),
            ),
            TreeError::Git(error) => error.into(),
        }
    }
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        let sentence = error.to_string();
        let mend = match error {
            GitError::NotARepository(path) if !path.exists() => {
                "there is nothing at that path: check how it is written".to_owned()
            }
            GitError::NotARepository(path) if path.is_file() => {
                "that is a file: give the folder of a repository".to_owned()
            }
            GitError::NotARepository(_) => "run git init there first".to_owned(),
            GitError::Unreadable { path, .. } => {
                format!("make it readable: chmod u+rx {}", path.display())
            }
            GitError::Bare(path) => format!(
                "clone it and work in the clone: git clone {}",
                path.display()
            ),
            GitError::Index { .. } => {
                "keep a copy of that file, then make it anew from HEAD: git read-tree HEAD"
                    .to_owned()
            }
            GitError::Head { .. } => {
                "git fsck says what is whole; put HEAD right with: git symbolic-ref HEAD \
                 refs/heads/BRANCH"
                    .to_owned()
            }
            GitError::Locked(lock) => format!(
                "wait until that process has ended; where none is running, rm {}",
                lock.display()
            ),
            GitError::Changed(_) => "commit again".to_owned(),
            GitError::Object { .. } => "see what git fsck says".to_owned(),
            GitError::Unwritten { .. } => {
                "nothing was changed; make room on that disk, or make the \
                 folder writable, and run the same command again"
                    .to_owned()
            }
            GitError::Git { .. } | GitError::Path(_) | GitError::Name(_) => {
                "see what git status says there".to_owned()
            }
        };
        Self::new(Exit::Missing, sentence, mend)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(
            Exit::Missing,
            format!("standard output could not be written: {error}"),
            "make room on the disk, or write the report elsewhere",
        )
    }
}

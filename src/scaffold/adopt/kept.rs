//! Where the content of an adopted file stays.

use crate::git::{Executable, Repository};
use crate::project::RelPath;
use crate::scaffold::lock::sha256;
use serde::Serialize;
use std::path::PathBuf;

/// Where an old content is to be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// In a commit, as this blob.
    Git(String),
    /// In this file under git's own folder.
    Backup(PathBuf),
}

impl Kept {
    /// Looks where `content`, which lies at `path`, is, or would be put. Writes nothing.
    pub(in super::super) fn of(repository: &Repository, path: &RelPath, content: &[u8]) -> Self {
        let git = Executable::new(&repository.git_dir, Some(&repository.root));
        if git.contents_of(path).iter().any(|known| known == content)
            && let Ok(id) = git.output(&["hash-object", "--no-filters", "--stdin"], content)
        {
            return Self::Git(String::from_utf8_lossy(&id).trim().to_owned());
        }
        let name = format!(
            "{}-{}",
            path.as_str().replace('/', "-"),
            &sha256(content)[..12]
        );
        Self::Backup(repository.private_dir.join("adopted").join(name))
    }

    /// The command that shows it.
    #[must_use]
    pub fn command(&self) -> String {
        match self {
            Self::Git(id) => format!("git show {id}"),
            Self::Backup(file) => format!("cat {}", file.display()),
        }
    }
}

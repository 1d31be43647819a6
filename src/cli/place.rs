//! The folder that a command works on, with its repository and its configuration.

use crate::config::Config;
use crate::git::{self, GitError, Repository};
use crate::project::Project;
use std::path::{Path, PathBuf};

/// Where a command works.
pub(super) struct Place {
    /// Absolute, symlinks resolved.
    pub(super) root: PathBuf,
    /// Or why there is none.
    pub(super) repository: Result<Repository, GitError>,
    pub(super) config: Config,
}

/// Why a command cannot begin: wrong usage or configuration.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlaceError {
    #[error("there is no folder {}: {source}", path.display())]
    NoFolder {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} is a file; give the folder of a repository", .0.display())]
    File(PathBuf),
    #[error("cannot read {}: {source}", path.display())]
    Config {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Invalid(#[from] crate::config::ConfigError),
}

impl Place {
    pub(super) fn at(path: &Path) -> Result<Self, PlaceError> {
        let root = path.canonicalize().map_err(|source| PlaceError::NoFolder {
            path: path.to_owned(),
            source,
        })?;
        if !root.is_dir() {
            return Err(PlaceError::File(path.to_owned()));
        }
        let file = root.join("shipway.toml");
        let config = match std::fs::read_to_string(&file) {
            Ok(text) => Config::parse(&text, "shipway.toml")?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Config::default(),
            Err(source) => return Err(PlaceError::Config { path: file, source }),
        };
        Ok(Self {
            repository: git::open(&root),
            root,
            config,
        })
    }

    /// What the folder holds; None where it cannot be read at all, which the checks of the
    /// folder say better.
    pub(super) fn project(&self) -> Option<Project> {
        crate::detect::detect(&self.root, &self.config).ok()
    }
}

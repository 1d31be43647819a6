//! The folder that doctor and setup work on, with its repository and its configuration.

use super::{Exit, Failure};
use crate::config::Config;
use crate::git::{GitError, Opened, Repository};
use crate::project::Project;
use std::path::{Path, PathBuf};

/// Where a command works.
pub(super) struct Place {
    /// Absolute, symlinks resolved.
    pub(super) root: PathBuf,
    /// Or why there is none.
    pub(super) repository: Result<Repository, GitError>,
    /// The same, open; None where there is none.
    pub(super) opened: Option<Opened>,
    pub(super) config: Config,
}

impl Place {
    /// The folder `named`, else the top of the repository around the current one.
    pub(super) fn at(named: Option<&Path>) -> Result<Self, Failure> {
        let start = named.unwrap_or(Path::new("."));
        let absolute = start.canonicalize().map_err(|error| {
            Failure::new(
                Exit::Usage,
                format!("there is no folder {}: {error}", start.display()),
                "name the folder of a repository",
            )
        })?;
        if !absolute.is_dir() {
            return Err(Failure::new(
                Exit::Usage,
                format!("{} is not a folder", start.display()),
                "name the folder of a repository",
            ));
        }
        let (repository, opened) = match Opened::at(&absolute) {
            Ok(opened) => (opened.describe(&absolute), Some(opened)),
            Err(error) => (Err(error), None),
        };
        let root = match &repository {
            Ok(repository) if named.is_none() => repository.root.clone(),
            _ => absolute,
        };
        let file = root.join("shipway.toml");
        let config = match crate::config::file::read(&file) {
            Ok(text) => Config::parse(&text, "shipway.toml")?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Config::default(),
            Err(error) => {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("{} cannot be read: {error}", file.display()),
                    "make it a readable text in UTF-8, or delete it",
                ));
            }
        };
        Ok(Self {
            root,
            repository,
            opened,
            config,
        })
    }

    /// What the folder holds; None where it cannot be read at all, which the checks of the
    /// folder say better.
    pub(super) fn project(&self) -> Option<Project> {
        crate::detect::detect(&self.root, &self.config).ok()
    }
}

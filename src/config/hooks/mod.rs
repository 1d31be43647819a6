//! `[hooks]`: which jobs each git hook runs, read and checked.
//!
//! [`table`] is what is written, [`Hooks`] what it means. A hook runs the checks that are on by
//! default and the jobs that are written for it; a job that names such a check takes its place.

mod check;
mod command;
mod hook;
mod job;
mod job_table;
mod pattern;
mod table;
mod value;

pub use check::{Check, CheckId, CheckOptions, Ending};
pub use command::{CommandLine, Word};
pub use hook::Hook;
pub use job::{Action, Fix, Job, Level, Tool};
pub use pattern::{Branches, Patterns};
pub use table::HooksTable;

use super::{Config, ConfigError, FILE};
use crate::project::RelPath;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What `[hooks]` of the root and of its subfolders mean together.
#[derive(Debug, Clone, PartialEq)]
pub struct Hooks {
    /// Files that no job of any hook looks at.
    pub exclude: Patterns,
    /// How long a hook may take before its slowest jobs are named.
    pub budget: BTreeMap<Hook, Duration>,
    jobs: BTreeMap<Hook, Vec<Job>>,
}

impl Default for Hooks {
    /// What holds where nothing is configured.
    fn default() -> Self {
        let mut jobs = BTreeMap::new();
        for hook in Hook::ALL {
            jobs.insert(hook, default_jobs(hook).collect());
        }
        Self {
            exclude: Patterns::default(),
            budget: BTreeMap::new(),
            jobs,
        }
    }
}

impl Hooks {
    /// The jobs of `hook` in the order in which they are reported: the checks that are on by
    /// default, then what is written, the root's before that of subfolders.
    #[must_use]
    pub fn jobs(&self, hook: Hook) -> &[Job] {
        self.jobs.get(&hook).map_or(&[], Vec::as_slice)
    }

    /// The hooks that have jobs.
    pub fn used(&self) -> impl Iterator<Item = Hook> + '_ {
        Hook::ALL
            .into_iter()
            .filter(|hook| !self.jobs(*hook).is_empty())
    }

    /// Reads the configuration of `root` and [those in subfolders](Self::with_parts).
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load<'p>(
        root: &Path,
        tracked: impl IntoIterator<Item = &'p str>,
    ) -> Result<Self, ConfigError> {
        Self::of_root(root)?.with_parts(root, tracked)
    }

    /// Reads the configuration of `root` alone.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn of_root(root: &Path) -> Result<Self, ConfigError> {
        Ok(Config::load(root)?.hooks)
    }

    /// Reads the configurations in subfolders of `root`, which add jobs for their trees.
    /// `tracked` are paths of the repository, of which only those named `shipway.toml` matter;
    /// one that an `exclude` above it covers, or that is not there, is not read.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn with_parts<'p>(
        mut self,
        root: &Path,
        tracked: impl IntoIterator<Item = &'p str>,
    ) -> Result<Self, ConfigError> {
        let suffix = format!("/{FILE}");
        let mut nested: Vec<&str> = tracked
            .into_iter()
            // What shipway keeps there is no configuration of a part.
            .filter(|path| path.ends_with(&suffix) && !path.starts_with(".shipway/"))
            .collect();
        // Outer folders first, for their `exclude` holds for what is in them.
        nested.sort_by_key(|path| (path.matches('/').count(), *path));
        for file in nested {
            let Ok(path) = RelPath::parse(file) else {
                continue;
            };
            if self.exclude.matches(file) || !path.under(root).is_file() {
                continue;
            }
            let text = super::read(&path.under(root), file)?;
            self.add(&text, file, &path.parent())?;
        }
        Ok(self)
    }

    /// Adds the jobs of the configuration `text`, named `file`, of a subfolder.
    ///
    /// # Errors
    /// As [`Config::parse`], and what only the root's configuration may say.
    pub fn add(&mut self, text: &str, file: &str, folder: &RelPath) -> Result<(), ConfigError> {
        let part = Config::table(text, file)?
            .part(text, file, folder)
            .and_then(|part| {
                self.exclude
                    .join(&part.exclude)
                    .map_err(|(_, message)| value::Wrong::new(0, message))?;
                Ok(part.jobs)
            })
            .map_err(|wrong| wrong.at(text, file))?;
        for (hook, jobs) in part {
            self.jobs.entry(hook).or_default().extend(jobs);
        }
        Ok(())
    }
}

/// The checks of `hook` that are on where nothing is configured.
fn default_jobs(hook: Hook) -> impl Iterator<Item = Job> {
    CheckId::all()
        .filter(move |id| id.is_default(hook))
        .map(Job::default_of)
}

#[cfg(test)]
mod tests;

//! `shipway detect`: what this repository is, and why we think so.

use super::{Context, Exit, Failure, Format};
use crate::config::Config;
use crate::{detect, git, ui};
use clap::Args;
use std::path::{Path, PathBuf};

/// What this repository is, and why we think so.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder to look at; the repository around the current folder where absent
    path: Option<PathBuf>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// Detects and reports. [`Exit::Finding`] where nothing was recognised.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let root = root(arguments.path.as_deref())?;
    let config = Config::load(&root)?;
    let project = detect::detect(&root, &config)?;
    match arguments.format {
        Format::Json => context.output.json(&project)?,
        Format::Human => context
            .output
            .report(&ui::show_project(&project, &context.output))?,
    }
    Ok(if project.is_empty() {
        Exit::Finding
    } else {
        Exit::Done
    })
}

/// The folder to look at: the one named, else the top of the repository around the current one.
fn root(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let start = named.unwrap_or(Path::new("."));
    match git::open(start) {
        Ok(repository) if named.is_none() => Ok(repository.root),
        Err(error @ git::GitError::Bare(_)) => Err(error.into()),
        // A folder outside git can be looked at as well.
        _ => Ok(start.to_owned()),
    }
}

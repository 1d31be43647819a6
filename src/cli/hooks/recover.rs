//! `shipway hooks recover`: puts right what a run left that was killed.

use super::super::{Context, Exit, Failure, Format};
use crate::git;
use crate::hooks::{HookError, snapshot};
use crate::ui::{show_backups, show_recovery};
use serde_json::json;

/// Put right what a killed run left, or show what is kept of earlier runs
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Show the backups instead: what files were before hooks mended them
    #[arg(long)]
    list: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let repository = git::open_from_environment()?.repository;
    if arguments.list {
        let backups = snapshot::backups(&repository);
        match arguments.format {
            Format::Human => context.output.report(&show_backups(&backups))?,
            Format::Json => context.output.json(&backups)?,
        }
        return Ok(Exit::Done);
    }
    let recovery = snapshot::recover(&repository).map_err(HookError::from)?;
    match arguments.format {
        Format::Human if recovery.is_empty() => context
            .output
            .report("Nothing to put right: no run was killed while it wrote.\n")?,
        Format::Human => context
            .output
            .report(&show_recovery(&recovery, &context.output))?,
        Format::Json => context.output.json(&json!(recovery))?,
    }
    Ok(if recovery.edited.is_empty() {
        Exit::Done
    } else {
        Exit::Conflict
    })
}

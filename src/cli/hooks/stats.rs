//! `shipway hooks stats`: how long hooks take here, and what would make them shorter.

use super::super::{Context, Exit, Failure, Format};
use crate::git;
use crate::hooks::stats;
use crate::ui::show_hook_stats;

/// Show how long hooks take, and which job keeps them over their budget
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let repository = git::open_from_environment()?.repository;
    let hooks = super::read(&repository)?;
    let summaries = stats::summaries(&stats::read(&repository), &hooks);
    match arguments.format {
        Format::Human => context
            .output
            .report(&show_hook_stats(&summaries, &context.output))?,
        Format::Json => context.output.json(&summaries)?,
    }
    Ok(Exit::Done)
}

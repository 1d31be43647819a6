//! `shipway hooks list`: the jobs of each hook.

use super::super::{Context, Exit, Failure, Format};
use crate::config::hooks::Hook;
use crate::hooks::install::{Place, place};
use crate::hooks::overview::{HookRow, overview};
use crate::ui;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Show what each git hook runs
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A folder of the repository; the current one where absent
    path: Option<PathBuf>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// The report in JSON.
#[derive(Serialize)]
struct Report {
    schema: u32,
    hooks: Vec<HookRow>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let start = arguments.path.as_deref().unwrap_or(Path::new("."));
    let repository = crate::git::open(start)?;
    let hooks = super::read(&repository)?;
    let used: Vec<Hook> = hooks.used().collect();
    let folder = match place(&repository, &used) {
        Ok(Place::Own(folder)) => Some(folder),
        Ok(Place::Called(_)) | Err(_) => None,
    };
    let hooks = overview(&hooks, &super::consent(&repository), folder.as_deref());
    match arguments.format {
        Format::Json => context.output.json(&Report { schema: 1, hooks })?,
        Format::Human => context
            .output
            .report(&ui::show_hooks(&hooks, &context.output))?,
    }
    Ok(Exit::Done)
}

//! `shipway release-file`: a generated file becomes its user's.

use super::interrupt::Interrupt;
use super::planned;
use super::{Context, Exit, Failure, Format, update};
use crate::scaffold::lock::LOCK_FILE;
use crate::scaffold::{Entry, release};
use crate::{git, ui};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Take a generated file over yourself: nothing writes it any more
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The generated file, or the file with a generated block
    path: PathBuf,
    /// Show what would change and write nothing
    #[arg(long)]
    dry_run: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// The report in JSON.
#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    /// Whether the changes were written.
    applied: bool,
    entries: &'r [Entry],
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let start = Path::new(".");
    let repository = git::open(start)?;
    let interrupt = Interrupt::listen()?;
    let session = planned::session(&repository, !arguments.dry_run, context)?;
    let (lock, _) = update::lock_of(&repository)?;
    let path = planned::inside(&repository, start, &arguments.path)?;
    let path = lock.place_of(&path).clone();
    let plan = release::plan(&repository.root, &lock, &path)?;
    if plan.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            format!("{path} is yours already"),
            format!("{LOCK_FILE} lists what shipway makes"),
        ));
    }
    if let Some(session) = &session {
        planned::write(session, &plan, &repository, &interrupt, "release-file")?;
    }
    let applied = session.is_some();
    if arguments.format == Format::Json {
        context.output.json(&Report {
            schema: 1,
            applied,
            entries: &plan.entries,
        })?;
        return Ok(Exit::Done);
    }
    let features: Vec<&str> = (plan.entries.iter())
        .map(|entry| entry.feature.as_str())
        .collect();
    let page = ui::show_changes(&plan, &repository.root, &context.output);
    context.output.report(&page)?;
    context.output.report(&if applied {
        format!(
            "{path} of {} is yours now. Taken back with: shipway undo, or later: shipway adopt \
             {path}\n",
            features.join(", ")
        )
    } else {
        format!("{path} would be yours; nothing was written.\n")
    })?;
    Ok(Exit::Done)
}

//! `shipway dora import …`: events that other tools hold.

mod events;

use super::super::{Context, Exit, Failure, Format};
use crate::dora::import::{ImportError, LeftOut};
use crate::dora::store::{AddedAll, BatchError};
use crate::ui;
use serde::Serialize;

/// Take over events from a file
///
/// What was imported before changes nothing, so an import can be repeated.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    way: Way,
}

#[derive(Debug, clap::Subcommand)]
enum Way {
    Events(events::Arguments),
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    match &arguments.way {
        Way::Events(arguments) => events::run(arguments, context),
    }
}

#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    #[serde(flatten)]
    added: AddedAll,
    left_out: &'r [LeftOut],
}

/// So many things that were left out are named to a person.
const NAMED: usize = 20;

/// Says what was imported, and what was not.
fn say(
    added: AddedAll,
    left_out: &[LeftOut],
    format: Format,
    context: &Context,
) -> Result<Exit, Failure> {
    if format == Format::Json {
        context.output.json(&Report {
            schema: 1,
            added,
            left_out,
        })?;
        return Ok(Exit::Done);
    }
    for one in left_out.iter().take(NAMED) {
        context.output.note(&format!(
            "left out: {}: {}",
            ui::visible(&one.what),
            ui::visible(&one.reason)
        ));
    }
    if left_out.len() > NAMED {
        let more = left_out.len() - NAMED;
        context
            .output
            .note(&format!("and {more} more; --format json names them all"));
    }
    if !context.quiet {
        context.output.report(&format!(
            "{} imported, {} there already, {} left out\n",
            ui::counted(added.new, "event", "events"),
            ui::counted(added.known, "was", "were"),
            left_out.len()
        ))?;
    }
    Ok(Exit::Done)
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let sentence = error.to_string();
        match error {
            ImportError::Invalid { .. } => Self::new(
                Exit::Usage,
                format!("{sentence}; nothing was imported"),
                "correct it, or import the rest with --skip-invalid",
            ),
            ImportError::Read(_) => Self::new(
                Exit::Missing,
                sentence,
                "see that the file is there and can be read",
            ),
            ImportError::Batch(BatchError::Event(error)) => error.into(),
            ImportError::Batch(BatchError::Io(_)) => Self::new(
                Exit::Missing,
                sentence,
                "make room in the folder for temporary files, or set TMPDIR to another",
            ),
        }
    }
}

//! `shipway dora import …`: events that other tools hold.

mod events;
mod forge;
mod tags;

use super::super::{Context, Exit, Failure, Format};
use crate::dora::event::Event;
use crate::dora::import::{ImportError, LeftOut};
use crate::dora::store::{AddedAll, Batch, BatchError};
use crate::dora::{Store, StoreError};
use crate::ui;
use serde::Serialize;

/// Take over deployments, incidents and more that others hold
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
    Tags(tags::Arguments),
    Github(forge::GithubArguments),
    Gitlab(forge::GitlabArguments),
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    match &arguments.way {
        Way::Events(arguments) => events::run(arguments, context),
        Way::Tags(arguments) => tags::run(arguments, context),
        Way::Github(arguments) => forge::github(arguments, context),
        Way::Gitlab(arguments) => forge::gitlab(arguments, context),
    }
}

#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    #[serde(flatten)]
    added: AddedAll,
    left_out: &'r [LeftOut],
}

/// The events that would be imported, each as its form in JSON, with its id.
#[derive(Serialize)]
struct Rehearsal<'r> {
    schema: u32,
    dry_run: bool,
    would_import: Vec<serde_json::Value>,
    left_out: &'r [LeftOut],
}

/// No batch can be begun.
fn not_put_down(error: std::io::Error) -> Failure {
    ImportError::from(BatchError::from(error)).into()
}

/// Keeps the events of `batch`, or says which they are.
fn finish(
    store: &dyn Store,
    batch: &mut Batch,
    left_out: &[LeftOut],
    dry_run: bool,
    format: Format,
    context: &Context,
) -> Result<Exit, Failure> {
    if !dry_run {
        let added = store.add_all(batch)?;
        return say(added, left_out, format, context);
    }
    let mut events = Vec::new();
    for named in batch.events().map_err(StoreError::Batch)? {
        let named = named.map_err(StoreError::Batch)?;
        events.push((named.id, Event::parse(&named.json, None)?, named.json));
    }
    if format == Format::Json {
        let mut would_import = Vec::with_capacity(events.len());
        for (id, _, json) in &events {
            let event: serde_json::Value =
                serde_json::from_slice(json).map_err(std::io::Error::from)?;
            would_import.push(serde_json::json!({"id": id, "event": event}));
        }
        context.output.json(&Rehearsal {
            schema: 1,
            dry_run,
            would_import,
            left_out,
        })?;
        return Ok(Exit::Done);
    }
    name_left_out(left_out, context);
    let lines: Vec<String> = events
        .iter()
        .map(|(id, event, _)| ui::event_line(*id, event))
        .collect();
    context.output.report(&format!("{}\n", lines.join("\n")))?;
    if !context.quiet {
        context.output.report(&format!(
            "{} would be imported, {} left out; nothing was written\n",
            ui::counted(events.len(), "event", "events"),
            left_out.len()
        ))?;
    }
    Ok(Exit::Done)
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
    name_left_out(left_out, context);
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

fn name_left_out(left_out: &[LeftOut], context: &Context) {
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

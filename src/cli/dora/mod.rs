//! `shipway dora …`: the delivery record.

pub(super) mod branches;
mod explain;
mod export;
mod import;
mod log;
mod record;
mod report;
mod retract;
mod scene;
mod show;
mod sync;
mod verify;
mod window;
mod wrap;

pub(super) use record::{Arguments as RecordArguments, run as record};
pub(in crate::cli) use scene::Scene;

use super::{Context, Exit, Failure};
use crate::dora::event::{Event, EventId};

/// Keep a record of deployments, incidents and pipeline steps in the repository itself
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Record(record::Arguments),
    Wrap(wrap::Arguments),
    Retract(retract::Arguments),
    Log(log::Arguments),
    Verify(verify::Arguments),
    Sync(sync::Arguments),
    Report(report::Arguments),
    Explain(explain::Arguments),
    Show(show::Arguments),
    Import(import::Arguments),
    Export(export::Arguments),
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Record(arguments) => record::run(arguments, context),
        Command::Wrap(arguments) => wrap::run(arguments, context),
        Command::Retract(arguments) => retract::run(arguments, context),
        Command::Log(arguments) => log::run(arguments, context),
        Command::Verify(arguments) => verify::run(arguments, context),
        Command::Sync(arguments) => sync::run(arguments, context),
        Command::Report(arguments) => report::run(arguments, context),
        Command::Explain(arguments) => explain::run(arguments, context),
        Command::Show(arguments) => show::run(arguments, context),
        Command::Import(arguments) => import::run(arguments, context),
        Command::Export(arguments) => export::run(arguments, context),
    }
}

/// The one event whose id begins with `text`.
fn find<'e>(events: &'e [(EventId, Event)], text: &str) -> Result<&'e (EventId, Event), Failure> {
    let beginning = text.to_ascii_lowercase();
    let hexadecimal = beginning.bytes().all(|byte| byte.is_ascii_hexdigit());
    if beginning.len() < 4 || !hexadecimal {
        return Err(Failure::new(
            Exit::Usage,
            format!("{text:?} is no id of an event"),
            "give at least 4 of the hexadecimal digits that shipway dora log shows",
        ));
    }
    let mut found = events
        .iter()
        .filter(|(id, _)| id.to_string().starts_with(&beginning));
    match (found.next(), found.next()) {
        (Some(event), None) => Ok(event),
        (None, _) => Err(Failure::new(
            Exit::Usage,
            format!("there is no event {text}"),
            "shipway dora log lists the events; shipway dora sync fetches those of others",
        )),
        (Some((one, _)), Some((other, _))) => Err(Failure::new(
            Exit::Usage,
            format!("{text} is the beginning of several ids: {one:.16}, {other:.16}"),
            "give more of it",
        )),
    }
}

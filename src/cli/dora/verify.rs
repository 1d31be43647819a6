//! `shipway dora verify`: every event's name, shape and times.

use super::super::{Context, Exit, Failure, Format};
use super::scene::Scene;
use crate::dora::store::Refused;
use crate::dora::verify::verify;
use crate::ui;
use serde::Serialize;
use std::fmt::Write;

/// Check every event of the record: its name, its form, its times, what it refers to
///
/// Reads the record itself and no cache. Ends with 1 where something is wrong.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    events: usize,
    wrong: &'r [Refused],
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let scene = Scene::here()?;
    let reading = scene.store()?.read_anew()?;
    let mut wrong = verify(&reading, scene.now);
    let unverified = scene.unverified(&reading.events)?.unwrap_or_default();
    wrong.extend(unverified.into_iter().map(|id| Refused {
        place: id.to_string(),
        reason: "is signed by none of [dora] signers".to_owned(),
    }));
    let events = reading.events.len();
    match arguments.format {
        Format::Json => context.output.json(&Report {
            schema: 1,
            events,
            wrong: &wrong,
        })?,
        Format::Human => {
            let mut text = String::new();
            for one in &wrong {
                let place = ui::visible(&one.place);
                let _ = writeln!(text, "{place} {}", ui::visible(&one.reason));
            }
            if !context.quiet {
                let _ = writeln!(
                    text,
                    "{}, {}",
                    ui::counted(events, "event", "events"),
                    ui::counted(wrong.len(), "thing wrong", "things wrong")
                );
            }
            context.output.report(&text)?;
        }
    }
    Ok(if wrong.is_empty() {
        Exit::Done
    } else {
        Exit::Finding
    })
}

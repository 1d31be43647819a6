//! `shipway dora retract`: says that an event was wrong.

use super::super::{Context, Exit, Failure, Format};
use super::record;
use super::scene::Scene;
use crate::dora::event::{Event, Retraction, Text};

/// Say that an event was wrong; it stays readable and counts nowhere
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Id of the event, or its beginning
    event: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Text,
    /// How the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let scene = Scene::here()?;
    let store = scene.store()?;
    let events = store.all()?;
    let (id, event) = super::find(&events, &arguments.event)?;
    if matches!(event, Event::Retraction(_)) {
        return Err(Failure::new(
            Exit::Usage,
            format!("{id:.12} is a retraction, which cannot be retracted"),
            "record the event anew that it took away, with a time or run of its own",
        ));
    }
    let earlier = events.iter().find_map(|(_, event)| match event {
        Event::Retraction(earlier) if earlier.retracts == *id => Some(earlier),
        _ => None,
    });
    if let Some(earlier) = earlier {
        let at = earlier.at;
        context
            .output
            .note(&format!("{id:.12} was retracted already, at {at}"));
        return Ok(Exit::Done);
    }
    let retraction = Event::Retraction(Retraction {
        retracts: *id,
        reason: arguments.reason.clone(),
        at: scene.now,
    });
    record::keep(&scene, &*store, &retraction, arguments.format, context)?;
    Ok(Exit::Done)
}

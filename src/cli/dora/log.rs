//! `shipway dora log`: the events as a readable list.

use super::super::{Context, Exit, Failure, Format};
use super::scene::{Scene, parse_time};
use crate::dora::duplicate::duplicates;
use crate::dora::event::{Event, EventId, Name, Time};
use crate::ui;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write;

/// List the events, the newest first
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only events of this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<Name>,
    /// Only events of this service
    #[arg(long, value_name = "NAME")]
    service: Option<Name>,
    /// Only events of this type; may be repeated
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    kind: Vec<Kind>,
    /// Only events from this time on, in RFC 3339
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    from: Option<Time>,
    /// Only events before this time, in RFC 3339
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    to: Option<Time>,
    /// At most so many
    #[arg(long, short = 'n', value_name = "NUMBER")]
    limit: Option<usize>,
    /// How the list is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Deployment,
    Incident,
    Change,
    Step,
    Retraction,
}

#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    events: Vec<Entry>,
    refused: &'r [crate::dora::store::Refused],
}

#[derive(Serialize)]
struct Entry {
    id: EventId,
    /// It was taken back and counts nowhere.
    retracted: bool,
    /// The event that tells of the same deployment and counts in its place.
    duplicate_of: Option<EventId>,
    event: serde_json::Value,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let scene = Scene::here()?;
    let reading = scene.store()?.read()?;
    let retracted: BTreeSet<EventId> = reading
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Retraction(retraction) => Some(retraction.retracts),
            _ => None,
        })
        .collect();
    let duplicates = duplicates(reading.events.iter().filter_map(|(id, event)| match event {
        Event::Deployment(deployment) if !retracted.contains(id) => Some((*id, deployment)),
        _ => None,
    }));
    let shown = reading
        .events
        .iter()
        .rev()
        .filter(|(_, event)| arguments.wants(event))
        .take(arguments.limit.unwrap_or(usize::MAX));
    if arguments.format == Format::Json {
        let events = shown
            .map(|(id, event)| Entry {
                id: *id,
                retracted: retracted.contains(id),
                duplicate_of: duplicates.get(id).copied(),
                event: serde_json::from_slice(&event.canonical()).unwrap_or_default(),
            })
            .collect();
        context.output.json(&Report {
            schema: 1,
            events,
            refused: &reading.refused,
        })?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    let style = context.output.style();
    for (id, event) in shown {
        let _ = write!(
            text,
            "{}  {:<10}  {}  {}",
            event.main_time(),
            event.kind(),
            style.clone().dim().apply_to(format!("{id:.12}")),
            ui::event_text(event)
        );
        if retracted.contains(id) {
            let _ = write!(text, "  {}", style.clone().yellow().apply_to("retracted"));
        }
        if let Some(other) = duplicates.get(id) {
            let mark = format!("tells of {other:.12}");
            let _ = write!(text, "  {}", style.clone().yellow().apply_to(mark));
        }
        text.push('\n');
    }
    context.output.report(&text)?;
    if !reading.refused.is_empty() {
        context.output.note(&format!(
            "{} in the record: no event, and counted nowhere; shipway dora verify says more",
            ui::counted(reading.refused.len(), "thing", "things")
        ));
    }
    Ok(Exit::Done)
}

impl Arguments {
    fn wants(&self, event: &Event) -> bool {
        let place = match event {
            Event::Deployment(deployment) => Some((&deployment.environment, &deployment.service)),
            Event::Incident(incident) => Some((&incident.environment, &incident.service)),
            Event::Change(_) | Event::Step(_) | Event::Retraction(_) => None,
        };
        let kind = match event {
            Event::Deployment(_) => Kind::Deployment,
            Event::Incident(_) => Kind::Incident,
            Event::Change(_) => Kind::Change,
            Event::Step(_) => Kind::Step,
            Event::Retraction(_) => Kind::Retraction,
        };
        let at = event.main_time();
        let is = |wanted: &Option<Name>, name: Option<&Name>| {
            wanted.as_ref().is_none_or(|wanted| name == Some(wanted))
        };
        is(&self.environment, place.map(|(environment, _)| environment))
            && is(&self.service, place.map(|(_, service)| service))
            && (self.kind.is_empty() || self.kind.contains(&kind))
            && self.from.is_none_or(|from| at >= from)
            && self.to.is_none_or(|to| at < to)
    }
}

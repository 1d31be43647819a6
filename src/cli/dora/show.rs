//! `shipway dora show`: one event, and what a deployment delivered.

use super::super::{Context, Exit, Failure, Format};
use super::scene::Scene;
use crate::dora::event::{Event, EventId};
use crate::dora::history::{self, Facts, Question};
use crate::dora::metrics::lead_time::finished;
use crate::dora::report::line::duration;
use crate::git::CommitId;
use crate::git::graph::Graph;
use crate::git::past::subjects;
use crate::ui;
use clap::Args;
use serde::Serialize;
use std::fmt::Write as _;

/// Show one event; of a deployment, the changes that it delivered
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Id of the event, or its beginning
    id: String,
    /// How it is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Serialize)]
struct Shown {
    schema: u32,
    id: EventId,
    event: serde_json::Value,
    /// What is special about it, a sentence each.
    notes: Vec<String>,
    /// Of a deployment that delivered; by lead time.
    changes: Option<Vec<Delivery>>,
}

#[derive(Serialize)]
struct Delivery {
    commit: CommitId,
    /// First line of its message; empty where the repository lacks it.
    subject: String,
    /// Seconds.
    lead_time: i64,
    /// The deployed commit, where it is another one.
    merged_as: Option<CommitId>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let scene = Scene::here()?;
    let events = scene.store()?.all()?;
    let (id, event) = super::find(&events, &arguments.id)?;
    let mut shown = Shown {
        schema: 1,
        id: *id,
        event: serde_json::from_slice(&event.canonical()).unwrap_or_default(),
        notes: Vec::new(),
        changes: None,
    };
    let retracted = events.iter().any(
        |(_, other)| matches!(other, Event::Retraction(retraction) if retraction.retracts == *id),
    );
    if retracted {
        shown
            .notes
            .push("it is retracted and counts nowhere".to_owned());
    }
    if let Event::Deployment(deployment) = event {
        let question = Question {
            environment: Some(deployment.environment.as_str()),
            service: Some(deployment.service.as_str()),
            rows: true,
            ..Question::default()
        };
        let mut graph = Graph::open(&scene.repository.common_dir)?;
        let root = &scene.repository.root;
        let history = history::resolve(root, &events, &mut graph, &scene.config.dora, &question)?;
        for facts in &history.accounts {
            add(&mut shown, facts);
        }
        let commits: Vec<CommitId> = shown
            .changes
            .iter()
            .flatten()
            .map(|change| change.commit)
            .collect();
        for (change, subject) in shown
            .changes
            .iter_mut()
            .flatten()
            .zip(subjects(root, &commits)?)
        {
            change.subject = subject;
        }
    }
    match arguments.format {
        Format::Json => context.output.json(&shown)?,
        Format::Human => context.output.report(&text(&shown, *id, event))?,
    }
    Ok(Exit::Done)
}

fn add(shown: &mut Shown, facts: &Facts) {
    let duplicates = facts.account.duplicates.iter();
    if let Some((_, _, counts)) = duplicates.clone().find(|(_, id, _)| *id == shown.id) {
        shown.notes.push(format!(
            "{counts:.12} tells of the same deployment and counts in its place"
        ));
    }
    let Some(place) = facts
        .account
        .deployments
        .iter()
        .position(|told| told.id == shown.id)
    else {
        return;
    };
    if facts.rollback[place] {
        shown.notes.push("it is a rollback".to_owned());
    }
    if let Some(failure) = facts
        .failures
        .failures
        .iter()
        .find(|failure| failure.place == place)
    {
        let end = match failure.restored {
            Some(restored) => format!("restored after {}", duration(restored - failure.sign)),
            None => "still open".to_owned(),
        };
        shown.notes.push(format!("it failed; {end}"));
    }
    if facts.unknown.contains(&place) {
        let commit = facts.account.deployments[place].event.commit;
        shown.notes.push(format!(
            "the repository lacks its commit: git fetch origin {commit}"
        ));
    }
    let Some(number) = facts.list.iter().position(|listed| *listed == place) else {
        return;
    };
    if number == 0 && !facts.baseline_included {
        shown.notes.push(
            "it is the baseline: nobody knows when what it carries was delivered before".to_owned(),
        );
    }
    let finished = finished(facts, number);
    let plain = facts
        .delivered
        .nodes(number, number + 1)
        .iter()
        .map(|node| Delivery {
            commit: facts.graph.id(*node),
            subject: String::new(),
            lead_time: finished - facts.graph.time(*node),
            merged_as: None,
        });
    let recorded = facts
        .delivered
        .recorded(number, number + 1)
        .iter()
        .map(|change| Delivery {
            commit: change.original,
            subject: String::new(),
            lead_time: finished - change.start,
            merged_as: (change.original != change.commit).then_some(change.commit),
        });
    let mut changes: Vec<Delivery> = plain.chain(recorded).collect();
    changes.sort_by_key(|change| (change.lead_time, change.commit));
    shown.changes = Some(changes);
}

fn text(shown: &Shown, id: EventId, event: &Event) -> String {
    let mut text = format!("{}\n{id}\n", ui::visible(&ui::event_line(id, event)));
    for note in &shown.notes {
        let _ = writeln!(text, "! {}", ui::visible(note));
    }
    for (name, value) in shown.event.as_object().into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let _ = writeln!(text, "  {name:<14}{}", ui::visible(&value));
    }
    let Some(changes) = &shown.changes else {
        return text;
    };
    let _ = writeln!(
        text,
        "\nIt delivered {} change{}.",
        changes.len(),
        if changes.len() == 1 { "" } else { "s" }
    );
    for change in changes {
        let merged = change
            .merged_as
            .map(|merged| format!("  (merged as {merged:.10})"))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "  {:.10}  {:>14}  {}{merged}",
            change.commit,
            duration(change.lead_time),
            ui::visible(&change.subject)
        );
    }
    text
}

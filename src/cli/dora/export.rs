//! `shipway dora export`: the events in a form that other tools read.

use super::super::{Context, Exit, Failure};
use super::scene::Scene;
use crate::dora::export;
use clap::ValueEnum;

/// Write all events to standard output, the oldest first
///
/// What is written can be read back with shipway dora import events; CDEvents lack retractions.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How they are written
    #[arg(value_enum)]
    form: Form,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// One JSON object a line, in canonical form
    Jsonl,
    /// One row an event; what a spreadsheet would take for a formula is quoted
    Csv,
    /// One CDEvent a line
    Cdevents,
}

/// So many events are written at once.
const PART: usize = 1000;

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let scene = Scene::here()?;
    let events = scene.store()?.all()?;
    let project = crate::detect::project_name(&scene.repository.root, &scene.config);
    let mut left_out = 0;
    let mut text = Vec::new();
    let write = |text: &mut Vec<u8>, least: usize| -> Result<(), Failure> {
        if text.len() > least {
            context.output.report(&String::from_utf8_lossy(text))?;
            text.clear();
        }
        Ok(())
    };
    let part = PART * 200;
    match arguments.form {
        Form::Jsonl => {
            for (_, event) in &events {
                text.extend(event.canonical());
                text.push(b'\n');
                write(&mut text, part)?;
            }
        }
        Form::Csv => {
            for row in export::csv::rows(events.iter().map(|(_, event)| event)) {
                text.extend(row?);
                write(&mut text, part)?;
            }
        }
        Form::Cdevents => {
            for (id, event) in &events {
                match export::cdevents::line(*id, event, &project) {
                    Ok(Some(line)) => {
                        text.extend(line.into_bytes());
                        text.push(b'\n');
                        write(&mut text, part)?;
                    }
                    Ok(None) => left_out += 1,
                    Err(error) => {
                        return Err(Failure::new(
                            Exit::Usage,
                            format!("event {id:.12} cannot be written: {error}"),
                            "export it as jsonl",
                        ));
                    }
                }
            }
        }
    }
    write(&mut text, 0)?;
    if left_out > 0 {
        context.output.note(&format!(
            "{left_out} retractions were left out: CDEvents has no word for them"
        ));
    }
    Ok(Exit::Done)
}

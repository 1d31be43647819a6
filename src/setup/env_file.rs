//! Whether the variables that the application reads have a file, and the file where they have none.

use super::command::{self, CommandError};
use super::{Event, Outcome, Request, Step};
use crate::scaffold::read_lock;
use std::process::Command;

const NAME: &str = ".env";
/// The rule of the generated script that makes the file.
const SCRIPT: &str = "env_script";

pub(super) fn step(request: &Request, sink: &mut dyn FnMut(&Event)) -> Step {
    let reads = request
        .project
        .services
        .iter()
        .any(|service| !service.env.is_empty());
    if request.root.join(NAME).exists() {
        return Step::new(NAME, Outcome::Unchanged, "it is there");
    }
    if let Some(script) = script(request) {
        return make(request, &script, sink);
    }
    if reads || request.root.join(".env.example").is_file() {
        Step::new(
            NAME,
            Outcome::Skipped,
            "there is none, and the application reads variables",
        )
        .mend("shipway init --yes --feature env")
    } else {
        Step::new(NAME, Outcome::Skipped, "the application reads no variables")
    }
}

/// The script that `init` made, where it is still there. A lock that cannot be read is for `init`
/// to say.
fn script(request: &Request) -> Option<String> {
    let lock = read_lock(request.root).ok()?;
    let artifact = lock
        .artifacts
        .iter()
        .find(|artifact| artifact.id == SCRIPT)?;
    let is_there = artifact.place().under(request.root).is_file();
    is_there.then(|| artifact.place().to_string())
}

fn make(request: &Request, script: &str, sink: &mut dyn FnMut(&Event)) -> Step {
    sink(&Event::Started { step: NAME });
    let mut command = Command::new("sh");
    command.arg(script).current_dir(request.root);
    match command::run(&mut command, request, sink) {
        Ok(()) => Step::new(
            NAME,
            Outcome::Done,
            format!("made by {script}, with secrets of its own"),
        ),
        Err(CommandError::Interrupted) => {
            Step::new(NAME, Outcome::Failed, "interrupted").mend("shipway setup goes on with it")
        }
        Err(error) => Step::new(NAME, Outcome::Failed, error.to_string())
            .mend("shipway init --yes --feature env"),
    }
}

//! Runs the project's own script that fills the database with examples.

use super::command::{self, CommandError};
use super::part::Part;
use super::{Event, Outcome, Request, Step};
use std::process::Command;

const NAME: &str = "seed";

pub(super) fn step(request: &Request, parts: &[Part], sink: &mut dyn FnMut(&Event)) -> Step {
    let Some(script) = &request.project.scripts.seed else {
        return Step::new(NAME, Outcome::Skipped, "the project has no seed script");
    };
    sink(&Event::Started { step: NAME });
    let mut command = Command::new("sh");
    command
        .args(["-c", &script.value])
        .current_dir(request.root);
    let path = request.machine.variable("PATH").unwrap_or_default();
    let folders = parts
        .iter()
        .map(Part::programs)
        .chain(std::env::split_paths(path));
    if let Ok(path) = std::env::join_paths(folders) {
        command.env("PATH", path);
    }
    if let Ok(lines) = dotenvy::from_path_iter(request.root.join(".env")) {
        command.envs(lines.flatten());
    }
    match command::run(&mut command, request, sink) {
        Ok(()) => Step::new(NAME, Outcome::Done, format!("ran {}", script.value)),
        Err(CommandError::Interrupted) => Step::new(NAME, Outcome::Failed, "interrupted")
            .mend("look at what it had done so far before running it again"),
        Err(error) => Step::new(NAME, Outcome::Failed, error.to_string())
            .mend("start what it needs with make up, and look at .env"),
    }
}

//! Starts the compose project and waits until it is healthy.

use super::command::{self, CommandError};
use super::{Event, Outcome, Request, Step};
use std::process::Command;

const NAME: &str = "services";

pub(super) fn step(request: &Request, sink: &mut dyn FnMut(&Event)) -> Step {
    let mut command = match compose(request) {
        Ok(command) => command,
        Err(NoCompose::File) => {
            return Step::new(NAME, Outcome::Skipped, "there is no compose file")
                .mend("shipway init --yes --feature compose");
        }
        Err(NoCompose::Engine) => {
            return Step::missing(NAME, "neither docker nor podman is on PATH")
                .mend("shipway doctor");
        }
    };
    sink(&Event::Started { step: NAME });
    command.args(["up", "--detach", "--wait"]);
    match command::run(&mut command, request, sink) {
        Ok(()) => Step::new(NAME, Outcome::Done, "the compose project is healthy"),
        Err(CommandError::Interrupted) => {
            Step::new(NAME, Outcome::Failed, "interrupted").mend("docker compose down")
        }
        Err(error) => Step::new(NAME, Outcome::Failed, error.to_string())
            .mend("docker compose logs says why; shipway doctor looks at the engine"),
    }
}

/// Why compose cannot be called.
pub(super) enum NoCompose {
    File,
    Engine,
}

/// `docker compose` on the development project, or Podman's.
pub(super) fn compose(request: &Request) -> Result<Command, NoCompose> {
    let files = files(request).ok_or(NoCompose::File)?;
    let engine = ["docker", "podman"]
        .iter()
        .find_map(|name| request.machine.find(name))
        .ok_or(NoCompose::Engine)?;
    let mut command = Command::new(engine);
    command.arg("compose").args(files).current_dir(request.root);
    Ok(command)
}

/// The `--file` arguments; empty where compose finds its files by itself, None without any.
fn files(request: &Request) -> Option<Vec<String>> {
    let is_there = |name: &&str| request.root.join(name).is_file();
    let own: Vec<String> = ["compose.shipway.yaml", "compose.shipway.override.yaml"]
        .into_iter()
        .filter(is_there)
        .flat_map(|name| ["--file".to_owned(), name.to_owned()])
        .collect();
    if !own.is_empty() {
        return Some(own);
    }
    [
        "compose.yaml",
        "compose.yml",
        "docker-compose.yml",
        "docker-compose.yaml",
    ]
    .iter()
    .any(is_there)
    .then(Vec::new)
}

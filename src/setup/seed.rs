//! Runs the project's own script that fills the database with examples.

use super::command::{self, CommandError};
use super::part::Part;
use super::services::{NoCompose, compose};
use super::{Event, Outcome, Request, Step};
use crate::project::ServiceKind;
use std::process::Command;

const NAME: &str = "seed";

pub(super) fn step(request: &Request, parts: &[Part], sink: &mut dyn FnMut(&Event)) -> Step {
    let Some(script) = &request.project.scripts.seed else {
        return Step::new(NAME, Outcome::Skipped, "the project has no seed script");
    };
    let script = &script.value;
    let (mut command, place) = match inside(request, script) {
        Ok(Some((command, service))) => (command, format!(" in a container of {service}")),
        Ok(None) => (here(request, parts, script), String::new()),
        Err(Unreachable) => {
            return Step::missing(
                NAME,
                "the database runs in the compose project, and neither docker nor podman is on PATH",
            )
            .mend("shipway doctor");
        }
    };
    sink(&Event::Started { step: NAME });
    match command::run(&mut command, request, sink) {
        Ok(()) => Step::new(NAME, Outcome::Done, format!("ran {script}{place}")),
        Err(CommandError::Interrupted) => Step::new(NAME, Outcome::Failed, "interrupted")
            .mend("look at what it had done so far before running it again"),
        Err(error) => Step::new(NAME, Outcome::Failed, error.to_string())
            .mend("start what it needs with make up, and look at .env"),
    }
}

/// There is a compose project and no engine to run it.
struct Unreachable;

/// In a container of the first service that answers HTTP, which has the script's packages and
/// reaches the database; None where the script runs here: in the dev container, which does, too, for
/// a target of the project's own Makefile, and without a compose project.
fn inside(request: &Request, script: &str) -> Result<Option<(Command, String)>, Unreachable> {
    let web = request
        .project
        .services
        .iter()
        .find(|service| service.kind.value == ServiceKind::Web);
    let in_dev_container = request.machine.variable("SHIPWAY_VENVS").is_some();
    let (Some(web), Ok(words)) = (web, shell_words::split(script)) else {
        return Ok(None);
    };
    if in_dev_container || words.first().is_some_and(|word| word == "make") {
        return Ok(None);
    }
    let mut command = match compose(request) {
        Ok(command) => command,
        Err(NoCompose::File) => return Ok(None),
        Err(NoCompose::Engine) => return Err(Unreachable),
    };
    let mut mount = request.root.as_os_str().to_owned();
    mount.push(":/src:ro");
    command
        .args(["run", "--rm", "-T", "--volume"])
        .arg(mount)
        .args(["--workdir", "/src", &web.name])
        .args(words);
    Ok(Some((command, web.name.clone())))
}

fn here(request: &Request, parts: &[Part], script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(request.root);
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
    command
}

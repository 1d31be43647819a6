//! Puts shims where git calls them, where this repository asks for them. A hook of somebody else's
//! is named and left as it is, and no command is agreed to: that takes `hooks install` or `trust`.

use super::{Outcome, Request, Step};
use crate::config::hooks::{Hook, Hooks, Job};
use crate::git::tracked;
use crate::hooks::install::{Action, InstallError, KEPT, Place, Plan, Proof, place, self_test};
use crate::project::RelPath;
use crate::scaffold::{lock::Lock, read_lock};

const NAME: &str = "hooks";

pub(super) fn step(request: &Request) -> Step {
    match put(request) {
        Ok(step) => step,
        Err(error @ InstallError::Elsewhere { .. }) => {
            Step::new(NAME, Outcome::Skipped, error.to_string())
                .mend("shipway hooks install names the lines to add")
        }
        Err(error) => Step::new(NAME, Outcome::Failed, error.to_string())
            .mend("mend what it says and run shipway setup again"),
    }
}

fn put(request: &Request) -> Result<Step, InstallError> {
    let repository = request.repository;
    let files = tracked(&repository.root)?;
    let hooks = match Hooks::load(&repository.root, files.iter().map(RelPath::as_str)) {
        Ok(hooks) => hooks,
        Err(error) => {
            return Ok(Step::new(NAME, Outcome::Failed, error.to_string())
                .mend("correct it and run shipway setup again"));
        }
    };
    let wanted: Vec<Hook> = hooks.used().collect();
    let jobs = || wanted.iter().flat_map(|hook| hooks.jobs(*hook));
    let written = jobs().any(|job| job.place.is_some());
    if !written && !is_generated(request) {
        return Ok(Step::new(
            NAME,
            Outcome::Skipped,
            "this repository has set up none",
        ));
    }
    let waiting: Vec<&str> = request
        .consent
        .missing(jobs())
        .into_iter()
        .filter_map(text)
        .collect();
    let said = |step: Step| {
        if waiting.is_empty() {
            return step;
        }
        let message = format!(
            "{}; these commands do not run there yet: {}",
            step.message,
            waiting.join("; ")
        );
        Step { message, ..step }.mend("read them, then shipway trust")
    };
    let folder = match place(repository, &wanted)? {
        Place::Own(folder) => folder,
        Place::Called(folder) => {
            let message = format!("those in {} call shipway", folder.display());
            return Ok(said(Step::new(NAME, Outcome::Unchanged, message)));
        }
    };
    let plan = Plan::install(&folder, &wanted, request.program)?;
    let foreign: Vec<_> = plan
        .rows
        .iter()
        .filter(|row| matches!(row.action, Action::Chain | Action::Conflict))
        .collect();
    if let Some(first) = foreign.first() {
        let names: Vec<String> = foreign
            .iter()
            .map(|row| match row.theirs {
                Some(tool) => format!("{} (of {tool})", row.hook),
                None => row.hook.to_string(),
            })
            .collect();
        return Ok(Step::new(
            NAME,
            Outcome::Skipped,
            format!(
                "{} in {} {} not shipway's, so nothing was installed",
                names.join(", "),
                folder.display(),
                if foreign.len() == 1 { "is" } else { "are" }
            ),
        )
        .mend(format!(
            "shipway hooks install keeps it as {}{KEPT} and runs it first",
            first.hook
        )));
    }
    let names: Vec<&str> = wanted.iter().map(|hook| hook.name()).collect();
    let message = format!("git calls shipway at {}", names.join(", "));
    if plan.is_empty() {
        return Ok(said(Step::new(NAME, Outcome::Unchanged, message)));
    }
    plan.apply()?;
    if let Some(Proof::NotCalled { hook, said }) = self_test(repository, &wanted)? {
        return Ok(Step::new(
            NAME,
            Outcome::Failed,
            format!("git does not call {hook}: {said}"),
        )
        .mend("shipway hooks install says where git looks for hooks"));
    }
    Ok(said(Step::new(NAME, Outcome::Done, message)))
}

/// Whether `init` made the feature here. A lock that cannot be read is for `init` to say.
fn is_generated(request: &Request) -> bool {
    let lock: Lock = read_lock(request.root).unwrap_or_default();
    lock.answers
        .get("features")
        .is_some_and(|features| features.split(' ').any(|feature| feature == NAME))
}

fn text(job: &Job) -> Option<&str> {
    Some(job.command()?.text.as_str())
}

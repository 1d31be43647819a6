//! Whether git calls the hooks of this repository, and whether their commands find what they need
//! where a graphical client starts git, with next to nothing in its environment. Takes from `hooks`
//! what is installed and what a job would find.

use super::{Finding, Subject};
use crate::config::hooks::{Hook, Hooks};
use crate::git::Repository;
use crate::hooks::install::{
    BARE_PATH, InstallError, Place, Proof, State, place, self_test_bare, state,
};
use crate::hooks::replay::{Unfound, unfound};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

pub(in crate::doctor) fn look(subject: &Subject) -> Vec<Finding> {
    let Ok(repository) = subject.repository else {
        return Vec::new();
    };
    let tracked = crate::git::tracked(&repository.root).unwrap_or_default();
    let tracked = tracked.iter().map(crate::project::RelPath::as_str);
    let Ok(hooks) = Hooks::load(&repository.root, tracked) else {
        return Vec::new();
    };
    let used: Vec<Hook> = hooks.used().collect();
    let written = used
        .iter()
        .flat_map(|hook| hooks.jobs(*hook))
        .any(|job| job.place.is_some());
    let folder = match place(repository, &used) {
        Ok(Place::Own(folder)) => folder,
        Ok(Place::Called(folder)) => {
            return vec![Finding::ok(format!(
                "the hooks in {} call shipway",
                folder.display()
            ))];
        }
        Err(error @ InstallError::Elsewhere { .. }) if written => {
            return vec![Finding::warning(
                error.to_string(),
                "shipway hooks install names the lines to add",
            )];
        }
        Err(_) => return Vec::new(),
    };
    let of = |wanted: State| {
        let is = |hook: &&Hook| state(&folder, **hook).is_ok_and(|state| state == wanted);
        used.iter().filter(is).copied().collect::<Vec<Hook>>()
    };
    let installed = of(State::Installed);
    let not_yet: Vec<&str> = [State::Missing, State::Outdated]
        .into_iter()
        .flat_map(&of)
        .map(Hook::name)
        .collect();
    if installed.is_empty() && !written {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if !not_yet.is_empty() {
        findings.push(Finding::warning(
            format!("git does not call shipway at {}", not_yet.join(", ")),
            "shipway hooks install",
        ));
    }
    if !installed.is_empty() {
        findings.extend(replay(subject, repository, &hooks, &installed));
    }
    findings
}

/// The hook as a graphical client has git call it.
fn replay(
    subject: &Subject,
    repository: &Repository,
    hooks: &Hooks,
    installed: &[Hook],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let home = subject.machine.variable("HOME").map(PathBuf::from);
    match self_test_bare(repository, installed, home.as_deref()) {
        Ok(Some(Proof::Called { program, .. })) if !is_program(Path::new(&program)) => {
            findings.push(Finding::error(
                format!("the hooks call {program}, which is not there"),
                "shipway hooks install, with the shipway that is to be called",
            ));
        }
        Ok(Some(Proof::NotCalled { hook, said })) => findings.push(Finding::error(
            format!("git, started as a graphical client does, does not call {hook}: {said}"),
            "shipway hooks install says where git looks for hooks",
        )),
        // What cannot be asked is no fault of this machine's hooks.
        _ => {}
    }
    let here = subject.machine.variable("PATH").unwrap_or_default();
    let lacking = unfound(
        &repository.root,
        hooks,
        OsStr::new(BARE_PATH),
        OsStr::new(here),
    );
    findings.extend(lacking.iter().map(|one| lacks(one, home.as_deref())));
    if findings.is_empty() {
        findings.push(Finding::ok(
            "git calls the hooks, and their commands are found by a graphical client too",
        ));
    }
    findings
}

fn lacks(one: &Unfound, home: Option<&Path>) -> Finding {
    let Unfound {
        hook,
        job,
        program,
        here,
        install,
    } = one;
    match here {
        Some(here) => {
            let tilde = home.and_then(|home| here.strip_prefix(home).ok());
            let shown = tilde.map_or_else(
                || here.display().to_string(),
                |below| format!("~/{}", below.display()),
            );
            Finding::warning(
                format!(
                    "a graphical client that was not started from a shell does not find {program}, \
                     which {job} at {hook} needs: it lies at {shown}"
                ),
                format!("sudo ln -s {shown} /usr/local/bin/, or start the client from a terminal"),
            )
        }
        None => Finding::warning(
            format!("{program} is not there, so {job} at {hook} is skipped"),
            install
                .clone()
                .unwrap_or_else(|| format!("install {program}, or take the job out")),
        ),
    }
}

fn is_program(path: &Path) -> bool {
    which::which(path).is_ok()
}

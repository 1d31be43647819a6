//! `shipway update`: detect again, render again, merge with the user's edits.

use super::interrupt::Interrupt;
use super::planned::{self, Detected, Shown, make, refuse_untrusted, unreadable};
use super::{Context, Exit, Failure, Format};
use crate::config::Config;
use crate::git::Repository;
use crate::project::RelPath;
use crate::scaffold::apply;
use crate::scaffold::feature::Strategy;
use crate::scaffold::lock::{LOCK_FILE, Lock, PROPOSAL};
use crate::scaffold::moved::{self, Moves};
use crate::scaffold::{self, Choice, Journey, Plan, Side, current};
use crate::{git, ui};
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Bring generated files up to date, keeping every edit
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder of the repository; the current one where absent
    path: Option<PathBuf>,
    /// Show what would change, with its differences, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write nothing; exit 1 where something would change
    #[arg(long, conflicts_with = "interactive")]
    check: bool,
    /// Ask in every conflict whose side is taken
    #[arg(long, short, conflicts_with = "dry_run")]
    interactive: bool,
    /// Keep your lines of this file where they are in conflict; may be repeated
    #[arg(long, value_name = "PATH")]
    ours: Vec<PathBuf>,
    /// Take shipway's lines of this file where they are in conflict, or the file where you deleted
    /// it; may be repeated
    #[arg(long, value_name = "PATH")]
    theirs: Vec<PathBuf>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Let templates that are not built in write files that run commands
    #[arg(long)]
    trust_templates: bool,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let start = arguments.path.as_deref().unwrap_or(Path::new("."));
    let repository = git::open(start)?;
    let interrupt = Interrupt::listen()?;
    let is_plain = arguments.format == Format::Human
        && !context.output.is_verbose()
        && arguments.ours.is_empty()
        && arguments.theirs.is_empty();
    if is_plain
        && repository.under_way.is_none()
        && !apply::is_unfinished(&repository)
        && current::is_known(&repository)
    {
        context.output.report(planned::NOTHING_TO_DO)?;
        return Ok(Exit::Done);
    }
    let writes = !(arguments.dry_run || arguments.check);
    let session = planned::session(&repository, writes, context)?;
    let (lock, moves) = lock_of(&repository)?;
    let config = planned::config(&repository)?;
    super::work_along();
    let detected = Detected::read(&repository, &config, moves)?;
    let project = &detected.project;
    let mut favour = sides(arguments, &repository, &lock, start)?;
    let again = |favour: &BTreeMap<RelPath, Side>| {
        let journey = Journey::Update {
            favour: favour.clone(),
        };
        make(
            &detected,
            &config,
            &repository,
            journey,
            made_before(&lock, &config),
            None,
            Vec::new(),
        )
    };
    let mut plan = again(&favour)?;
    refuse_unused_sides(&plan, &favour)?;
    if arguments.interactive && plan.conflicts().next().is_some() {
        if !ui::can_ask() {
            return Err(Failure::new(
                Exit::Usage,
                "--interactive needs a terminal",
                "name the files: shipway update --ours PATH, or --theirs PATH",
            ));
        }
        favour.extend(ask(&plan, &repository, context)?);
        plan = again(&favour)?;
    }
    let is_current = plan.is_empty() && !plan.waits && plan.conflicts().next().is_none();
    if is_current {
        current::remember(&repository, &lock);
    }
    let says_all = !is_current || !is_plain;
    if arguments.format == Format::Human && says_all {
        let page = ui::show_plan(&plan, &project.name.value, false, &context.output);
        context.output.report(&page)?;
        if !writes || context.output.is_verbose() {
            let page = ui::show_changes(&plan, &repository.root, &context.output);
            context.output.report(&page)?;
        }
    }
    let mut hooks = None;
    let applied = match &session {
        Some(session) if !plan.is_empty() => {
            refuse_untrusted(&plan, arguments.trust_templates)?;
            hooks = planned::write(session, &plan, &repository, &interrupt, "update")?;
            true
        }
        _ => false,
    };
    let shown = Shown {
        project,
        plan: &plan,
        applied,
        hooks: hooks.as_ref(),
        format: arguments.format,
    };
    shown.report(context)?;
    Ok(if arguments.check && is_behind(&plan) {
        Exit::Finding
    } else if arguments.check {
        Exit::Done
    } else {
        planned::exit(&plan)
    })
}

/// Whether a run that writes would change a file that is committed.
fn is_behind(plan: &Plan) -> bool {
    let is_private = |path: &RelPath| {
        plan.entries
            .iter()
            .any(|entry| entry.path == *path && entry.strategy == Strategy::Env)
    };
    plan.conflicts().next().is_some() || plan.changes.iter().any(|change| !is_private(&change.path))
}

/// The features that were made before and not turned off since, and those that `shipway.toml`
/// asks for.
pub(super) fn made_before(lock: &Lock, config: &Config) -> Choice {
    let made = lock
        .artifacts
        .iter()
        .map(|artifact| artifact.feature.as_str());
    // One that was chosen may have had nothing to make.
    let chosen = lock.answers.get("features").into_iter();
    let before: BTreeSet<&str> = made
        .chain(chosen.flat_map(|names| names.split_whitespace()))
        .collect();
    let asked = config.features.enable.iter();
    let is_off = |name: &&String| config.features.disable.contains(name);
    Choice {
        only: Some(asked.filter(|name| !is_off(name)).cloned().collect()),
        before: before.into_iter().map(str::to_owned).collect(),
        without: Vec::new(),
    }
}

/// The lock of what was generated, where that lies now; both sides of one that is in conflict.
pub(super) fn lock_of(repository: &Repository) -> Result<(Lock, Moves), Failure> {
    let (lock, moves, is_joined) = present_lock(repository)?;
    // Joining the lock is a part of the merge that is under way.
    if !is_joined {
        planned::refuse_while_under_way(repository)?;
    }
    Ok((lock, moves))
}

/// As [`lock_of`], whatever is under way; and whether it was joined.
pub(super) fn present_lock(repository: &Repository) -> Result<(Lock, Moves, bool), Failure> {
    let (lock, moves, is_joined) = followed(repository)?;
    if lock.artifacts.is_empty() {
        return Err(nothing_generated(repository));
    }
    Ok((lock, moves, is_joined))
}

/// As [`present_lock`]; an empty one where there is none.
pub(super) fn followed(repository: &Repository) -> Result<(Lock, Moves, bool), Failure> {
    let (mut lock, joined) = scaffold::joined_lock(&repository.root)?;
    let moves = moved::follow(&lock, repository);
    moves.enter(&mut lock);
    Ok((lock, moves, joined.is_some()))
}

pub(super) fn nothing_generated(repository: &Repository) -> Failure {
    Failure::new(
        Exit::Finding,
        format!(
            "there is no {LOCK_FILE} in {}, so nothing was generated here",
            repository.root.display()
        ),
        "shipway init makes the files; or restore the lock: git checkout -- shipway.lock",
    )
}

/// Whose side is taken for the files that were named, relative to where the command was started.
fn sides(
    arguments: &Arguments,
    repository: &Repository,
    lock: &Lock,
    start: &Path,
) -> Result<BTreeMap<RelPath, Side>, Failure> {
    let mut favour = BTreeMap::new();
    for (paths, side) in [
        (&arguments.ours, Side::Ours),
        (&arguments.theirs, Side::Theirs),
    ] {
        for path in paths {
            let path = planned::inside(repository, start, path)?;
            let path = lock.place_of(&path).clone();
            if favour
                .insert(path.clone(), side)
                .is_some_and(|other| other != side)
            {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("{path} is named after --ours and after --theirs"),
                    "name it once",
                ));
            }
        }
    }
    Ok(favour)
}

fn refuse_unused_sides(plan: &Plan, favour: &BTreeMap<RelPath, Side>) -> Result<(), Failure> {
    let is_made = |path: &RelPath| plan.entries.iter().any(|entry| entry.path == *path);
    match favour.keys().find(|path| !is_made(path)) {
        None => Ok(()),
        Some(path) => Err(Failure::new(
            Exit::Usage,
            format!("{path} is no file that shipway makes here"),
            format!("{LOCK_FILE} lists those that are"),
        )),
    }
}

/// Walks through the conflicts; gives the sides that were chosen.
fn ask(
    plan: &Plan,
    repository: &Repository,
    context: &Context,
) -> Result<BTreeMap<RelPath, Side>, Failure> {
    let mut favour = BTreeMap::new();
    for entry in plan.conflicts() {
        let path = &entry.path;
        let beside = format!("{path}{PROPOSAL}");
        let planned = plan
            .changes
            .iter()
            .find(|change| change.path.as_str() == beside)
            .and_then(|change| change.content.clone());
        let proposal = match planned {
            Some(proposal) => proposal,
            None => std::fs::read(repository.root.join(&beside)).unwrap_or_default(),
        };
        let present = std::fs::read(path.under(&repository.root)).unwrap_or_default();
        let diff = git::patch::unified(path.as_str(), &present, &proposal);
        let page = ui::coloured(&diff, &context.output.style());
        context.output.report(&page)?;
        let answers = [
            "leave it in conflict, with the proposal beside it",
            "keep my lines where they cross, take the rest",
            "take shipway's lines where they cross, keep the rest of mine",
        ];
        let chosen = ui::choose(&format!("{path} is in conflict"), &answers);
        match chosen.map_err(|error| unreadable(&error))? {
            1 => favour.insert(path.clone(), Side::Ours),
            2 => favour.insert(path.clone(), Side::Theirs),
            _ => None,
        };
    }
    Ok(favour)
}

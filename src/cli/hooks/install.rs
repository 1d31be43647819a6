//! `shipway hooks install` and `uninstall`.

use super::super::interrupt::Interrupt;
use super::super::{Context, Exit, Failure, Format};
use crate::config::hooks::{Hook, Hooks, Job};
use crate::git::Repository;
use crate::hooks::consent::ConsentError;
use crate::hooks::import::{Source, sources};
use crate::hooks::install::{InstallError, Place, Plan, Proof, Row, place, place_in, self_test};
use crate::ui;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Let git call shipway at every hook that has jobs
///
/// A hook that is there is kept and runs first. The commands of the repository's jobs may run
/// from then on. A second run changes nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A folder of the repository; the current one where absent
    path: Option<PathBuf>,
    /// Ask nothing; keep the hooks of other tools and run them first
    #[arg(long, short)]
    yes: bool,
    /// Show what would be done and do nothing
    #[arg(long)]
    dry_run: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// Take shipway's hooks away and put back those that were there
#[derive(Debug, clap::Args)]
pub(super) struct UninstallArguments {
    /// A folder of the repository; the current one where absent
    path: Option<PathBuf>,
    /// Show what would be done and do nothing
    #[arg(long)]
    dry_run: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// The report in JSON.
#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    folder: &'r Path,
    /// Whether it was done.
    applied: bool,
    hooks: &'r [Row],
    /// What git did when it was asked to call a hook; absent where it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    self_test: Option<&'r Proof>,
    /// Other tools that are set up here.
    beside: &'r [Source],
    /// Commands that may run from now on.
    commands: Vec<&'r str>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let start = arguments.path.as_deref().unwrap_or(Path::new("."));
    let repository = crate::git::open(start)?;
    let hooks = super::read(&repository)?;
    let wanted: Vec<Hook> = hooks.used().collect();
    let beside = sources(&repository.root);
    let human = arguments.format == Format::Human;
    let plan = match place(&repository, &wanted)? {
        Place::Own(folder) => Some(Plan::install(&folder, &wanted, &program()?)?),
        Place::Called(folder) => {
            if human {
                context.output.report(&format!(
                    "The hooks in {} call shipway already; nothing is installed beside them.\n",
                    folder.display()
                ))?;
            }
            None
        }
    };
    let rows = plan.as_ref().map_or(&[][..], |plan| &plan.rows);
    if human {
        context
            .output
            .report(&ui::show_install(rows, &context.output))?;
    }
    if let Some(theirs) = running(rows, &beside)
        && human
    {
        let said = beside_sentence(&theirs);
        if arguments.yes || arguments.dry_run || !ui::can_ask() {
            context.output.note(&said);
        } else if !agree(&said)? {
            context.output.note("Nothing was changed.");
            return Ok(Exit::Done);
        }
    }
    let jobs = || wanted.iter().flat_map(|hook| hooks.jobs(*hook));
    let commands: Vec<&Job> = super::consent_of_user(&repository).missing(jobs());
    if human && !commands.is_empty() {
        let title = if arguments.dry_run {
            "These commands of the repository would be let run on this machine:\n"
        } else {
            "These commands of the repository may run on this machine from now on:\n"
        };
        let shown = commands.iter().filter_map(|job| {
            Some((
                job.name.as_str(),
                job.command()?.text.as_str(),
                job.place.as_deref(),
            ))
        });
        let page = ui::show_commands(shown, &context.output);
        context.output.report(&format!("{title}{page}"))?;
    }
    let mut proof = None;
    if !arguments.dry_run {
        if let Some(plan) = &plan {
            plan.apply()?;
        }
        match super::consent_of_user(&repository).give(jobs()) {
            // In CI nobody is asked for it anyway.
            Err(error @ ConsentError::NoPlace) => context.output.note(&error.to_string()),
            other => other?,
        }
        proof = self_test(&repository, &wanted)?;
    }
    if human {
        if let Some(proof) = &proof {
            context.output.report(&ui::show_proof(proof))?;
        } else if arguments.dry_run {
            context.output.report("Nothing was changed.\n")?;
        }
    } else {
        context.output.json(&Report {
            schema: 1,
            folder: plan
                .as_ref()
                .map_or(&repository.common_dir, |plan| &plan.folder),
            applied: !arguments.dry_run,
            hooks: rows,
            self_test: proof.as_ref(),
            beside: &beside,
            commands: commands
                .iter()
                .filter_map(|job| Some(job.command()?.text.as_str()))
                .collect(),
        })?;
    }
    Ok(exit(plan.as_ref(), proof.as_ref()))
}

/// What takes the shims away.
pub(in crate::cli) fn removal(repository: &Repository) -> Result<Plan, Failure> {
    Ok(Plan::uninstall(&shims_folder(repository)?)?)
}

/// Where git looks for the shims, or looked before it was told to look elsewhere.
pub(super) fn shims_folder(repository: &Repository) -> Result<PathBuf, Failure> {
    Ok(match place(repository, &[])? {
        Place::Own(folder) => folder,
        Place::Called(_) => repository.common_dir.join("hooks"),
    })
}

pub(super) fn uninstall(
    arguments: &UninstallArguments,
    context: &Context,
) -> Result<Exit, Failure> {
    let start = arguments.path.as_deref().unwrap_or(Path::new("."));
    let repository = crate::git::open(start)?;
    let plan = removal(&repository)?;
    if !arguments.dry_run {
        plan.apply()?;
        super::consent_of_user(&repository).withdraw()?;
        super::at_init::forget(&repository);
    }
    match arguments.format {
        Format::Json => context.output.json(&Report {
            schema: 1,
            folder: &plan.folder,
            applied: !arguments.dry_run,
            hooks: &plan.rows,
            self_test: None,
            beside: &[],
            commands: Vec::new(),
        })?,
        Format::Human => {
            let mut page = ui::show_install(&plan.rows, &context.output);
            if plan.rows.is_empty() {
                page.push_str("Nothing to do: no hook of this repository is shipway's.\n");
            } else if arguments.dry_run {
                page.push_str("Nothing was changed.\n");
            }
            context.output.report(&page)?;
        }
    }
    Ok(exit(Some(&plan), None))
}

/// What became of the shims.
pub(super) struct Installed {
    /// None where hooks of somebody else's call shipway already.
    pub(super) plan: Option<Plan>,
    pub(super) proof: Option<Proof>,
}

/// Puts the shims in place that `hooks` asks for, in the `folder` that git names, and has git
/// prove that it calls them where one of them is new.
pub(super) fn install(
    repository: &Repository,
    folder: PathBuf,
    hooks: &Hooks,
) -> Result<Installed, Failure> {
    let wanted: Vec<Hook> = hooks.used().collect();
    let plan = match place_in(folder, repository, &wanted)? {
        Place::Own(folder) => Some(Plan::install(&folder, &wanted, &program()?)?),
        Place::Called(_) => None,
    };
    let known = plan.as_ref().is_none_or(Plan::is_empty);
    if let Some(plan) = &plan {
        plan.apply()?;
    }
    let proof = if known {
        None
    } else {
        self_test(repository, &wanted)?
    };
    Ok(Installed { plan, proof })
}

fn exit(plan: Option<&Plan>, proof: Option<&Proof>) -> Exit {
    if plan.is_some_and(Plan::has_conflict) {
        Exit::Conflict
    } else if matches!(proof, Some(Proof::NotCalled { .. })) {
        Exit::Finding
    } else {
        Exit::Done
    }
}

/// The path that a shim calls where no shipway is on PATH: this program's, by the name under
/// which PATH has it if it is the same, for that one outlives an update.
pub(in crate::cli) fn program() -> Result<PathBuf, Failure> {
    let own = std::env::current_exe().map_err(|error| {
        Failure::new(
            Exit::Missing,
            format!("the path of this program cannot be found out: {error}"),
            "run shipway by its whole path",
        )
    })?;
    let on_path = which::which("shipway").ok().filter(|found| {
        match (found.canonicalize(), own.canonicalize()) {
            (Ok(found), Ok(own)) => found == own,
            _ => false,
        }
    });
    Ok(on_path.unwrap_or(own))
}

/// Tools whose hooks run before ours, or that are set up and could be imported.
fn running(rows: &[Row], beside: &[Source]) -> Option<Vec<String>> {
    let mut tools: Vec<String> = beside
        .iter()
        .map(|source| format!("{} ({})", source.manager.name(), source.path))
        .collect();
    for tool in rows.iter().filter_map(|row| row.theirs) {
        let known = beside.iter().any(|source| source.manager.name() == tool);
        // git-lfs runs nothing that could be taken over.
        if !known && tool != "git-lfs" && !tools.iter().any(|one| one == tool) {
            tools.push(tool.to_owned());
        }
    }
    (!tools.is_empty()).then_some(tools)
}

fn beside_sentence(tools: &[String]) -> String {
    format!(
        "Set up here already: {}. Its hooks stay and run first; shipway hooks import takes its \
         jobs over into shipway.toml instead.",
        tools.join(", ")
    )
}

/// Whether to chain; with what to do instead where not.
fn agree(said: &str) -> Result<bool, Failure> {
    Interrupt::listen()?;
    ui::confirm(&format!("{said} Go on?"))
        .map_err(|error| super::super::planned::unreadable(&error))
}

impl From<InstallError> for Failure {
    fn from(error: InstallError) -> Self {
        let sentence = error.to_string();
        match error {
            InstallError::Git(error) => error.into(),
            InstallError::Elsewhere {
                missing, folder, ..
            } => {
                let lines: Vec<String> = missing
                    .iter()
                    .map(|line| format!("\n  {}\n    {}", line.file.display(), line.text))
                    .collect();
                let mend = if folder == Path::new("/dev/null") {
                    "hooks are turned off here; unset core.hooksPath to have them".to_owned()
                } else {
                    format!(
                        "add a line to each of these, then run shipway hooks install again:{}",
                        lines.concat()
                    )
                };
                Self::new(Exit::Usage, sentence, mend)
            }
            InstallError::Io { path, .. } => Self::new(
                Exit::Missing,
                sentence,
                format!(
                    "make {} writable for you; nothing is lost, and another run goes on",
                    path.parent().unwrap_or(&path).display()
                ),
            ),
            InstallError::Program(_) => Self::new(
                Exit::Usage,
                sentence,
                "move shipway to a folder whose name is UTF-8",
            ),
        }
    }
}

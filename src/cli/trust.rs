//! `shipway trust`: consent to the commands that a repository's hooks run.

use super::interrupt::Interrupt;
use super::{Context, Exit, Failure, Format, hooks};
use crate::config::hooks::{Hooks, Job};
use crate::hooks::consent::ConsentError;
use crate::ui;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Let the commands that this repository's hooks run do so on this machine
///
/// Shows each command that was not agreed to yet, and asks. A command whose text changes, or
/// whose script does, is asked about again.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A folder of the repository; the current one where absent
    path: Option<PathBuf>,
    /// Agree without being asked
    #[arg(long, short)]
    yes: bool,
    /// Show the commands and agree to nothing
    #[arg(long)]
    dry_run: bool,
    /// Take back what was agreed to in this repository
    #[arg(long, conflicts_with_all = ["yes", "dry_run"])]
    withdraw: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// The report in JSON.
#[derive(Serialize)]
struct Report {
    schema: u32,
    /// Whether every command may run now.
    trusted: bool,
    /// The commands that were not agreed to before, in order.
    commands: Vec<CommandRow>,
}

#[derive(Serialize)]
struct CommandRow {
    job: String,
    run: String,
    place: Option<String>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let start = arguments.path.as_deref().unwrap_or(Path::new("."));
    let repository = crate::git::open(start)?;
    let mut consent = hooks::consent_of_user(&repository);
    if arguments.withdraw {
        consent.withdraw()?;
        context
            .output
            .note("No command of this repository's hooks runs here any more; checks still do.");
        return report(arguments, context, false, Vec::new());
    }
    let hooks = hooks::read(&repository)?;
    let new: Vec<CommandRow> = consent
        .missing(all(&hooks))
        .into_iter()
        .filter_map(row)
        .collect();
    if arguments.format == Format::Human {
        let shown = new.iter().map(|command| {
            (
                command.job.as_str(),
                command.run.as_str(),
                command.place.as_deref(),
            )
        });
        context
            .output
            .report(&ui::show_commands(shown, &context.output))?;
    }
    let agreed = if new.is_empty() || arguments.yes {
        !arguments.dry_run
    } else if arguments.dry_run {
        false
    } else if arguments.format == Format::Human && ui::can_ask() {
        Interrupt::listen()?;
        ui::confirm("Let them run on this machine?")
            .map_err(|error| super::planned::unreadable(&error))?
    } else {
        return Err(Failure::new(
            Exit::Usage,
            "nobody can be asked here, so nothing was agreed to",
            "read the commands, then run shipway trust --yes",
        ));
    };
    if agreed {
        consent.give(all(&hooks))?;
    }
    let trusted = agreed || new.is_empty();
    report(arguments, context, trusted, new)
}

fn report(
    arguments: &Arguments,
    context: &Context,
    trusted: bool,
    commands: Vec<CommandRow>,
) -> Result<Exit, Failure> {
    match arguments.format {
        Format::Json => context.output.json(&Report {
            schema: 1,
            trusted,
            commands,
        })?,
        Format::Human if arguments.withdraw => {}
        Format::Human => context
            .output
            .report(match (trusted, commands.is_empty()) {
                (true, true) => "Nothing new: every command may run.\n",
                (true, false) => "They may run. Taken back with: shipway trust --withdraw\n",
                (false, _) => "Nothing was agreed to.\n",
            })?,
    }
    Ok(Exit::Done)
}

fn all(hooks: &Hooks) -> impl Iterator<Item = &Job> {
    hooks.used().flat_map(|hook| hooks.jobs(hook))
}

fn row(job: &Job) -> Option<CommandRow> {
    Some(CommandRow {
        job: job.name.clone(),
        run: job.command()?.text.clone(),
        place: job.place.clone(),
    })
}

impl From<ConsentError> for Failure {
    fn from(error: ConsentError) -> Self {
        let mend = match &error {
            ConsentError::NoPlace => "set HOME or XDG_STATE_HOME".to_owned(),
            ConsentError::Io { path, .. } => {
                format!(
                    "make {} writable for you",
                    path.parent().unwrap_or(path).display()
                )
            }
        };
        Self::new(Exit::Missing, error.to_string(), mend)
    }
}

//! `shipway hooks`: what git's hooks run, and everything around a run.

pub(super) mod at_init;
pub(super) mod eject;
mod import;
pub(super) mod install;
mod list;
mod recover;
mod run;
mod stats;
mod sync;

pub(super) use install::program;
pub(super) use run::{Arguments as RunArguments, run as run_hook};

use super::{Context, Exit, Failure};
use crate::config::hooks::Hooks;
use crate::git::Repository;
use crate::hooks::consent::{self, Consent};
use crate::hooks::verdict::{Key, VARIABLE};
use std::path::PathBuf;
use std::time::SystemTime;

/// Run checks and tools at git's hooks
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Install(install::Arguments),
    Uninstall(install::UninstallArguments),
    List(list::Arguments),
    Run(run::Arguments),
    Import(import::Arguments),
    Recover(recover::Arguments),
    Stats(stats::Arguments),
    Sync(sync::Arguments),
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Install(arguments) => install::run(arguments, context),
        Command::Uninstall(arguments) => install::uninstall(arguments, context),
        Command::Import(arguments) => import::run(arguments, context),
        Command::List(arguments) => list::run(arguments, context),
        Command::Run(arguments) => run::run(arguments, context),
        Command::Recover(arguments) => recover::run(arguments, context),
        Command::Stats(arguments) => stats::run(arguments, context),
        Command::Sync(arguments) => sync::run(arguments, context),
    }
}

/// The jobs of the repository, those of its subfolders included.
pub(super) fn read(repository: &Repository) -> Result<Hooks, Failure> {
    let tracked = crate::git::tracked(&repository.root)?;
    let tracked = tracked.iter().map(crate::project::RelPath::as_str);
    Ok(Hooks::load(&repository.root, tracked)?)
}

/// What may run in the repository: what this user agreed to; everything where `CI` is set.
pub(super) fn consent(repository: &Repository) -> Consent {
    let ci = std::env::var("CI").ok();
    Consent::read(
        state_dir().as_deref(),
        repository,
        consent::is_ci(ci.as_deref()),
    )
}

/// What this user agreed to in the repository.
pub(super) fn consent_of_user(repository: &Repository) -> Consent {
    Consent::read(state_dir().as_deref(), repository, false)
}

/// The user's folder for the state of programs: `XDG_STATE_HOME`, else `~/.local/state`; on
/// Windows the local data folder.
fn state_dir() -> Option<PathBuf> {
    use etcetera::BaseStrategy;
    let strategy = etcetera::choose_base_strategy().ok()?;
    strategy.state_dir().or_else(|| Some(strategy.data_dir()))
}

/// The key of verdicts, where one is set.
fn verdict_key() -> Result<Option<Key>, Failure> {
    let Ok(text) = std::env::var(VARIABLE) else {
        return Ok(None);
    };
    if text.is_empty() {
        return Ok(None);
    }
    Key::new(&text).map(Some).map_err(|error| {
        Failure::new(
            Exit::Usage,
            error.to_string(),
            "make one with openssl rand -hex 32, and let protected jobs alone have it",
        )
    })
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

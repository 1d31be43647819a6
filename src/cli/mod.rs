//! One file per subcommand: parse, call one core function, present.

mod adopt;
mod assess;
mod check;
mod completions;
mod detect;
mod doctor;
mod dora;
mod eject;
mod failure;
mod features;
mod history;
mod hooks;
mod init;
mod interrupt;
mod place;
mod planned;
#[cfg(test)]
mod reference;
mod release_file;
mod remote;
mod setup;
mod template;
mod trust;
mod undo;
mod update;

pub(crate) use failure::Failure;

use crate::hooks::guardian;
use crate::ui::Output;
use clap::{Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::io::Write;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `--version` says.
const VERSION: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"), "\n");

/// Turns a repository into one that anybody can open, run, test and ship.
#[derive(Debug, Parser)]
#[command(
    name = "shipway",
    version,
    propagate_version = false,
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(flatten)]
    everywhere: Everywhere,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
struct Everywhere {
    /// Run as if started in DIR
    #[arg(short = 'C', global = true, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Say only what went wrong
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Say more, causes of errors included
    #[arg(long, short, global = true)]
    verbose: bool,
}

/// One command alone: git waits for a hook at every commit and a pipeline for its record, and the
/// grammar of all commands takes as long to build as their work.
#[derive(Debug, Parser)]
struct Alone<A: clap::Args> {
    #[command(flatten)]
    everywhere: Everywhere,
    #[command(flatten)]
    arguments: A,
}

impl<A: clap::Args> Alone<A> {
    /// What stands behind the `names` of the command. None for every other command, and for what
    /// is wrong: of that the whole grammar says more.
    fn parse(args: &[OsString], names: &[&str]) -> Option<Self> {
        let (program, words) = args.split_first()?;
        let (named, rest) = words.split_at_checked(names.len())?;
        if named != names {
            return None;
        }
        Self::try_parse_from(std::iter::once(program).chain(rest)).ok()
    }
}

const HOOK_RUN: &[&str] = &["hooks", "run"];
const INIT: &[&str] = &["init"];
const DORA_RECORD: &[&str] = &["dora", "record"];

#[derive(Debug, Subcommand)]
enum Command {
    Detect(detect::Arguments),
    Init(init::Arguments),
    Update(update::Arguments),
    Check(check::Arguments),
    Add(features::Add),
    Remove(features::Remove),
    Adopt(adopt::Arguments),
    ReleaseFile(release_file::Arguments),
    Eject(eject::Arguments),
    History(history::Arguments),
    Undo(undo::Arguments),
    Template(template::Arguments),
    Doctor(doctor::Arguments),
    Setup(setup::Arguments),
    Assess(assess::Arguments),
    Dora(dora::Arguments),
    Hooks(hooks::Arguments),
    Trust(trust::Arguments),
    Completions(completions::Arguments),
}

/// What every command is given beside its own arguments.
pub(crate) struct Context {
    pub(crate) output: Output,
    /// Only what went wrong is to be said.
    pub(crate) quiet: bool,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Human,
    Json,
}

/// How a command ended, as the process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    /// A check failed, something drifted, nothing was recognised.
    Finding,
    /// Wrong usage or configuration.
    Usage,
    /// A tool, an engine, a repository that must be there is missing.
    Missing,
    /// Left in conflict, with nothing lost.
    Conflict,
    Interrupted,
    /// That of a command which was run for the user.
    Of(u8),
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Finding => 1,
            Self::Usage => 2,
            Self::Missing => 3,
            Self::Conflict => 4,
            Self::Interrupted => 130,
            Self::Of(code) => code,
        }
    }
}

/// Runs the command line `args` (program name first) and gives the process's exit code.
pub(crate) fn run<I>(args: I) -> ExitCode
where
    I: IntoIterator<Item = OsString>,
{
    let args: Vec<OsString> = args.into_iter().collect();
    if args.first().is_some_and(|name| name == guardian::NAME) {
        return guardian::guard();
    }
    // The grammar of every command need not be built for it.
    if let [_, only] = args.as_slice()
        && (only == "--version" || only == "-V")
    {
        // As below.
        let _ = std::io::stdout().write_all(VERSION.as_bytes());
        return ExitCode::SUCCESS;
    }
    if let Some(alone) = Alone::<hooks::RunArguments>::parse(&args, HOOK_RUN) {
        return alone
            .everywhere
            .go(|context| hooks::run_hook(&alone.arguments, context));
    }
    if let Some(alone) = Alone::<dora::RecordArguments>::parse(&args, DORA_RECORD) {
        return alone
            .everywhere
            .go(|context| dora::record(&alone.arguments, context));
    }
    if let Some(alone) = Alone::<init::Arguments>::parse(&args, INIT) {
        return alone
            .everywhere
            .go(|context| init::run(&alone.arguments, context));
    }
    let arguments = match Arguments::try_parse_from(args) {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = u8::from(error.use_stderr()) * Exit::Usage.code();
            // Nothing is left to do where even the message cannot be written.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let command = arguments.command;
    arguments.everywhere.go(|context| match command {
        Command::Detect(arguments) => detect::run(&arguments, context),
        Command::Init(arguments) => init::run(&arguments, context),
        Command::Update(arguments) => update::run(&arguments, context),
        Command::Check(arguments) => check::run(&arguments, context),
        Command::Add(arguments) => features::add(&arguments, context),
        Command::Remove(arguments) => features::remove(&arguments, context),
        Command::Adopt(arguments) => adopt::run(&arguments, context),
        Command::ReleaseFile(arguments) => release_file::run(&arguments, context),
        Command::Eject(arguments) => eject::run(&arguments, context),
        Command::History(arguments) => history::run(&arguments, context),
        Command::Undo(arguments) => undo::run(&arguments, context),
        Command::Template(arguments) => template::run(&arguments, context),
        Command::Doctor(arguments) => doctor::run(&arguments, context),
        Command::Setup(arguments) => setup::run(&arguments, context),
        Command::Assess(arguments) => assess::run(&arguments, context),
        Command::Dora(arguments) => dora::run(&arguments, context),
        Command::Hooks(arguments) => hooks::run(&arguments, context),
        Command::Trust(arguments) => trust::run(&arguments, context),
        Command::Completions(arguments) => completions::run(&arguments, context),
    })
}

/// From now on this thread works beside those that share its work, instead of waiting for them:
/// one thread less to start, and the memory of one.
fn work_along() {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    // A thread that is alone must not be the one that waits for others.
    if cores > 1 {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(cores);
        // Where there is a pool already, that one works.
        let _ = pool.use_current_thread().build_global();
    }
}

impl Everywhere {
    /// Does `work` where and as loud as the user wants it, and gives the exit code.
    fn go(&self, work: impl FnOnce(&Context) -> Result<Exit, Failure>) -> ExitCode {
        let context = Context {
            output: Output::new(self.quiet, self.verbose),
            quiet: self.quiet,
        };
        if let Some(folder) = &self.directory
            && let Err(error) = std::env::set_current_dir(folder)
        {
            let sentence = format!("cannot go to {}: {error}", folder.display());
            return context.end(Err(Failure::new(
                Exit::Usage,
                sentence,
                "name a folder after -C",
            )));
        }
        context.end(work(&context))
    }
}

impl Context {
    /// Says what failed, if anything did, and gives the exit code.
    fn end(&self, outcome: Result<Exit, Failure>) -> ExitCode {
        let exit = outcome.unwrap_or_else(|failure| {
            self.output
                .error(&failure.sentence, failure.mend.as_deref());
            failure.exit
        });
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// That `A`, read alone from `line`, is what the whole grammar reads among all commands, where
    /// it stands in `among`.
    #[track_caller]
    fn same<A: clap::Args + std::fmt::Debug>(line: &str, names: &[&str], among: [&str; 2]) {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let alone = Alone::<A>::parse(&words, names).unwrap();
        let whole = Arguments::try_parse_from(&words).unwrap();
        let [before, after] = among;
        assert_eq!(
            format!("{:?} {:?}", whole.everywhere, whole.command),
            format!(
                "{:?} {before}{:?}{after}",
                alone.everywhere, alone.arguments
            )
        );
    }

    #[test]
    fn one_command_alone_is_read_as_among_all() {
        for line in [
            "shipway hooks run pre-commit --",
            "shipway hooks run pre-push -- origin https://example.org/a.git",
            "shipway hooks run pre-commit --all-files --format github -q",
            "shipway hooks run pre-commit -C /tmp --files a b --job ruff --job mypy",
        ] {
            let among = ["Hooks(Arguments { command: Run(", ") })"];
            same::<hooks::RunArguments>(line, HOOK_RUN, among);
        }
        for line in [
            "shipway init",
            "shipway init --yes -q -C /tmp",
            "shipway init sub/folder --feature ci --without env --base alpine --format json",
        ] {
            same::<init::Arguments>(line, INIT, ["Init(", ")"]);
        }
        for line in [
            "shipway dora record deployment production",
            "shipway dora record -C /tmp deployment staging --commit abc --traffic no -q",
            "shipway dora record incident K --resolved 2026-08-01T10:00:00Z --format json",
            "shipway dora record step test --started 2026-08-01T10:00:00Z --outcome failed",
        ] {
            let among = ["Dora(Arguments { command: Record(", ") })"];
            same::<dora::RecordArguments>(line, DORA_RECORD, among);
        }
    }

    #[test]
    fn what_is_wrong_or_of_another_command_is_read_by_the_whole_grammar() {
        for line in [
            "shipway hooks run",
            "shipway hooks run pre-commit --all-file",
            "shipway hooks run pre-commit --help",
            "shipway hooks list",
            "shipway -q hooks run pre-commit",
            "shipway hooks",
            "shipway init --help",
            "shipway init --base full",
            "shipway dora record",
            "shipway dora record deployment",
            "shipway dora record deployment production --help",
            "shipway dora log",
            "shipway",
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let run = Alone::<hooks::RunArguments>::parse(&words, HOOK_RUN);
            assert!(run.is_none(), "{line}");
            let init = Alone::<init::Arguments>::parse(&words, INIT);
            assert!(init.is_none(), "{line}");
            let record = Alone::<dora::RecordArguments>::parse(&words, DORA_RECORD);
            assert!(record.is_none(), "{line}");
        }
    }

    #[test]
    fn the_version_is_what_the_grammar_says() {
        assert_eq!(Arguments::command().render_version(), VERSION);
    }
}

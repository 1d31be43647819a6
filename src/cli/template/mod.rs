//! `shipway template`: what files are made from, and a repository's own of it.

mod eject;
mod fetch;
mod list;
mod test;

use super::{Context, Exit, Failure};

/// See, change and try the templates that files are made from
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(list::Arguments),
    Eject(eject::Arguments),
    Fetch(fetch::Arguments),
    Test(test::Arguments),
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::List(arguments) => list::run(arguments, context),
        Command::Eject(arguments) => eject::run(arguments, context),
        Command::Fetch(arguments) => fetch::run(arguments, context),
        Command::Test(arguments) => test::run(arguments, context),
    }
}

//! `shipway completions SHELL`: what the shell needs to complete shipway's commands.

use super::{Context, Exit, Failure};
use clap::CommandFactory;

/// Print what a shell needs to complete shipway's commands
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut super::Arguments::command(),
        "shipway",
        &mut text,
    );
    context.output.report(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Done)
}

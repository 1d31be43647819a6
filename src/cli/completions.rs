//! `shipway completions SHELL`: what the shell needs to complete shipway's commands.

use super::Exit;
use clap::CommandFactory;
use std::io::Write;

/// Print what a shell needs to complete shipway's commands
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut super::Arguments::command(),
        "shipway",
        &mut text,
    );
    // A reader that closes the pipe early has what it wanted.
    let _ = std::io::stdout().lock().write_all(&text);
    Exit::Done
}

//! shipway turns a repository into one that anybody can open, run, test and ship.
//!
//! The binary's journeys, each a straight line: `init` (tree, project, plan, apply) and
//! `detect` (tree, project). The rooms are the modules below; imports run from `cli` to
//! `ui` and the cores, and from the cores to `project`, `config` and `git`.

pub mod assess;
mod cli;
pub mod config;
pub mod deploy;
pub mod detect;
pub mod doctor;
pub mod dora;
pub mod git;
pub mod hooks;
pub mod project;
pub mod scaffold;
pub mod setup;
mod ui;

/// Runs the command line `args` (program name first) and gives the process's exit code.
pub fn run<I>(args: I) -> std::process::ExitCode
where
    I: IntoIterator<Item = std::ffi::OsString>,
{
    cli::run(args)
}

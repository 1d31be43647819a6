//! `shipway setup`: what `make dev-setup` calls.

use super::place::Place;
use super::{Context, Exit, Failure, Format, hooks};
use crate::doctor::Machine;
use crate::setup::{self, Outcome, Report, Request};
use crate::ui::{self, Steps};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Make a fresh clone ready for work: .env, hooks and dependencies; services and seed on request
///
/// Runs the project's own package manager. Git's hooks are installed where the repository has set
/// them up and no other tool's are in their place; their commands run only after shipway trust. A
/// second run finds nothing to do.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The repository; the one around the current folder where absent
    path: Option<PathBuf>,
    /// Also start the compose project and wait until it is healthy
    #[arg(long)]
    services: bool,
    /// Also run the project's own seed script, in a container of the first web service where there
    /// is a compose project
    #[arg(long)]
    seed: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let place = Place::at(arguments.path.as_deref())?;
    let project = crate::detect::detect(&place.root, &place.config)?;
    let repository = place.repository?;
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).map_err(|error| {
        Failure::new(
            Exit::Missing,
            format!("Ctrl-C cannot be listened to: {error}"),
            "run it in another terminal",
        )
    })?;
    let machine = Machine::of_this_process(&place.root);
    let program = hooks::program()?;
    let consent = hooks::consent(&repository);
    let request = Request {
        root: &place.root,
        repository: &repository,
        project: &project,
        machine: &machine,
        program: &program,
        consent: &consent,
        services: arguments.services,
        seed: arguments.seed,
        interrupted: &interrupted,
    };
    let mut steps = Steps::new(&context.output, context.quiet);
    let report = setup::run(&request, &mut |event| steps.show(event));
    match arguments.format {
        Format::Json => context.output.json(&report)?,
        Format::Human if !report.findings.is_empty() => context.output.report(&ui::findings(
            &report.findings,
            context.quiet,
            &context.output,
        ))?,
        Format::Human => {}
    }
    Ok(exit(&report))
}

fn exit(report: &Report) -> Exit {
    if report.interrupted {
        Exit::Interrupted
    } else if report.steps.iter().any(|step| step.missing) {
        Exit::Missing
    } else if report
        .steps
        .iter()
        .any(|step| step.outcome == Outcome::Failed)
    {
        Exit::Finding
    } else {
        Exit::Done
    }
}

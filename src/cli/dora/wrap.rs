//! `shipway dora wrap NAME -- COMMAND`: times a command and records a step.

use super::super::{Context, Exit, Failure};
use super::record;
use super::scene::{Scene, now};
use crate::dora::event::{Event, Name, Step};
use crate::dora::wrap::{self, Ran};
use std::ffi::OsString;
use std::io::ErrorKind;

/// Run a command, record how long it took as a pipeline step, and end as it ended
///
/// Signals are handed on to the command. Where the step cannot be recorded it is said, and the
/// exit code is the command's all the same.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Name of the step
    name: Name,
    /// Pipeline run; the CI job's where absent, outside of one the commit
    #[arg(long, value_name = "ID")]
    run: Option<Name>,
    /// What it works on; the CI job's commit or HEAD where absent
    #[arg(long, value_name = "REVISION")]
    commit: Option<String>,
    /// The command, after --
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let (program, rest) = arguments
        .command
        .split_first()
        .ok_or_else(|| Failure::new(Exit::Usage, "there is no command", "give one after --"))?;
    let ran = match wrap::run(program, rest, now()) {
        Ok(ran) => ran,
        Err(error) => {
            // The codes of env and of the shells.
            let code = if error.kind() == ErrorKind::NotFound {
                127
            } else {
                126
            };
            context.output.error(
                &format!("{} cannot be run: {error}", program.display()),
                Some("check its name and its permissions; no step was recorded"),
            );
            return Ok(Exit::Of(code));
        }
    };
    if let Err(failure) = record_step(arguments, ran) {
        context.output.error(
            &format!(
                "the step {} was not recorded: {}",
                crate::ui::visible(arguments.name.as_str()),
                failure.sentence
            ),
            failure.mend.as_deref(),
        );
    }
    Ok(Exit::Of(ran.code))
}

fn record_step(arguments: &Arguments, ran: Ran) -> Result<(), Failure> {
    let scene = Scene::here()?;
    let commit = scene.commit(arguments.commit.as_deref())?;
    let step = Event::Step(Step {
        run: record::run_or_commit(&scene, arguments.run.as_ref(), commit)?,
        commit,
        name: arguments.name.clone(),
        period: ran.period,
        outcome: ran.outcome,
    });
    step.not_after(scene.now)?;
    scene.store()?.add(&step)?;
    Ok(())
}

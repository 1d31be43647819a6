//! `shipway undo`: takes the last apply back.

use super::interrupt::Interrupt;
use super::{Context, Exit, Failure, hooks};
use crate::git;
use crate::project::RelPath;
use crate::scaffold::apply::{self, ApplyError, Repair, Session};
use crate::scaffold::lock::PRISTINE_DIR;
use crate::ui;
use clap::Args;
use std::path::{Path, PathBuf};

/// Take back what shipway wrote last
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder of the repository; the current one where absent
    path: Option<PathBuf>,
}

/// Undoes and says which files changed.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let repository = git::open(arguments.path.as_deref().unwrap_or(Path::new(".")))?;
    let interrupt = Interrupt::listen()?;
    let session = Session::open(&repository)?;
    if matches!(repair(&session, context)?, Some(Repair::TakenBack { .. })) {
        // The run that was cut short was the last one.
        return Ok(Exit::Done);
    }
    let last = apply::past(&repository)?.into_iter().next();
    interrupt.hold();
    let paths = session.undo(&mut |_| interrupt.answer())?;
    let own = |path: &&RelPath| path.as_str().starts_with(PRISTINE_DIR);
    let mut text = "Taken back:\n".to_owned();
    for path in paths.iter().filter(|path| !own(path)) {
        text.push_str("  ");
        text.push_str(path.as_str());
        text.push('\n');
    }
    text.push_str(&hooks::at_init::take_back(&repository, context)?);
    context.output.report(&text)?;
    if last.is_some_and(|last| last.command == "eject") {
        hooks::eject::put_back(&repository)?;
    }
    Ok(Exit::Done)
}

/// Ends or takes back an apply that was cut short, and says so.
pub(super) fn repair(session: &Session, context: &Context) -> Result<Option<Repair>, Failure> {
    let repair = session.repair()?;
    match &repair {
        None => {}
        Some(Repair::Finished { files }) => context.output.note(&format!(
            "An earlier run was cut short after its last file; {} in place.",
            ui::counted(*files, "file is", "files are")
        )),
        Some(Repair::TakenBack { files }) => context.output.note(&format!(
            "An earlier run was cut short; {} before.",
            ui::counted(*files, "file is as it was", "files are as they were")
        )),
    }
    Ok(repair)
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        let exit = match &error {
            ApplyError::Interrupted => Exit::Interrupted,
            ApplyError::Conflict { .. } | ApplyError::Changed(_) | ApplyError::Edited(_) => {
                Exit::Conflict
            }
            ApplyError::Io { .. } if error.is_missing() => Exit::Missing,
            ApplyError::Io { .. } | ApplyError::Busy | ApplyError::NothingToUndo => Exit::Finding,
        };
        Self {
            sentence: error.to_string(),
            mend: None,
            exit,
        }
    }
}

//! `shipway template eject`: a template is copied into the repository.

use super::super::interrupt::Interrupt;
use super::super::{Context, Exit, Failure, planned, undo};
use crate::git;
use crate::scaffold;
use crate::scaffold::apply::Session;
use crate::scaffold::shadow::{self, ShadowError};
use clap::Args;
use std::path::Path;

/// Copy a template to .shipway/templates, where an edit of it comes before the one that is there
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Templates, partials or a feature.toml; shipway template list names them
    #[arg(required = true, value_name = "FEATURE/FILE")]
    templates: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let repository = git::open(Path::new("."))?;
    let interrupt = Interrupt::listen()?;
    let session = Session::open(&repository)?;
    undo::repair(&session, context)?;
    let below = scaffold::features_below(&repository, &planned::config(&repository)?)?;
    let changes = shadow::copies(&repository.root, &below, &arguments.templates)?;
    if changes.is_empty() {
        context
            .output
            .report("Nothing to do: what was named is there as it would be copied.\n")?;
        return Ok(Exit::Done);
    }
    interrupt.hold();
    session.apply(&changes, "template eject", &mut |_| interrupt.answer())?;
    let mut text = String::new();
    for change in &changes {
        text.push_str(&format!("Copied to {}\n", change.path));
    }
    text.push_str("After an edit: shipway template test, then shipway update --trust-templates\n");
    context.output.report(&text)?;
    Ok(Exit::Done)
}

impl From<ShadowError> for Failure {
    fn from(error: ShadowError) -> Self {
        let sentence = error.to_string();
        match error {
            ShadowError::Unknown { .. } => Self::new(
                Exit::Usage,
                sentence,
                "shipway template list names those that there are",
            ),
            ShadowError::Edited(path) => Self::new(
                Exit::Usage,
                sentence,
                format!("to begin anew, move {path} away"),
            ),
            ShadowError::Barred(_) => {
                Self::new(Exit::Usage, sentence, "make it a folder or move it away")
            }
            ShadowError::Io { path, .. } => Self::new(
                Exit::Missing,
                sentence,
                format!("make it readable: chmod u+r {path}"),
            ),
            ShadowError::Path(_) => Self::new(
                Exit::Usage,
                sentence,
                "name a template as shipway template list does",
            ),
        }
    }
}

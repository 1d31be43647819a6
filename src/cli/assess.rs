//! `shipway assess`: how a repository is deployed today, and what would help most.

use super::dora::Scene;
use super::{Context, Exit, Failure, Format};
use crate::assess::{self, AssessError};
use crate::dora::event::Event;
use crate::git::GitError;
use crate::{detect, ui};
use clap::Args;

/// How this repository is deployed today, where changes wait, and what would help most
///
/// Reads the tree and the history, and needs no record. No number is given that was not measured.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How the assessment is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let scene = Scene::here()?;
    if scene.bare {
        return Err(GitError::Bare(scene.repository.root).into());
    }
    let name = detect::project_name(&scene.repository.root, &scene.config);
    let events = scene.store()?.all()?;
    let recorded = events
        .iter()
        .any(|(_, event)| matches!(event, Event::Deployment(_)));
    let assessment = assess::assess(&scene.repository, &name, recorded, scene.now.second())?;
    match arguments.format {
        Format::Json => context.output.json(&assessment)?,
        Format::Human => context
            .output
            .report(&ui::show_assessment(&assessment, &context.output))?,
    }
    Ok(Exit::Done)
}

impl From<AssessError> for Failure {
    fn from(error: AssessError) -> Self {
        match error {
            AssessError::Tree(error) => error.into(),
            AssessError::Git(error) => error.into(),
            AssessError::Graph(error) => error.into(),
        }
    }
}

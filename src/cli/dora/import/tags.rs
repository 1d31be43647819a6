//! `shipway dora import tags`: releases that nobody recorded.

use super::super::super::{Context, Exit, Failure, Format};
use super::super::scene::Scene;
use crate::dora::event::Name;
use crate::dora::import::tags::{self, At, Tags};
use crate::dora::store::Batch;
use crate::git::past;
use clap::ValueEnum;
use globset::{Glob, GlobMatcher};

/// Take over release tags as deployments that succeeded
///
/// The tag's name becomes the version of the release. A tag with a message (annotated or signed)
/// has a date of its own; one without has that of its commit.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which tags are releases, such as v* or web-*
    #[arg(long, value_name = "GLOB", value_parser = parse_pattern)]
    pattern: GlobMatcher,
    /// Environment into which they went, such as production
    #[arg(long, value_name = "NAME")]
    environment: Name,
    /// Whose date counts as that of the deployment
    #[arg(long, value_enum, default_value_t)]
    at: AtName,
    /// Service that was deployed; the project where absent
    #[arg(long, value_name = "NAME")]
    service: Option<Name>,
    /// Take the environment, though nothing knows it yet
    #[arg(long)]
    create: bool,
    /// List what would be imported, and import nothing
    #[arg(long)]
    dry_run: bool,
    /// How the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum AtName {
    #[default]
    Tag,
    Commit,
}

fn parse_pattern(text: &str) -> Result<GlobMatcher, String> {
    Glob::new(text)
        .map(|glob| glob.compile_matcher())
        .map_err(|error| format!("{}; write it as for git tag --list", error.kind()))
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let scene = Scene::here()?;
    let store = scene.store()?;
    let wanted = Tags {
        pattern: arguments.pattern.clone(),
        environment: scene.environment(&arguments.environment, arguments.create, &*store)?,
        service: scene.service(arguments.service.as_ref())?,
        at: match arguments.at {
            AtName::Tag => At::Tag,
            AtName::Commit => At::Commit,
        },
    };
    let mut batch = Batch::new().map_err(super::not_put_down)?;
    let left_out = tags::read(
        &past::tags(&scene.repository.root)?,
        &wanted,
        scene.now,
        &mut batch,
    )?;
    if batch.is_empty() && left_out.is_empty() {
        context.output.note(&format!(
            "No tag matches {}; git tag --list shows those that are here, git fetch --tags brings \
             those of the remote.",
            arguments.pattern.glob()
        ));
    }
    super::finish(
        &*store,
        &mut batch,
        &left_out,
        arguments.dry_run,
        arguments.format,
        context,
    )
}

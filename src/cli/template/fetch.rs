//! `shipway template fetch`: the templates of an organisation come into git's own folder.

use super::super::interrupt::Interrupt;
use super::super::{Context, Exit, Failure, Format, planned, undo};
use crate::config;
use crate::git::foreign::{Foreign, ForeignError};
use crate::git::sync::RemoteError;
use crate::git::{self, Repository};
use crate::project::RelPath;
use crate::scaffold::apply::Session;
use crate::scaffold::lock::{Fetched, LOCK_FILE};
use crate::scaffold::source::{self, SourceError};
use crate::scaffold::{self, CONFIG_FILE, Change, PlanError};
use crate::ui;
use clap::Args;
use serde::Serialize;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

/// Fetch the templates that [templates] of shipway.toml names, at its commit
///
/// The only command that asks their repository for anything: every other one reads the copy.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How long one answer of their repository may take
    #[arg(long, value_name = "DURATION", default_value = "5m")]
    timeout: config::Duration,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// The report in JSON.
#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    #[serde(flatten)]
    fetched: &'r Fetched,
    /// What they are, sorted.
    templates: &'r [String],
    /// Whether the lock says something new of them.
    changed: bool,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let repository = git::open(Path::new("."))?;
    let config = planned::config(&repository)?;
    let Some(from) = &config.templates else {
        return Err(Failure::new(
            Exit::Usage,
            format!("{CONFIG_FILE} names no templates of an organisation"),
            "give it a section [templates] with source = \"https://…\" and rev = \"…\", a full \
             commit id",
        ));
    };
    let (mut lock, note) = scaffold::joined_lock(&repository.root)?;
    let patience = Duration::from_secs(arguments.timeout.seconds.unsigned_abs());
    let interactive = std::io::stdin().is_terminal();
    let remote =
        Foreign::at(from.source.as_str(), patience, interactive).map_err(SourceError::from)?;
    let (fetched, names) = source::fetch(&repository, from, &remote, lock.templates.as_ref())?;
    let changed = lock.templates.as_ref() != Some(&fetched);
    if changed {
        lock.templates = Some(fetched.clone());
        let text = lock.to_text().map_err(PlanError::from)?;
        record(&repository, text, context)?;
    }
    if let Some(note) = note.filter(|_| changed) {
        context.output.note(&note);
    }
    if arguments.format == Format::Json {
        context.output.json(&Report {
            schema: 1,
            fetched: &fetched,
            templates: &names,
            changed,
        })?;
        return Ok(Exit::Done);
    }
    let count = ui::counted(names.len(), "template is", "templates are");
    let mut text = format!(
        "{count} here from {} at {:.12}.\n",
        fetched.source, fetched.rev
    );
    text.push_str(if changed {
        "Commit shipway.lock. Next: shipway update --dry-run\n"
    } else {
        "Nothing changed.\n"
    });
    context.output.report(&text)?;
    Ok(Exit::Done)
}

/// Writes the lock, which says now what was fetched.
fn record(repository: &Repository, text: String, context: &Context) -> Result<(), Failure> {
    let interrupt = Interrupt::listen()?;
    let session = Session::open(repository)?;
    undo::repair(&session, context)?;
    let path = RelPath::parse(LOCK_FILE).map_err(|source| PlanError::Path {
        place: LOCK_FILE.to_owned(),
        source,
    })?;
    let change = Change::of_present(&repository.root, path, text.into_bytes())?;
    interrupt.hold();
    session.apply(&[change], "template fetch", &mut |_| interrupt.answer())?;
    Ok(())
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        let sentence = error.to_string();
        let again = "shipway template fetch";
        match error {
            SourceError::NoCommit {
                commit: Some(id), ..
            } => Self::new(Exit::Usage, sentence, format!("write rev = \"{id}\"")),
            SourceError::NoCommit { .. } => Self::new(
                Exit::Usage,
                sentence,
                "write all 40 digits; of a branch or tag, shipway template fetch says them",
            ),
            SourceError::Missing { .. } | SourceError::Other { .. } => {
                Self::new(Exit::Missing, sentence, again)
            }
            SourceError::Changed { .. } => Self::new(
                Exit::Finding,
                sentence,
                "ask who keeps them what happened; nothing was kept",
            ),
            SourceError::Foreign(ForeignError::Remote(RemoteError::Slow { .. })) => Self::new(
                Exit::Missing,
                sentence,
                format!("try again later, or give it more time: {again} --timeout 15m"),
            ),
            SourceError::Foreign(ForeignError::Remote(_)) => Self::new(
                Exit::Missing,
                sentence,
                "see that git ls-remote reaches it, then run this again",
            ),
            SourceError::Foreign(ForeignError::NoCommit { .. }) => Self::new(
                Exit::Usage,
                sentence,
                "see that the commit was pushed there, and that rev has all of its digits",
            ),
            SourceError::Foreign(ForeignError::Refused { .. })
            | SourceError::Refused { .. }
            | SourceError::Empty { .. }
            | SourceError::Feature(_) => Self::new(
                Exit::Usage,
                sentence,
                "mend it there and name the new commit as rev",
            ),
            SourceError::Foreign(ForeignError::Git(error)) => error.into(),
            SourceError::Foreign(ForeignError::Folder(_)) | SourceError::Io { .. } => Self::new(
                Exit::Missing,
                sentence,
                "make room there, then run this again",
            ),
        }
    }
}

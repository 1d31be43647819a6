//! `shipway hooks import`: other tools' hooks become jobs of `shipway.toml`.

use super::super::interrupt::Interrupt;
use super::super::{Context, Exit, Failure, Format, planned, undo};
use crate::config::FILE;
use crate::hooks::draft::Draft;
use crate::hooks::import::{self, Import, ImportError, Left, Source, farewell, sources};
use crate::project::RelPath;
use crate::scaffold::apply::Session;
use crate::scaffold::plan::Change;
use crate::ui;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Take the hooks of pre-commit, lefthook, husky and lint-staged over into shipway.toml
///
/// Their own configuration stays as it is. What has no equivalent is named.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A folder of the repository; the current one where absent
    path: Option<PathBuf>,
    /// Ask nothing
    #[arg(long, short)]
    yes: bool,
    /// Show what would be taken over and write nothing
    #[arg(long)]
    dry_run: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// The report in JSON.
#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    sources: &'r [Source],
    /// Whether shipway.toml was written.
    applied: bool,
    added: &'r [Draft],
    /// Jobs that shipway.toml had already.
    present: &'r [Draft],
    without_equivalent: &'r [Left],
    notes: &'r [String],
    /// What a person does next.
    next: &'r [String],
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let start = arguments.path.as_deref().unwrap_or(Path::new("."));
    let repository = crate::git::open(start)?;
    let sources = sources(&repository.root);
    if sources.is_empty() {
        return Err(Failure::new(
            Exit::Missing,
            format!(
                "there is nothing to import in {}: no configuration of pre-commit, lefthook, husky or \
                 lint-staged",
                repository.root.display()
            ),
            "shipway hooks install sets hooks up without one",
        ));
    }
    let interrupt = Interrupt::listen()?;
    let session = if arguments.dry_run {
        None
    } else {
        let session = Session::open(&repository)?;
        undo::repair(&session, context)?;
        Some(session)
    };
    let before = planned::read_config(&repository.root)?;
    let tracked = crate::git::tracked(&repository.root)?;
    let tracked: Vec<&str> = tracked.iter().map(RelPath::as_str).collect();
    let import = import::import(&repository.root, &sources, &tracked, &before)?;
    let human = arguments.format == Format::Human;
    if human {
        context
            .output
            .report(&ui::show_import(&import, &context.output))?;
    }
    let mut applied = false;
    if let Some(session) = session.filter(|_| import.text != before) {
        let question = format!("Write this into {FILE}?");
        if human
            && !arguments.yes
            && ui::can_ask()
            && !ui::confirm(&question).map_err(|error| planned::unreadable(&error))?
        {
            context.output.note("Nothing was written.");
            return Ok(Exit::Done);
        }
        interrupt.hold();
        session.apply(
            &[change(&before, &import.text, &repository.root)?],
            "hooks import",
            &mut |_| interrupt.answer(),
        )?;
        applied = true;
    }
    let mut next = farewell(&repository.root, &sources);
    next.push("shipway hooks install".to_owned());
    if human {
        context
            .output
            .report(&closing(&import, &next, applied, arguments.dry_run))?;
    } else {
        context.output.json(&Report {
            schema: 1,
            sources: &sources,
            applied,
            added: &import.added,
            present: &import.present,
            without_equivalent: &import.left,
            notes: &import.notes,
            next: &next,
        })?;
    }
    Ok(Exit::Done)
}

fn change(before: &str, after: &str, root: &Path) -> Result<Change, Failure> {
    let path = RelPath::parse(FILE)
        .map_err(|error| Failure::new(Exit::Usage, error.to_string(), "rename the file"))?;
    let is_there = path.under(root).exists();
    Ok(Change {
        path,
        content: Some(after.as_bytes().to_vec()),
        mode: None,
        before: is_there.then(|| hex::encode(Sha256::digest(before))),
    })
}

fn closing(import: &Import, next: &[String], applied: bool, dry_run: bool) -> String {
    let count = import.added.len();
    let jobs = if count == 1 { "job" } else { "jobs" };
    let mut text = match (applied, count) {
        (true, _) => {
            format!("Wrote {count} {jobs} into {FILE}. Taken back with: shipway undo\n")
        }
        (false, 0) => format!("Nothing to write: {FILE} has every job that could be taken over.\n"),
        (false, _) => {
            format!("Would write {count} {jobs} into {FILE}; nothing was written.\n")
        }
    };
    if dry_run || count == 0 {
        return text;
    }
    text.push_str("Next, so that nothing runs twice:\n");
    for step in next {
        text.push_str(&format!("  {step}\n"));
    }
    text
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Config(error) => error.into(),
            ImportError::Invalid { ref path, line, .. } => {
                let mend = format!("correct {path} at line {line}");
                Self::new(Exit::Usage, error.to_string(), mend)
            }
            ImportError::Io { ref path, .. } => {
                let mend = format!("make {path} a readable UTF-8 file");
                Self::new(Exit::Usage, error.to_string(), mend)
            }
        }
    }
}

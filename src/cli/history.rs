//! `shipway history`: what can be taken back.

use super::{Context, Exit, Failure, Format};
use crate::scaffold::apply::{self, Past};
use crate::scaffold::lock::{LOCK_FILE, PRISTINE_DIR};
use crate::{git, ui};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// List what shipway wrote here, the last first; undo takes it back in this order
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder of the repository; the current one where absent
    path: Option<PathBuf>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Serialize)]
struct Report {
    schema: u32,
    history: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    past: Past,
    /// RFC 3339, in UTC; absent where it was not noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<jiff::Timestamp>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let repository = git::open(arguments.path.as_deref().unwrap_or(Path::new(".")))?;
    let history: Vec<Row> = apply::past(&repository)?
        .into_iter()
        .map(|past| Row {
            at: (past.at > 0)
                .then(|| jiff::Timestamp::from_second(past.at).ok())
                .flatten(),
            past,
        })
        .collect();
    if arguments.format == Format::Json {
        context.output.json(&Report { schema: 1, history })?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for Row { past, at } in &history {
        let at = at.map_or_else(String::new, |at| {
            let local = jiff::tz::TimeZone::system().to_datetime(at);
            local.strftime("%Y-%m-%d %H:%M").to_string()
        });
        let is_own = |path: &&String| *path == LOCK_FILE || path.starts_with(PRISTINE_DIR);
        let files: Vec<&str> = past
            .paths
            .iter()
            .filter(|path| !is_own(path))
            .map(String::as_str)
            .collect();
        let count = ui::counted(files.len(), "file", "files");
        text.push_str(&format!("{at:16}  {:12}  {count}", past.command));
        if !files.is_empty() {
            text.push_str(&format!(": {}", shortened(&files)));
        }
        text.push('\n');
    }
    if history.is_empty() {
        "shipway has changed nothing here, or all of it was undone.\n".clone_into(&mut text);
    }
    context.output.report(&text)?;
    Ok(Exit::Done)
}

/// The first names, and how many more there are.
fn shortened(files: &[&str]) -> String {
    const SHOWN: usize = 4;
    let first = files[..files.len().min(SHOWN)].join(", ");
    match files.len().saturating_sub(SHOWN) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

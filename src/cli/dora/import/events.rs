//! `shipway dora import events`: JSON Lines, CSV, CDEvents.

use super::super::super::{Context, Exit, Failure, Format};
use super::super::scene::Scene;
use crate::dora::event::{Defaults, Name, Source};
use crate::dora::import::{self, Form};
use crate::dora::store::Batch;
use clap::ValueEnum;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Take over events from a file: JSON Lines, CSV or CDEvents
///
/// Where one line is wrong it is named and nothing is imported.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The file; - reads standard input
    file: PathBuf,
    /// What the file holds; seen from it where absent
    #[arg(long, value_enum)]
    form: Option<FormName>,
    /// Leave out what is wrong and import the rest
    #[arg(long)]
    skip_invalid: bool,
    /// Service of events that name none; the project where absent
    #[arg(long, value_name = "NAME")]
    service: Option<Name>,
    /// How the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormName {
    /// One event a line, as JSON of shipway's own
    Jsonl,
    /// One event a row
    Csv,
    /// One CDEvent a line
    Cdevents,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let scene = Scene::here()?;
    let store = scene.store()?;
    let defaults = Defaults {
        service: scene.service(arguments.service.as_ref())?,
        source: Source::File,
    };
    let mut source = open(&arguments.file)?;
    let form = match arguments.form {
        Some(FormName::Csv) => Form::Csv,
        Some(FormName::Jsonl | FormName::Cdevents) => Form::Lines,
        None => seen(&arguments.file, &mut *source)?,
    };
    let mut batch = Batch::new().map_err(super::not_put_down)?;
    let left_out = import::read(
        &mut *source,
        form,
        &defaults,
        scene.now,
        arguments.skip_invalid,
        &mut batch,
    )
    .map_err(|error| named(&arguments.file, error))?;
    let added = store.add_all(&mut batch)?;
    super::say(added, &left_out, arguments.format, context)
}

fn open(file: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if file == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let opened = File::open(file).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("{} cannot be opened: {error}", file.display()),
            "name a file of events, or - for standard input",
        )
    })?;
    Ok(Box::new(BufReader::with_capacity(1 << 16, opened)))
}

/// What the file holds, by its name or its first character.
fn seen(file: &Path, source: &mut dyn BufRead) -> Result<Form, Failure> {
    let extension = file.extension().and_then(|extension| extension.to_str());
    match extension {
        Some("csv") => return Ok(Form::Csv),
        Some("jsonl" | "ndjson" | "json") => return Ok(Form::Lines),
        _ => {}
    }
    let beginning = source.fill_buf().map_err(|error| {
        Failure::new(
            Exit::Missing,
            format!("{} cannot be read: {error}", file.display()),
            "name a file of events, or - for standard input",
        )
    })?;
    let beginning = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
    Ok(match beginning.trim_ascii_start().first() {
        Some(b'{' | b'[') | None => Form::Lines,
        Some(_) => Form::Csv,
    })
}

/// The error with the name of the file.
fn named(file: &Path, error: import::ImportError) -> import::ImportError {
    let file = if file == Path::new("-") {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    };
    match error {
        import::ImportError::Invalid { what, reason } => import::ImportError::Invalid {
            what: match what.strip_prefix("line ") {
                Some(line) => format!("{file}:{line}"),
                None => format!("{file}: {what}"),
            },
            reason,
        },
        other => other,
    }
}

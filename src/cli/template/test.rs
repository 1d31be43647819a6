//! `shipway template test`: the templates are tried on projects of many kinds.

use super::super::{Context, Exit, Failure, Format, planned};
use crate::config::Config;
use crate::scaffold;
use crate::scaffold::trial::{SAMPLES, Sample, Trial};
use crate::{detect, git, ui};
use clap::Args;
use serde::Serialize;
use std::path::Path;

/// Render all templates for built-in sample projects and parse what comes out; write nothing
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this sample, of those that a run without it names; may be repeated
    #[arg(long, value_name = "NAME", value_parser = parse_sample)]
    sample: Vec<&'static Sample>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

fn parse_sample(name: &str) -> Result<&'static Sample, String> {
    SAMPLES
        .iter()
        .find(|sample| sample.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = SAMPLES.iter().map(|sample| sample.name).collect();
            format!("there are {}", names.join(", "))
        })
}

/// The report in JSON.
#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    #[serde(flatten)]
    trial: &'r Trial,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let repository = git::open(Path::new("."))?;
    let features = scaffold::features(&repository, &planned::config(&repository)?)?;
    super::super::work_along();
    let mut trial = Trial::default();
    let all = arguments.sample.is_empty();
    let samples = SAMPLES
        .iter()
        .filter(|sample| all || arguments.sample.iter().any(|one| one.name == sample.name));
    for sample in samples {
        let folder = tempfile::tempdir().map_err(|error| unwritten(&error))?;
        // Its name is that of the project.
        let root = folder.path().join(sample.name);
        sample.write(&root).map_err(|error| unwritten(&error))?;
        let project = detect::detect(&root, &Config::default())?;
        trial.take(sample, &root, &project, &features)?;
    }
    trial.end(&features)?;
    match arguments.format {
        Format::Json => context.output.json(&Report {
            schema: 1,
            trial: &trial,
        })?,
        Format::Human => context.output.report(&page(&trial, all))?,
    }
    Ok(if trial.faults.is_empty() {
        Exit::Done
    } else {
        Exit::Finding
    })
}

fn page(trial: &Trial, all: bool) -> String {
    let mut text = String::new();
    for tried in &trial.samples {
        let summary = SAMPLES.iter().find(|sample| sample.name == tried.name);
        let summary = summary.map_or("", |sample| sample.summary);
        let files = ui::counted(tried.files.len(), "file", "files");
        text.push_str(&format!("{:15}  {files:>8}  {summary}\n", tried.name));
    }
    for fault in &trial.faults {
        text.push_str(&format!("! {}", fault.message));
        if !fault.samples.is_empty() {
            text.push_str(&format!(" (for {})", fault.samples.join(", ")));
        }
        text.push('\n');
    }
    if all && !trial.unrendered.is_empty() {
        let names = trial.unrendered.join(", ");
        text.push_str(&format!("Not needed by any sample, only parsed: {names}\n"));
    }
    text.push_str(&match trial.faults.len() {
        0 => "All templates make valid files.\n".to_owned(),
        count => format!("{}.\n", ui::counted(count, "fault", "faults")),
    });
    text
}

fn unwritten(error: &std::io::Error) -> Failure {
    Failure::new(
        Exit::Missing,
        format!("a sample cannot be laid out in the folder for temporary files: {error}"),
        "make room there, or name another one with the variable TMPDIR",
    )
}

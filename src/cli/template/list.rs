//! `shipway template list`: every template and where it comes from.

use super::super::{Context, Exit, Failure, Format, planned};
use crate::git;
use crate::scaffold;
use crate::scaffold::feature::{Layer, Listed};
use clap::Args;
use serde::Serialize;
use std::path::Path;

/// List the templates, and which of them are the repository's own or its organisation's
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// The report in JSON.
#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    templates: Vec<Listed<'r>>,
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let repository = git::open(Path::new("."))?;
    let features = scaffold::features(&repository, &planned::config(&repository)?)?;
    let templates: Vec<Listed> = features.listed().collect();
    if arguments.format == Format::Json {
        let schema = 1;
        context.output.json(&Report { schema, templates })?;
        return Ok(Exit::Done);
    }
    let widest = templates.iter().map(|one| one.name.len()).max();
    let widest = widest.unwrap_or_default();
    let mut text = String::new();
    for one in &templates {
        let from = match one.from {
            Layer::BuiltIn => "built in",
            Layer::Source | Layer::Repository => one.file,
        };
        text.push_str(&format!("{:widest$}  {from}\n", one.name));
    }
    context.output.report(&text)?;
    Ok(Exit::Done)
}

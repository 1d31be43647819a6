//! `shipway detect`: what this repository is, and why we think so.

use super::{Context, Exit, Failure, Format};
use crate::config::{self, Config};
use crate::project::{self, Answer, Explanation, NameError, Project};
use crate::{detect, git, ui};
use clap::Args;
use std::path::{Path, PathBuf};

/// What this repository is, and why we think so.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder to look at; the repository around the current folder where absent
    path: Option<PathBuf>,
    /// Say of one fact what speaks for and against it, and which rule decided: `port`, `web.port`,
    /// `web.env.PORT`, or a part with all its facts: `web`, `backing.redis`
    #[arg(long, value_name = "FACT")]
    explain: Option<String>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// Detects and reports. [`Exit::Finding`] where nothing was recognised, or the fact to explain was
/// not found.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let root = root(arguments.path.as_deref())?;
    let config = Config::load(&root)?;
    let project = detect::detect(&root, &config)?;
    if let Some(name) = &arguments.explain {
        return explain(&project, name, arguments.format, context);
    }
    match arguments.format {
        Format::Json => context.output.json(&project)?,
        Format::Human => context
            .output
            .report(&ui::show_project(&project, &context.output))?,
    }
    Ok(if project.is_empty() {
        Exit::Finding
    } else {
        Exit::Done
    })
}

/// Says why the facts that `name` names are believed.
fn explain(
    project: &Project,
    name: &str,
    format: Format,
    context: &Context,
) -> Result<Exit, Failure> {
    let all = project::explanations(project);
    let names: Vec<String> = all.iter().map(|one| one.fact.clone()).collect();
    let found = project::named(all, name).map_err(|error| {
        let mend = match &error {
            NameError::Ambiguous { names, .. } => names
                .first()
                .map(|first| format!("name one: shipway detect --explain {first}")),
            NameError::Unknown(name) => Some(like(name, &names)),
        };
        Failure {
            sentence: error.to_string(),
            mend,
            exit: Exit::Usage,
        }
    })?;
    match format {
        Format::Json => context.output.json(&found)?,
        Format::Human => context
            .output
            .report(&ui::show_facts(&found, &context.output))?,
    }
    let is_found = |one: &Explanation| matches!(one.answer, Answer::Found(_));
    Ok(if found.iter().any(is_found) {
        Exit::Done
    } else {
        Exit::Finding
    })
}

/// The fact whose name, or the end of it, is most like `name`; else where all of them stand.
fn like(name: &str, names: &[String]) -> String {
    let written = name.to_lowercase().replace([' ', '-'], "_");
    let ends = names.iter().filter_map(|fact| fact.rsplit('.').next());
    config::nearest(&written, names.iter().map(String::as_str).chain(ends)).map_or_else(
        || "the keys of `shipway detect --format json` are the names".to_owned(),
        |known| format!("did you mean `{known}`?"),
    )
}

/// The folder to look at: the one named, else the top of the repository around the current one.
fn root(named: Option<&Path>) -> Result<PathBuf, Failure> {
    let start = named.unwrap_or(Path::new("."));
    match git::open(start) {
        Ok(repository) if named.is_none() => Ok(repository.root),
        Err(error @ git::GitError::Bare(_)) => Err(error.into()),
        // A folder outside git can be looked at as well.
        _ => Ok(start.to_owned()),
    }
}

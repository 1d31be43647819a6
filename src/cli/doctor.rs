//! `shipway doctor`: tools, versions, engine, ports, permissions; each finding with its mend.

use super::place::Place;
use super::{Context, Exit, Failure, Format};
use crate::doctor::{self, Extent, Finding, Level, Machine, Subject};
use crate::ui;
use serde::Serialize;
use std::path::PathBuf;

/// Look at this machine: tools, versions, engine, ports, space; each finding with its mend
///
/// Ends with 0 when nothing is an error, 1 when something is, 3 when something is missing
/// that must be there.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folder to look at; the repository around the current folder where absent
    path: Option<PathBuf>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Serialize)]
struct Report<'a> {
    root: String,
    findings: &'a [Finding],
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let place = Place::at(arguments.path.as_deref())?;
    let machine = Machine::of_this_process(&place.root);
    let project = place.project();
    let subject = Subject::new(
        &place.root,
        place.repository.as_ref(),
        project.as_ref(),
        &machine,
    );
    let findings = doctor::examine(&subject, Extent::Full);
    match arguments.format {
        Format::Json => context.output.json(&Report {
            root: place.root.display().to_string(),
            findings: &findings,
        })?,
        Format::Human => {
            context
                .output
                .report(&ui::findings(&findings, context.quiet, &context.output))?;
        }
    }
    Ok(exit(&findings))
}

/// Something missing weighs more than something wrong.
fn exit(findings: &[Finding]) -> Exit {
    if findings.iter().any(|finding| finding.missing) {
        Exit::Missing
    } else if findings.iter().any(|finding| finding.level == Level::Error) {
        Exit::Finding
    } else {
        Exit::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_weighs_more_than_what_is_wrong() {
        let finding = |level, missing| Finding {
            check: "git",
            level,
            missing,
            message: String::new(),
            mend: None,
        };
        assert_eq!(exit(&[finding(Level::Warning, false)]), Exit::Done);
        assert_eq!(exit(&[finding(Level::Error, false)]), Exit::Finding);
        assert_eq!(
            exit(&[finding(Level::Error, false), finding(Level::Error, true)]),
            Exit::Missing
        );
    }
}

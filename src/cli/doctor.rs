//! `shipway doctor`: tools, versions, engine, ports, permissions; each finding with its mend.

use super::place::Place;
use super::{Exit, Format, Output};
use crate::doctor::{self, Extent, Finding, Level, Machine, Subject};
use crate::ui::{self, Mark};
use serde::Serialize;
use std::path::PathBuf;

/// Look at this machine: tools, versions, engine, ports, space; each finding with its mend
///
/// Exits with 0 when nothing is an error, 1 when something is, 3 when something is missing
/// that must be there.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The repository
    #[arg(default_value = ".")]
    path: PathBuf,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Report<'a> {
    root: String,
    ok: usize,
    warnings: usize,
    errors: usize,
    findings: &'a [Finding],
}

pub(super) fn run(arguments: &Arguments, output: Output) -> Exit {
    let place = match Place::at(&arguments.path) {
        Ok(place) => place,
        Err(error) => return output.refuse(&error),
    };
    let machine = Machine::of_this_process(&place.root);
    let project = place.project();
    let subject = Subject::new(
        &place.root,
        place.repository.as_ref().ok(),
        project.as_ref(),
        &machine,
    );
    let findings = doctor::examine(&subject, Extent::Full);
    let count = |level| findings.iter().filter(|one| one.level == level).count();
    let report = Report {
        root: place.root.display().to_string(),
        ok: count(Level::Ok),
        warnings: count(Level::Warning),
        errors: count(Level::Error),
        findings: &findings,
    };
    match arguments.format {
        Format::Json => output.json(&report),
        Format::Human => show(&report, output),
    }
    exit(&findings)
}

fn show(report: &Report, output: Output) {
    for finding in report.findings {
        if output.quiet && finding.level == Level::Ok {
            continue;
        }
        output.line(&ui::finding(
            mark(finding.level),
            &finding.message,
            finding.mend.as_deref(),
        ));
    }
    if !output.quiet {
        output.line(&format!(
            "\n{} fine, {} to look at, {} to mend",
            report.ok, report.warnings, report.errors
        ));
    }
}

pub(super) fn mark(level: Level) -> Mark {
    match level {
        Level::Ok => Mark::Fine,
        Level::Warning => Mark::Warning,
        Level::Error => Mark::Error,
    }
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

//! `shipway check`: what drifted, is outdated, invalid or was made less safe by hand.

use super::planned::{self, Detected};
use super::update::{made_before, present_lock};
use super::{Context, Exit, Failure};
use crate::doctor::Machine;
use crate::scaffold::check::validator::{self, Skipped};
use crate::scaffold::check::{self, CheckError, Finding, Subject};
use crate::scaffold::{CONFIG_FILE, Journey};
use crate::{git, ui};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Check what was generated: drift, old pins, validity, and risks that came in by hand
///
/// Writes nothing and needs no network. Ends with 0 where nothing is found, 1 where something is.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder of the repository; the current one where absent
    path: Option<PathBuf>,
    /// Ask hadolint, actionlint, shellcheck and docker compose, too, where they are installed; takes
    /// some seconds
    #[arg(long)]
    validators: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ReportFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    #[default]
    Human,
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    project: &'r str,
    findings: &'r [Finding],
    /// Validators that said nothing, and why.
    skipped: &'r [Skipped],
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let start = arguments.path.as_deref().unwrap_or(Path::new("."));
    let repository = git::open(start)?;
    let (lock, moves, _) = present_lock(&repository)?;
    let config = planned::config(&repository)?;
    super::work_along();
    let detected = Detected::read(&repository, &config, moves)?;
    let project = &detected.project;
    let plan = planned::make(
        &detected,
        &config,
        &repository,
        Journey::Update {
            favour: std::collections::BTreeMap::new(),
        },
        made_before(&lock, &config),
        None,
        Vec::new(),
    )?;
    let subject = Subject {
        plan: &plan,
        lock: &lock,
        project,
        config: &config,
        root: &repository.root,
    };
    let mut findings = check::check(subject)?;
    let mut skipped = Vec::new();
    if arguments.validators {
        let machine = Machine::of_this_process(&repository.root);
        let (found, without) = validator::findings(subject, &|program| machine.find(program));
        findings.extend(found);
        skipped = without;
    }
    match arguments.format {
        ReportFormat::Human => {
            let page = ui::show_check(&findings, &skipped, context.quiet, &context.output);
            context.output.report(&page)?;
        }
        ReportFormat::Json => context.output.json(&Report {
            schema: 1,
            project: &project.name.value,
            findings: &findings,
            skipped: &skipped,
        })?,
        ReportFormat::Sarif => context.output.json(&check::sarif(&findings))?,
    }
    Ok(if findings.is_empty() {
        Exit::Done
    } else {
        Exit::Finding
    })
}

impl From<CheckError> for Failure {
    fn from(error: CheckError) -> Self {
        Self::new(
            Exit::Usage,
            error.to_string(),
            format!("correct the list, or {CONFIG_FILE} where it names it"),
        )
    }
}

//! `shipway dora report`: the metrics of a window.

use super::super::{Context, Exit, Failure};
use super::scene::{Scene, parse_time};
use super::window::{self, WindowArguments};
use crate::dora::event::{Event, EventId, Time};
use crate::dora::history::{self, History, HistoryError, Question};
use crate::dora::metrics::peer::{Peer, PeerFigures};
use crate::dora::metrics::target::Verdict;
use crate::dora::metrics::tier;
use crate::dora::metrics::window::{Bucket, Window};
use crate::dora::report::row::Metric;
use crate::dora::report::{self, Report, Wanted};
use crate::git::graph::{Ahead, Graph, GraphError};
use crate::ui;
use clap::{Args, ValueEnum};
use std::mem::ManuallyDrop;

/// Show the DORA metrics of what was recorded, against their targets
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Only this service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    #[command(flatten)]
    window: WindowArguments,
    /// The figures of each day, ISO week or month, too
    #[arg(long, value_enum, value_name = "BUCKET")]
    by: Option<By>,
    /// The figures of the window before, too
    #[arg(long)]
    compare: bool,
    /// As it was known at this time: later events are hidden
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    as_of: Option<Time>,
    /// Count what the first deployment carried as delivered by it
    #[arg(long)]
    include_baseline: bool,
    /// Exit with 1 where a target is missed
    #[arg(long)]
    check: bool,
    /// With --check: an unknown target is a missed one
    #[arg(long, requires = "check")]
    strict: bool,
    /// With --check: an event that none of `[dora] signers` signed is a finding
    #[arg(long, requires = "check")]
    verified: bool,
    /// The cluster of a DORA report that is nearest, of the edition of this year
    #[arg(long, value_name = "YEAR", value_parser = parse_edition)]
    edition: Option<String>,
    /// What another tool would show, by its published rules
    #[arg(long = "as", value_enum, value_name = "TOOL")]
    peer: Option<As>,
    /// Every value behind a figure, and what was left out with its reason
    #[arg(long, value_enum, value_name = "METRIC")]
    rows: Option<Rows>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: ReportFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    #[default]
    Human,
    Json,
    /// For the summary of a job
    Markdown,
    Csv,
    /// For Prometheus
    Openmetrics,
    /// One page that needs nothing else
    Html,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    Day,
    Week,
    Month,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum As {
    Fourkeys,
    Devlake,
    Gitlab,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Rows {
    LeadTime,
    Frequency,
    FailRate,
    Recovery,
    Rework,
    Success,
}

fn parse_edition(text: &str) -> Result<String, String> {
    let editions = tier::editions();
    if editions.iter().any(|edition| edition == text) {
        Ok(text.to_owned())
    } else {
        Err(format!("known are {}", editions.join(", ")))
    }
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let scene = Scene::here()?;
    let config = &scene.config.dora;
    let ahead = Ahead::start(&scene.repository.common_dir);
    // The process ends with the report: nobody waits until they are taken apart one by one.
    let events = ManuallyDrop::new(scene.store()?.all()?);
    let unverified = arguments.unverified(&scene, &events)?;
    let now = arguments.as_of.unwrap_or(scene.now);
    let window = window::window(&arguments.window, config.tz.as_deref(), now)?;
    let html = arguments.format == ReportFormat::Html;
    let question = arguments.question(html);
    let shown = matches!(
        arguments.format,
        ReportFormat::Human | ReportFormat::Markdown | ReportFormat::Html
    );
    let bucket = arguments.by.map(Bucket::from);
    let wanted = Wanted {
        by: bucket.or_else(|| shown.then(|| window::bucket(&window))),
        before: arguments.compare || shown,
        edition: arguments.edition.as_deref(),
        rows: arguments.rows.map(Metric::from),
    };
    let mut graph = Graph::open_ahead(&scene.repository.common_dir, ahead)?;
    let history = history::resolve(
        &scene.repository.root,
        &events,
        &mut graph,
        config,
        &question,
    )?;
    arguments.check_names(&events)?;
    let mut report = Report::new(&history, config, &window, &wanted);
    if let Some(peer) = arguments.peer.map(Peer::from) {
        add_peer(
            &mut report,
            peer,
            &scene,
            &events,
            &question,
            &window,
            &history,
        )?;
    }
    if let Some(count) = unverified.filter(|count| *count > 0) {
        report.notes.push(format!(
            "{} of {} are signed by none of [dora] signers: shipway dora verify lists them",
            count,
            ui::counted(events.len(), "event", "events"),
        ));
    }
    if report.reports.is_empty() {
        context.output.note(
            "nothing is recorded yet; shipway dora record deployment production records a deployment",
        );
    }
    let text = match arguments.format {
        ReportFormat::Json => {
            context.output.json(&report)?;
            String::new()
        }
        ReportFormat::Human => ui::show_report(&report, bucket.is_some(), &context.output),
        ReportFormat::Markdown => report::markdown::write(&report),
        ReportFormat::Csv => report::csv::write(&report).map_err(|error| unwritten(&error))?,
        ReportFormat::Openmetrics => {
            report::openmetrics::write(&report).map_err(|error| unwritten(&error))?
        }
        ReportFormat::Html => {
            report::html::write(&report, &history, &window).map_err(|error| unwritten(&error))?
        }
    };
    context.output.report(&text)?;
    if arguments.check {
        let unknown = report
            .verdicts()
            .filter(|verdict| *verdict == Verdict::Unknown)
            .count();
        if unknown > 0 {
            context.output.note(&format!(
                "warning: {unknown} of the targets cannot be judged; --strict fails on that"
            ));
        }
        let unverified = arguments.verified && unverified != Some(0);
        if unverified || report.fails(arguments.strict) {
            return Ok(Exit::Finding);
        }
    }
    Ok(Exit::Done)
}

impl Arguments {
    fn question(&self, html: bool) -> Question<'_> {
        Question {
            environment: self.environment.as_deref(),
            service: self.service.as_deref(),
            as_of: self.as_of,
            include_baseline: self.include_baseline,
            commits_only: false,
            rows: self.rows.is_some() || html,
        }
    }

    /// How many events no signer vouches for; None where the configuration names no signers.
    fn unverified(
        &self,
        scene: &Scene,
        events: &[(EventId, Event)],
    ) -> Result<Option<usize>, Failure> {
        let found = scene.unverified(events)?;
        if self.verified && found.is_none() {
            return Err(Failure::new(
                Exit::Usage,
                "--verified asks for signatures, and no key is named whose signature counts",
                "name the keys in shipway.toml: [dora] signers = [\"ssh-ed25519 AAAA…\"]",
            ));
        }
        Ok(found.map(|found| found.len()))
    }

    /// Refuses the name of an environment or service that no event names.
    fn check_names(&self, events: &[(EventId, Event)]) -> Result<(), Failure> {
        let asked = [
            ("environment", &self.environment),
            ("service", &self.service),
        ];
        for (what, name) in asked {
            let Some(name) = name else { continue };
            let known: std::collections::BTreeSet<String> = events
                .iter()
                .filter_map(|(_, event)| match event {
                    Event::Deployment(told) => Some((&told.environment, &told.service)),
                    Event::Incident(told) => Some((&told.environment, &told.service)),
                    _ => None,
                })
                .map(|(environment, service)| match what {
                    "environment" => environment.to_string(),
                    _ => service.to_string(),
                })
                .collect();
            if known.is_empty() || known.contains(name) {
                continue;
            }
            let mend = match crate::dora::environment::nearest(name, &known) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!(
                    "recorded are {}",
                    known.into_iter().collect::<Vec<_>>().join(", ")
                ),
            };
            return Err(Failure::new(
                Exit::Usage,
                format!("no event is recorded of the {what} {name:?}"),
                mend,
            ));
        }
        Ok(())
    }
}

/// Adds what the other tool would show, from the record resolved by its rules.
fn add_peer(
    report: &mut Report,
    peer: Peer,
    scene: &Scene,
    events: &[(EventId, Event)],
    question: &Question,
    window: &Window,
    history: &History,
) -> Result<(), Failure> {
    let mut graph = Graph::open(&scene.repository.common_dir)?;
    let question = Question {
        commits_only: true,
        ..question.clone()
    };
    let other;
    let history = if peer.sees_commits_only() {
        let root = &scene.repository.root;
        other = history::resolve(root, events, &mut graph, &scene.config.dora, &question)?;
        &other
    } else {
        history
    };
    for (section, facts) in report.reports.iter_mut().zip(&history.accounts) {
        section.peer = Some(PeerFigures::new(peer, facts, &history.changes, window));
    }
    Ok(())
}

fn unwritten(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        Exit::Finding,
        format!("the report could not be written: {error}"),
        "take --format json, and tell the makers of shipway",
    )
}

impl From<By> for Bucket {
    fn from(by: By) -> Self {
        match by {
            By::Day => Self::Day,
            By::Week => Self::Week,
            By::Month => Self::Month,
        }
    }
}

impl From<As> for Peer {
    fn from(peer: As) -> Self {
        match peer {
            As::Fourkeys => Self::FourKeys,
            As::Devlake => Self::DevLake,
            As::Gitlab => Self::GitLab,
        }
    }
}

impl From<Rows> for Metric {
    fn from(rows: Rows) -> Self {
        match rows {
            Rows::LeadTime => Self::LeadTime,
            Rows::Frequency => Self::Frequency,
            Rows::FailRate => Self::FailRate,
            Rows::Recovery => Self::Recovery,
            Rows::Rework => Self::Rework,
            Rows::Success => Self::Success,
        }
    }
}

impl From<GraphError> for Failure {
    fn from(error: GraphError) -> Self {
        let sentence = error.to_string();
        let mend = match error {
            GraphError::Git(error) => return error.into(),
            GraphError::Shallow(_) => "git fetch --unshallow --filter=tree:0",
            GraphError::Unreadable { .. } => "git fsck says what is broken",
            GraphError::Missing(_) => "git fetch --refetch gets what is missing",
            GraphError::Generation { .. } => "git commit-graph write --reachable makes it anew",
        };
        Self::new(Exit::Missing, sentence, mend)
    }
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        let sentence = error.to_string();
        match error {
            HistoryError::Graph(error) => error.into(),
            HistoryError::Git(_) => Self::new(
                Exit::Missing,
                sentence,
                "in a treeless clone the files of commits are not there: git fetch --refetch --no-filter",
            ),
            HistoryError::Pattern { .. } => Self::new(
                Exit::Usage,
                sentence,
                "write it as in a .gitignore, seen from the root of the repository",
            ),
        }
    }
}

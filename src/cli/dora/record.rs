//! `shipway dora record …`: one event, told by a person or a CI job.

use super::super::{Context, Exit, Failure, Format};
use super::branches;
use super::scene::{Scene, parse_time, wrong};
use crate::dora::Store;
use crate::dora::event::{
    Cause, Deployment, Digest, Event, EventId, Incident, Intent, Moment, Name, Outcome, Period,
    Release, Step, Time,
};
use crate::dora::seen::Scope;
use crate::ui;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

/// Record a deployment, an incident or a pipeline step
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Deployment(DeploymentArguments),
    Incident(IncidentArguments),
    Step(StepArguments),
}

/// Record that a commit was put into an environment, or that it was tried
///
/// In a job of GitHub Actions, GitLab, Jenkins, Buildkite or Azure Pipelines commit, run, start
/// and outcome are taken from its variables where it says them.
#[derive(Debug, Args)]
struct DeploymentArguments {
    /// Environment, such as production
    environment: Name,
    /// Service that was deployed; the project where absent
    #[arg(long, value_name = "NAME")]
    service: Option<Name>,
    /// What was deployed; the CI job's commit or HEAD where absent
    #[arg(long, value_name = "REVISION")]
    commit: Option<String>,
    /// When it began, in RFC 3339 or `now`; the CI job's start or the end where absent
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    started: Option<Time>,
    /// When it ended, in RFC 3339; now where absent
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    finished: Option<Time>,
    /// How it went; succeeded where neither this nor the CI job says
    #[arg(long, value_enum)]
    outcome: Option<OutcomeName>,
    /// What it was for
    #[arg(long, value_enum, default_value_t)]
    intent: IntentName,
    /// Whether it served users; yes for one that succeeded, else no, where absent
    #[arg(long, value_enum, value_name = "yes|no")]
    traffic: Option<YesNo>,
    /// Image that runs, by its digest: IMAGE@sha256:…; may be repeated
    #[arg(long, value_name = "IMAGE")]
    image: Vec<Digest>,
    /// Version by which the release is known
    #[arg(long = "release", value_name = "VERSION")]
    version: Option<Name>,
    /// Newest migration of the database
    #[arg(long, value_name = "ID")]
    schema_head: Option<Name>,
    /// Pipeline run that did it; the CI job's where absent
    #[arg(long, value_name = "ID")]
    run: Option<Name>,
    /// Id of the deployment that this one takes back, or its beginning
    #[arg(long, value_name = "EVENT")]
    reverts: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Record that something failed in an environment, or that it was put right
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("moment").required(true).args(["opened", "resolved"]))]
struct IncidentArguments {
    /// Name of the incident, the same when it opens and when it is resolved
    key: Name,
    /// It began, at this time or now
    #[arg(long, value_name = "TIME", num_args = 0..=1, default_missing_value = "now", value_parser = parse_time)]
    opened: Option<Time>,
    /// It ended, at this time or now
    #[arg(long, value_name = "TIME", num_args = 0..=1, default_missing_value = "now", value_parser = parse_time)]
    resolved: Option<Time>,
    /// Environment; that in which the incident was opened where absent
    #[arg(long, value_name = "NAME")]
    environment: Option<Name>,
    /// Service; that of the opened incident or the project where absent
    #[arg(long, value_name = "NAME")]
    service: Option<Name>,
    /// Id of the deployment that caused it, or its beginning
    #[arg(long, value_name = "EVENT")]
    caused_by: Option<String>,
    /// Id of the deployment that mended it, or its beginning
    #[arg(long, value_name = "EVENT")]
    fixed_by: Option<String>,
    /// Whether a change of yours caused it, or something outside such as a provider
    #[arg(long, value_enum)]
    cause: Option<CauseName>,
    /// How bad it is, in your words
    #[arg(long, value_name = "TEXT")]
    severity: Option<Name>,
    #[command(flatten)]
    common: Common,
}

/// Record one step of a pipeline
#[derive(Debug, Args)]
struct StepArguments {
    /// Name of the step
    name: Name,
    /// When it began, in RFC 3339
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    started: Time,
    /// When it ended, in RFC 3339; now where absent
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    finished: Option<Time>,
    /// How it went; succeeded where neither this nor the CI job says
    #[arg(long, value_enum)]
    outcome: Option<OutcomeName>,
    /// Pipeline run; the CI job's where absent, outside of one the commit
    #[arg(long, value_name = "ID")]
    run: Option<Name>,
    /// What it worked on; the CI job's commit or HEAD where absent
    #[arg(long, value_name = "REVISION")]
    commit: Option<String>,
    /// How the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Args)]
struct Common {
    /// Take the environment, though nothing knows it yet
    #[arg(long)]
    create: bool,
    /// How the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum OutcomeName {
    #[value(alias = "success")]
    Succeeded,
    #[value(alias = "failure")]
    Failed,
    #[value(alias = "canceled")]
    Cancelled,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum IntentName {
    #[default]
    Release,
    Rollback,
    Hotfix,
    Redeploy,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CauseName {
    Change,
    External,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum YesNo {
    #[value(alias = "true")]
    Yes,
    #[value(alias = "false")]
    No,
}

impl From<OutcomeName> for Outcome {
    fn from(name: OutcomeName) -> Self {
        match name {
            OutcomeName::Succeeded => Self::Succeeded,
            OutcomeName::Failed => Self::Failed,
            OutcomeName::Cancelled => Self::Cancelled,
        }
    }
}

/// What became of a record, as JSON.
#[derive(Serialize)]
struct Report {
    schema: u32,
    id: EventId,
    /// Whether it was not there before.
    new: bool,
    event: serde_json::Value,
}

pub(in crate::cli) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let scene = Scene::here()?;
    let store = scene.store()?;
    let (event, format) = match &arguments.what {
        What::Deployment(arguments) => (
            deployment(&scene, &*store, arguments)?,
            arguments.common.format,
        ),
        What::Incident(arguments) => (
            incident(&scene, &*store, arguments)?,
            arguments.common.format,
        ),
        What::Step(arguments) => (step(&scene, arguments)?, arguments.format),
    };
    event.not_after(scene.now)?;
    branches::record(&scene.repository, &*store, Scope::All, context);
    keep(&scene, &*store, &event, format, context)?;
    Ok(Exit::Done)
}

/// Adds `event` and says so.
pub(super) fn keep(
    scene: &Scene,
    store: &dyn Store,
    event: &Event,
    format: Format,
    context: &Context,
) -> Result<(), Failure> {
    event.not_after(scene.now)?;
    let added = store.add(event)?;
    match format {
        Format::Json => context.output.json(&Report {
            schema: 1,
            id: added.id,
            new: added.new,
            event: serde_json::from_slice(&event.canonical()).unwrap_or_default(),
        })?,
        Format::Human if context.quiet => {}
        Format::Human => {
            let what = if added.new {
                "recorded"
            } else {
                "was recorded already:"
            };
            let line = ui::event_line(added.id, event);
            context.output.report(&format!("{what} {line}\n"))?;
        }
    }
    Ok(())
}

fn deployment(
    scene: &Scene,
    store: &dyn Store,
    arguments: &DeploymentArguments,
) -> Result<Event, Failure> {
    let job = scene.job.as_ref();
    let environment = scene.environment(&arguments.environment, arguments.common.create, store)?;
    let finished = arguments.finished.unwrap_or(scene.now);
    let of_job = || job?.started_at.filter(|started| *started <= finished);
    let started = arguments.started.or_else(of_job).unwrap_or(finished);
    let outcome = outcome(scene, arguments.outcome);
    let release = Release {
        digests: arguments.image.iter().cloned().collect(),
        version: arguments.version.clone(),
    };
    Ok(Event::Deployment(Deployment {
        environment,
        service: scene.service(arguments.service.as_ref())?,
        commit: scene.commit(arguments.commit.as_deref())?,
        period: Period::new(started, finished).map_err(|error| wrong("--finished", &error))?,
        outcome,
        took_traffic: arguments
            .traffic
            .map_or(outcome == Outcome::Succeeded, |traffic| {
                traffic == YesNo::Yes
            }),
        intent: match arguments.intent {
            IntentName::Release => Intent::Release,
            IntentName::Rollback => Intent::Rollback,
            IntentName::Hotfix => Intent::Hotfix,
            IntentName::Redeploy => Intent::Redeploy,
        },
        release: Some(release).filter(|release| *release != Release::default()),
        schema_head: arguments.schema_head.clone(),
        reverts: deployment_named(store, "--reverts", arguments.reverts.as_deref())?,
        run: arguments.run.clone().or_else(|| run_of_job(scene)),
        proof: None,
        source: scene.source(),
    }))
}

fn incident(
    scene: &Scene,
    store: &dyn Store,
    arguments: &IncidentArguments,
) -> Result<Event, Failure> {
    let moment = match (arguments.opened, arguments.resolved) {
        (Some(at), _) => Moment::Opened(at),
        (None, at) => Moment::Resolved(at.unwrap_or(scene.now)),
    };
    let (environment, service) = match (&arguments.environment, moment) {
        (Some(name), _) => (
            scene.environment(name, arguments.common.create, store)?,
            scene.service(arguments.service.as_ref())?,
        ),
        (None, Moment::Opened(_)) => {
            return Err(Failure::new(
                Exit::Usage,
                "it is not said in which environment the incident is",
                "name it: --environment production",
            ));
        }
        (None, Moment::Resolved(_)) => opened(store, arguments)?,
    };
    Ok(Event::Incident(Incident {
        key: arguments.key.clone(),
        environment,
        service,
        moment,
        caused_by: deployment_named(store, "--caused-by", arguments.caused_by.as_deref())?,
        fixed_by: deployment_named(store, "--fixed-by", arguments.fixed_by.as_deref())?,
        cause: match arguments.cause {
            Some(CauseName::External) => Cause::External,
            Some(CauseName::Change) | None => Cause::Change,
        },
        severity: arguments.severity.clone(),
        source: scene.source(),
    }))
}

/// Where the incident of this key was opened.
fn opened(store: &dyn Store, arguments: &IncidentArguments) -> Result<(Name, Name), Failure> {
    let mut places: Vec<(Name, Name)> = store
        .all()?
        .into_iter()
        .filter_map(|(_, event)| match event {
            Event::Incident(incident)
                if incident.key == arguments.key
                    && matches!(incident.moment, Moment::Opened(_))
                    && arguments
                        .service
                        .as_ref()
                        .is_none_or(|service| *service == incident.service) =>
            {
                Some((incident.environment, incident.service))
            }
            _ => None,
        })
        .collect();
    places.sort();
    places.dedup();
    let key = ui::visible(arguments.key.as_str());
    match places.as_slice() {
        [place] => Ok(place.clone()),
        [] => Err(Failure::new(
            Exit::Usage,
            format!("no incident {key} was opened, so its environment is not known"),
            "name it: --environment production",
        )),
        several => {
            let several: Vec<String> = several
                .iter()
                .map(|(environment, service)| format!("{environment} ({service})"))
                .collect();
            Err(Failure::new(
                Exit::Usage,
                format!("incident {key} was opened in {}", several.join(" and ")),
                "say which is meant: --environment NAME --service NAME",
            ))
        }
    }
}

fn step(scene: &Scene, arguments: &StepArguments) -> Result<Event, Failure> {
    let commit = scene.commit(arguments.commit.as_deref())?;
    let finished = arguments.finished.unwrap_or(scene.now);
    Ok(Event::Step(Step {
        run: run_or_commit(scene, arguments.run.as_ref(), commit)?,
        commit,
        name: arguments.name.clone(),
        period: Period::new(arguments.started, finished)
            .map_err(|error| wrong("--finished", &error))?,
        outcome: outcome(scene, arguments.outcome),
    }))
}

/// The run that was named, else the CI job's, else one that stands for all work on `commit`
/// outside of a pipeline.
pub(super) fn run_or_commit(
    scene: &Scene,
    named: Option<&Name>,
    commit: crate::git::CommitId,
) -> Result<Name, Failure> {
    named
        .cloned()
        .or_else(|| run_of_job(scene))
        .map_or_else(|| format!("local:{commit:.12}").parse(), Ok)
        .map_err(|error| wrong("--run", &error))
}

fn run_of_job(scene: &Scene) -> Option<Name> {
    scene.job.as_ref()?.run.as_deref()?.parse().ok()
}

fn outcome(scene: &Scene, named: Option<OutcomeName>) -> Outcome {
    let of_job = || scene.job.as_ref()?.outcome;
    named
        .map(Outcome::from)
        .or_else(of_job)
        .unwrap_or(Outcome::Succeeded)
}

/// The one deployment whose id begins with `text`.
fn deployment_named(
    store: &dyn Store,
    flag: &str,
    text: Option<&str>,
) -> Result<Option<EventId>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let events = store.all()?;
    let (id, event) = super::find(&events, text)?;
    if matches!(event, Event::Deployment(_)) {
        Ok(Some(*id))
    } else {
        Err(Failure::new(
            Exit::Usage,
            format!("{flag}: {id:.12} is a {}, and no deployment", event.kind()),
            "shipway dora log --type deployment lists the deployments",
        ))
    }
}

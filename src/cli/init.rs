//! `shipway init`: detect, ask, plan, show, apply.

use super::hooks::at_init::{self, AtInit};
use super::interrupt::Interrupt;
use super::planned::{
    Detected, count, make, read_config, refuse_untrusted, refuse_while_under_way, session, take,
    unreadable,
};
use super::{Context, Exit, Failure, Format};
use crate::config::{Base, Config};
use crate::git::Repository;
use crate::project::{Finding, Project, Severity, Unknown};
use crate::scaffold::answer::{Answers, Others};
use crate::scaffold::apply::Step;
use crate::scaffold::moved;
use crate::scaffold::{self, CONFIG_FILE, Choice, Entry, Journey, Plan, PlanError, Skipped};
use crate::{git, ui};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Make the repository one that anybody can open, run, test and ship
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A folder of the repository; the current one where absent
    path: Option<PathBuf>,
    /// Ask nothing; take what was detected
    #[arg(long, short)]
    yes: bool,
    /// Show the plan and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Make this feature and what it requires, and no other new one; may be repeated
    #[arg(long, value_name = "NAME")]
    feature: Vec<String>,
    /// Leave this feature out, now and later; may be repeated
    #[arg(long, value_name = "NAME")]
    without: Vec<String>,
    /// Base of the images
    #[arg(long, value_name = "BASE", value_parser = parse_base)]
    base: Option<Base>,
    /// Name of the project
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    name: Option<String>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Let templates that are not built in write files that run commands
    #[arg(long)]
    trust_templates: bool,
}

fn parse_base(text: &str) -> Result<Base, String> {
    match text {
        "slim" => Ok(Base::Slim),
        "alpine" => Ok(Base::Alpine),
        "distroless" => Ok(Base::Distroless),
        _ => Err("slim, alpine or distroless".to_owned()),
    }
}

fn parse_name(text: &str) -> Result<String, String> {
    ui::is_name(text)?;
    Ok(text.to_owned())
}

/// The report in JSON.
#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    project: &'r str,
    /// Whether the changes were written.
    applied: bool,
    entries: &'r [Entry],
    skipped: &'r [Skipped],
    executes: &'r [String],
    notes: &'r [String],
    findings: &'r [&'r Finding],
    unknown: &'r [Unknown],
    next: &'r [String],
    /// What git calls from now on; absent where nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    git_hooks: Option<&'r AtInit>,
}

/// The journey from the tree to the written files.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let start = arguments.path.as_deref().unwrap_or(Path::new("."));
    let repository = git::open(start)?;
    let interrupt = Interrupt::listen()?;
    let writes = !arguments.dry_run;
    if writes {
        refuse_while_under_way(&repository)?;
    }
    let session = session(&repository, writes, context)?;

    let mut text = read_config(&repository.root)?;
    let before = text.clone();
    let mut config = Config::parse(&text, CONFIG_FILE)?;
    let flags = Answers {
        name: arguments.name.clone(),
        base: arguments.base,
        disable: arguments.without.clone(),
        ..Answers::default()
    };
    refuse_unknown_features(&repository, &config, arguments)?;
    take(&mut text, &mut config, &flags)?;
    super::work_along();
    // One that cannot be read is told of where the plan is made.
    let lock = scaffold::read_lock(&repository.root).unwrap_or_default();
    let moves = moved::follow(&lock, &repository);
    let mut detected = Detected::read(&repository, &config, moves)?;
    let project = &detected.project;
    if arguments.feature != ["hooks"] {
        refuse_unrecognised(project, &repository)?;
    }
    let mut tools = Vec::new();
    let mut farewell = None;
    let asking = !arguments.yes && arguments.format == Format::Human && ui::can_ask();
    if asking {
        let offers = offers(&repository, &config)?;
        let with_features = arguments.feature.is_empty();
        let zone = config.dora.tz.as_deref();
        let others = at_init::others(project, &config);
        let mut answers = ui::ask(project, &offers, with_features, zone, others)
            .map_err(|error| unreadable(&error))?;
        tools = std::mem::take(&mut answers.tools);
        if std::mem::take(&mut answers.others) == Others::Imported {
            let taken = at_init::import(&repository, &text, context)?;
            text = taken.text;
            farewell = Some(taken.farewell);
            config = Config::parse(&text, CONFIG_FILE)?;
        }
        if answers != Answers::default() {
            take(&mut text, &mut config, &answers)?;
            detected = Detected::read(&repository, &config, detected.moves)?;
        }
    }

    let choice = Choice {
        only: (!arguments.feature.is_empty()).then(|| arguments.feature.clone()),
        before: Vec::new(),
        without: arguments.without.clone(),
    };
    let project = &detected.project;
    let plan = make(
        &detected,
        &config,
        &repository,
        Journey::Init,
        choice,
        (text != before).then_some(text),
        tools,
    )?;
    if arguments.format == Format::Human {
        let page = ui::show_plan(
            &plan,
            &project.name.value,
            !plan.is_empty(),
            &context.output,
        );
        context.output.report(&page)?;
        if at_init::is_wanted(&plan) && farewell.is_none() {
            context.output.report(&at_init::announce(&plan, context))?;
        }
    }
    let mut applied = false;
    let mut hooks = None;
    if let Some(session) = session.filter(|_| !plan.is_empty()) {
        refuse_untrusted(&plan, arguments.trust_templates)?;
        let question = format!("Write {}?", count(&plan));
        if asking && !ui::confirm(&question).map_err(|error| unreadable(&error))? {
            context.output.note("Nothing was written.");
            return Ok(Exit::Done);
        }
        interrupt.hold();
        let puts = at_init::is_wanted(&plan) && farewell.is_none();
        let mut asked = puts.then(|| at_init::ask(&repository));
        session.apply(&plan.changes, "init", &mut |step| {
            if step == Step::InPlace && puts {
                hooks = Some(at_init::put(&repository, asked.take()));
            }
            interrupt.answer()
        })?;
        applied = true;
    }
    if writes && hooks.is_none() && at_init::is_wanted(&plan) {
        hooks = Some(match farewell {
            Some(steps) => Ok(AtInit::after(&steps)),
            None => at_init::put(&repository, None),
        });
    }
    let hooks = hooks.transpose()?;
    report(arguments, context, &plan, project, applied, hooks.as_ref())?;
    Ok(super::planned::exit(&plan))
}

fn report(
    arguments: &Arguments,
    context: &Context,
    plan: &Plan,
    project: &Project,
    applied: bool,
    hooks: Option<&AtInit>,
) -> Result<(), Failure> {
    let next = next(plan);
    let findings: Vec<&Finding> = project.findings.iter().chain(&plan.findings).collect();
    if arguments.format == Format::Json {
        return Ok(context.output.json(&Report {
            schema: 1,
            project: &project.name.value,
            applied,
            entries: &plan.entries,
            skipped: &plan.skipped,
            executes: &plan.executes,
            notes: &plan.notes,
            findings: &findings,
            unknown: &project.unknown,
            next: &next,
            git_hooks: hooks,
        })?);
    }
    let mut text = String::new();
    let line = |text: &mut String, sentence: &str| {
        text.push_str(sentence);
        text.push('\n');
    };
    if plan.is_empty() {
        line(
            &mut text,
            "Nothing to do: every file is as it would be made.",
        );
    } else if applied {
        line(
            &mut text,
            &format!("Wrote {}. Taken back with: shipway undo", count(plan)),
        );
    } else {
        line(
            &mut text,
            &format!("Would write {}; nothing was written.", count(plan)),
        );
    }
    if let Some(hooks) = hooks {
        text.push_str(&hooks.page(context));
    }
    text.push_str(&super::planned::conflicts(plan));
    for finding in findings
        .iter()
        .filter(|finding| finding.severity >= Severity::Warning)
    {
        let place = finding.evidence.first().map(ToString::to_string);
        let said = |place: &String| finding.message.starts_with(place.as_str());
        let place = place.filter(|place| !said(place));
        let place = place.map(|place| format!("{place}: "));
        line(
            &mut text,
            &format!("! {}{}", place.unwrap_or_default(), finding.message),
        );
        line(&mut text, &format!("  mend: {}", finding.mend));
    }
    if !plan.is_empty() || context.output.is_verbose() {
        for unknown in &project.unknown {
            line(
                &mut text,
                &format!(
                    "? {} was not found; say it in {CONFIG_FILE}: {}",
                    unknown.fact, unknown.answer_with
                ),
            );
        }
    }
    if applied && let Some(command) = next.first() {
        line(&mut text, &format!("Next: {command}"));
    }
    Ok(context.output.report(&text)?)
}

/// What to run after, the first thing first.
fn next(plan: &Plan) -> Vec<String> {
    let made = |feature: &str| {
        plan.entries
            .iter()
            .any(|entry| entry.feature == feature && entry.action != scaffold::Action::LeftOut)
    };
    let mut next = Vec::new();
    if made("make") {
        next.push("make dev-setup".to_owned());
    }
    if made("compose") {
        next.push("docker compose up -d".to_owned());
    }
    if next.is_empty() {
        next.push("git status".to_owned());
    }
    next
}

fn offers(repository: &Repository, config: &Config) -> Result<Vec<ui::Offer>, Failure> {
    let features = scaffold::features(repository, config)?;
    let listed = |list: &[String], name: &String| list.contains(name);
    Ok(features
        .all
        .into_values()
        .map(|feature| ui::Offer {
            chosen: (feature.default || listed(&config.features.enable, &feature.name))
                && !listed(&config.features.disable, &feature.name),
            name: feature.name,
            summary: feature.summary,
        })
        .collect())
}

/// Before a name enters `shipway.toml`.
fn refuse_unknown_features(
    repository: &Repository,
    config: &Config,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let named = arguments.feature.iter().chain(&arguments.without);
    if named.clone().next().is_none() {
        return Ok(());
    }
    let features = scaffold::features(repository, config)?;
    for name in named {
        features.known(name).map_err(PlanError::from)?;
    }
    Ok(())
}

fn refuse_unrecognised(project: &Project, repository: &Repository) -> Result<(), Failure> {
    if !project.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Finding,
        format!(
            "nothing that shipway knows how to run was recognised in {}",
            repository.root.display()
        ),
        "say what there is with a [[service]] in shipway.toml; shipway detect shows what was read",
    ))
}

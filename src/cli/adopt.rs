//! `shipway adopt`: a file of the user's goes over to shipway.

use super::interrupt::Interrupt;
use super::planned::{self, Detected, unreadable};
use super::{Context, Exit, Failure, Format, update};
use crate::config::Config;
use crate::git::{self, Repository};
use crate::project::RelPath;
use crate::scaffold::adopt::{Kept, Rule, Takeover, facts};
use crate::scaffold::feature::Strategy;
use crate::scaffold::lock::{Artifact, Lock};
use crate::scaffold::{CONFIG_FILE, Entry, Journey, Plan};
use crate::{detect, ui};
use clap::Args;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Let shipway make a file that you wrote; what it says is carried over or named
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Your file: a Dockerfile, a compose file, a devcontainer.json or a workflow; or a rule of your
    /// Makefile, as Makefile:TARGET
    path: PathBuf,
    /// Show both sides and what would be lost, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Ask nothing, whatever is lost
    #[arg(long, short)]
    yes: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Let templates that are not built in write files that run commands
    #[arg(long)]
    trust_templates: bool,
}

/// The report in JSON.
#[derive(Serialize)]
struct Report<'r> {
    schema: u32,
    project: &'r str,
    /// Whether the changes were written.
    applied: bool,
    #[serde(flatten)]
    takeover: &'r Takeover,
    entries: &'r [Entry],
    notes: &'r [String],
}

pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let start = Path::new(".");
    let repository = git::open(start)?;
    let interrupt = Interrupt::listen()?;
    let writes = !arguments.dry_run;
    if writes {
        planned::refuse_while_under_way(&repository)?;
    }
    let session = planned::session(&repository, writes, context)?;
    let (lock, moves) = update::lock_of(&repository)?;
    let (file, target) = named(&arguments.path, start);
    let mut path = planned::inside(&repository, start, &file)?;
    if !path.under(&repository.root).exists() {
        path = lock.place_of(&path).clone();
    }
    let rule = target
        .map(|target| rule(&repository, &path, &target))
        .transpose()?;
    match &rule {
        Some(rule) => refuse_without_rules(&lock, &path, rule)?,
        None => refuse_what_is_ours(&lock, &repository, &path)?,
    }

    let mut text = planned::read_config(&repository.root)?;
    let before = text.clone();
    let mut config = Config::parse(&text, CONFIG_FILE)?;
    super::work_along();
    let mut others = moves.places();
    let mut detected = Detected::read(&repository, &config, moves)?;
    if rule.is_none() {
        others.insert(path.clone());
    }
    let detect_after = |config: &Config| match &rule {
        Some(rule) => detect::detect_with(&repository.root, config, &others, (&path, &rule.rest)),
        None => detect::detect_without(&repository.root, config, &others),
    };
    let without = detect_after(&config)?;
    let journey = || match &rule {
        Some(rule) => Journey::AdoptRule(path.clone(), rule.clone()),
        None => Journey::Adopt(path.clone()),
    };
    let choice = update::made_before(&lock, &config);
    let answers = facts::answers(&detected.project, &without, &path);
    let answers = answers.map(|(mut answers, mut said)| {
        if let Some(rule) = &rule {
            facts::test_of(rule, &without, &mut answers, &mut said);
        }
        (answers, said)
    });
    let (answers, said) = match answers {
        Ok(found) => found,
        Err(service) => {
            let tools = Vec::new();
            let plan = planned::make(
                &detected,
                &config,
                &repository,
                journey(),
                choice,
                None,
                tools,
            )?;
            return Err(if plan.takeover.is_none() {
                nothing_for(&plan, &path)
            } else {
                alone_tells_of(&service, &path)
            });
        }
    };
    planned::take(&mut text, &mut config, &answers)?;
    detected.project = detect_after(&config)?;
    let project = &detected.project;
    let mut plan = planned::make(
        &detected,
        &config,
        &repository,
        journey(),
        choice,
        (text != before).then_some(text),
        Vec::new(),
    )?;
    if let Some(entry) = plan.conflicts().next() {
        return Err(Failure::new(
            Exit::Conflict,
            format!(
                "{} is in conflict with what would come, so nothing was written",
                entry.path
            ),
            "bring it up to date first: shipway update",
        ));
    }
    let Some(mut takeover) = plan.takeover.take() else {
        return Err(nothing_for(&plan, &path));
    };
    takeover.carried.splice(0..0, said);

    let name = rule.as_ref().map_or_else(
        || path.to_string(),
        |rule| format!("`{}` in {path}", rule.target),
    );
    let old = std::fs::read(path.under(&repository.root)).unwrap_or_default();
    if arguments.format == Format::Human {
        let new = plan.changes.iter().find(|change| change.path == path);
        let new = new
            .and_then(|change| change.content.clone())
            .unwrap_or_default();
        let page = ui::show_takeover(&takeover, &old, &new, &context.output);
        context.output.report(&page)?;
        let page = ui::show_plan(&plan, &project.name.value, false, &context.output);
        context.output.report(&page)?;
    }
    if let Some(session) = &session {
        planned::refuse_untrusted(&plan, arguments.trust_templates)?;
        let asks = !arguments.yes && arguments.format == Format::Human && ui::can_ask();
        let question = format!("Let shipway make {name}?");
        if asks
            && !takeover.lost.is_empty()
            && !ui::confirm(&question).map_err(|error| unreadable(&error))?
        {
            context.output.note("Nothing was written.");
            return Ok(Exit::Done);
        }
        if let Kept::Backup(file) = &takeover.kept {
            session.keep(file, &old)?;
        }
        planned::write(session, &plan, &repository, &interrupt, "adopt")?;
    }
    let applied = session.is_some();
    if arguments.format == Format::Json {
        context.output.json(&Report {
            schema: 1,
            project: &project.name.value,
            applied,
            takeover: &takeover,
            entries: &plan.entries,
            notes: &plan.notes,
        })?;
        return Ok(Exit::Done);
    }
    context.output.report(&if applied {
        format!(
            "{name} is shipway's now. What was there: {}\nTaken back with: shipway undo; let go \
             later with: shipway release-file {path}\n",
            takeover.kept.command()
        )
    } else {
        format!("{name} would be shipway's; nothing was written.\n")
    })?;
    Ok(Exit::Done)
}

/// The file and, where `path` is `FILE:TARGET` and no file has that name, the target.
fn named(path: &Path, start: &Path) -> (PathBuf, Option<String>) {
    let split = path.to_str().and_then(|text| text.rsplit_once(':'));
    match split {
        Some((file, target)) if !start.join(path).exists() => {
            (file.into(), Some(target.to_owned()))
        }
        _ => (path.to_owned(), None),
    }
}

/// The rule for `target` of the Makefile at `path`.
fn rule(repository: &Repository, path: &RelPath, target: &str) -> Result<Rule, Failure> {
    let refused =
        |because: String, mend: &str| Failure::new(Exit::Usage, format!("{path}: {because}"), mend);
    let text = std::fs::read_to_string(path.under(&repository.root))
        .map_err(|error| refused(error.to_string(), "name the Makefile of the repository"))?;
    Rule::take(&text.replace("\r\n", "\n"), target)
        .map_err(|because| refused(because, "name a target that the Makefile itself has"))
}

fn refuse_without_rules(lock: &Lock, path: &RelPath, rule: &Rule) -> Result<(), Failure> {
    let has_rules =
        |one: &Artifact| one.path == *path && one.strategy == Strategy::Block && !one.released;
    if lock.artifacts.iter().any(has_rules) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Usage,
        format!(
            "shipway makes no rules in {path}, so it cannot make `{}` there",
            rule.target
        ),
        "shipway add make puts them into the Makefile at the root",
    ))
}

fn alone_tells_of(service: &str, path: &RelPath) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("{path} is all that tells of the service `{service}`, so it cannot be adopted"),
        format!("say what it is with a [[service]] in {CONFIG_FILE}, then run this again"),
    )
}

fn refuse_what_is_ours(
    lock: &Lock,
    repository: &Repository,
    path: &RelPath,
) -> Result<(), Failure> {
    if lock.owns(path) && !lock.has_released(path) {
        return Err(Failure::new(
            Exit::Usage,
            format!("{path} is shipway's already"),
            "shipway update brings it up to date",
        ));
    }
    if !path.under(&repository.root).is_file() {
        return Err(Failure::new(
            Exit::Usage,
            format!("there is no file {path}"),
            "name a file of the repository",
        ));
    }
    Ok(())
}

fn nothing_for(plan: &Plan, path: &RelPath) -> Failure {
    let beside: Vec<String> = (plan.entries.iter())
        .filter(|entry| entry.reason.contains("is there and is yours"))
        .map(|entry| entry.path.to_string())
        .collect();
    Failure::new(
        Exit::Usage,
        format!("shipway makes nothing that could take the place of {path}"),
        if beside.is_empty() {
            "shipway init --dry-run shows what it makes".to_owned()
        } else {
            format!("what lies beside a file of yours: {}", beside.join(", "))
        },
    )
}

//! `shipway add` and `shipway remove`: features later.

use super::interrupt::Interrupt;
use super::planned::{self, Detected, Shown};
use super::{Context, Exit, Failure, Format, update};
use crate::config::Config;
use crate::git::{self, Repository};
use crate::scaffold::answer::Answers;
use crate::scaffold::apply::Session;
use crate::scaffold::feature::Features;
use crate::scaffold::lock::Lock;
use crate::scaffold::moved::Moves;
use crate::scaffold::{self, CONFIG_FILE, Choice, Journey, PlanError};
use crate::ui;
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Names of features; shipway init --dry-run lists them
    #[arg(required = true, value_name = "FEATURE")]
    features: Vec<String>,
    /// Show what would change and write nothing
    #[arg(long)]
    dry_run: bool,
    /// How the report is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Let templates that are not built in write files that run commands
    #[arg(long)]
    trust_templates: bool,
}

/// Make further features, what they require included
#[derive(Debug, Args)]
pub(super) struct Add {
    #[command(flatten)]
    arguments: Arguments,
}

/// Take features away; files that you edited stay and become yours
#[derive(Debug, Args)]
pub(super) struct Remove {
    #[command(flatten)]
    arguments: Arguments,
}

/// A run that may write, with what an earlier one left behind put right before anything is read.
struct Run<'r> {
    arguments: &'r Arguments,
    command: &'static str,
    repository: &'r Repository,
    interrupt: Interrupt,
    session: Option<Session<'r>>,
}

impl<'r> Run<'r> {
    fn begin(
        arguments: &'r Arguments,
        command: &'static str,
        repository: &'r Repository,
        context: &Context,
    ) -> Result<Self, Failure> {
        let interrupt = Interrupt::listen()?;
        planned::refuse_while_under_way(repository)?;
        let session = planned::session(repository, !arguments.dry_run, context)?;
        Ok(Self {
            arguments,
            command,
            repository,
            interrupt,
            session,
        })
    }

    /// From the choice to the written files.
    fn change(
        self,
        moves: Moves,
        context: &Context,
        choose: impl FnOnce(&Config) -> (Answers, Choice),
    ) -> Result<Exit, Failure> {
        let Self {
            arguments,
            command,
            repository,
            interrupt,
            session,
        } = self;
        let mut text = planned::read_config(&repository.root)?;
        let before = text.clone();
        let mut config = Config::parse(&text, CONFIG_FILE)?;
        let (answers, choice) = choose(&config);
        if answers != Answers::default() {
            planned::take(&mut text, &mut config, &answers)?;
        }
        super::work_along();
        let detected = Detected::read(repository, &config, moves)?;
        let project = &detected.project;
        let plan = planned::make(
            &detected,
            &config,
            repository,
            Journey::Update {
                favour: BTreeMap::new(),
            },
            choice,
            (text != before).then_some(text),
            Vec::new(),
        )?;
        if arguments.format == Format::Human {
            let page = ui::show_plan(&plan, &project.name.value, false, &context.output);
            context.output.report(&page)?;
        }
        let mut hooks = None;
        let applied = match &session {
            Some(session) if !plan.is_empty() => {
                planned::refuse_untrusted(&plan, arguments.trust_templates)?;
                hooks = planned::write(session, &plan, repository, &interrupt, command)?;
                let page = super::hooks::at_init::take_back(repository, context)?;
                if arguments.format == Format::Human {
                    context.output.report(&page)?;
                }
                true
            }
            _ => false,
        };
        let shown = Shown {
            project,
            plan: &plan,
            applied,
            hooks: hooks.as_ref(),
            format: arguments.format,
        };
        shown.report(context)?;
        Ok(planned::exit(&plan))
    }
}

pub(super) fn add(add: &Add, context: &Context) -> Result<Exit, Failure> {
    let repository = git::open(Path::new("."))?;
    let run = Run::begin(&add.arguments, "add", &repository, context)?;
    let features = scaffold::features(&repository, &planned::config(&repository)?)?;
    let named = &add.arguments.features;
    for name in named {
        features.known(name).map_err(PlanError::from)?;
    }
    let (lock, moves, _) = update::followed(&repository)?;
    let choose = |config: &Config| {
        let is_off = |name: &String| config.features.disable.contains(name);
        let is_default = |name: &String| features.all.get(name).is_some_and(|one| one.default);
        let enable = named
            .iter()
            .filter(|name| is_off(name) || !is_default(name))
            .cloned()
            .collect();
        let mut choice = update::made_before(&lock, config);
        choice.only.get_or_insert_default().extend(named.clone());
        let answers = Answers {
            enable,
            ..Answers::default()
        };
        (answers, choice)
    };
    run.change(moves, context, choose)
}

pub(super) fn remove(remove: &Remove, context: &Context) -> Result<Exit, Failure> {
    let repository = git::open(Path::new("."))?;
    let run = Run::begin(&remove.arguments, "remove", &repository, context)?;
    let features = scaffold::features(&repository, &planned::config(&repository)?)?;
    let (lock, moves) = update::lock_of(&repository)?;
    let named = &remove.arguments.features;
    refuse_what_is_not_made(&lock, named)?;
    refuse_what_is_required(&lock, &features, named)?;
    let choose = |config: &Config| {
        let is_on = |name: &String| config.features.enable.contains(name);
        let is_default = |name: &String| features.all.get(name).is_some_and(|one| one.default);
        let disable = named
            .iter()
            .filter(|name| is_on(name) || is_default(name))
            .cloned()
            .collect();
        let mut choice = update::made_before(&lock, config);
        choice
            .only
            .get_or_insert_default()
            .retain(|name| !named.contains(name));
        // One that is none any more needs no word for it.
        let known = named.iter().filter(|name| features.all.contains_key(*name));
        choice.without = known.cloned().collect();
        let answers = Answers {
            disable,
            ..Answers::default()
        };
        (answers, choice)
    };
    run.change(moves, context, choose)
}

fn refuse_what_is_not_made(lock: &Lock, named: &[String]) -> Result<(), Failure> {
    let made: BTreeSet<&str> = lock
        .artifacts
        .iter()
        .map(|one| one.feature.as_str())
        .collect();
    match named.iter().find(|name| !made.contains(name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Failure::new(
            Exit::Usage,
            format!("nothing of feature `{name}` was generated here"),
            format!("there are {}", Vec::from_iter(made).join(", ")),
        )),
    }
}

fn refuse_what_is_required(
    lock: &Lock,
    features: &Features,
    named: &[String],
) -> Result<(), Failure> {
    for artifact in &lock.artifacts {
        let name = &artifact.feature;
        if named.contains(name) {
            continue;
        }
        let requires = features.all.get(name).map(|feature| &feature.requires);
        if let Some(other) = requires
            .into_iter()
            .flatten()
            .find(|one| named.contains(one))
        {
            return Err(Failure::new(
                Exit::Usage,
                format!("feature `{name}` requires `{other}`"),
                format!("take both away: shipway remove {other} {name}"),
            ));
        }
    }
    Ok(())
}

//! Processes that take work from a queue or run at times.

use super::application::{Application, Shape};
use super::process::Process;
use super::server;
use super::source::{arguments, with_tree};
use crate::detect::syntax;
use crate::project::{Confidence, Evidence, Fact, Finding, ServiceKind, Severity};

/// A process beside the server.
pub(super) struct Worker {
    pub(super) name: String,
    pub(super) kind: Fact<ServiceKind>,
    pub(super) command: Fact<String>,
    /// The library that it is of.
    pub(super) framework: Option<Fact<String>>,
}

/// A library that has processes of its own.
struct Known {
    gems: &'static [&'static str],
    name: &'static str,
    kind: ServiceKind,
    /// Words in a command that starts it.
    signs: &'static [&'static str],
    command: &'static str,
}

const fn worker(
    gems: &'static [&'static str],
    signs: &'static [&'static str],
    command: &'static str,
) -> Known {
    Known {
        gems,
        name: "worker",
        kind: ServiceKind::Worker,
        signs,
        command,
    }
}

const fn scheduler(
    gems: &'static [&'static str],
    signs: &'static [&'static str],
    command: &'static str,
) -> Known {
    Known {
        gems,
        name: "scheduler",
        kind: ServiceKind::Scheduler,
        signs,
        command,
    }
}

#[rustfmt::skip]
const KNOWN: &[Known] = &[
    worker(&["sidekiq", "sidekiq-pro", "sidekiq-ent"], &["sidekiq", "sidekiqswarm"], "bundle exec sidekiq"),
    worker(&["solid_queue"], &["jobs", "solid_queue:start"], "bundle exec rake solid_queue:start"),
    worker(&["good_job"], &["good_job"], "bundle exec good_job start"),
    worker(&["resque-pool"], &["resque-pool", "resque:pool"], "bundle exec resque-pool"),
    worker(&["resque"], &["resque:work", "resque:workers"], "bundle exec rake resque:work QUEUE=*"),
    worker(&["delayed_job", "delayed_job_active_record", "delayed_job_mongoid"], &["delayed_job", "jobs:work"], "bundle exec rake jobs:work"),
    worker(&["que"], &["que"], "bundle exec que"),
    worker(&["shoryuken"], &["shoryuken"], "bundle exec shoryuken --rails"),
    worker(&["sneakers", "kicks"], &["sneakers:run", "sneakers"], "bundle exec rake sneakers:run"),
    worker(&["karafka"], &["karafka"], "bundle exec karafka server"),
    worker(&["racecar"], &["racecar"], "bundle exec racecar"),
    scheduler(&["resque-scheduler"], &["resque:scheduler", "resque-scheduler"], "bundle exec rake resque:scheduler"),
    Known { gems: &["clockwork"], name: "clock", kind: ServiceKind::Scheduler, signs: &["clockwork"], command: "bundle exec clockwork" },
];

/// Files that clockwork is told to run, by custom.
const CLOCKS: &[&str] = &[
    "config/clock.rb",
    "clock.rb",
    "lib/clock.rb",
    "app/clock.rb",
    "config/clockwork.rb",
];

/// Words in the name of a process that say what it does.
const WORKS: &[&str] = &[
    "worker", "workers", "jobs", "job", "queue", "consumer", "sidekiq",
];
const TIMES: &[&str] = &["clock", "scheduler", "schedule", "cron", "beat"];

/// Programs that only serve a developer, or are services of others.
const TOOLS: &[&str] = &[
    "yarn",
    "npm",
    "npx",
    "pnpm",
    "bun",
    "node",
    "vite",
    "esbuild",
    "webpack",
    "webpack-dev-server",
    "shakapacker-dev-server",
    "guard",
    "mailcatcher",
    "redis-server",
    "postgres",
    "ngrok",
    "stripe",
    "docker",
    "docker-compose",
    "tail",
    "caddy",
    "maildev",
    "mailhog",
    "livereload",
    "foreman",
    "overmind",
    "tailwindcss",
    "elasticsearch",
    "memcached",
    "minio",
    "ssh",
    "less",
];

/// The processes of a project, in the order in which they are told of, each library once.
pub(super) fn find(
    application: &Application<'_>,
    shape: &Shape,
    processes: &[Process],
) -> Vec<Worker> {
    let mut found: Vec<Worker> = Vec::new();
    let mut covered: Vec<(&str, String)> = Vec::new();
    for process in processes {
        let known = KNOWN.iter().find(|known| is_of(known, process));
        let Some(kind) = kind(known, process) else {
            continue;
        };
        let from = process.at.file.to_string();
        let key = known.map_or_else(|| process.program(), |known| known.gems[0]);
        // Another file says the same in other words.
        if covered
            .iter()
            .any(|(other, file)| *other == key && *file != from)
            || found.iter().any(|one| one.name == process.name)
        {
            continue;
        }
        covered.push((key, from));
        let confidence = if process.deployed {
            Confidence::Certain
        } else {
            Confidence::Likely
        };
        let at = || vec![process.at.clone()];
        found.push(Worker {
            name: process.name.clone(),
            kind: Fact::new(kind, confidence, at()),
            command: Fact::new(process.command(), confidence, at()),
            framework: known.and_then(|known| library(application, known)),
        });
    }
    // What is deployed is told whole where a process of it starts the project's own code to work.
    let whole = processes.iter().any(|process| {
        process.deployed
            && process.at.file.file_name() == "Procfile"
            && found
                .iter()
                .any(|one| one.name == process.name && one.framework.is_none())
    });
    for known in KNOWN.iter().filter(|_| !whole) {
        let Some(gem) = application.first(known.gems) else {
            continue;
        };
        let is_covered = covered.iter().any(|(other, _)| *other == known.gems[0]);
        // A pool of Resque's workers is made of them.
        let pooled = known.gems[0] == "resque" && application.gem("resque-pool").is_some();
        let inside = (known.gems[0] == "good_job" && runs_inside(application))
            || is_plugin(application, known);
        if is_covered || pooled || inside {
            continue;
        }
        let Some(command) = usual(application, shape, known) else {
            continue;
        };
        let name = if found.iter().any(|one| one.name == known.name) {
            known.gems[0].replace('_', "-")
        } else {
            known.name.to_owned()
        };
        let at = gem.declared.clone();
        found.push(Worker {
            name,
            kind: Fact::likely(known.kind, at.clone()),
            command: Fact::likely(command, at).because(format!("how {} is started", gem.name)),
            framework: library(application, known),
        });
    }
    found
}

fn library(application: &Application<'_>, known: &Known) -> Option<Fact<String>> {
    let gem = application.first(known.gems)?;
    Some(Fact::certain(
        known.gems[0].to_owned(),
        gem.declared.clone(),
    ))
}

/// Whether a process is one of a library.
fn is_of(known: &Known, process: &Process) -> bool {
    let program = process.program();
    let task = |word: &String| known.signs.contains(&word.as_str());
    match program {
        "rake" | "rails" => process.words.iter().skip(1).any(task),
        "jobs" => known.gems[0] == "solid_queue",
        _ => known.signs.contains(&program),
    }
}

/// What a process does; None for a server, for what ends, and for what is a developer's.
fn kind(known: Option<&Known>, process: &Process) -> Option<ServiceKind> {
    if let Some(known) = known {
        return Some(known.kind);
    }
    let ends = |word: &str| {
        ["db:", "assets:", "log:", "tmp:"]
            .iter()
            .any(|start| word.starts_with(start))
    };
    let watches = process
        .words
        .iter()
        .any(|word| word.contains("watch") || word == "dev");
    if server::serves(process)
        || process.name == "release"
        || process.name == "web"
        || TOOLS.contains(&process.program())
        || watches
        || process.words.iter().any(|word| ends(word))
    {
        return None;
    }
    let says = |known: &[&str]| {
        process
            .name
            .split(['-', '_', '.'])
            .any(|word| known.contains(&word))
    };
    let is_ruby = matches!(process.program(), "ruby" | "rake" | "rails")
        || process.words[0].starts_with("bin/");
    if says(TIMES) && is_ruby {
        Some(ServiceKind::Scheduler)
    } else {
        let is_told = process.deployed && process.at.file.file_name() == "Procfile";
        let works = says(WORKS) || is_told || process.program() == "ruby";
        (is_ruby && works).then_some(ServiceKind::Worker)
    }
}

/// The command that starts a library by custom; None where what it needs is not there.
fn usual(application: &Application<'_>, shape: &Shape, known: &Known) -> Option<String> {
    let rails = matches!(shape, Shape::Rails(_));
    Some(match known.gems[0] {
        "clockwork" => {
            let file = CLOCKS
                .iter()
                .find(|name| application.path(name).is_some())?;
            format!("{} {file}", known.command)
        }
        "solid_queue" if application.path("bin/jobs").is_some() => "bin/jobs".to_owned(),
        "resque" if rails => "bundle exec rake environment resque:work QUEUE=*".to_owned(),
        "resque-scheduler" if rails => "bundle exec rake environment resque:scheduler".to_owned(),
        "shoryuken" if !rails => "bundle exec shoryuken".to_owned(),
        _ => known.command.to_owned(),
    })
}

/// Whether `GoodJob` works in the threads of the server.
fn runs_inside(application: &Application<'_>) -> bool {
    application.files.iter().any(|path| {
        let inside = with_tree(
            application.tree,
            path,
            &["execution_mode"],
            |source, root| {
                let set = syntax::all_of(root, &["assignment", "pair"]);
                set.into_iter().any(|node| {
                    let text = source.of(node);
                    text.contains("execution_mode") && text.contains(":async")
                })
            },
        );
        inside == Some(true)
    })
}

/// Whether puma starts Solid Queue in any case.
fn is_plugin(application: &Application<'_>, known: &Known) -> bool {
    if known.gems[0] != "solid_queue" {
        return false;
    }
    let Some(path) = application.path("config/puma.rb") else {
        return false;
    };
    let is = with_tree(application.tree, &path, &["solid_queue"], |source, root| {
        source.calls(root, "plugin").into_iter().any(|call| {
            let named = arguments(call)
                .first()
                .and_then(|first| source.string(*first));
            let always = call
                .parent()
                .is_some_and(|parent| parent.kind() == "program");
            always && named.as_deref() == Some("solid_queue")
        })
    });
    is == Some(true)
}

/// Jobs of cron that no process runs: `whenever` writes them into the table of a machine.
pub(super) fn cron(application: &Application<'_>) -> Option<Finding> {
    let gem = application.any("whenever")?;
    let path = application.path("config/schedule.rb")?;
    Some(Finding {
        id: "cron-not-run",
        severity: Severity::Warning,
        message: format!(
            "{path} declares jobs for the cron table of a machine (whenever); no container runs them"
        ),
        evidence: vec![Evidence::file(path), gem.declared.clone()],
        mend: "start them from the host's cron (docker compose run --rm web …), or let the queue of the application \
               schedule them (recurring tasks of Solid Queue, sidekiq-cron, GoodJob's cron)"
            .to_owned(),
    })
}

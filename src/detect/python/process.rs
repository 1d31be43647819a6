//! What runs beside the web service: workers, schedulers and monitors, by the commands that the
//! repository itself starts them with.

use super::code::Code;
use super::manifest::Package;
use super::mention::Mention;
use crate::detect::naming;
use crate::project::{Evidence, RelPath, ServiceKind};

/// One process that a command of the repository starts.
#[derive(Debug, Clone)]
pub(super) struct Process {
    /// The name that the repository gives it, else what it is.
    pub(super) name: String,
    pub(super) kind: ServiceKind,
    /// `celery`, `rq`, …; None for a program of the project's own.
    pub(super) framework: Option<&'static str>,
    /// What the program is given: an application, a file, a module.
    pub(super) entry: String,
    pub(super) command: String,
    pub(super) at: Evidence,
    pub(super) folder: RelPath,
    /// Files of the tree that it begins with.
    pub(super) starts: Vec<RelPath>,
    /// Port that it listens on by custom.
    pub(super) port: Option<u16>,
    /// Whether it starts jobs by the clock.
    pub(super) scheduler: bool,
    /// Other commands that start the same.
    pub(super) also: Vec<Evidence>,
}

/// Processes by name that serve HTTP, prepare something, or are no part of production.
const NOT_BESIDE: &[&str] = &[
    "web",
    "www",
    "app",
    "api",
    "server",
    "backend",
    "frontend",
    "site",
    "http",
    "wsgi",
    "asgi",
    "django",
    "flask",
    "fastapi",
    "uvicorn",
    "gunicorn",
    "nginx",
    "proxy",
    "release",
    "migrate",
    "migrator",
    "migration",
    "migrations",
    "init",
    "setup",
    "bootstrap",
    "install",
    "seed",
    "seeds",
    "fixtures",
    "collectstatic",
    "createsuperuser",
    "static",
    "assets",
    "css",
    "js",
    "tailwind",
    "node",
    "vite",
    "webpack",
    "build",
    "base",
    "common",
    "test",
    "tests",
    "e2e",
    "sut",
    "pytest",
    "lint",
    "format",
    "docs",
    "doc",
    "shell",
    "console",
    "dev",
    "devserver",
    "debug",
    "jupyter",
    "notebook",
    "db",
    "database",
    "backup",
    "restore",
    "start",
    "serve",
    "run",
    "main",
    "clean",
];

/// Names of processes that start jobs by the clock.
const BY_CLOCK: &[&str] = &[
    "beat",
    "clock",
    "cron",
    "scheduler",
    "schedule",
    "periodic",
    "timer",
    "apscheduler",
];

/// Commands of `manage.py` that run until they are stopped: what each is.
const MANAGE: &[(&str, ServiceKind, &str)] = &[
    ("rqworker", ServiceKind::Worker, "rq"),
    ("rqworker-pool", ServiceKind::Worker, "rq"),
    ("rqscheduler", ServiceKind::Scheduler, "rq"),
    ("qcluster", ServiceKind::Worker, "django-q"),
    (
        "process_tasks",
        ServiceKind::Worker,
        "django-background-tasks",
    ),
    ("db_worker", ServiceKind::Worker, "django-tasks"),
    ("run_huey", ServiceKind::Worker, "huey"),
    ("runworker", ServiceKind::Worker, "channels"),
    ("rundramatiq", ServiceKind::Worker, "dramatiq"),
    ("procrastinate", ServiceKind::Worker, "procrastinate"),
];

/// The processes that the commands name, in order of trust: those of the first file that names
/// workers, and kinds that only another file names.
pub(super) fn find(code: &Code<'_>, package: &Package, mentions: &[Mention]) -> Vec<Process> {
    let mut found: Vec<Process> = Vec::new();
    for mention in mentions {
        let Some(process) = process(code, package, mention) else {
            continue;
        };
        let same = found.iter_mut().find(|known| {
            known.kind == process.kind
                && known.framework == process.framework
                && (known.at.file != process.at.file
                    || without_folders(&known.command) == without_folders(&process.command))
                && (known.framework.is_some() || known.entry == process.entry)
        });
        match same {
            Some(known) => known.also.push(process.at),
            None => found.push(process),
        }
    }
    found
}

/// A command with the last part of each path alone.
fn without_folders(command: &str) -> Vec<&str> {
    command
        .split(' ')
        .map(|word| word.rsplit('/').next().unwrap_or(word))
        .collect()
}

fn process(code: &Code<'_>, package: &Package, mention: &Mention) -> Option<Process> {
    if mention.server().is_some() {
        return None;
    }
    let known = of_queue(mention).or_else(|| of_manage(mention));
    let own = || own_program(code, package, mention);
    let (kind, framework, entry, usual) = match known {
        Some(known) => known,
        None => own()?,
    };
    let scheduler = kind == ServiceKind::Scheduler
        || framework == Some("celery") && has_flag(mention, 'B', "--beat");
    let name = mention
        .process
        .as_deref()
        .and_then(naming::sanitised)
        .map(|name| without_project(package, name))
        .filter(|name| !NOT_BESIDE.contains(&name.as_str()))
        .unwrap_or_else(|| usual.to_owned());
    Some(Process {
        name,
        kind,
        framework,
        starts: starts(code, package, mention, &entry),
        entry: entry.trim_start_matches("./").to_owned(),
        command: match (framework, scheduler) {
            (Some("celery"), true) => with_schedule(&in_container(&command(mention))),
            (Some("celery"), false) => in_container(&command(mention)),
            _ => command(mention),
        },
        at: mention.at.clone(),
        folder: mention.folder.clone(),
        port: (usual == "flower").then_some(5555),
        scheduler,
        also: Vec::new(),
    })
}

/// `shop-worker` of the project `shop-api` is its worker.
fn without_project(package: &Package, name: String) -> String {
    let own = package
        .name
        .as_ref()
        .map_or(package.root.file_name(), |fact| fact.value.as_str());
    let own = naming::sanitised(own).unwrap_or_default();
    let first = own.split(['-', '_']).next().unwrap_or_default();
    [own.as_str(), first]
        .iter()
        .filter(|prefix| !prefix.is_empty())
        .find_map(|prefix| {
            let rest = name.strip_prefix(prefix)?.trim_start_matches(['-', '_']);
            (!rest.is_empty() && rest.len() < name.len() - prefix.len()).then(|| rest.to_owned())
        })
        .unwrap_or(name)
}

type Known = (ServiceKind, Option<&'static str>, String, &'static str);

/// Programs of the queues.
fn of_queue(mention: &Mention) -> Option<Known> {
    let program = mention.program();
    let has = |word: &str| mention.arguments().iter().any(|one| one == word);
    let first = || {
        mention
            .arguments()
            .iter()
            .find(|word| !word.starts_with('-'))
            .cloned()
            .unwrap_or_default()
    };
    let last = || mention.words.last().cloned().unwrap_or_default();
    Some(match program {
        "celery" => {
            let app = mention
                .option(&["-A", "--app"])
                .unwrap_or_default()
                .to_owned();
            if has("worker") {
                (ServiceKind::Worker, Some("celery"), app, "worker")
            } else if has("beat") {
                (ServiceKind::Scheduler, Some("celery"), app, "beat")
            } else if has("flower") {
                (ServiceKind::Web, Some("celery"), app, "flower")
            } else {
                return None;
            }
        }
        "rq" if has("worker") || has("worker-pool") => {
            (ServiceKind::Worker, Some("rq"), String::new(), "worker")
        }
        "rqworker" => (ServiceKind::Worker, Some("rq"), String::new(), "worker"),
        "rqscheduler" => (
            ServiceKind::Scheduler,
            Some("rq"),
            String::new(),
            "scheduler",
        ),
        "dramatiq" => (ServiceKind::Worker, Some("dramatiq"), last(), "worker"),
        "arq" => (ServiceKind::Worker, Some("arq"), first(), "worker"),
        "saq" => (ServiceKind::Worker, Some("saq"), first(), "worker"),
        "huey_consumer" | "huey_consumer.py" => {
            (ServiceKind::Worker, Some("huey"), first(), "worker")
        }
        "taskiq" if has("worker") => (ServiceKind::Worker, Some("taskiq"), last(), "worker"),
        "taskiq" if has("scheduler") => {
            (ServiceKind::Scheduler, Some("taskiq"), last(), "scheduler")
        }
        "procrastinate" if has("worker") => (
            ServiceKind::Worker,
            Some("procrastinate"),
            String::new(),
            "worker",
        ),
        // Litestar's command line under its own name or the project's.
        _ if has("workers") && has("run") => {
            (ServiceKind::Worker, Some("saq"), String::new(), "worker")
        }
        _ => return None,
    })
}

/// `python manage.py qcluster`.
fn of_manage(mention: &Mention) -> Option<Known> {
    let place = mention
        .words
        .iter()
        .position(|word| word.rsplit('/').next() == Some("manage.py"))?;
    let name = mention.words.get(place + 1)?;
    // `manage.py rq worker` of a command line of the project's own.
    if name == "rq" {
        let (kind, usual) = match mention.words.get(place + 2).map(String::as_str) {
            Some("worker" | "worker-pool") => (ServiceKind::Worker, "worker"),
            Some("scheduler") => (ServiceKind::Scheduler, "scheduler"),
            _ => return None,
        };
        return Some((kind, Some("rq"), mention.words[place].clone(), usual));
    }
    let (_, kind, framework) = MANAGE.iter().find(|(known, ..)| known == name)?;
    let usual = if *kind == ServiceKind::Scheduler {
        "scheduler"
    } else {
        "worker"
    };
    Some((*kind, Some(framework), mention.words[place].clone(), usual))
}

/// A program of the project's own that a file names as a process of its own.
fn own_program(code: &Code<'_>, package: &Package, mention: &Mention) -> Option<Known> {
    let name = mention.process.as_deref()?;
    // A task of a task runner is run by hand.
    if package.scripts.iter().any(|script| script.at == mention.at) {
        return None;
    }
    let words: Vec<String> = name
        .split(['-', '_', '.', '@', ' '])
        .map(str::to_lowercase)
        .collect();
    if words.iter().any(|word| NOT_BESIDE.contains(&word.as_str())) || mention.serves() {
        return None;
    }
    let entry = if mention.is_python() {
        let arguments = mention.arguments();
        let at = arguments.iter().position(|word| word == "-m");
        match at {
            Some(at) => arguments.get(at + 1)?.clone(),
            None => arguments
                .iter()
                .find(|word| !word.starts_with('-'))?
                .clone(),
        }
    } else if mention.program() == "flask" {
        // A command that the application adds to Flask's own.
        let command = mention
            .arguments()
            .iter()
            .find(|word| !word.starts_with('-') && !word.contains([':', '.', '=']))?;
        if matches!(command.as_str(), "run" | "shell" | "routes" | "db") {
            return None;
        }
        command.clone()
    } else {
        let program = mention.program();
        package
            .entry_points
            .iter()
            .find(|point| point.name == program)?;
        program.to_owned()
    };
    if [
        "migrate",
        "collectstatic",
        "test",
        "check",
        "createsuperuser",
        "loaddata",
    ]
    .iter()
    .any(|word| mention.words.iter().any(|one| one == word))
    {
        return None;
    }
    if mention.is_python() && starts(code, package, mention, &entry).is_empty() {
        return None;
    }
    let kind = if words.iter().any(|word| BY_CLOCK.contains(&word.as_str())) {
        ServiceKind::Scheduler
    } else {
        ServiceKind::Worker
    };
    Some((kind, None, entry, "worker"))
}

/// Names the application in commands of Flask's command line that leave that to the environment.
pub(super) fn name_application(processes: &mut [Process], entry: &str) {
    for process in processes {
        if let Some(rest) = process.command.strip_prefix("flask ")
            && !rest.contains("--app")
        {
            process.command = format!("flask --app {} {rest}", entry.trim_end_matches("()"));
        }
    }
}

/// A letter among joined short options, or the long name.
fn has_flag(mention: &Mention, letter: char, long: &str) -> bool {
    mention.arguments().iter().any(|word| {
        word == long
            || word.strip_prefix('-').is_some_and(|short| {
                !short.starts_with('-')
                    && short.contains(letter)
                    && short.chars().all(|c| c.is_ascii_uppercase())
            })
    })
}

/// Celery's beat keeps its schedule in a file of the working directory, which is not writable in
/// an image; a scheduler of another kind keeps it elsewhere.
fn with_schedule(command: &str) -> String {
    const SCHEDULE: &str = "/tmp/celerybeat-schedule";
    let mut words: Vec<String> = command.split(' ').map(str::to_owned).collect();
    if words
        .iter()
        .any(|word| word == "-S" || word.starts_with("--scheduler"))
    {
        return command.to_owned();
    }
    let place = words
        .iter()
        .position(|word| word == "-s" || word == "--schedule");
    let joined = words
        .iter()
        .position(|word| word.starts_with("--schedule="));
    match (place.filter(|at| at + 1 < words.len()), joined) {
        (Some(at), _) => SCHEDULE.clone_into(&mut words[at + 1]),
        (None, Some(at)) => words[at] = format!("--schedule={SCHEDULE}"),
        (None, None) => words.extend(["--schedule", SCHEDULE].map(str::to_owned)),
    }
    words.join(" ")
}

/// Celery's command without what holds on one machine only: files for its log and its number, the
/// background, and a broker that the application's own settings name as well.
fn in_container(command: &str) -> String {
    const VALUED: &[&str] = &["--logfile", "-f", "--pidfile", "--broker", "-b"];
    const ALONE: &[&str] = &["--detach", "-D"];
    let mut words = command.split(' ');
    let mut kept: Vec<&str> = Vec::new();
    while let Some(word) = words.next() {
        let name = word.split('=').next().unwrap_or(word);
        if VALUED.contains(&name) {
            if !word.contains('=') {
                words.next();
            }
        } else if !ALONE.contains(&word) {
            kept.push(word);
        }
    }
    kept.join(" ")
}

/// The command, with paths of another machine left out.
fn command(mention: &Mention) -> String {
    let mut words = mention.words.clone();
    if let Some(first) = words.first_mut() {
        mention.program().clone_into(first);
    }
    for word in words.iter_mut().skip(1) {
        if word.ends_with(".py")
            && let Some(bare) = word.strip_prefix("./")
        {
            *word = bare.to_owned();
        }
    }
    crate::detect::shell::join(&words)
}

/// What a Dockerfile starts that is a program of the package itself and serves a port.
pub(super) fn installed(
    package: &Package,
    existing: &crate::project::Existing,
    mentions: &[Mention],
    code: &Code<'_>,
) -> Option<Process> {
    package.built.as_ref()?;
    let exposes = |mention: &Mention| {
        existing
            .dockerfiles
            .iter()
            .find(|file| file.path == mention.at.file)
            .and_then(|file| file.exposed.first())
            .map(|(port, _)| port.get())
    };
    mentions.iter().find_map(|mention| {
        let point = package
            .entry_points
            .iter()
            .find(|point| point.name == mention.program())?;
        let port = exposes(mention)?;
        Some(Process {
            name: "web".to_owned(),
            kind: ServiceKind::Web,
            framework: None,
            entry: point.name.clone(),
            command: command(mention),
            starts: starts(code, package, mention, &point.name),
            at: mention.at.clone(),
            folder: mention.folder.clone(),
            port: Some(port),
            scheduler: false,
            also: Vec::new(),
        })
    })
}

/// Files of the tree that a process begins with.
fn starts(code: &Code<'_>, package: &Package, mention: &Mention, entry: &str) -> Vec<RelPath> {
    let folders = [mention.folder.clone(), package.root.clone()]
        .into_iter()
        .chain(package.root.join("src").ok());
    let module = entry.split(':').next().unwrap_or_default();
    let target = package
        .entry_points
        .iter()
        .find(|point| point.name == entry)
        .and_then(|point| point.target.split(':').next());
    let mut found = Vec::new();
    for folder in folders {
        if module.ends_with(".py") {
            let tail = module.trim_start_matches("./");
            found.extend(folder.join(tail).ok().filter(|path| code.tree.has(path)));
            continue;
        }
        let dotted = target.unwrap_or(module);
        if dotted.is_empty() || dotted.contains('/') {
            continue;
        }
        found.extend(code.file_below(&folder, dotted));
        for inner in ["celery", "__main__"] {
            found.extend(code.file_below(&folder, &format!("{dotted}.{inner}")));
        }
        if found.is_empty()
            && let Some((front, _)) = dotted.rsplit_once('.')
        {
            found.extend(code.file_below(&folder, front));
        }
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_keeps_no_log_files_and_asks_the_settings_for_the_broker() {
        assert_eq!(
            in_container(
                "celery -b redis://r:6379/0 -A shop worker --logfile=logs/x.log -D -l info --pidfile /run/x"
            ),
            "celery -A shop worker -l info"
        );
        assert_eq!(
            in_container("celery -A shop flower --port=5555"),
            "celery -A shop flower --port=5555"
        );
    }

    #[test]
    fn a_beat_keeps_its_schedule_where_it_may_write() {
        for (command, wanted) in [
            (
                "celery -A shop beat -l INFO",
                "celery -A shop beat -l INFO --schedule /tmp/celerybeat-schedule",
            ),
            (
                "celery -A shop beat -s /var/beat/schedule -l INFO",
                "celery -A shop beat -s /tmp/celerybeat-schedule -l INFO",
            ),
            (
                "celery -A shop worker -B --schedule=/var/x",
                "celery -A shop worker -B --schedule=/tmp/celerybeat-schedule",
            ),
            (
                "celery -A shop beat --scheduler shop.Database",
                "celery -A shop beat --scheduler shop.Database",
            ),
        ] {
            assert_eq!(with_schedule(command), wanted);
        }
    }
}

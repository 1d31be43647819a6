//! Plain scripts: a main program without a server, run once, on a schedule, or from a queue.

use super::code::Code;
use super::manifest::Package;
use super::mention::Mention;
use super::place::Place;
use super::syntax::{Stmt, each_expression};
use crate::project::{Confidence, Evidence, Fact, RelPath, ServiceKind};

#[derive(Debug)]
pub(super) struct Script {
    pub(super) file: RelPath,
    pub(super) at: Evidence,
    pub(super) kind: Fact<ServiceKind>,
    pub(super) framework: Option<(&'static str, Evidence)>,
    pub(super) place: Place,
}

/// Names that a main program has, best first.
const USUAL: &[&str] = &["main", "__main__", "app", "run", "bot", "worker", "job"];

/// The main program of a project that serves nothing.
pub(super) fn find(
    code: &Code<'_>,
    package: &Package,
    files: &[RelPath],
    mentions: &[Mention],
) -> Option<Script> {
    let mentioned = |path: &RelPath| {
        mentions.iter().find(|mention| {
            let name = path.file_name();
            let mut words = mention.words.iter().filter(|word| word.ends_with(name));
            words.any(|word| {
                word == name
                    || is_elsewhere(word, path)
                    || mention.folder.join(word).is_ok_and(|named| named == *path)
            })
        })
    };
    let mut candidates: Vec<(RelPath, Evidence)> = files
        .iter()
        .filter(|path| {
            path.file_name() == "__main__.py"
                || mentioned(path).is_some()
                || path.parent() == package.root
                || path.parent().parent() == package.root && path.parent().file_name() == "src"
        })
        .filter_map(|path| {
            let module = code.module(path)?;
            let guard = module
                .body
                .iter()
                .find(|statement| Stmt::is_main_guard(statement))?;
            Some((path.clone(), module.at(guard.line)))
        })
        .collect();
    let cron: Vec<(RelPath, Evidence, String)> = candidates
        .iter()
        .filter_map(|(path, _)| {
            let (at, when) = crontab(code, path)?;
            Some((path.clone(), at, when))
        })
        .collect();
    candidates.sort_by_key(|(path, _)| {
        (
            !cron.iter().any(|(file, ..)| file == path),
            mentioned(path).is_none(),
            USUAL
                .iter()
                .position(|name| *name == path.stem())
                .unwrap_or(USUAL.len()),
            path.clone(),
        )
    });
    let (file, at) = candidates.first()?.clone();
    let spoken_for = cron.iter().any(|(path, ..)| *path == file)
        || mentioned(&file).is_some()
        || USUAL.contains(&file.stem())
        || candidates.len() == 1;
    let is_told_of = mentioned(&file).is_some() || cron.iter().any(|(path, ..)| *path == file);
    if package.manifest.is_none() && !is_told_of && is_tool_of_another(code, &file) {
        return None;
    }
    // A package that is built has its commands in entry points; without a sign that this
    // script is deployed it is a library.
    if !spoken_for || (package.built.is_some() && mentioned(&file).is_none() && cron.is_empty()) {
        return None;
    }
    let place = Place::of(code, &package.root, &file);
    let module = code.module(&file)?;
    let mut timer = None;
    let mut queue = None;
    let reach = code.reach(std::slice::from_ref(&file), &place.roots);
    for (name, (path, line)) in &reach.outside {
        let at = code.module(path).map(|module| module.at(*line));
        if name == "schedule"
            || name.ends_with("BlockingScheduler")
            || name.ends_with("AsyncIOScheduler")
        {
            timer.clone_from(&at);
        }
        if name == "rq.Worker" || name == "rq.worker.Worker" {
            queue = at;
        }
    }
    let mut loops = false;
    each_expression(&module.body, &mut |expr| {
        loops |= expr
            .call()
            .is_some_and(|(function, _)| function.last_name() == Some("run_polling"));
    });
    let mut framework = None;
    let kind = if let Some((_, at, when)) = cron.into_iter().find(|(path, ..)| *path == file) {
        Fact::certain(ServiceKind::Scheduler, at).because(format!("cron runs it at {when}"))
    } else if let Some(at) = timer {
        Fact::certain(ServiceKind::Scheduler, at).because("it starts its own jobs by the clock")
    } else if let Some(at) = queue {
        framework = Some(("rq", at.clone()));
        Fact::certain(ServiceKind::Worker, at)
    } else if loops {
        Fact::likely(ServiceKind::Worker, at.clone()).because("it runs until it is stopped")
    } else {
        Fact::new(ServiceKind::Job, Confidence::Likely, vec![at.clone()])
            .because("a main program without a server")
    };
    Some(Script {
        file,
        at,
        kind,
        framework,
        place,
    })
}

/// Folders of programs that people run by hand.
const TOOLS: &[&str] = &[
    "assets", "tool", "tools", "script", "scripts", "hack", "util", "utils",
];

/// Whether a script lies among the tools of a project that is written in another language.
fn is_tool_of_another(code: &Code<'_>, script: &RelPath) -> bool {
    let folder = script.parent();
    let is_other = |path: &RelPath| {
        let name = path.file_name();
        // Those two belong to every language.
        !matches!(name, "Makefile" | "Dockerfile") && !name.ends_with(".txt")
    };
    folder.as_str().split('/').any(|part| TOOLS.contains(&part))
        && code.tree.manifests_above(&folder).iter().any(is_other)
}

/// Whether a word names the file by its place in an image (`/srv/jobs/run.py`) or behind a variable
/// (`$HERE/jobs/run.py`).
fn is_elsewhere(word: &str, path: &RelPath) -> bool {
    word.starts_with(['/', '$'])
        && word
            .strip_suffix(path.as_str())
            .is_some_and(|before| before.ends_with('/'))
}

/// The line of a crontab that runs a script, and when.
fn crontab(code: &Code<'_>, script: &RelPath) -> Option<(Evidence, String)> {
    let tables = code.tree.files().filter(|path| {
        let name = path.file_name();
        name == "crontab" || matches!(path.extension(), "cron" | "crontab")
    });
    for path in tables {
        let Some(text) = code.tree.text(path) else {
            continue;
        };
        for (index, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let names = words
                .iter()
                .any(|word| word.rsplit('/').next() == Some(script.file_name()));
            if line.starts_with('#') || !names {
                continue;
            }
            let when = if line.starts_with('@') { 1 } else { 5 };
            return Some((
                Evidence::new(path.clone(), index + 1, line),
                words
                    .iter()
                    .take(when)
                    .copied()
                    .collect::<Vec<_>>()
                    .join(" "),
            ));
        }
    }
    None
}

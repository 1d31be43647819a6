//! husky and simple-git-hooks: scripts and lines that git's hooks run.

use super::line::{self, Line};
use super::node::read as read_node;
use super::{ImportError, Manager, Source, Taken, known, lint_staged};
use crate::config::hooks::Hook;
use crate::detect::structured::Node;
use crate::hooks::draft::{What, When};
use crate::project::RelPath;

/// How scripts write the file with the message.
const MESSAGES: &[&str] = &[
    "\"$1\"",
    "\"${1}\"",
    "${1}",
    "$1",
    "$HUSKY_GIT_PARAMS",
    "%HUSKY_GIT_PARAMS%",
];

pub(super) fn read(taken: &mut Taken<'_>, source: &Source) -> Result<(), ImportError> {
    let path = &source.path;
    if path.under(taken.root).is_dir() {
        return folder(taken, path);
    }
    if path.extension() == "js" {
        taken.left(
            source.manager.name(),
            path.to_string(),
            "it is a program, which is not run; write its lines as jobs",
        );
        return Ok(());
    }
    let document = read_node(taken, path)?;
    let hooks = if path.file_name() == "package.json" {
        document.get(source.manager.name())
    } else {
        Some(&document)
    };
    // husky 4 has them one level deeper.
    let hooks = hooks.and_then(|hooks| match source.manager {
        Manager::Husky => hooks.get("hooks").or(Some(hooks)),
        _ => Some(hooks),
    });
    for entry in hooks.map(Node::entries).unwrap_or_default() {
        if let Some(text) = entry.node.text()
            && !matches!(entry.key.as_str(), "preserveUnused" | "skipCI")
        {
            let place = format!("{path}:{}", entry.line);
            hook(taken, &entry.key, text, &place, None)?;
        }
    }
    Ok(())
}

/// `.husky/`: a script for each hook.
fn folder(taken: &mut Taken<'_>, path: &RelPath) -> Result<(), ImportError> {
    let io = |source| ImportError::Io {
        path: path.clone(),
        source,
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path.under(taken.root)).map_err(io)? {
        let entry = entry.map_err(io)?;
        if entry.path().is_file()
            && let Some(name) = entry.file_name().to_str()
            && git_hooks().any(|hook| hook == name)
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    for name in names {
        let Ok(script) = path.join(&name) else {
            continue;
        };
        let text = taken.file(&script)?;
        hook(taken, &name, &text, script.as_str(), Some(&script))?;
    }
    Ok(())
}

/// Every hook that git has for a client (githooks(5)).
fn git_hooks() -> impl Iterator<Item = &'static str> {
    Hook::ALL.into_iter().map(Hook::name).chain([
        "applypatch-msg",
        "pre-applypatch",
        "post-applypatch",
        "post-commit",
        "pre-rebase",
        "pre-auto-gc",
        "sendemail-validate",
        "post-index-change",
        "reference-transaction",
        "fsmonitor-watchman",
    ])
}

/// What git runs at `name`, if jobs run there at all.
fn hook(
    taken: &mut Taken<'_>,
    name: &str,
    text: &str,
    place: &str,
    script: Option<&RelPath>,
) -> Result<(), ImportError> {
    let Some(first) = text.lines().map(str::trim).find(|line| !is_nothing(line)) else {
        return Ok(());
    };
    match Hook::parse(name) {
        None => taken.left(name, place, format!("jobs do not run at {name}")),
        Some(hook) if hook.is_after() => {
            taken.left(format!("{name}: {first}"), place, super::NOTHING_AFTER);
        }
        Some(hook) => return lines(taken, hook, text, place, script),
    }
    Ok(())
}

/// The lines of `text`, each a job; where they are more than commands, the text as a whole.
fn lines(
    taken: &mut Taken<'_>,
    hook: Hook,
    text: &str,
    place: &str,
    script: Option<&RelPath>,
) -> Result<(), ImportError> {
    let lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !is_nothing(line));
    let mut commands = Vec::new();
    for (number, line) in lines {
        for part in line.split(" && ") {
            let Some(line) = command(part.trim(), hook) else {
                whole(taken, hook, text, place, script);
                return Ok(());
            };
            commands.push((number, line));
        }
    }
    for (number, line) in commands {
        let place = match script {
            Some(_) => format!("{place}:{number}"),
            None => place.to_owned(),
        };
        one(taken, hook, line, &place)?;
    }
    Ok(())
}

/// A command on its own, or lint-staged's, whose own configuration says what runs.
fn one(taken: &mut Taken<'_>, hook: Hook, line: Line, place: &str) -> Result<(), ImportError> {
    let inner = line::inner(&line.words);
    let program = inner.first().map_or("", String::as_str);
    if program == "lint-staged" {
        return lint_staged::read(taken, hook, place, inner);
    }
    let script = script_of_package(taken, &line.words);
    if let Some((script, place)) = &script
        && script.contains("lint-staged")
    {
        return lines(taken, hook, script, place, None);
    }
    if script.is_none() && matches!(program, "pre-commit" | "lefthook" | "shipway") {
        taken.note(format!(
            "{place}: what {program} runs is read from its own configuration."
        ));
        return Ok(());
    }
    if let ("git", Some("add")) = (program, inner.get(1).map(String::as_str)) {
        taken.left(inner.join(" "), place, "a job stages nothing; fix = true at the job that writes puts what it wrote into the commit");
        return Ok(());
    }
    let mut words = line.words;
    // commitlint is told by husky 4's variable where the message is.
    if let [.., flag, name] = words.as_mut_slice()
        && matches!(flag.as_str(), "-E" | "--env")
        && name == "HUSKY_GIT_PARAMS"
    {
        "--edit".clone_into(flag);
        "{message}".clone_into(name);
    }
    let when = When {
        fix: hook.has_files() && known::line_writes(&words),
        env: line.env,
        ..When::default()
    };
    let name = line::name_of(&words);
    taken.add(hook, &name, What::Run(line::join(words)), when, place);
    Ok(())
}

/// The script of `package.json` that `words` run, with its place.
fn script_of_package(taken: &Taken<'_>, words: &[String]) -> Option<(String, String)> {
    let (manager, rest) = words.split_first()?;
    let name = match (manager.as_str(), rest) {
        ("npm" | "pnpm" | "yarn" | "bun", [run, .., name])
            if matches!(run.as_str(), "run" | "run-script") =>
        {
            name
        }
        ("npm" | "pnpm" | "yarn", [name]) => name,
        _ => return None,
    };
    let path = RelPath::parse("package.json").ok()?;
    let document = read_node(taken, &path).ok()?;
    let entry = document.get("scripts")?.entry(name)?;
    let text = entry.node.text()?.to_owned();
    Some((text, format!("{path}:{}", entry.line)))
}

/// A script that is more than a list of commands.
fn whole(taken: &mut Taken<'_>, hook: Hook, text: &str, place: &str, script: Option<&RelPath>) {
    let name = script.map_or("script", RelPath::file_name);
    if text.contains("/dev/tty") {
        taken.left(name, place, super::NO_TERMINAL);
        return;
    }
    if text.contains("lint-staged") {
        taken.note(format!(
            "{place} runs as a whole and calls lint-staged, which stashes; better make jobs of \
             what lint-staged runs."
        ));
    }
    let run = match script {
        // As husky runs it.
        Some(script) => {
            let message = hook.has_message().then_some("{message}");
            line::join(["sh", "-e", script.as_str()].into_iter().chain(message))
        }
        None => line::through_shell(text, hook),
    };
    taken.add(hook, name, What::Run(run), When::default(), place);
}

/// Lines that husky's scripts have and that do nothing by themselves.
fn is_nothing(line: &str) -> bool {
    line.is_empty()
        || line.starts_with('#')
        || line.contains("husky.sh")
        || line.contains("/_/h")
        || matches!(line, "set -e" | "exit 0" | "set -eu")
        || (line.starts_with("echo ") && line::command(line).is_some())
}

fn command(text: &str, hook: Hook) -> Option<Line> {
    if !hook.has_message() {
        return line::command(text);
    }
    let text = MESSAGES.iter().fold(text.to_owned(), |text, theirs| {
        text.replace(theirs, "{message}")
    });
    line::command(&text)
}

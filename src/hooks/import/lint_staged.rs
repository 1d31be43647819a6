//! lint-staged: commands by pattern of files.

use super::node::read as read_node;
use super::source::sources;
use super::{ImportError, Manager, Taken, extglob, known, line};
use crate::config::hooks::Hook;
use crate::detect::structured::{Node, Value};
use crate::hooks::draft::{What, When};
use crate::project::RelPath;

/// Takes its jobs over into `hook`, from which it is called at `place` with `words`.
pub(super) fn read(
    taken: &mut Taken<'_>,
    hook: Hook,
    place: &str,
    words: &[String],
) -> Result<(), ImportError> {
    let found = sources(taken.root)
        .into_iter()
        .find(|source| source.manager == Manager::LintStaged)
        .map(|source| source.path);
    let Some(path) = named(words).or(found) else {
        taken.left("lint-staged", place, "its configuration was not found");
        return Ok(());
    };
    table(taken, hook, &path)
}

/// The configuration that its arguments name.
fn named(words: &[String]) -> Option<RelPath> {
    words.iter().enumerate().find_map(|(index, word)| {
        let path = match word.split_once('=') {
            Some(("--config" | "-c", path)) => path,
            None if matches!(word.as_str(), "--config" | "-c") => words.get(index + 1)?,
            _ => return None,
        };
        RelPath::parse(path.trim_start_matches("./")).ok()
    })
}

fn table(taken: &mut Taken<'_>, hook: Hook, path: &RelPath) -> Result<(), ImportError> {
    taken.lint_staged = true;
    for nested in nested(taken) {
        taken.left(
            "lint-staged",
            nested,
            "a configuration of a subfolder is not taken over; a shipway.toml there adds jobs for \
             its tree",
        );
    }
    if is_program(path) {
        taken.left(
            "lint-staged",
            path.to_string(),
            "its configuration is a program, which is not run; write its commands as jobs",
        );
        return Ok(());
    }
    let document = read_node(taken, path)?;
    let table = if path.file_name() == "package.json" {
        document.get("lint-staged")
    } else {
        Some(&document)
    };
    // Before version 10 the commands could lie one level deeper.
    let table = table.map(|table| table.get("linters").unwrap_or(table));
    for entry in table.map(Node::entries).unwrap_or_default() {
        let pattern = entry.key.as_str();
        let globs = match extglob::globs(pattern) {
            Ok(globs) => globs,
            Err(why) => {
                let place = format!("{path}:{}", entry.line);
                taken.left(pattern, place, format!("{why}; write files and exclude"));
                continue;
            }
        };
        let commands = match &entry.node.value {
            Value::List(items) => &items[..],
            _ => std::slice::from_ref(&entry.node),
        };
        for command in commands {
            job(taken, hook, &globs, command, path);
        }
    }
    Ok(())
}

/// Configurations of its below the root.
fn nested(taken: &Taken<'_>) -> Vec<String> {
    let is_one = |path: &str| {
        path.rsplit_once('/').is_some_and(|(_, name)| {
            name.starts_with(".lintstagedrc") || name.starts_with("lint-staged.config.")
        })
    };
    let of = taken.tracked.iter().filter(|path| is_one(path));
    of.map(|path| (*path).to_owned()).collect()
}

fn job(taken: &mut Taken<'_>, hook: Hook, globs: &extglob::Globs, command: &Node, path: &RelPath) {
    let place = format!("{path}:{}", command.line);
    let Some(text) = command.text() else {
        taken.left("a command", place, "it is no text");
        return;
    };
    // It runs commands without a shell, too, and splits them like one.
    let Ok(words) = shell_words::split(text) else {
        taken.left(text, place, "it is no command line");
        return;
    };
    if words.len() >= 2 && words[0] == "git" && words[1] == "add" {
        taken.note(format!(
            "{place}: git add is not needed: a fix goes into the commit."
        ));
        return;
    }
    let when = When {
        files: globs.files.clone(),
        exclude: globs.exclude.clone(),
        fix: known::line_writes(&words),
        ..When::default()
    };
    let name = line::name_of(&words);
    // To `sh -c '…'` the files are arguments from $0 on, as there.
    let run = format!("{} {{files}}", line::join(words));
    taken.add(hook, &name, What::Run(run), when, &place);
}

fn is_program(path: &RelPath) -> bool {
    matches!(
        path.extension(),
        "js" | "cjs" | "mjs" | "ts" | "cts" | "mts"
    )
}

/// Takes its jobs over where nothing here calls it: somebody does by hand, or from a hook of
/// their own.
pub(super) fn read_uncalled(taken: &mut Taken<'_>, path: &RelPath) -> Result<(), ImportError> {
    if taken.lint_staged {
        return Ok(());
    }
    let before = taken.drafts.len();
    table(taken, Hook::PreCommit, path)?;
    if taken.drafts.len() > before {
        taken.note(format!(
            "No hook in the tree calls lint-staged; its jobs of {path} run at pre-commit."
        ));
    }
    Ok(())
}

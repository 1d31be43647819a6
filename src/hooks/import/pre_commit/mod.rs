//! `.pre-commit-config.yaml`: every hook becomes a built-in check or a job that runs the same
//! program.

mod doing;
mod when;

use super::known::{self, Known};
use super::line;
use super::node::{is_true, read as read_node, texts};
use super::{ImportError, NOTHING_AFTER, Taken};
use crate::config::hooks::Hook;
use crate::detect::structured::Node;
use crate::hooks::draft::What;
use crate::project::RelPath;
use doing::Does;

/// What holds for all hooks of the file.
struct Defaults {
    stages: Vec<String>,
    /// An expression; only what it matches is looked at.
    files: Option<String>,
}

/// One entry of `hooks`.
struct Entry<'n> {
    node: &'n Node,
    id: String,
    /// Address of the repository, in lower case.
    repo: String,
    revision: String,
    /// `.pre-commit-config.yaml:12`.
    place: String,
}

pub(super) fn read(taken: &mut Taken<'_>, path: &RelPath) -> Result<(), ImportError> {
    let document = read_node(taken, path)?;
    if let Some(exclude) = text(&document, "exclude") {
        match taken.globs(&exclude) {
            Ok(globs) if exclude != "^$" => taken.exclude.extend(globs),
            Ok(_) => {}
            Err(why) => taken.left(
                format!("exclude: {exclude}"),
                format!("{path}:{}", line_of(&document, "exclude")),
                format!("{why}; write it as globs under [hooks]"),
            ),
        }
    }
    if is_true(document.get("fail_fast")) {
        taken.note("fail_fast: jobs run side by side, so that all of them are always heard.");
    }
    let defaults = Defaults {
        stages: texts(document.get("default_stages")),
        files: text(&document, "files"),
    };
    for repository in document.get("repos").map(Node::items).unwrap_or_default() {
        let repo = text(repository, "repo").unwrap_or_default();
        let revision = text(repository, "rev").unwrap_or_default();
        for node in repository.get("hooks").map(Node::items).unwrap_or_default() {
            let Some(id) = text(node, "id") else { continue };
            let entry = Entry {
                node,
                place: format!("{path}:{}", line_of(node, "id")),
                id,
                repo: known::address(&repo),
                revision: revision.clone(),
            };
            hook(taken, &entry, &defaults);
        }
    }
    Ok(())
}

fn hook(taken: &mut Taken<'_>, entry: &Entry<'_>, defaults: &Defaults) {
    if entry.repo == "meta" {
        taken.note(format!(
            "{}: {} looks at pre-commit's own configuration and is not needed.",
            entry.place, entry.id
        ));
        return;
    }
    let known = (entry.repo != "local")
        .then(|| known::find(&entry.repo, &entry.id))
        .flatten();
    let Some(what) = doing::what(taken, entry, known) else {
        return;
    };
    let Some(mut when) = when::conditions(taken, entry, known, defaults) else {
        return;
    };
    if is_true(entry.node.get("always_run")) {
        taken.note(format!(
            "{}: {} runs where a file of its own is committed or pushed; always_run has no \
             equivalent.",
            entry.place, entry.id
        ));
    }
    when.options = what.options;
    when.fix = what.fix;
    when.tool = what.tool;
    for hook in stages(taken, entry, known, what.stage, defaults) {
        let mut when = when.clone();
        let made = match &what.does {
            Does::Check(id) => What::Check(*id),
            Does::Run { words, files } => {
                if !hook.has_files() {
                    when.files.clear();
                    when.exclude.clear();
                    when.types.clear();
                }
                let mut run = line::join(words);
                if *files && hook.has_files() {
                    run.push_str(" {files}");
                } else if *files && hook.has_message() {
                    run.push_str(" {message}");
                }
                What::Run(run)
            }
        };
        let name = match &made {
            What::Check(id) => id.name(),
            What::Run(_) => entry.id.as_str(),
        };
        // Two of theirs may be one of ours.
        let is_check = matches!(made, What::Check(_));
        let twice = taken
            .drafts
            .iter()
            .any(|draft| draft.hook == hook && draft.what == made && draft.when == when);
        if !(is_check && twice) {
            taken.add(hook, name, made, when, &entry.place);
        }
    }
}

fn stages(
    taken: &mut Taken<'_>,
    entry: &Entry<'_>,
    known: Option<&Known>,
    nature: Option<Hook>,
    defaults: &Defaults,
) -> Vec<Hook> {
    let mut stages = texts(entry.node.get("stages"));
    if stages.is_empty() {
        if let Some(hook) = nature.or(known.and_then(Known::stage)) {
            return vec![hook];
        }
        stages.clone_from(&defaults.stages);
    }
    if stages.is_empty() {
        return vec![Hook::PreCommit];
    }
    let mut hooks = Vec::new();
    for stage in stages {
        let name = match stage.as_str() {
            "commit" => "pre-commit",
            "push" => "pre-push",
            "merge-commit" => "pre-merge-commit",
            other => other,
        };
        match Hook::parse(name) {
            Some(hook) if hook.is_after() => {
                taken.left(entry.id.clone(), entry.place.clone(), NOTHING_AFTER);
            }
            Some(hook) => hooks.push(hook),
            None if name == "manual" => taken.left(
                entry.id.clone(),
                entry.place.clone(),
                "it runs by hand alone (stage manual); make a target of the Makefile of it",
            ),
            None => taken.left(
                entry.id.clone(),
                entry.place.clone(),
                format!("jobs do not run at {name}"),
            ),
        }
    }
    hooks
}

/// The arguments that the configuration names; None where it leaves them to the hook.
fn args(entry: &Entry<'_>) -> Option<Vec<String>> {
    entry.node.get("args").map(|args| texts(Some(args)))
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key)
        .and_then(Node::text)
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

fn line_of(node: &Node, key: &str) -> usize {
    node.entry(key).map_or(node.line, |entry| entry.line)
}

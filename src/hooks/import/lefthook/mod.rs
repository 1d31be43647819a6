//! lefthook: commands, scripts and jobs by hook.

mod when;

use super::node::{is_true, read as read_node};
use super::{ImportError, NO_TERMINAL, NOTHING_AFTER, Taken, known, line};
use crate::config::hooks::Hook;
use crate::detect::structured::{Entry, Node};
use crate::hooks::draft::What;
use crate::project::RelPath;
use when::{Around, Matcher};

/// Keys of the file that are no hooks and say how lefthook itself works.
const SETTINGS: &[&str] = &[
    "$schema",
    "assert_lefthook_installed",
    "colors",
    "extends",
    "glob_matcher",
    "install_non_git_hooks",
    "lefthook",
    "min_version",
    "no_auto_install",
    "no_tty",
    "output",
    "skip_lfs",
    "skip_output",
    "source_dir",
    "source_dir_local",
    "templates",
];
/// Keys of a hook, a group or a job that are read, or that change nothing here.
const READ: &[&str] = &[
    "args",
    "commands",
    "env",
    "exclude",
    "fail_text",
    "file_types",
    "follow",
    "glob",
    "group",
    "interactive",
    "jobs",
    "name",
    "only",
    "parallel",
    "piped",
    "priority",
    "root",
    "run",
    "runner",
    "script",
    "scripts",
    "skip",
    "stage_fixed",
    "tags",
    "timeout",
    "use_stdin",
];
/// Keys of the same that have no equivalent, and why.
const WITHOUT: &[(&str, &str)] = &[
    (
        "exclude_tags",
        "jobs have no tags; SHIPWAY_SKIP=name,name leaves some out",
    ),
    (
        "fail_on_changes",
        "a job that writes without fix = true fails always",
    ),
    (
        "fail_on_changes_diff",
        "a job that writes without fix = true fails always",
    ),
    (
        "setup",
        "nothing runs before the jobs; tool = { name = …, install = … } says how one gets what a \
         job needs",
    ),
];
/// How lefthook writes the files that a job is given.
const FILES: &[&str] = &["{staged_files}", "{push_files}", "{all_files}", "{files}"];
/// How it writes what git gives the hook.
const MESSAGE: &[&str] = &["{1}", "{0}"];
/// Files that include each other further than this, include each other in a circle.
const DEPTH: usize = 8;

pub(super) fn read(taken: &mut Taken<'_>, path: &RelPath) -> Result<(), ImportError> {
    read_at(taken, path, DEPTH)
}

fn read_at(taken: &mut Taken<'_>, path: &RelPath, depth: usize) -> Result<(), ImportError> {
    let document = read_node(taken, path)?;
    let text = |key: &str| document.get(key).and_then(Node::text);
    let folder = text("source_dir").unwrap_or(".lefthook").to_owned();
    let matcher = match text("glob_matcher") {
        Some("doublestar") => Matcher::Doublestar,
        _ => Matcher::Gobwas,
    };
    let templates: Vec<(String, String)> = document
        .entries_at(&["templates"])
        .iter()
        .filter_map(|entry| Some((format!("{{{}}}", entry.key), entry.node.text()?.to_owned())))
        .collect();
    for include in super::node::texts(document.get("extends")) {
        let below = RelPath::parse(include.trim_start_matches("./")).ok();
        match below.filter(|below| depth > 0 && below.under(taken.root).is_file()) {
            Some(below) => read_at(taken, &below, depth - 1)?,
            None => taken.left(
                format!("extends: {include}"),
                format!("{path}:{}", line_of(&document, "extends")),
                "it is no file of this repository",
            ),
        }
    }
    for entry in document.entries() {
        let key = entry.key.as_str();
        if SETTINGS.contains(&key) {
            continue;
        }
        let place = format!("{path}:{}", entry.line);
        let why = match (key, Hook::parse(key)) {
            (_, Some(hook)) if hook.is_after() => NOTHING_AFTER.to_owned(),
            (_, Some(hook)) => {
                let mut reader = Reader {
                    taken,
                    hook,
                    path,
                    folder: &folder,
                    templates: &templates,
                    matcher,
                };
                reader.hook(&entry.node);
                continue;
            }
            ("remotes" | "remote", _) => "files of other repositories are not fetched".to_owned(),
            ("rc", _) => {
                "no shell starts a job, so that none reads a file before; use env".to_owned()
            }
            _ if entry.node.get("commands").is_some() || entry.node.get("jobs").is_some() => {
                format!("jobs do not run at {key}; make a target of the Makefile of it")
            }
            _ => "it is not known here".to_owned(),
        };
        taken.left(key, place, why);
    }
    Ok(())
}

fn line_of(node: &Node, key: &str) -> usize {
    node.entry(key).map_or(node.line, |entry| entry.line)
}

struct Reader<'r, 't> {
    taken: &'r mut Taken<'t>,
    hook: Hook,
    path: &'r RelPath,
    /// Where its scripts lie.
    folder: &'r str,
    /// What stands for what in commands.
    templates: &'r [(String, String)],
    matcher: Matcher,
}

impl Reader<'_, '_> {
    fn hook(&mut self, node: &Node) {
        if is_true(node.get("piped")) {
            let place = format!("{}:{}", self.path, line_of(node, "piped"));
            self.taken.note(format!(
                "{place}: piped has no equivalent: jobs run side by side, and those that may write \
                 the same file one after another."
            ));
        }
        if let Some(entry) = node.entry("files") {
            let place = format!("{}:{}", self.path, entry.line);
            let why = "the files of a job are those of the commit or the push";
            self.taken.left("files", place, why);
        }
        let name = self.hook.name();
        let Some(around) = self.conditions(node, &Around::default(), name) else {
            return;
        };
        self.unknown(node, name);
        for entry in node.entries_at(&["commands"]) {
            self.job(&entry.key, &entry.node, entry.line, &around);
        }
        for entry in node.entries_at(&["scripts"]) {
            self.script(&entry.key, entry, &around);
        }
        self.jobs(node, &around);
    }

    /// Names what `node` says and nothing here understands.
    fn unknown(&mut self, node: &Node, of: &str) {
        for entry in node.entries() {
            let key = entry.key.as_str();
            if READ.contains(&key) || key == "files" {
                continue;
            }
            let why = WITHOUT
                .iter()
                .find(|(name, _)| *name == key)
                .map_or("it is not known here", |(_, why)| why);
            let place = format!("{}:{}", self.path, entry.line);
            self.taken.left(format!("{key} of {of}"), place, why);
        }
    }

    fn jobs(&mut self, node: &Node, around: &Around) {
        for job in node.get("jobs").map(Node::items).unwrap_or_default() {
            let name = job.get("name").and_then(Node::text).unwrap_or_default();
            let Some(group) = job.get("group") else {
                self.job(name, job, job.line, around);
                continue;
            };
            let called = if name.is_empty() { "a group" } else { name };
            if let Some(around) = self.conditions(job, around, called) {
                self.unknown(job, called);
                self.jobs(group, &around);
            }
        }
    }

    fn job(&mut self, name: &str, node: &Node, line: usize, around: &Around) {
        let text = |key: &str| node.get(key).and_then(Node::text);
        let run = match (text("run"), text("script")) {
            (Some(run), _) => run.to_owned(),
            (None, Some(script)) => self.script_line(script, node),
            (None, None) => return,
        };
        let words = line::command(&run).map(|line| line.words);
        let name = match (name, words) {
            ("", Some(words)) => line::name_of(&words),
            ("", None) => "script".to_owned(),
            (name, _) => name.to_owned(),
        };
        if let Some(around) = self.conditions(node, around, &name) {
            self.add(&name, &run, node, line, &around);
        }
    }

    fn script(&mut self, file: &str, entry: &Entry, around: &Around) {
        if let Some(around) = self.conditions(&entry.node, around, file) {
            let run = self.script_line(file, &entry.node);
            self.add(file, &run, &entry.node, entry.line, &around);
        }
    }

    fn script_line(&self, file: &str, node: &Node) -> String {
        let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default();
        let path = line::join([format!("{}/{}/{file}", self.folder, self.hook)]);
        let message = if self.hook.has_message() { "{1}" } else { "" };
        [text("runner"), &path, text("args"), message]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn add(&mut self, name: &str, run: &str, node: &Node, line: usize, around: &Around) {
        let place = format!("{}:{line}", self.path);
        let refused = [
            ("interactive", NO_TERMINAL),
            (
                "use_stdin",
                "it reads what git says, which a job is not given",
            ),
        ];
        if let Some((_, why)) = refused.iter().find(|(key, _)| is_true(node.get(key))) {
            self.taken.left(name, place, *why);
            return;
        }
        if node.get("files").is_some() {
            let why = "its files come from a command; a job's are those of the commit";
            self.taken.left(name, place, why);
            return;
        }
        self.unknown(node, name);
        let mut run = run.trim().to_owned();
        for (theirs, text) in self.templates {
            run = run.replace(theirs, text);
        }
        run = run.replace("{lefthook_job_name}", name);
        let mut when = around.when.clone();
        let run = if let Some(line) = self.command(&run) {
            when.fix = known::line_writes(&line.words);
            when.env.extend(line.env);
            line::join(line.words)
        } else {
            if run.contains("git add") {
                self.taken.note(format!(
                    "{place}: {name} calls git add, which a job does not; fix = true puts what it \
                     wrote into the commit."
                ));
            }
            let text = line::with_arguments(&run, FILES);
            line::through_shell(&line::with_arguments(&text, MESSAGE), self.hook)
        };
        if self.hook.has_files() {
            when.fix |= is_true(node.get("stage_fixed"));
            when.files = when::below(around.root.as_deref(), &around.globs);
            when.exclude
                .extend(when::below_if_any(around.root.as_deref(), &around.excluded));
        } else {
            when.fix = false;
            when.types.clear();
        }
        when.timeout = node.get("timeout").and_then(Node::text).map(str::to_owned);
        when.working_dir = around.root.clone().filter(|root| root != ".");
        self.taken
            .add(self.hook, name, What::Run(run), when, &place);
    }

    /// lefthook gives every command to a shell; what needs none is a command line of its own.
    fn command(&self, run: &str) -> Option<line::Line> {
        let placed = |text: &str, theirs: &[&str], ours: &str| {
            theirs.iter().fold(text.to_owned(), |text, theirs| {
                text.replace(&format!("\"{theirs}\""), ours)
                    .replace(&format!("'{theirs}'"), ours)
                    .replace(theirs, ours)
            })
        };
        let text = placed(run, FILES, "{files}");
        let text = if self.hook.has_message() {
            placed(&text, MESSAGE, "{message}")
        } else {
            text
        };
        line::command(&text)
    }
}

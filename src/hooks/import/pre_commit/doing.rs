//! What one hook of pre-commit does: a built-in check, a program that is known, or its entry.

use super::super::{Taken, glob, known, line};
use super::{Entry, args, text};
use crate::config::hooks::{CheckId, Hook, Tool};
use crate::hooks::import::known::Known;
use crate::hooks::import::node::{is_false, texts};

/// What a hook does, whenever it does it.
pub(super) struct Doing {
    pub(super) does: Does,
    pub(super) options: Vec<(&'static str, toml::Value)>,
    pub(super) fix: bool,
    pub(super) tool: Option<Tool>,
    /// The hook that it belongs to by its nature.
    pub(super) stage: Option<Hook>,
}

pub(super) enum Does {
    Check(CheckId),
    Run {
        words: Vec<String>,
        /// Whether it is given the files.
        files: bool,
    },
}

pub(super) fn what(
    taken: &mut Taken<'_>,
    entry: &Entry<'_>,
    known: Option<&Known>,
) -> Option<Doing> {
    let is_own = ["pre-commit/pre-commit-hooks", "builtin"]
        .iter()
        .any(|repo| entry.repo == *repo || known::is_of(&entry.repo, repo));
    if is_own && let Some(doing) = built_in(taken, entry) {
        return Some(doing);
    }
    if known::is_of(&entry.repo, "compilerla/conventional-pre-commit") {
        return Some(conventional(taken, entry));
    }
    if known::is_of(&entry.repo, "lucas-c/pre-commit-hooks")
        && matches!(entry.id.as_str(), "remove-crlf" | "forbid-crlf")
    {
        return Some(Doing {
            does: Does::Check(CheckId::LineEndings),
            options: vec![("ending", "lf".into())],
            fix: entry.id == "remove-crlf",
            tool: None,
            stage: None,
        });
    }
    if let Some(known) = known
        && entry.node.get("entry").is_none()
    {
        return Some(from_known(entry, known));
    }
    if entry.repo == "local" || entry.node.get("entry").is_some() {
        return from_entry(taken, entry);
    }
    taken.left(
        entry.id.clone(),
        entry.place.clone(),
        format!(
            "what {} runs is not known here; write it as run = \"…\"",
            entry.repo
        ),
    );
    None
}

/// The check that does the same as a hook of pre-commit-hooks.
fn built_in(taken: &mut Taken<'_>, entry: &Entry<'_>) -> Option<Doing> {
    let args = args(entry).unwrap_or_default();
    let option = |name: &str| {
        args.iter().enumerate().find_map(|(index, arg)| {
            match arg.strip_prefix(name)?.strip_prefix('=') {
                Some(value) => Some(value.to_owned()),
                None if arg == name => args.get(index + 1).cloned(),
                None => None,
            }
        })
    };
    let mut options = Vec::new();
    let mut fix = false;
    let check = match entry.id.as_str() {
        "trailing-whitespace" => {
            fix = true;
            let breaks = args
                .iter()
                .any(|arg| arg.starts_with("--markdown-linebreak-ext"));
            options.push(("markdown_breaks", breaks.into()));
            if args.iter().any(|arg| arg.starts_with("--chars")) {
                taken.note(format!(
                    "{}: trailing-whitespace trims blanks and tabs, whatever --chars says.",
                    entry.place
                ));
            }
            CheckId::TrailingWhitespace
        }
        "end-of-file-fixer" => {
            fix = true;
            CheckId::FinalNewline
        }
        "mixed-line-ending" => {
            let wanted = option("--fix").or_else(|| option("-f"));
            fix = wanted.as_deref() != Some("no");
            if let Some(ending @ ("lf" | "crlf")) = wanted.as_deref() {
                options.push(("ending", ending.into()));
            }
            CheckId::LineEndings
        }
        "fix-byte-order-marker" => {
            fix = true;
            CheckId::ByteOrderMark
        }
        "check-byte-order-marker" => CheckId::ByteOrderMark,
        "check-merge-conflict" => CheckId::MergeMarkers,
        "check-case-conflict" => CheckId::CaseConflicts,
        "check-added-large-files" => {
            let size = option("--maxkb").unwrap_or_else(|| "500".to_owned());
            options.push(("max_size", format!("{size} KiB").into()));
            if args.iter().any(|arg| arg == "--enforce-all") {
                taken.note(format!(
                    "{}: large-files looks at what a commit adds or changes; --enforce-all has no \
                     equivalent.",
                    entry.place
                ));
            }
            CheckId::LargeFiles
        }
        "detect-private-key" => CheckId::PrivateKeys,
        "detect-aws-credentials" => CheckId::Secrets,
        "check-symlinks" => CheckId::BrokenSymlinks,
        "check-executables-have-shebangs" | "check-shebang-scripts-are-executable" => {
            CheckId::Executables
        }
        "check-json" => CheckId::JsonSyntax,
        "check-toml" => CheckId::TomlSyntax,
        "check-yaml" => CheckId::YamlSyntax,
        "check-xml" => CheckId::XmlSyntax,
        "no-commit-to-branch" => {
            let mut branches: Vec<toml::Value> = Vec::new();
            for (index, arg) in args.iter().enumerate() {
                let value = |names: [&str; 2]| {
                    names
                        .iter()
                        .find_map(|name| match arg.strip_prefix(name)?.strip_prefix('=') {
                            Some(value) => Some(value.to_owned()),
                            None if arg == name => args.get(index + 1).cloned(),
                            None => None,
                        })
                };
                if let Some(branch) = value(["--branch", "-b"]) {
                    branches.push(branch.into());
                }
                if let Some(pattern) = value(["--pattern", "-p"]) {
                    match glob::branches(&pattern) {
                        Ok(globs) => branches.extend(globs.into_iter().map(toml::Value::from)),
                        Err(why) => taken.left(
                            format!("{}: {pattern}", entry.id),
                            entry.place.clone(),
                            format!("{why}; name the branches in protected = […]"),
                        ),
                    }
                }
            }
            if !branches.is_empty() {
                options.push(("protected", branches.into()));
            }
            CheckId::ProtectedBranch
        }
        _ => return None,
    };
    Some(Doing {
        does: Does::Check(check),
        options,
        fix,
        tool: None,
        stage: None,
    })
}

/// conventional-pre-commit is the check of commit messages.
fn conventional(taken: &mut Taken<'_>, entry: &Entry<'_>) -> Doing {
    let mut options = Vec::new();
    let (mut types, mut scopes) = (Vec::new(), Vec::new());
    let mut args = args(entry).unwrap_or_default().into_iter();
    while let Some(arg) = args.next() {
        match arg
            .split_once('=')
            .map_or((arg.as_str(), None), |(name, value)| (name, Some(value)))
        {
            ("--scopes", value) => {
                let list = value
                    .map(str::to_owned)
                    .or_else(|| args.next())
                    .unwrap_or_default();
                scopes.extend(list.split(',').map(|one| toml::Value::from(one.trim())));
            }
            ("--strict" | "--verbose" | "--no-color" | "-s", _) => {}
            ("--force-scope", _) => taken.note(format!(
                "{}: --force-scope has no equivalent: a scope may be left out.",
                entry.place
            )),
            (word, None) if !word.starts_with('-') => types.push(toml::Value::from(word)),
            (other, _) => taken.note(format!("{}: {other} has no equivalent.", entry.place)),
        }
    }
    for (key, list) in [("commit_types", types), ("scopes", scopes)] {
        if !list.is_empty() {
            options.push((key, list.into()));
        }
    }
    Doing {
        does: Does::Check(CheckId::CommitMessage),
        options,
        fix: false,
        tool: None,
        stage: Some(Hook::CommitMsg),
    }
}

fn from_known(entry: &Entry<'_>, known: &Known) -> Doing {
    let mut words: Vec<String> = known.run.split(' ').map(str::to_owned).collect();
    words.extend(args(entry).unwrap_or_else(|| known.args.clone()));
    let fix = known::writes(known.fix, &words);
    Doing {
        does: Does::Run {
            files: !known.all && !is_false(entry.node.get("pass_filenames")),
            words,
        },
        options: Vec::new(),
        fix,
        tool: Some(known.tool(
            &entry.revision,
            &texts(entry.node.get("additional_dependencies")),
        )),
        stage: known.stage(),
    }
}

/// A hook that says itself what it runs.
fn from_entry(taken: &mut Taken<'_>, entry: &Entry<'_>) -> Option<Doing> {
    let language = text(entry.node, "language").unwrap_or_else(|| "system".to_owned());
    let run = text(entry.node, "entry")?;
    let needs = texts(entry.node.get("additional_dependencies"));
    let mut words = match shell_words::split(&run) {
        Ok(words) if !words.is_empty() => words,
        _ => {
            taken.left(
                entry.id.clone(),
                entry.place.clone(),
                "its entry is no command",
            );
            return None;
        }
    };
    let program = words.first().cloned().unwrap_or_default();
    let mut tool = None;
    let installed = |installer: &str| {
        (!needs.is_empty()).then(|| Tool {
            name: program.clone(),
            install: Some(format!("{installer} {}", line::join(&needs))),
        })
    };
    match language.as_str() {
        "system" | "unsupported" => {}
        "script" | "unsupported_script" => {
            if !program.contains('/') {
                words[0] = format!("./{program}");
            }
        }
        "python" | "python_venv" | "conda" => tool = installed("pip install"),
        "node" => tool = installed("npm install --save-dev"),
        "golang" => tool = installed("go install"),
        "rust" => tool = installed("cargo install --locked"),
        "ruby" => tool = installed("gem install"),
        "fail" => {
            words = [
                "sh",
                "-c",
                "echo \"$0\"; printf '%s\\n' \"$@\"; exit 1",
                &run,
            ]
            .map(str::to_owned)
            .to_vec();
        }
        "pygrep" => {
            taken.left(
                entry.id.clone(),
                entry.place.clone(),
                "it looks for an expression that must not occur, which no check does; a linter or a \
                 script of the repository can",
            );
            return None;
        }
        other => {
            taken.left(
                entry.id.clone(),
                entry.place.clone(),
                format!("jobs run programs of this machine, and this one asks for {other}"),
            );
            return None;
        }
    }
    if language != "fail" {
        words.extend(args(entry).unwrap_or_default());
    }
    Some(Doing {
        fix: known::line_writes(&words),
        does: Does::Run {
            words,
            files: !is_false(entry.node.get("pass_filenames")),
        },
        options: Vec::new(),
        tool,
        stage: None,
    })
}

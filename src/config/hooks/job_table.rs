//! `[[hooks.…]]` as it is written: one job, its conditions, and the options of its check.

use super::check::{Check, CheckOptions, Ending};
use super::value::{self, Wrong};
use super::{Action, CheckId, CommandLine, Fix, Hook, Job, Level, Patterns, Tool};
use crate::project::RelPath;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use toml::Spanned;

/// One job: `check` or `run`, and when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct JobTable {
    /// What it is called in output and in `SHIPWAY_SKIP`; the check or the program where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    name: Option<Spanned<String>>,
    /// A built-in check by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    check: Option<Spanned<String>>,
    /// A command, split like a shell would and run without one; `{files}` stands for the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    run: Option<Spanned<String>>,
    /// Files that it looks at: globs as in `.gitignore`; all where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    files: Option<Spanned<Vec<Spanned<String>>>>,
    /// Files that it does not look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    exclude: Option<Spanned<Vec<Spanned<String>>>>,
    /// Types of files by extension, first line and content: `python`, `shell`, `executable`, ….
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    types: Option<Spanned<Vec<Spanned<String>>>>,
    /// Branches that it runs on: `main`, `release/*`; with `!` before it, not on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    branches: Option<Spanned<Vec<Spanned<String>>>>,
    /// Whether it also runs when a merge is committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    merge: Option<bool>,
    /// Whether it may rewrite its files; "stop": and the commit stops, so that somebody looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<FixForm>")]
    fix: Option<Spanned<Fix>>,
    /// What its failure means: "error" stops, "warning" is only said.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    /// After which it is ended: `30s`, `2m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    timeout: Option<Spanned<String>>,
    /// Variables set for the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    env: Option<Spanned<BTreeMap<String, String>>>,
    /// The program that the command needs, and how one gets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Tool>")]
    tool: Option<Spanned<Tool>>,
    /// Whether a missing tool is an error at a commit too, and not only in CI.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<bool>")]
    required: Option<Spanned<bool>>,
    /// Folder to run in, seen from this file's; the files are named from there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    working_dir: Option<Spanned<String>>,
    /// trailing-whitespace: keep the two spaces that are a line break in Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<bool>")]
    markdown_breaks: Option<Spanned<bool>>,
    /// line-endings: what every line ends with; "auto" is what most of the file's do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Ending>")]
    ending: Option<Spanned<Ending>>,
    /// large-files: the largest that may be added, such as `500 KiB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    max_size: Option<Spanned<String>>,
    /// secrets: SHA-256 of values that are none, whole or its first 16 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    allow: Option<Spanned<Vec<Spanned<String>>>>,
    /// secrets: a file of such hashes, one a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    allow_file: Option<Spanned<String>>,
    /// secrets: whether random-looking values are looked for beside known patterns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<bool>")]
    entropy: Option<Spanned<bool>>,
    /// json-syntax: files that may hold comments and trailing commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    comments: Option<Spanned<Vec<Spanned<String>>>>,
    /// commit-message: types that may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    commit_types: Option<Spanned<Vec<String>>>,
    /// commit-message: scopes that may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    scopes: Option<Spanned<Vec<String>>>,
    /// commit-message: characters of the longest subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<usize>")]
    max_subject: Option<Spanned<usize>>,
    /// protected-branch: branches that take no commit and no push.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    protected: Option<Spanned<Vec<Spanned<String>>>>,
    /// personal-data: columns that are personal here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    columns: Option<Spanned<Vec<String>>>,
    /// personal-data: columns that look personal and are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    allow_columns: Option<Spanned<Vec<String>>>,
}

/// Where a job stands.
pub(super) struct Place<'p> {
    pub(super) hook: Hook,
    pub(super) folder: &'p RelPath,
    /// Byte at which its table begins.
    pub(super) start: usize,
}

impl JobTable {
    pub(super) fn job(&self, place: &Place) -> Result<Job, Wrong> {
        let action = match (&self.check, &self.run) {
            (Some(check), None) => Action::Check(self.check(check, place)?),
            (None, Some(run)) => Action::Run(self.command(run, place)?),
            (Some(_), Some(run)) => {
                return Err(Wrong::new(
                    run.span().start,
                    "a job is a `check` or a `run`, not both",
                )
                .at_key("run")
                .mend("make two jobs of it"));
            }
            (None, None) => {
                return Err(
                    Wrong::new(place.start, "the job has neither `check` nor `run`").mend(
                        "add check = \"…\" with the id of a check, or run = \"…\" with a command",
                    ),
                );
            }
        };
        let mut job = Job::new(self.name(&action, place)?, action, place.folder.clone());
        job.files = patterns(self.files.as_ref(), "files", place)?;
        job.exclude = patterns(self.exclude.as_ref(), "exclude", place)?;
        job.types = self.types(place)?;
        job.branches = value::branches(self.branches.as_ref())?;
        job.merge = self.merge.unwrap_or(true);
        job.fix = self.fix(&job.action)?;
        job.level = self.level.unwrap_or(job.level);
        job.required = self.required.as_ref().is_some_and(|one| *one.get_ref());
        job.tool = self.tool.as_ref().map(|tool| tool.get_ref().clone());
        job.env = self.env()?;
        job.timeout = self
            .timeout
            .as_ref()
            .map(|text| value::duration(text.get_ref(), text.span().start))
            .transpose()?;
        if let Some(below) = &self.working_dir {
            job.working_dir = value::inside(place.folder, below)?;
        }
        Ok(job)
    }

    /// Byte of the value that names it.
    pub(super) fn named(&self) -> Option<usize> {
        [&self.name, &self.check, &self.run]
            .into_iter()
            .find_map(|value| value.as_ref())
            .map(|value| value.span().start)
    }

    fn name(&self, action: &Action, place: &Place) -> Result<String, Wrong> {
        let name = match (&self.name, action) {
            (Some(name), _) => {
                let text = name.get_ref();
                if text.trim() != text
                    || text.is_empty()
                    || text.contains([',', '/'])
                    || text.contains(char::is_control)
                {
                    return Err(Wrong::new(
                        name.span().start,
                        format!("{text:?} is no name for a job"),
                    )
                    .mend("write a word or a few, without commas and slashes"));
                }
                text.clone()
            }
            (None, Action::Check(check)) => check.id.name().to_owned(),
            (None, Action::Run(command)) => {
                let program = command.program();
                let last = program.rsplit('/').next().unwrap_or(program);
                last.replace(',', "-")
            }
        };
        if place.folder.is_root() {
            return Ok(name);
        }
        Ok(format!("{}/{name}", place.folder))
    }

    fn command(&self, run: &Spanned<String>, place: &Place) -> Result<CommandLine, Wrong> {
        let at = run.span().start;
        if place.hook.is_after() {
            return Err(Wrong::new(
                at,
                format!(
                    "{} runs no command: what has just arrived would run before anybody saw it",
                    place.hook
                ),
            )
            .at_key("run")
            .mend("delete the job; the check `arrivals` says what to run"));
        }
        for (key, span, check) in self.options() {
            if let Some(span) = span {
                return Err(Wrong::new(
                    span.start,
                    format!(
                        "`{key}` is an option of the check `{check}`, and this job runs a command"
                    ),
                )
                .at_key(key)
                .mend("delete it, or write it into the command"));
            }
        }
        CommandLine::parse(run.get_ref(), place.hook)
            .map_err(|wrong| Wrong::new(at, wrong.message).mend(wrong.mend))
    }

    fn check(&self, name: &Spanned<String>, place: &Place) -> Result<Check, Wrong> {
        let id = value::check_id(name)?;
        if !id.fits(place.hook) {
            let hooks: Vec<&str> = Hook::ALL
                .into_iter()
                .filter(|hook| id.fits(*hook))
                .map(Hook::name)
                .collect();
            return Err(Wrong::new(
                name.span().start,
                format!("the check `{id}` has nothing to look at in {}", place.hook),
            )
            .mend(format!(
                "put it under [[hooks.{}]]",
                hooks.join("]] or [[hooks.")
            )));
        }
        let for_commands = [
            ("timeout", self.timeout.as_ref().map(Spanned::span)),
            ("env", self.env.as_ref().map(Spanned::span)),
            ("tool", self.tool.as_ref().map(Spanned::span)),
            ("required", self.required.as_ref().map(Spanned::span)),
            ("working_dir", self.working_dir.as_ref().map(Spanned::span)),
        ];
        for (key, span) in for_commands {
            if let Some(span) = span {
                return Err(Wrong::new(
                    span.start,
                    format!("`{key}` is for a job that runs a command, and `{id}` is built in"),
                )
                .at_key(key)
                .mend("delete it"));
            }
        }
        for (key, span, check) in self.options() {
            if let Some(span) = span
                && check != id
            {
                let own = id.options();
                let mend = if own.is_empty() {
                    format!("delete it: `{id}` has no options of its own")
                } else {
                    format!("delete it; `{id}` has {}", own.join(", "))
                };
                return Err(Wrong::new(
                    span.start,
                    format!("`{key}` is an option of the check `{check}`, not of `{id}`"),
                )
                .at_key(key)
                .mend(mend));
            }
        }
        Ok(Check {
            id,
            options: Box::new(self.check_options(place)?),
        })
    }

    /// Every option that is written, with its check.
    fn options(
        &self,
    ) -> impl Iterator<Item = (&'static str, Option<std::ops::Range<usize>>, CheckId)> {
        fn span<T>(value: Option<&Spanned<T>>) -> Option<std::ops::Range<usize>> {
            value.map(Spanned::span)
        }
        let spans = [
            ("markdown_breaks", span(self.markdown_breaks.as_ref())),
            ("ending", span(self.ending.as_ref())),
            ("max_size", span(self.max_size.as_ref())),
            ("allow", span(self.allow.as_ref())),
            ("allow_file", span(self.allow_file.as_ref())),
            ("entropy", span(self.entropy.as_ref())),
            ("comments", span(self.comments.as_ref())),
            ("commit_types", span(self.commit_types.as_ref())),
            ("scopes", span(self.scopes.as_ref())),
            ("max_subject", span(self.max_subject.as_ref())),
            ("protected", span(self.protected.as_ref())),
            ("columns", span(self.columns.as_ref())),
            ("allow_columns", span(self.allow_columns.as_ref())),
        ];
        spans.into_iter().filter_map(|(key, span)| {
            let check = CheckId::all().find(|id| id.options().contains(&key))?;
            Some((key, span, check))
        })
    }

    fn check_options(&self, place: &Place) -> Result<CheckOptions, Wrong> {
        let default = CheckOptions::default();
        let value = |one: &Option<Spanned<bool>>, otherwise: bool| {
            one.as_ref().map_or(otherwise, |one| *one.get_ref())
        };
        let list = |one: &Option<Spanned<Vec<String>>>| {
            one.as_ref()
                .map(|one| one.get_ref().clone())
                .unwrap_or_default()
        };
        Ok(CheckOptions {
            markdown_breaks: value(&self.markdown_breaks, default.markdown_breaks),
            ending: self
                .ending
                .as_ref()
                .map_or(default.ending, |one| *one.get_ref()),
            max_size: match &self.max_size {
                Some(text) => value::size(text)?,
                None => default.max_size,
            },
            allow: self.allowed()?,
            allow_file: self
                .allow_file
                .as_ref()
                .map(|file| value::inside(place.folder, file))
                .transpose()?,
            entropy: value(&self.entropy, default.entropy),
            comments: patterns(self.comments.as_ref(), "comments", place)?,
            commit_types: list(&self.commit_types),
            scopes: list(&self.scopes),
            max_subject: self.max_subject.as_ref().map(|one| *one.get_ref()),
            protected: match &self.protected {
                Some(_) => value::branches(self.protected.as_ref())?,
                None => default.protected,
            },
            columns: list(&self.columns),
            allow_columns: list(&self.allow_columns),
        })
    }

    fn allowed(&self) -> Result<Vec<String>, Wrong> {
        let Some(list) = &self.allow else {
            return Ok(Vec::new());
        };
        let one = |hash: &Spanned<String>| {
            let text = hash.get_ref().to_ascii_lowercase();
            let well = (16..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            well.then_some(text).ok_or_else(|| {
                Wrong::new(
                    hash.span().start,
                    "an allowed secret is written as its SHA-256",
                )
                .mend("write the hash that the finding names; a secret itself never stands here")
            })
        };
        list.get_ref().iter().map(one).collect()
    }

    fn fix(&self, action: &Action) -> Result<Fix, Wrong> {
        let Some(fix) = &self.fix else {
            return Ok(Fix::No);
        };
        match action {
            Action::Check(check) if !check.id.can_fix() && *fix.get_ref() != Fix::No => {
                Err(Wrong::new(
                    fix.span().start,
                    format!("the check `{}` cannot mend what it finds", check.id),
                )
                .at_key("fix")
                .mend("delete fix"))
            }
            _ => Ok(*fix.get_ref()),
        }
    }

    fn env(&self) -> Result<BTreeMap<String, String>, Wrong> {
        let Some(env) = &self.env else {
            return Ok(BTreeMap::new());
        };
        let bad = |name: &&String| name.is_empty() || name.contains(['=', '\0']);
        match env.get_ref().keys().find(bad) {
            Some(name) => Err(Wrong::new(
                env.span().start,
                format!("{name:?} is no name of a variable"),
            )
            .mend("write letters, digits and _")),
            None => Ok(env.get_ref().clone()),
        }
    }

    fn types(&self, place: &Place) -> Result<Vec<&'static str>, Wrong> {
        let Some(types) = &self.types else {
            return Ok(Vec::new());
        };
        files_only("types", types.span().start, place)?;
        types.get_ref().iter().map(value::file_type).collect()
    }
}

fn patterns(
    list: Option<&Spanned<Vec<Spanned<String>>>>,
    key: &'static str,
    place: &Place,
) -> Result<Patterns, Wrong> {
    let Some(list) = list else {
        return Ok(Patterns::default());
    };
    files_only(key, list.span().start, place)?;
    value::patterns(list.get_ref(), place.folder)
}

fn files_only(key: &'static str, at: usize, place: &Place) -> Result<(), Wrong> {
    if place.hook.has_files() {
        return Ok(());
    }
    Err(Wrong::new(
        at,
        format!("`{key}` is about files, and {} has none", place.hook),
    )
    .at_key(key)
    .mend("delete it"))
}

impl<'de> Deserialize<'de> for Fix {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Fix;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("true, false or \"stop\"")
            }

            fn visit_bool<E>(self, fix: bool) -> Result<Fix, E> {
                Ok(if fix { Fix::Yes } else { Fix::No })
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Fix, E> {
                match text {
                    "stop" => Ok(Fix::Stop),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Serialize for Fix {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::No => false.serialize(serializer),
            Self::Yes => true.serialize(serializer),
            Self::Stop => "stop".serialize(serializer),
        }
    }
}

/// The forms of [`Fix`], for the schema alone.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "the schema is made of it")]
enum FixForm {
    Fix(bool),
    Stop(StopWord),
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code, reason = "the schema is made of it")]
enum StopWord {
    Stop,
}

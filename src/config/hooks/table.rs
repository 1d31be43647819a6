//! `[hooks]` as it is written, and the checks that serde cannot make.

use super::check::{Check, CheckOptions, Ending};
use super::{
    Action, Branches, CheckId, CommandLine, Fix, Hook, Hooks, Job, Level, Patterns, Tool,
    default_jobs,
};
use crate::config::{ConfigError, position};
use crate::project::RelPath;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;
use toml::Spanned;

/// What git's hooks run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct HooksTable {
    /// Files that no job looks at: globs as in `.gitignore`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    exclude: Vec<Spanned<String>>,
    /// Whether the checks that are on by default run beside the jobs that are written here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<bool>")]
    defaults: Option<Spanned<bool>>,
    /// Checks that are on by default and shall not run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    disable: Vec<Spanned<String>>,
    /// How long a hook may take before its slowest jobs are named: of pre-commit, or by hook.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BudgetForm>")]
    budget: Option<Spanned<Budget>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<JobTable>")]
    pre_commit: Vec<Spanned<JobTable>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<JobTable>")]
    pre_merge_commit: Vec<Spanned<JobTable>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<JobTable>")]
    prepare_commit_msg: Vec<Spanned<JobTable>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<JobTable>")]
    commit_msg: Vec<Spanned<JobTable>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<JobTable>")]
    pre_push: Vec<Spanned<JobTable>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<JobTable>")]
    post_checkout: Vec<Spanned<JobTable>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<JobTable>")]
    post_merge: Vec<Spanned<JobTable>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<JobTable>")]
    post_rewrite: Vec<Spanned<JobTable>>,
}

/// One job: `check` or `run`, and when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct JobTable {
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
    /// Types of files by extension, first line and content: `python`, `shell`, `text`, ….
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

/// What one configuration file adds.
pub(super) struct Part {
    pub(super) exclude: Patterns,
    pub(super) jobs: BTreeMap<Hook, Vec<Job>>,
}

/// What is wrong, and at which byte.
pub(crate) struct Wrong {
    at: usize,
    /// Points at the key of the value at `at`, not at the value.
    key: Option<&'static str>,
    message: String,
    mend: Option<String>,
}

impl Wrong {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            key: None,
            message: message.into(),
            mend: None,
        }
    }

    fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    pub(crate) fn at(self, text: &str, file: &str) -> ConfigError {
        let before = text.get(..self.at).unwrap_or(text);
        let at = self
            .key
            .and_then(|key| before.rfind(key))
            .unwrap_or(self.at);
        let (line, column) = position(text, at);
        ConfigError {
            file: file.to_owned(),
            line,
            column,
            message: self.message,
            mend: self.mend,
        }
    }
}

impl HooksTable {
    /// What the root's configuration means.
    pub(crate) fn read(&self, text: &str, file: &str) -> Result<Hooks, Wrong> {
        let Part { exclude, jobs } = self.jobs_of(text, file, &RelPath::root())?;
        let mut hooks = Hooks {
            exclude,
            budget: self.budgets()?,
            jobs: BTreeMap::new(),
        };
        let disabled = self.disabled()?;
        for hook in Hook::ALL {
            let written = jobs.get(&hook).map_or(&[][..], Vec::as_slice);
            let named = |id: CheckId| {
                written
                    .iter()
                    .any(|job| job.check().is_some_and(|check| check.id == id))
            };
            let on = self.defaults.as_ref().is_none_or(|on| *on.get_ref());
            let mut all: Vec<Job> = default_jobs(hook)
                .filter(|job| {
                    on && job
                        .check()
                        .is_some_and(|check| !named(check.id) && !disabled.contains(&check.id))
                })
                .collect();
            all.extend_from_slice(written);
            hooks.jobs.insert(hook, all);
        }
        Ok(hooks)
    }

    /// What a subfolder's configuration adds.
    pub(super) fn part(&self, text: &str, file: &str, folder: &RelPath) -> Result<Part, Wrong> {
        let root_only = [
            ("defaults", self.defaults.as_ref().map(|one| one.span())),
            ("disable", self.disable.first().map(|one| one.span())),
            ("budget", self.budget.as_ref().map(|one| one.span())),
        ];
        for (key, span) in root_only {
            if let Some(span) = span {
                return Err(Wrong {
                    key: Some(key),
                    ..Wrong::new(
                        span.start,
                        format!(
                            "`{key}` holds for the whole repository, and {file} is not at its root"
                        ),
                    )
                }
                .mend("write it in shipway.toml at the root"));
            }
        }
        self.jobs_of(text, file, folder)
    }

    fn jobs_of(&self, text: &str, file: &str, folder: &RelPath) -> Result<Part, Wrong> {
        let mut jobs = BTreeMap::new();
        for (hook, tables) in self.lists() {
            let mut list: Vec<Job> = Vec::with_capacity(tables.len());
            for table in tables {
                let start = table.span().start;
                let place = Place {
                    hook,
                    folder,
                    start,
                };
                let mut job = table.get_ref().job(&place)?;
                let (line, _) = position(text, start);
                if let Some(other) = list.iter().find(|other| other.name == job.name) {
                    let at = table.get_ref().named().unwrap_or(start);
                    let at_other = other.place.as_deref().unwrap_or_default();
                    return Err(Wrong::new(
                        at,
                        format!(
                            "{hook} has two jobs named `{}`; the other is at {at_other}",
                            job.name
                        ),
                    )
                    .mend("give one of them another name = \"…\""));
                }
                job.place = Some(format!("{file}:{line}"));
                list.push(job);
            }
            if !list.is_empty() {
                jobs.insert(hook, list);
            }
        }
        Ok(Part {
            exclude: patterns(&self.exclude, folder)?,
            jobs,
        })
    }

    fn lists(&self) -> [(Hook, &[Spanned<JobTable>]); 8] {
        [
            (Hook::PreCommit, &self.pre_commit),
            (Hook::PreMergeCommit, &self.pre_merge_commit),
            (Hook::PrepareCommitMsg, &self.prepare_commit_msg),
            (Hook::CommitMsg, &self.commit_msg),
            (Hook::PrePush, &self.pre_push),
            (Hook::PostCheckout, &self.post_checkout),
            (Hook::PostMerge, &self.post_merge),
            (Hook::PostRewrite, &self.post_rewrite),
        ]
    }

    fn disabled(&self) -> Result<Vec<CheckId>, Wrong> {
        self.disable.iter().map(check_id).collect()
    }

    fn budgets(&self) -> Result<BTreeMap<Hook, Duration>, Wrong> {
        let Some(budget) = &self.budget else {
            return Ok(BTreeMap::new());
        };
        let start = budget.span().start;
        match budget.get_ref() {
            Budget::PreCommit(text) => Ok([(Hook::PreCommit, duration(text, start)?)]
                .into_iter()
                .collect()),
            Budget::ByHook(map) => map
                .iter()
                .map(|(name, text)| {
                    let at = name.span().start;
                    let hook = Hook::parse(name.get_ref()).ok_or_else(|| {
                        let known = Hook::ALL.map(Hook::name);
                        Wrong::new(at, format!("there is no hook `{}`", name.get_ref()))
                            .mend(nearest(name.get_ref(), known))
                    })?;
                    Ok((hook, duration(text.get_ref(), text.span().start)?))
                })
                .collect(),
        }
    }
}

/// Where a job stands.
struct Place<'p> {
    hook: Hook,
    folder: &'p RelPath,
    /// Byte at which its table begins.
    start: usize,
}

impl JobTable {
    fn job(&self, place: &Place) -> Result<Job, Wrong> {
        let action = match (&self.check, &self.run) {
            (Some(check), None) => Action::Check(self.check(check, place)?),
            (None, Some(run)) => Action::Run(self.command(run, place)?),
            (Some(_), Some(run)) => {
                return Err(Wrong {
                    key: Some("run"),
                    ..Wrong::new(run.span().start, "a job is a `check` or a `run`, not both")
                }
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
        job.files = self.patterns(self.files.as_ref(), "files", place)?;
        job.exclude = self.patterns(self.exclude.as_ref(), "exclude", place)?;
        job.types = self.types(place)?;
        job.branches = branches(self.branches.as_ref())?;
        job.merge = self.merge.unwrap_or(true);
        job.fix = self.fix(&job.action)?;
        job.level = self.level.unwrap_or(job.level);
        job.required = self.required.as_ref().is_some_and(|one| *one.get_ref());
        job.tool = self.tool.as_ref().map(|tool| tool.get_ref().clone());
        job.env = self.env()?;
        job.timeout = self
            .timeout
            .as_ref()
            .map(|text| duration(text.get_ref(), text.span().start))
            .transpose()?;
        if let Some(below) = &self.working_dir {
            job.working_dir = inside(place.folder, below)?;
        }
        Ok(job)
    }

    /// Byte of the value that names it.
    fn named(&self) -> Option<usize> {
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
            return Err(Wrong {
                key: Some("run"),
                ..Wrong::new(
                    at,
                    format!(
                        "{} runs no command: what has just arrived would run before anybody saw it",
                        place.hook
                    ),
                )
            }
            .mend("delete the job; the check `arrivals` says what to run"));
        }
        for (key, span, check) in self.options() {
            if let Some(span) = span {
                return Err(Wrong {
                    key: Some(key),
                    ..Wrong::new(
                        span.start,
                        format!("`{key}` is an option of the check `{check}`, and this job runs a command"),
                    )
                }
                .mend("delete it, or write it into the command"));
            }
        }
        CommandLine::parse(run.get_ref(), place.hook)
            .map_err(|wrong| Wrong::new(at, wrong.message).mend(wrong.mend))
    }

    fn check(&self, name: &Spanned<String>, place: &Place) -> Result<Check, Wrong> {
        let id = check_id(name)?;
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
            ("timeout", self.timeout.as_ref().map(|one| one.span())),
            ("env", self.env.as_ref().map(|one| one.span())),
            ("tool", self.tool.as_ref().map(|one| one.span())),
            ("required", self.required.as_ref().map(|one| one.span())),
            (
                "working_dir",
                self.working_dir.as_ref().map(|one| one.span()),
            ),
        ];
        for (key, span) in for_commands {
            if let Some(span) = span {
                return Err(Wrong {
                    key: Some(key),
                    ..Wrong::new(
                        span.start,
                        format!("`{key}` is for a job that runs a command, and `{id}` is built in"),
                    )
                }
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
                return Err(Wrong {
                    key: Some(key),
                    ..Wrong::new(
                        span.start,
                        format!("`{key}` is an option of the check `{check}`, not of `{id}`"),
                    )
                }
                .mend(mend));
            }
        }
        Ok(Check {
            id,
            options: self.check_options(place)?,
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
                Some(text) => size(text)?,
                None => default.max_size,
            },
            allow: self.allowed()?,
            allow_file: self
                .allow_file
                .as_ref()
                .map(|file| inside(place.folder, file))
                .transpose()?,
            entropy: value(&self.entropy, default.entropy),
            comments: self.patterns(self.comments.as_ref(), "comments", place)?,
            commit_types: list(&self.commit_types),
            scopes: list(&self.scopes),
            max_subject: self.max_subject.as_ref().map(|one| *one.get_ref()),
            protected: match &self.protected {
                Some(_) => branches(self.protected.as_ref())?,
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
                Err(Wrong {
                    key: Some("fix"),
                    ..Wrong::new(
                        fix.span().start,
                        format!("the check `{}` cannot mend what it finds", check.id),
                    )
                }
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

    fn types(&self, place: &Place) -> Result<Vec<String>, Wrong> {
        let Some(types) = &self.types else {
            return Ok(Vec::new());
        };
        files_only("types", types.span().start, place)?;
        Ok(types
            .get_ref()
            .iter()
            .map(|one| one.get_ref().clone())
            .collect())
    }

    fn patterns(
        &self,
        list: Option<&Spanned<Vec<Spanned<String>>>>,
        key: &'static str,
        place: &Place,
    ) -> Result<Patterns, Wrong> {
        let Some(list) = list else {
            return Ok(Patterns::default());
        };
        files_only(key, list.span().start, place)?;
        patterns(list.get_ref(), place.folder)
    }
}

fn files_only(key: &'static str, at: usize, place: &Place) -> Result<(), Wrong> {
    if place.hook.has_files() {
        return Ok(());
    }
    Err(Wrong {
        key: Some(key),
        ..Wrong::new(
            at,
            format!("`{key}` is about files, and {} has none", place.hook),
        )
    }
    .mend("delete it"))
}

fn check_id(name: &Spanned<String>) -> Result<CheckId, Wrong> {
    CheckId::parse(name.get_ref()).ok_or_else(|| {
        Wrong::new(
            name.span().start,
            format!("there is no check `{}`", name.get_ref()),
        )
        .mend(nearest(name.get_ref(), CheckId::all().map(CheckId::name)))
    })
}

fn patterns(texts: &[Spanned<String>], folder: &RelPath) -> Result<Patterns, Wrong> {
    Patterns::new(texts.iter().map(Spanned::get_ref), folder)
        .map_err(|wrong| malformed(texts, "files", wrong))
}

fn branches(texts: Option<&Spanned<Vec<Spanned<String>>>>) -> Result<Branches, Wrong> {
    let texts = texts.map_or(&[][..], |texts| texts.get_ref());
    Branches::new(texts.iter().map(Spanned::get_ref))
        .map_err(|wrong| malformed(texts, "branches", wrong))
}

fn malformed(texts: &[Spanned<String>], of: &str, (index, why): (usize, String)) -> Wrong {
    let Some(text) = texts.get(index) else {
        return Wrong::new(0, why);
    };
    Wrong::new(
        text.span().start,
        format!("{:?} is no pattern of {of}: {why}", text.get_ref()),
    )
    .mend("put a \\\\ before a bracket or brace that is meant as it stands")
}

/// A path of the tree, seen from `folder`.
fn inside(folder: &RelPath, below: &Spanned<String>) -> Result<RelPath, Wrong> {
    folder.join(below.get_ref()).map_err(|error| {
        Wrong::new(below.span().start, error.to_string())
            .mend("write a path inside the repository, seen from this file")
    })
}

fn duration(text: &str, at: usize) -> Result<Duration, Wrong> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|span| Duration::try_from(span).ok())
        .filter(|span| !span.is_zero())
        .ok_or_else(|| {
            Wrong::new(at, format!("{text:?} is no duration"))
                .mend("write a number with its unit, such as \"500ms\", \"30s\" or \"2m 30s\"")
        })
}

fn size(text: &Spanned<String>) -> Result<u64, Wrong> {
    text.get_ref()
        .parse::<bytesize::ByteSize>()
        .map(|size| size.as_u64())
        .map_err(|_| {
            Wrong::new(
                text.span().start,
                format!("{:?} is no size of a file", text.get_ref()),
            )
            .mend("write a number with its unit, such as \"500 KiB\" or \"2 MB\"")
        })
}

/// The known name most like `name`, or all of them.
fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match super::super::nearest(name, known.iter().copied()) {
        Some(likely) => format!("did you mean `{likely}`?"),
        None => format!("there are {}", known.join(", ")),
    }
}

/// A budget: of pre-commit alone, or by the hook's name.
#[derive(Debug, Clone, PartialEq)]
enum Budget {
    PreCommit(String),
    ByHook(BTreeMap<Spanned<String>, Spanned<String>>),
}

impl<'de> Deserialize<'de> for Budget {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Budget;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("a duration such as \"2s\", or a table of durations by hook")
            }

            fn visit_str<E>(self, text: &str) -> Result<Budget, E> {
                Ok(Budget::PreCommit(text.to_owned()))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Budget, A::Error> {
                let map = serde::de::value::MapAccessDeserializer::new(map);
                BTreeMap::deserialize(map).map(Budget::ByHook)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Serialize for Budget {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::PreCommit(text) => text.serialize(serializer),
            Self::ByHook(map) => map.serialize(serializer),
        }
    }
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

/// The forms of [`Budget`], for the schema alone.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "the schema is made of it")]
enum BudgetForm {
    PreCommit(String),
    ByHook(BTreeMap<String, String>),
}

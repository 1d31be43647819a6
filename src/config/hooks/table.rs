//! `[hooks]` as it is written, and the checks that serde cannot make.

use super::job_table::{JobTable, Place};
use super::value::{self, Wrong};
use super::{CheckId, Hook, Hooks, Job, Patterns, default_jobs};
use crate::config::position;
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

/// What one configuration file adds.
pub(super) struct Part {
    pub(super) exclude: Patterns,
    pub(super) jobs: BTreeMap<Hook, Vec<Job>>,
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
            ("defaults", self.defaults.as_ref().map(Spanned::span)),
            ("disable", self.disable.first().map(Spanned::span)),
            ("budget", self.budget.as_ref().map(Spanned::span)),
        ];
        for (key, span) in root_only {
            if let Some(span) = span {
                return Err(Wrong::new(
                    span.start,
                    format!(
                        "`{key}` holds for the whole repository, and {file} is not at its root"
                    ),
                )
                .at_key(key)
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
            exclude: value::patterns(&self.exclude, folder)?,
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
        self.disable.iter().map(value::check_id).collect()
    }

    fn budgets(&self) -> Result<BTreeMap<Hook, Duration>, Wrong> {
        let Some(budget) = &self.budget else {
            return Ok(BTreeMap::new());
        };
        let start = budget.span().start;
        match budget.get_ref() {
            Budget::PreCommit(text) => Ok([(Hook::PreCommit, value::duration(text, start)?)]
                .into_iter()
                .collect()),
            Budget::ByHook(map) => map
                .iter()
                .map(|(name, text)| {
                    let at = name.span().start;
                    let hook = Hook::parse(name.get_ref()).ok_or_else(|| {
                        let known = Hook::ALL.map(Hook::name);
                        Wrong::new(at, format!("there is no hook `{}`", name.get_ref()))
                            .mend(value::nearest(name.get_ref(), known))
                    })?;
                    Ok((hook, value::duration(text.get_ref(), text.span().start)?))
                })
                .collect(),
        }
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

/// The forms of [`Budget`], for the schema alone.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "the schema is made of it")]
enum BudgetForm {
    PreCommit(String),
    ByHook(BTreeMap<String, String>),
}

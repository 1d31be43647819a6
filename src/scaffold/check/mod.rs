//! What is wrong with generated files: they drifted, name old versions, do not parse, or were made
//! less safe by hand.
//!
//! In: the [`Plan`] of what an update would do, the project and the repository's root. Out:
//! findings. Reads the tree and writes nothing; [`validator`] alone runs programs, where it is
//! asked to. Needs `hooks::check`, which knows the formats and what a secret looks like, and
//! `detect`, which gives YAML and JSON their lines.

mod drift;
mod image;
mod old_pin;
mod risk;
mod rule;
mod sarif;
mod text;
pub mod validator;
mod validity;

pub use crate::hooks::check::Severity;
pub use rule::{Kind, Rule};
pub use sarif::sarif;
use text::Text;

use super::lock::Lock;
use super::moved::OldName;
use super::pins::Pins;
use super::plan::Plan;
use crate::config::Config;
use crate::hooks::{self, AllowFileError};
use crate::project::{Project, RelPath};
use rayon::prelude::*;
use serde::Serialize;
use std::path::Path;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Id of the rule, or of the check or validator that says so.
    pub rule: &'static str,
    pub kind: Kind,
    pub severity: Severity,
    pub path: RelPath,
    /// From 1; None where it is about the whole file.
    pub line: Option<usize>,
    /// A sentence without the place. Never holds a secret.
    pub message: String,
    /// The command or edit that mends it.
    pub mend: String,
    /// What made it drift: a template, a detected fact, an answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
}

impl Finding {
    fn of(
        rule: &Rule,
        path: &RelPath,
        line: impl Into<Option<usize>>,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            rule: rule.id,
            kind: rule.kind,
            severity: rule.severity,
            path: path.clone(),
            line: line.into(),
            message: message.into(),
            mend: mend.into(),
            why: Vec::new(),
        }
    }
}

/// What is looked at.
#[derive(Clone, Copy)]
pub struct Subject<'s> {
    pub plan: &'s Plan,
    /// As it lies there, both sides joined where it was in conflict.
    pub lock: &'s Lock,
    pub project: &'s Project,
    pub config: &'s Config,
    /// Top of the work tree.
    pub root: &'s Path,
}

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    AllowFile(#[from] AllowFileError),
    #[error("the built-in pins are malformed: {0}")]
    Pins(#[from] toml::de::Error),
}

/// Where `text` names a generated file that was moved as if it had not been. What an update changes is
/// not looked at.
fn old_names<'t>(text: &'t Text, plan: &'t Plan) -> impl Iterator<Item = Finding> + 't {
    let changes = plan.changes.iter().any(|change| change.path == *text.path);
    let is_here = move |one: &&OldName| !changes && one.path == *text.path;
    plan.old_names.iter().filter(is_here).filter_map(|one| {
        let OldName { name, lies_at, .. } = one;
        let message = format!("it names {name}, which was moved to {lies_at}");
        text.finding(
            rule::OLD_NAME,
            one.line,
            message,
            format!("name {lies_at} here"),
        )
    })
}

/// Everything that is wrong, sorted by path and line.
///
/// # Errors
/// When the list of values that are no secrets cannot be read.
pub fn check(subject: Subject) -> Result<Vec<Finding>, CheckError> {
    let pins = Pins::builtin()?;
    let secrets = hooks::options_of(&subject.config.hooks, "secrets", subject.root)?;
    let mut findings = drift::findings(subject);
    let drifted: Vec<RelPath> = findings.iter().map(|one| one.path.clone()).collect();
    let texts = text::all(subject);
    let known = risk::Known::of(&texts);
    let looked: Vec<Finding> = texts
        .par_iter()
        .flat_map_iter(|text| {
            let mut found = validity::findings(text, subject.root);
            found.extend(old_names(text, subject.plan));
            found.extend(risk::findings(text, &known, &secrets));
            if !drifted.contains(text.path) {
                found.extend(old_pin::findings(text, &pins));
            }
            found
        })
        .collect();
    findings.extend(looked);
    findings.sort_by(|a, b| {
        (&a.path, a.line, a.rule, &a.message).cmp(&(&b.path, b.line, b.rule, &b.message))
    });
    findings.dedup();
    Ok(findings)
}

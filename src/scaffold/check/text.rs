//! The files that are looked at: those that were generated, and the user's own of the same kinds.

use super::{Finding, Rule, Subject};
use crate::detect::existing::{is_compose, is_dockerfile};
use crate::hooks::check;
use crate::project::RelPath;
use crate::scaffold::block::{self, Found};
use crate::scaffold::feature::Strategy;
use crate::scaffold::plan::Seen;

/// What the name of a file says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Dockerfile,
    Compose,
    Workflow,
    DevContainer,
    Other,
}

impl Format {
    pub(super) fn of(path: &RelPath) -> Self {
        let name = path.file_name();
        let is_yaml = matches!(path.extension(), "yml" | "yaml");
        if is_yaml && path.parent().as_str() == ".github/workflows" {
            Self::Workflow
        } else if is_compose(name) {
            Self::Compose
        } else if matches!(name, "devcontainer.json" | ".devcontainer.json") {
            Self::DevContainer
        } else if is_dockerfile(name) && path.extension() != "dockerignore" {
            Self::Dockerfile
        } else {
            Self::Other
        }
    }
}

/// One file.
pub(super) struct Text<'s> {
    pub path: &'s RelPath,
    /// Where it was made.
    pub made_at: &'s RelPath,
    pub format: Format,
    /// As it lies there.
    pub bytes: Vec<u8>,
    /// The same with line feeds only; what is no UTF-8 is replaced.
    pub text: String,
    /// What it was generated as; None where the file is the user's.
    pub pristine: Option<&'s str>,
    /// Whether it differs from that.
    pub edited: bool,
    /// Whether marks of its block are missing.
    pub torn: bool,
}

impl Text<'_> {
    /// The finding of `rule` at `line` of this file, unless that line or the one above it says
    /// that it is meant.
    pub(super) fn finding(
        &self,
        rule: &Rule,
        line: usize,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Option<Finding> {
        let before = self.text.split_inclusive('\n').take(line.saturating_sub(1));
        let at = before.map(str::len).sum::<usize>();
        let at = at.min(self.text.len());
        let is_meant = check::allows(self.text.as_bytes(), at, rule.id);
        (!is_meant).then(|| Finding::of(rule, self.path, line, message, mend))
    }
}

/// Every file that is there.
pub(super) fn all(subject: Subject<'_>) -> Vec<Text<'_>> {
    let generated = subject.plan.seen.iter().filter_map(|seen| {
        let bytes = seen.present.clone()?;
        let (edited, torn) = state(seen, &bytes);
        Some(Text {
            made_at: &seen.made_at,
            format: Format::of(&seen.made_at),
            pristine: Some(seen.pristine.as_str()),
            edited,
            torn,
            ..text(&seen.path, bytes)
        })
    });
    let existing = &subject.project.existing;
    let workflows = existing.ci.iter().filter(|file| file.kind == "github");
    let own = (existing.dockerfiles.iter().map(|file| &file.path))
        .chain(existing.compose_files.iter().map(|file| &file.path))
        .chain(workflows.map(|file| &file.path))
        .filter(|path| subject.plan.seen.iter().all(|seen| seen.path != **path))
        .filter(|path| !subject.lock.owns(path) || subject.lock.has_released(path));
    let own = own.filter_map(|path| {
        // One that went away in between is none.
        let bytes = std::fs::read(path.under(subject.root)).ok()?;
        Some(text(path, bytes))
    });
    generated.chain(own).collect()
}

/// One of the user's.
fn text(path: &RelPath, bytes: Vec<u8>) -> Text<'_> {
    Text {
        path,
        made_at: path,
        format: Format::of(path),
        text: String::from_utf8_lossy(&block::with_line_feeds(&bytes)).into_owned(),
        bytes,
        pristine: None,
        edited: true,
        torn: false,
    }
}

/// Whether the generated part was edited, and whether marks of it are missing.
fn state(seen: &Seen, present: &[u8]) -> (bool, bool) {
    let is_edited = |part: &[u8]| block::with_line_feeds(part) != seen.pristine.as_bytes();
    match seen.strategy {
        Strategy::File => (is_edited(present), false),
        Strategy::Block => match block::find(present, &seen.id) {
            Found::Block { text, .. } => (is_edited(text), false),
            Found::Absent => (false, false),
            Found::Broken => (true, true),
        },
        // Of those the user's part cannot be told from the generated one.
        Strategy::Env | Strategy::Jobs => (false, false),
    }
}

//! One thing that a hook runs.

use super::{Branches, Check, CheckId, CheckOptions, CommandLine, Patterns};
use crate::project::RelPath;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Unique in its hook. Of a subfolder's configuration: `folder/name`.
    pub name: String,
    pub action: Action,
    /// Folder of the configuration that holds it: no other file is its business.
    pub folder: RelPath,
    /// Folder that its command is run in, relative to the root; its files are named from there.
    pub working_dir: RelPath,
    /// Files that it looks at; all where empty.
    pub files: Patterns,
    pub exclude: Patterns,
    /// Types of files that it looks at, as `identify` names them; see [`Job::is_of`].
    pub types: Vec<&'static str>,
    /// Branches that it runs on.
    pub branches: Branches,
    /// Whether it also runs when a merge is committed.
    pub merge: bool,
    pub fix: Fix,
    /// What its failure means.
    pub level: Level,
    /// After which it is ended with all its children.
    pub timeout: Option<Duration>,
    /// Variables set for its command.
    pub env: BTreeMap<String, String>,
    /// What its command needs, and how one gets that.
    pub tool: Option<Tool>,
    /// Whether a missing tool is an error at a commit too, and not only in CI.
    pub required: bool,
    /// `shipway.toml:12`; None for a check that is on by default.
    pub place: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Check(Check),
    Run(CommandLine),
}

/// Whether a job may rewrite its files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fix {
    #[default]
    No,
    /// And the commit carries what it wrote.
    Yes,
    /// And the commit stops, so that somebody looks.
    Stop,
}

/// What it means that a job fails.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It is said, and nothing is stopped.
    Warning,
    /// What the hook guards does not happen.
    #[default]
    Error,
}

/// A program that a command needs.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    pub name: String,
    /// Command that installs it: shown to a person, never run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install: Option<String>,
}

impl Job {
    /// The check `id` as it is where nothing is configured.
    pub(super) fn default_of(id: CheckId) -> Self {
        let check = Check {
            id,
            options: Box::new(CheckOptions::default()),
        };
        Self::new(id.name().to_owned(), Action::Check(check), RelPath::root())
    }

    /// A job of which only this is said.
    pub(super) fn new(name: String, action: Action, folder: RelPath) -> Self {
        let level = match &action {
            Action::Check(check) => check.id.level(),
            Action::Run(_) => Level::Error,
        };
        Self {
            name,
            action,
            working_dir: folder.clone(),
            folder,
            files: Patterns::default(),
            exclude: Patterns::default(),
            types: Vec::new(),
            branches: Branches::default(),
            merge: true,
            fix: Fix::No,
            level,
            timeout: None,
            env: BTreeMap::new(),
            tool: None,
            required: false,
            place: None,
        }
    }

    /// Whether the configuration lets it look at `path`, relative to the root.
    #[must_use]
    pub fn wants(&self, path: &str) -> bool {
        let within = self.folder.is_root()
            || path
                .strip_prefix(self.folder.as_str())
                .is_some_and(|rest| rest.starts_with('/'));
        within && (self.files.is_empty() || self.files.matches(path)) && !self.exclude.matches(path)
    }

    /// Whether a file of which `has` tells the types is one that it looks at. Of types that
    /// exclude each other (`python` and `markdown`, `text` and `binary`) one is enough; of those
    /// that do not (`python` and `executable`) each is needed.
    pub fn is_of(&self, has: impl Fn(&str) -> bool) -> bool {
        Facet::ALL.into_iter().all(|facet| {
            let mut of = self
                .types
                .iter()
                .filter(|tag| Facet::of(tag) == facet)
                .peekable();
            of.peek().is_none() || of.any(|tag| has(tag))
        })
    }

    /// The command, where it runs one.
    #[must_use]
    pub fn command(&self) -> Option<&CommandLine> {
        match &self.action {
            Action::Run(command) => Some(command),
            Action::Check(_) => None,
        }
    }

    /// The check, where it is one.
    #[must_use]
    pub fn check(&self) -> Option<&Check> {
        match &self.action {
            Action::Check(check) => Some(check),
            Action::Run(_) => None,
        }
    }
}

/// What a type says of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Facet {
    /// A file, a link, ….
    Kind,
    Mode,
    Encoding,
    Language,
}

impl Facet {
    const ALL: [Self; 4] = [Self::Kind, Self::Mode, Self::Encoding, Self::Language];

    fn of(tag: &str) -> Self {
        if file_identify::tags::is_type_tag(tag) {
            Self::Kind
        } else if file_identify::tags::is_mode_tag(tag) {
            Self::Mode
        } else if file_identify::tags::is_encoding_tag(tag) {
            Self::Encoding
        } else {
            Self::Language
        }
    }
}

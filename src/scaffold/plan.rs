//! The plan: what would be changed and why.

use super::PlanError;
use super::adopt::Takeover;
use super::feature::Strategy;
use super::lock::sha256;
use super::moved::OldName;
use crate::project::{Finding, RelPath};
use serde::Serialize;
use std::path::Path;

/// What a run would do; nothing has been written yet.
#[derive(Debug, Default, Serialize)]
pub struct Plan {
    /// One per artifact, sorted by path.
    pub entries: Vec<Entry>,
    /// Features that are not made, with why.
    pub skipped: Vec<Skipped>,
    /// What templates of the repository's own would write that executes; needs a yes of its own.
    pub executes: Vec<String>,
    /// What the owner should know of the files that stay as they are.
    pub findings: Vec<Finding>,
    /// What became of shipway's own records, where that needs a word.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Whether a file waits for something: an editor that has it open, or its user, who alone knows
    /// where it is.
    #[serde(skip)]
    pub waits: bool,
    /// The writes, in order; the pristine copies and, last, the lock included.
    #[serde(skip)]
    pub changes: Vec<Change>,
    /// Where generated files name one that was moved as if it had not been.
    #[serde(skip)]
    pub old_names: Vec<OldName>,
    /// What became of the file that was adopted.
    #[serde(skip)]
    pub takeover: Option<Takeover>,
    /// What the artifacts were when the plan was made, those with secrets left out.
    #[serde(skip)]
    pub(super) seen: Vec<Seen>,
}

/// One artifact as the plan found it.
pub(super) struct Seen {
    pub path: RelPath,
    /// Its path in the records, which tells its format: its user may have moved it.
    pub made_at: RelPath,
    pub id: String,
    pub strategy: Strategy,
    /// The whole file; None where there is none.
    pub present: Option<Vec<u8>>,
    /// What was generated before, or would be now where that cannot be had any more; with line
    /// feeds only.
    pub pristine: String,
}

/// One artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub path: RelPath,
    /// Empty for `shipway.toml`.
    pub feature: String,
    pub action: Action,
    pub strategy: Strategy,
    /// One line.
    pub reason: String,
    /// What made it change: a template, a detected fact, an answer. Empty where it does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A new file.
    Create,
    /// A new file beside one of the user's.
    Beside,
    /// A file of the user's that is shipway's from now on.
    Adopt,
    /// A marked block or variables in a file that is there.
    Extend,
    /// A generated file or block that nobody edited, made anew.
    Update,
    /// Generated before and edited since: what is new is put in, the edits stay.
    Merge,
    /// Generated before and edited since; stays as it is.
    Kept,
    /// Stays as it is: the edits and what is new touch the same. What would come lies beside it.
    Conflict,
    /// Generated before and deleted since; stays so.
    Absent,
    /// Not generated any more and not edited: taken away.
    Remove,
    /// Not generated any more, and edited: the user's from now on.
    Released,
    /// As it would be made.
    Unchanged,
    /// Not made, because the user's file is there.
    LeftOut,
}

/// A feature that is not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    pub feature: String,
    pub reason: String,
}

/// One file to write.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    pub path: RelPath,
    /// None removes the file.
    pub content: Option<Vec<u8>>,
    /// Permission bits; None keeps those that the file has.
    pub mode: Option<u32>,
    /// SHA-256 of the content that the plan saw; None where there was no file.
    pub before: Option<String>,
}

impl std::fmt::Debug for Seen {
    /// Without the content, which is long.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seen")
            .field("path", &self.path)
            .field("bytes", &self.present.as_ref().map(Vec::len))
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Change {
    /// Without the content, which may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Change")
            .field("path", &self.path)
            .field("bytes", &self.content.as_ref().map(Vec::len))
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl Change {
    /// That the file at `path` below `root` has `content`, whatever it has now.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn of_present(root: &Path, path: RelPath, content: Vec<u8>) -> Result<Self, PlanError> {
        let file = path.under(root);
        let before = match std::fs::read(&file) {
            Ok(present) => Some(sha256(&present)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => return Err(PlanError::Io { path: file, source }),
        };
        Ok(Self {
            path,
            content: Some(content),
            mode: None,
            before,
        })
    }
}

impl Plan {
    /// Whether applying it would write nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The files that the user's edits are in conflict with.
    pub fn conflicts(&self) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.action == Action::Conflict)
    }
}

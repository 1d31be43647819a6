//! What a check says.

use super::File;
use bstr::BString;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Said, and nothing is stopped by it.
    Warning,
    /// The commit or push is stopped.
    Error,
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Position {
    /// From 1; lines end in LF, CRLF or a lone CR.
    pub line: usize,
    /// From 1, in characters; each byte that is no UTF-8 counts as one.
    pub column: usize,
}

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which check says so.
    pub check: &'static str,
    /// Relative to the repository's root, as git has it; None where it is about no file.
    pub path: Option<BString>,
    /// None where it is about the whole file.
    pub position: Option<Position>,
    pub severity: Severity,
    /// A sentence without the place. Never holds a secret or a person's data.
    pub message: String,
    /// The command or edit that mends it.
    pub mend: String,
    /// Whether [`Outcome::fixed`] has it mended.
    pub fixable: bool,
}

impl Finding {
    pub(super) fn error(
        check: &'static str,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            check,
            path: None,
            position: None,
            severity: Severity::Error,
            message: message.into(),
            mend: mend.into(),
            fixable: false,
        }
    }

    pub(super) fn at(
        self,
        path: impl Into<BString>,
        position: impl Into<Option<Position>>,
    ) -> Self {
        Self {
            path: Some(path.into()),
            position: position.into(),
            ..self
        }
    }

    pub(super) fn warning(self) -> Self {
        Self {
            severity: Severity::Warning,
            ..self
        }
    }

    pub(super) fn fixable(self) -> Self {
        Self {
            fixable: true,
            ..self
        }
    }
}

/// What a check says of one content, and the content with what it can mend mended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    pub findings: Vec<Finding>,
    /// None where there is nothing to mend. Otherwise it differs from what was looked at, and
    /// looking at it finds nothing fixable.
    pub fixed: Option<Vec<u8>>,
}

/// Findings of which a file may have thousands: some are named, the others counted.
pub(super) struct Findings<'f> {
    file: &'f File<'f>,
    findings: Vec<Finding>,
    more: usize,
}

/// Findings of one check in one file that are named one by one.
const NAMED: usize = 20;

impl<'f> Findings<'f> {
    pub(super) fn new(file: &'f File<'f>) -> Self {
        Self {
            file,
            findings: Vec::new(),
            more: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Adds `finding` at byte `at` of the file.
    pub(super) fn push(&mut self, finding: Finding, at: usize) {
        if self.findings.len() < NAMED {
            let placed = self.file.place(finding, at);
            self.findings.push(placed);
        } else {
            self.more += 1;
        }
    }

    /// Adds `finding`, which has its place.
    pub(super) fn put(&mut self, finding: Finding) {
        if self.findings.len() < NAMED {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }

    /// `rest` goes on after "N more".
    pub(super) fn finish(mut self, rest: &str) -> Outcome {
        if let (Some(last), true) = (self.findings.last(), self.more > 0) {
            self.findings.push(Finding {
                position: None,
                message: format!("{} more {rest}", self.more),
                ..last.clone()
            });
        }
        self.findings.into()
    }
}

impl Outcome {
    pub(super) fn clean() -> Self {
        Self::default()
    }
}

impl From<Vec<Finding>> for Outcome {
    fn from(findings: Vec<Finding>) -> Self {
        Self {
            findings,
            fixed: None,
        }
    }
}

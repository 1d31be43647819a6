//! What the maintainers should know, and what detection could not find out.

use super::{Evidence, RelPath};
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Note,
    Warning,
    Error,
}

/// Something found while reading the tree, with the edit that mends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable kebab-case name: `insecure-default-secret`, `committed-env`, `invalid-toml`, …
    pub id: &'static str,
    pub severity: Severity,
    /// One sentence: what is wrong and why it matters. Never a secret's value.
    pub message: String,
    pub evidence: Vec<Evidence>,
    /// One sentence or command.
    pub mend: String,
}

/// A fact that was looked for and not found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// Which: `web.port`, `web.runtime_version`, …
    pub fact: String,
    /// Files or kinds of places that were looked at.
    pub looked_at: Vec<String>,
    /// The key in `shipway.toml` that answers it.
    pub answer_with: String,
    /// The service's folder, where it belongs to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<RelPath>,
}

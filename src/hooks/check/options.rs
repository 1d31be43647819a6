//! What can be chosen about checks, as plain values; everything has a default.

use super::allow::Allowed;
use super::line_endings::Ending;
use crate::config::hooks::{Branches, Patterns};

/// The options of all checks; each looks at its own.
#[derive(Debug, Clone)]
pub struct Options {
    /// trailing-whitespace: two blanks at the end of a Markdown line are a line break and stay.
    pub markdown_breaks: bool,
    /// line-endings: what every line shall end in.
    pub ending: Ending,
    /// large-files: bytes of the largest file that a commit may add.
    pub max_size: u64,
    /// secrets: values that are none.
    pub allow: Allowed,
    /// secrets: whether random-looking values are looked for beside known patterns.
    pub entropy: bool,
    /// json-syntax: files that may hold comments, beside those known to.
    pub comments: Patterns,
    /// commit-message: types that may be used; the usual ones where empty.
    pub commit_types: Vec<String>,
    /// commit-message: scopes that may be used; any where empty.
    pub scopes: Vec<String>,
    /// commit-message: characters of the longest subject; any length where absent.
    pub max_subject: Option<usize>,
    /// personal-data: names of columns that are personal here.
    pub columns: Vec<String>,
    /// personal-data: names of columns that look personal and are not.
    pub allow_columns: Vec<String>,
    /// protected-branch: branches that take no commit and no push.
    pub protected: Branches,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            markdown_breaks: true,
            ending: Ending::Most,
            max_size: 1024 * 1024,
            allow: Allowed::default(),
            entropy: true,
            comments: Patterns::default(),
            commit_types: Vec::new(),
            scopes: Vec::new(),
            max_subject: None,
            columns: Vec::new(),
            allow_columns: Vec::new(),
            protected: Branches::new(["main", "master"]).unwrap_or_default(),
        }
    }
}

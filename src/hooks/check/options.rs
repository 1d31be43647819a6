//! What can be chosen about checks, as plain values; everything has a default.

use super::line_endings::Ending;

/// The options of all checks; each looks at its own.
#[derive(Debug, Clone)]
pub struct Options {
    /// trailing-whitespace: two blanks at the end of a Markdown line are a line break and stay.
    pub markdown_breaks: bool,
    /// line-endings: what every line shall end in.
    pub ending: Ending,
    /// large-files: bytes of the largest file that a commit may add.
    pub max_size: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            markdown_breaks: true,
            ending: Ending::Most,
            max_size: 1024 * 1024,
        }
    }
}

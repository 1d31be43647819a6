//! Where a command's words go: results to standard output, what went wrong to standard error.

use super::Exit;
use std::io::Write;

/// What the global options ask of every command.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Output {
    /// Only what went wrong.
    pub(super) quiet: bool,
    /// Causes of errors, too.
    pub(super) verbose: bool,
}

impl Output {
    /// A line of the result. A reader that closes the pipe early has what it wanted.
    pub(super) fn line(self, text: &str) {
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }

    /// A line for the person only: never part of what a program reads.
    pub(super) fn aside(self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// A value as JSON, alone on standard output.
    pub(super) fn json<T: serde::Serialize>(self, value: &T) {
        match serde_json::to_string_pretty(value) {
            Ok(text) => self.line(&text),
            Err(error) => self.aside(&format!("shipway: {error}")),
        }
    }

    /// Says an error, with its causes where asked for.
    pub(super) fn error(self, error: &dyn std::error::Error) {
        self.aside(&format!("shipway: {error}"));
        let mut cause = error.source();
        while let (true, Some(one)) = (self.verbose, cause) {
            self.aside(&format!("  because: {one}"));
            cause = one.source();
        }
    }

    /// Wrong usage or configuration: says it and gives the exit code.
    pub(super) fn refuse(self, error: &dyn std::error::Error) -> Exit {
        self.error(error);
        Exit::Usage
    }
}

//! The standard streams, as `--quiet`, `NO_COLOR` and a closed pipe want them used.

use console::{Style, Term};
use std::io::{self, Write};

/// Where a command writes: reports to standard output, everything else to standard error.
#[derive(Clone)]
pub(crate) struct Output {
    stdout: Term,
    stderr: Term,
    quiet: bool,
    verbose: bool,
    colours: bool,
    error_colours: bool,
}

impl Output {
    /// Colours follow the terminal and the variables that `console` knows, `NO_COLOR` first.
    pub(crate) fn new(quiet: bool, verbose: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            stdout: Term::stdout(),
            stderr: Term::stderr(),
            quiet,
            verbose,
            colours: wanted && console::colors_enabled(),
            error_colours: wanted && console::colors_enabled_stderr(),
        }
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Whether a person looks at standard output.
    pub(crate) fn is_terminal(&self) -> bool {
        self.stdout.is_term()
    }

    /// Width of the terminal that standard output is; None where it is none.
    pub(crate) fn columns(&self) -> Option<usize> {
        let (_, columns) = self.stdout.size_checked()?;
        self.is_terminal().then_some(columns.into())
    }

    /// A style for standard output; none where colours are off.
    pub(crate) fn style(&self) -> Style {
        Style::new().force_styling(self.colours)
    }

    /// Writes a report to standard output, `--quiet` or not. A reader that has gone away is no
    /// error: there is nobody left to tell.
    ///
    /// # Errors
    /// When the stream cannot take it (a full disk).
    pub(crate) fn report(&self, text: &str) -> io::Result<()> {
        let mut stream = &self.stdout;
        let written = stream
            .write_all(text.as_bytes())
            .and_then(|()| stream.flush());
        ignore_closed(written)
    }

    /// Writes `value` as indented JSON and a newline to standard output.
    ///
    /// # Errors
    /// As [`Output::report`].
    pub(crate) fn json(&self, value: &impl serde::Serialize) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(value)?;
        text.push('\n');
        self.report(&text)
    }

    /// Writes one line for a person to standard error, unless `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            self.line(text);
        }
    }

    /// Says what failed and what mends it, `--quiet` or not.
    pub(crate) fn error(&self, sentence: &str, mend: Option<&str>) {
        let style = Style::new().force_styling(self.error_colours);
        self.line(&format!(
            "{} {sentence}",
            style.clone().red().bold().apply_to("error:")
        ));
        if let Some(mend) = mend {
            self.line(&format!("{} {mend}", style.cyan().apply_to("mend:")));
        }
    }

    fn line(&self, text: &str) {
        // Where even standard error is closed, nobody can be told anything.
        let _ = writeln!(&self.stderr, "{text}");
    }
}

fn ignore_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

//! The steps of `setup` as they happen: a spinner on a terminal, plain lines otherwise.

use super::Output;
use crate::setup::{Event, Outcome, Step};
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// Shows events on standard error.
pub(crate) struct Steps<'a> {
    output: &'a Output,
    quiet: bool,
    spinner: Option<ProgressBar>,
}

impl<'a> Steps<'a> {
    pub(crate) fn new(output: &'a Output, quiet: bool) -> Self {
        Self {
            output,
            quiet,
            spinner: None,
        }
    }

    pub(crate) fn show(&mut self, event: &Event) {
        match event {
            Event::Started { step } => self.start(step),
            Event::Said { line } => {
                if let Some(spinner) = &self.spinner {
                    spinner.set_message((*line).to_owned());
                } else if self.output.is_verbose() {
                    self.output.note(&format!("    {line}"));
                }
            }
            Event::Finished(step) => {
                if let Some(spinner) = self.spinner.take() {
                    spinner.finish_and_clear();
                }
                self.finish(step);
            }
        }
    }

    fn start(&mut self, step: &str) {
        if self.quiet {
            return;
        }
        let spinner = ProgressBar::new_spinner();
        if spinner.is_hidden() {
            self.output.note(&format!("...        {step}"));
            return;
        }
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}: {wide_msg:.dim}") {
            spinner.set_style(style);
        }
        spinner.set_prefix(step.to_owned());
        spinner.enable_steady_tick(Duration::from_millis(100));
        self.spinner = Some(spinner);
    }

    fn finish(&self, step: &Step) {
        let word = match step.outcome {
            Outcome::Done => "done     ",
            Outcome::Unchanged => "unchanged",
            Outcome::Skipped => "skipped  ",
            Outcome::Failed => {
                self.output.error(
                    &format!("{}: {}", step.name, step.message),
                    step.mend.as_deref(),
                );
                return;
            }
        };
        self.output
            .note(&format!("{word}  {}: {}", step.name, step.message));
        if let Some(mend) = &step.mend {
            self.output.note(&format!("           mend: {mend}"));
        }
    }
}

//! A run of a hook: a live line per running command on a terminal, and the report at its end.

use super::hook_past::{list, show_recovery};
use super::{Output, counted, visible};
use crate::config::hooks::Hook;
use crate::hooks::Event;
use crate::hooks::check::{Finding, Severity};
use crate::hooks::report::{JobReport, Report, State, Verdict};
use bstr::ByteSlice;
use console::Style;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Findings shown of one job; the rest is counted.
const SHOWN: usize = 25;

/// The live lines. Nothing where standard error is no terminal.
pub(crate) struct LiveJobs {
    lines: MultiProgress,
    running: Mutex<HashMap<String, ProgressBar>>,
    quiet: bool,
}

impl LiveJobs {
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            lines: MultiProgress::new(),
            running: Mutex::new(HashMap::new()),
            quiet,
        }
    }

    pub(crate) fn show(&self, event: &Event<'_>) {
        if self.quiet || self.lines.is_hidden() {
            return;
        }
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started(name) => {
                let line = self.lines.add(ProgressBar::new_spinner());
                if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}") {
                    line.set_style(style);
                }
                line.set_message((*name).to_owned());
                line.enable_steady_tick(Duration::from_millis(100));
                running.insert((*name).to_owned(), line);
            }
            Event::LayingOut => {
                for line in running.values() {
                    line.tick();
                }
            }
            Event::Ended(job) => {
                if let Some(line) = running.remove(&job.name) {
                    line.finish_and_clear();
                }
            }
        }
    }
}

/// The report as text: what needs a look, and a closing line. With `--verbose` every job.
pub(crate) fn hook_report(report: &Report, verdict: Verdict, output: &Output) -> String {
    let mut page = Page {
        text: String::new(),
        style: output.style(),
        verbose: output.is_verbose(),
    };
    page.text.push_str(&show_recovery(&report.recovery, output));
    for note in &report.notes {
        page.line("note", &Style::new().cyan(), "", note);
    }
    let width = report
        .jobs
        .iter()
        .filter(|job| page.is_shown(job))
        .map(|job| job.name.chars().count())
        .max()
        .unwrap_or_default()
        .min(30);
    for job in &report.jobs {
        if page.is_shown(job) {
            page.job(job, width);
        }
    }
    if let Some(trouble) = &report.trouble {
        page.line("error", &Style::new().red().bold(), "", &trouble.sentence);
        page.mend(&trouble.mend);
    }
    page.closing(report, verdict);
    page.text
}

/// What a checkout, a merge or a rebase asks for: a line each, and nothing where it is nothing.
pub(crate) fn arrival_report(report: &Report, output: &Output) -> String {
    let style = output.style();
    let mut text = show_recovery(&report.recovery, output);
    let findings: Vec<&Finding> = report.jobs.iter().flat_map(|job| &job.findings).collect();
    if findings.is_empty() {
        return text;
    }
    let what = match report.hook {
        Hook::PostCheckout => "checkout",
        Hook::PostMerge => "merge",
        _ => "rebase",
    };
    let _ = writeln!(
        text,
        "shipway: this {what} asks for something; nothing was run."
    );
    let path = |finding: &Finding| {
        let path = finding.path.as_ref().map(|path| path.to_str_lossy());
        visible(&path.unwrap_or_default()).into_owned()
    };
    let longest = |of: &dyn Fn(&Finding) -> usize| {
        findings
            .iter()
            .map(|one| of(one))
            .max()
            .unwrap_or_default()
            .min(48)
    };
    let paths = longest(&|one| path(one).chars().count());
    let messages = longest(&|one| one.message.chars().count());
    for finding in findings {
        let command = style.clone().cyan().apply_to(visible(&finding.mend));
        let (path, message) = (path(finding), visible(&finding.message));
        let _ = writeln!(text, "  {path:<paths$}  {message:<messages$}  {command}");
    }
    text
}

struct Page {
    text: String,
    style: Style,
    verbose: bool,
}

impl Page {
    /// Where colours are off, no style has one.
    fn coloured(&self, style: &Style, text: &str) -> String {
        let plain = self.style.apply_to("x").to_string() == "x" && !self.has_colours();
        if plain {
            text.to_owned()
        } else {
            style.clone().force_styling(true).apply_to(text).to_string()
        }
    }

    fn has_colours(&self) -> bool {
        self.style.clone().red().apply_to("x").to_string() != "x"
    }

    fn line(&mut self, word: &str, style: &Style, name: &str, text: &str) {
        let word = self.coloured(style, &format!("{word:<8}"));
        let gap = if name.is_empty() { "" } else { "  " };
        let _ = writeln!(
            self.text,
            "{}",
            format!("{word} {name}{gap}{text}").trim_end()
        );
    }

    fn below(&mut self, text: &str) {
        let _ = writeln!(self.text, "         {}", text.trim_end());
    }

    fn mend(&mut self, mend: &str) {
        let word = self.coloured(&Style::new().cyan(), "mend:");
        self.below(&format!("{word} {mend}"));
    }

    fn is_shown(&self, job: &JobReport) -> bool {
        self.verbose || !matches!(job.state, State::Passed | State::Idle)
    }

    fn job(&mut self, job: &JobReport, width: usize) {
        let (word, style) = match job.state {
            State::Passed => ("passed", Style::new().green()),
            State::Warned => ("warning", Style::new().yellow()),
            State::Fixed => ("fixed", Style::new().green()),
            State::Idle => ("idle", Style::new().dim()),
            State::Skipped => ("skipped", Style::new().yellow()),
            State::Missing => ("missing", Style::new().red().bold()),
            State::Failed if job.stops() => ("failed", Style::new().red().bold()),
            State::Failed => ("warning", Style::new().yellow()),
            State::Interrupted => ("stopped", Style::new().yellow()),
        };
        let name = format!("{:<width$}", job.name);
        let said = self.said(job);
        self.line(word, &style, &name, &said);
        let mut mends: Vec<&str> = Vec::new();
        for finding in job.findings.iter().take(self.shown(job.findings.len())) {
            self.finding(finding);
            if !mends.contains(&finding.mend.as_str()) {
                mends.push(&finding.mend);
            }
        }
        let more = job.findings.len() - self.shown(job.findings.len());
        if more > 0 {
            self.below(&format!("and {more} more; --verbose shows all"));
        }
        for mend in mends.into_iter().chain(job.mend.as_deref()) {
            self.mend(mend);
        }
        for refused in &job.refused {
            let patch = refused.patch.clone();
            self.indented(&patch);
        }
        if job.state == State::Failed || self.verbose {
            self.indented(&job.output);
        }
    }

    fn shown(&self, length: usize) -> usize {
        if self.verbose {
            length
        } else {
            length.min(SHOWN)
        }
    }

    fn indented(&mut self, text: &str) {
        let bar = self.coloured(&Style::new().dim(), "│");
        for line in text.trim_end().lines() {
            let _ = writeln!(self.text, "  {bar} {line}");
        }
    }

    /// What stands beside the job's name.
    fn said(&self, job: &JobReport) -> String {
        if let Some(reason) = &job.reason {
            return visible(reason).into_owned();
        }
        if !job.fixed.is_empty() && job.findings.is_empty() {
            return list(&job.fixed);
        }
        match job.findings.len() {
            0 if self.verbose => match job.files {
                0 => String::new(),
                1 => "1 file".to_owned(),
                files => format!("{files} files"),
            },
            0 => String::new(),
            1 => "1 finding".to_owned(),
            count => format!("{count} findings"),
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let mut place = String::new();
        if let Some(path) = &finding.path {
            let _ = write!(place, "{}", visible(&path.to_str_lossy()));
            if let Some(position) = finding.position {
                let _ = write!(place, ":{}:{}", position.line, position.column);
            }
            place.push_str(": ");
        }
        let word = match finding.severity {
            Severity::Error => String::new(),
            Severity::Warning => self.coloured(&Style::new().yellow(), "warning: "),
        };
        self.below(&format!("{place}{word}{}", visible(&finding.message)));
    }

    fn closing(&mut self, report: &Report, verdict: Verdict) {
        let idle = report.jobs.iter().all(|job| job.state == State::Idle);
        if idle && verdict == Verdict::Passed && !self.verbose {
            return;
        }
        // A job that only warns has not failed, whatever its command said.
        let state = |job: &JobReport| match job.state {
            State::Failed if !job.stops() => State::Warned,
            state => state,
        };
        let count = |of: State| report.jobs.iter().filter(|job| state(job) == of).count();
        let ran = report
            .jobs
            .iter()
            .filter(|job| !matches!(job.state, State::Skipped | State::Idle))
            .count();
        let (word, style) = match verdict {
            Verdict::Passed => ("passed", Style::new().green()),
            Verdict::Stopped => (
                "mended; look at it (git diff --cached), then commit again",
                Style::new().yellow(),
            ),
            Verdict::Failed => ("failed", Style::new().red().bold()),
            Verdict::Missing => ("failed, for a tool is missing", Style::new().red().bold()),
            Verdict::Interrupted => ("stopped; everything is as it was", Style::new().yellow()),
        };
        let mut numbers = format!(
            "{}, {}",
            counted(ran, "job", "jobs"),
            counted(report.files, "file", "files")
        );
        for (state, word) in [
            (State::Fixed, "fixed"),
            (State::Warned, "with warnings"),
            (State::Failed, "failed"),
            (State::Missing, "missing"),
            (State::Skipped, "skipped"),
        ] {
            let count = count(state);
            if count > 0 && (state != State::Skipped || self.verbose) {
                let _ = write!(numbers, ", {count} {word}");
            }
        }
        let word = self.coloured(&style, word);
        let seconds = report.time.as_secs_f64();
        let _ = writeln!(
            self.text,
            "{}: {word} ({numbers}, {seconds:.2} s)",
            report.hook
        );
    }
}

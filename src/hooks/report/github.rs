//! A report as workflow commands of GitHub Actions, which show each finding at its line.
//!
//! <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>

use super::{JobReport, Report, State};
use crate::config::hooks::Level;
use crate::hooks::check::Severity;
use bstr::ByteSlice;
use std::fmt::Write;

/// The commands, each a line; what commands printed stands in groups.
#[must_use]
pub fn github(report: &Report) -> String {
    let mut text = String::new();
    for note in &report.notes {
        let _ = writeln!(text, "::notice::{}", data(note));
    }
    for job in &report.jobs {
        of_job(job, &mut text);
    }
    if let Some(trouble) = &report.trouble {
        let message = format!("{}; {}", trouble.sentence, trouble.mend);
        let _ = writeln!(text, "::error::{}", data(&message));
    }
    text
}

fn of_job(job: &JobReport, text: &mut String) {
    let title = property(&job.name);
    for finding in &job.findings {
        let word = if finding.severity == Severity::Error && job.level == Level::Error {
            "error"
        } else {
            "warning"
        };
        let mut place = String::new();
        if let Some(path) = &finding.path {
            let _ = write!(place, "file={},", property(&path.to_str_lossy()));
        }
        if let Some(position) = finding.position {
            let _ = write!(place, "line={},col={},", position.line, position.column);
        }
        let message = format!("{}\n{}", finding.message, finding.mend);
        let _ = writeln!(text, "::{word} {place}title={title}::{}", data(&message));
    }
    for refused in &job.refused {
        let file = property(&refused.path.to_str_lossy());
        let _ = writeln!(
            text,
            "::error file={file},title={title}::{}",
            data(&refused.patch)
        );
    }
    let word = match job.state {
        State::Failed | State::Missing | State::Interrupted if job.stops() => "error",
        State::Failed => "warning",
        State::Skipped => "notice",
        _ => "",
    };
    if let Some(reason) = &job.reason
        && !word.is_empty()
    {
        let mend = job
            .mend
            .as_ref()
            .map_or(String::new(), |mend| format!("\n{mend}"));
        let _ = writeln!(
            text,
            "::{word} title={title}::{}",
            data(&format!("{reason}{mend}"))
        );
    }
    if !job.output.is_empty() {
        // A line of a tool must not be taken for a command of ours.
        let _ = writeln!(text, "::group::{}", data(&job.name));
        let token = format!(
            "shipway-{}",
            job.name.replace(|c: char| !c.is_alphanumeric(), "-")
        );
        let _ = writeln!(text, "::stop-commands::{token}\n{}", job.output.trim_end());
        let _ = writeln!(text, "::{token}::\n::endgroup::");
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

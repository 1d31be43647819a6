//! What `check` found, as lines: place, rule, sentence, and the mend below it.

use super::{Output, counted, visible};
use crate::scaffold::check::validator::Skipped;
use crate::scaffold::check::{Finding, Severity};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The findings and a closing line, which `quiet` leaves out.
pub(crate) fn show_check(
    findings: &[Finding],
    skipped: &[Skipped],
    quiet: bool,
    output: &Output,
) -> String {
    let style = output.style();
    let mut text = String::new();
    for (number, finding) in findings.iter().enumerate() {
        let word = match finding.severity {
            Severity::Error => style.clone().red().bold().apply_to("error"),
            Severity::Warning => style.clone().yellow().apply_to("warning"),
        };
        let line = finding
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        let _ = writeln!(
            text,
            "{}{line}: {word} {}: {}",
            visible(finding.path.as_str()),
            finding.rule,
            visible(&finding.message)
        );
        // Said once below all that it mends.
        let next = findings.get(number + 1);
        if next.is_none_or(|next| next.mend != finding.mend) {
            let word = style.clone().cyan().apply_to("mend:");
            let _ = writeln!(text, "  {word} {}", visible(&finding.mend));
        }
    }
    if quiet {
        return text;
    }
    for one in skipped {
        let word = style.clone().dim().apply_to("not asked:");
        let _ = writeln!(
            text,
            "{word} {}, for {}",
            one.validator,
            visible(&one.reason)
        );
    }
    let files: BTreeSet<_> = findings.iter().map(|finding| &finding.path).collect();
    let _ = if findings.is_empty() {
        writeln!(
            text,
            "Nothing found: every generated file is up to date and valid."
        )
    } else {
        let findings = counted(findings.len(), "finding", "findings");
        writeln!(
            text,
            "{findings} in {}",
            counted(files.len(), "file", "files")
        )
    };
    text
}

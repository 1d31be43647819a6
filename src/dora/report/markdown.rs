//! The report as Markdown that fits a job summary.

use super::line::{Line, lines};
use super::{Report, Section};
use crate::dora::metrics::target::Verdict;
use std::fmt::Write as _;

/// GitHub-flavoured Markdown, one table an environment and service.
pub fn write(report: &Report) -> String {
    let mut text = String::new();
    let window = &report.window;
    let (from, to) = (day(&window.from), day(&window.to));
    if report.reports.is_empty() {
        text.push_str("No deployment is recorded.\n");
    }
    for section in &report.reports {
        let (environment, service) = (escape(&section.environment), escape(&section.service));
        let _ = writeln!(text, "### {environment} / {service}\n");
        let _ = writeln!(text, "{from} to {to}, days of {}\n", escape(&window.tz));
        table(&mut text, section);
        notes(&mut text, section);
    }
    for note in &report.notes {
        let _ = writeln!(text, "> {}\n", escape(note));
    }
    text
}

fn table(text: &mut String, section: &Section) {
    text.push_str("| | value | n | target | before |\n|---|---:|---:|---|---|\n");
    for line in lines(section) {
        let Line { name, value, n, .. } = &line;
        let few = if line.few { " (few)" } else { "" };
        let target = match (line.verdict, &line.target) {
            (Some(Verdict::Met), Some(target)) => format!("✅ met ({target})"),
            (Some(Verdict::Missed), Some(target)) => format!("❌ missed ({target})"),
            (Some(Verdict::Unknown), Some(target)) => format!("❔ unknown ({target})"),
            _ => String::new(),
        };
        let before = match (&line.before, &line.trend) {
            (Some(before), Some(trend)) => format!("{before} ({})", trend.text),
            (Some(before), None) => before.clone(),
            (None, _) => String::new(),
        };
        let value = if line.absent {
            format!("_{}_", escape(value))
        } else {
            format!("**{value}**")
        };
        let n = n.map(|n| n.to_string()).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {name} | {value}{few} | {n} | {} | {before} |",
            target.replace('<', "&lt;")
        );
    }
    text.push('\n');
}

fn notes(text: &mut String, section: &Section) {
    for note in section.notes() {
        let _ = writeln!(text, "- {}", escape(&note));
    }
    if let Some(rows) = &section.rows {
        text.push_str("\n| deployment | commit | at | value | counted | reason |\n|---|---|---|---:|---|---|\n");
        for row in rows {
            let short = |id: &Option<String>| {
                id.as_deref()
                    .map_or(String::new(), |id| id[..12].to_owned())
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} |",
                short(&row.deployment),
                short(&row.commit),
                row.at.as_deref().unwrap_or_default(),
                row.value.map(|value| value.to_string()).unwrap_or_default(),
                if row.counted { "yes" } else { "no" },
                escape(row.reason.as_deref().unwrap_or_default()),
            );
        }
    }
    text.push('\n');
}

/// The day of a time in RFC 3339, or all of it where it is not a midnight.
pub fn day(time: &str) -> &str {
    time.strip_suffix("T00:00:00Z").unwrap_or(time)
}

/// Text that Markdown and HTML take for nothing else, on one line.
pub fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '@' => escaped.push_str("&#64;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

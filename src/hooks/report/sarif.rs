//! A report as SARIF 2.1.0, which code scanning takes.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use super::{JobReport, Report, State};
use crate::config::hooks::Level;
use crate::hooks::check::{self, Finding, Severity};
use bstr::{BStr, ByteSlice};
use serde_json::{Value, json};

/// The log with one run.
#[must_use]
pub fn sarif(report: &Report) -> Value {
    let results: Vec<Value> = report.jobs.iter().flat_map(results).collect();
    let mut rules: Vec<&JobReport> = Vec::new();
    for job in &report.jobs {
        if !rules.iter().any(|known| id(known) == id(job)) {
            rules.push(job);
        }
    }
    log(
        &rules.iter().map(|job| rule(job)).collect::<Vec<_>>(),
        &results,
    )
}

/// The log of one run in which `rules` (`reportingDescriptor`, 3.49) gave `results` (3.27).
#[must_use]
pub(crate) fn log(rules: &[Value], results: &[Value]) -> Value {
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "shipway",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn id(job: &JobReport) -> &str {
    job.check.unwrap_or(&job.name)
}

fn rule(job: &JobReport) -> Value {
    match job.check.and_then(check::find) {
        Some(check) => json!({
            "id": check.id,
            "shortDescription": { "text": check.title },
            "help": { "text": format!("{} of shipway's documentation", check.page()) },
        }),
        None => json!({ "id": id(job) }),
    }
}

fn results(job: &JobReport) -> Vec<Value> {
    let mut results: Vec<Value> = job.findings.iter().map(|one| finding(job, one)).collect();
    for refused in &job.refused {
        results.push(json!({
            "ruleId": id(job),
            "level": "error",
            "message": { "text": format!("a fix was not made:\n{}", refused.patch) },
            "locations": [location(refused.path.as_bstr(), None)],
        }));
    }
    let said = !results.is_empty();
    if !said && matches!(job.state, State::Failed | State::Missing) {
        let reason = job.reason.as_deref().unwrap_or("it failed");
        let output = job.output.trim();
        let text = if output.is_empty() {
            format!("{}: {reason}", job.name)
        } else {
            format!("{}: {reason}\n{output}", job.name)
        };
        results.push(json!({
            "ruleId": id(job),
            "level": if job.stops() { "error" } else { "warning" },
            "message": { "text": text },
        }));
    }
    results
}

fn finding(job: &JobReport, finding: &Finding) -> Value {
    let error = finding.severity == Severity::Error && job.level == Level::Error;
    let mut result = json!({
        "ruleId": id(job),
        "level": if error { "error" } else { "warning" },
        "message": { "text": format!("{}; {}", finding.message, finding.mend) },
    });
    if let Some(path) = &finding.path {
        let region = finding
            .position
            .map(|at| json!({ "startLine": at.line, "startColumn": at.column }));
        result["locations"] = json!([location(path.as_bstr(), region)]);
    }
    result
}

/// A place in the file at `path`, relative to the root; the whole file where `region` (3.30) is
/// None.
#[must_use]
pub(crate) fn location(path: &BStr, region: Option<Value>) -> Value {
    let mut physical = json!({
        "artifactLocation": { "uri": uri(path), "uriBaseId": "%SRCROOT%" },
    });
    if let Some(region) = region {
        physical["region"] = region;
    }
    json!({ "physicalLocation": physical })
}

/// A relative reference (RFC 3986): what may not stand in one is written as its bytes.
fn uri(path: &BStr) -> String {
    path.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

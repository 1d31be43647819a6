//! Findings as SARIF 2.1.0, which code scanning takes.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use super::rule::RULES;
use super::{Finding, Severity};
use crate::hooks::check;
use crate::hooks::report::sarif::{location, log};
use serde_json::{Value, json};

/// The log with one run.
#[must_use]
pub fn sarif(findings: &[Finding]) -> Value {
    let mut ids: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
    ids.sort_unstable();
    ids.dedup();
    let rules: Vec<Value> = ids.into_iter().map(rule).collect();
    let results: Vec<Value> = findings.iter().map(result).collect();
    log(&rules, &results)
}

fn rule(id: &str) -> Value {
    let own = RULES.iter().find(|rule| rule.id == id);
    let (title, page) = match (own, check::find(id)) {
        (Some(rule), _) => (rule.title, "docs/check.md".to_owned()),
        (None, Some(check)) => (check.title, check.page()),
        (None, None) => return json!({ "id": id }),
    };
    json!({
        "id": id,
        "shortDescription": { "text": title },
        "help": { "text": format!("{page} of shipway's documentation") },
    })
}

fn result(finding: &Finding) -> Value {
    let region = finding.line.map(|line| json!({ "startLine": line }));
    json!({
        "ruleId": finding.rule,
        "level": match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": { "text": format!("{}; {}", finding.message, finding.mend) },
        "locations": [location(finding.path.as_str().into(), region)],
    })
}

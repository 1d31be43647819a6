//! A report as one JSON document; docs/hooks.md describes it.

use super::{JobReport, Report, Verdict};
use crate::hooks::check::Finding;
use bstr::{BString, ByteSlice};
use serde_json::{Value, json};
use std::time::Duration;

/// The document.
#[must_use]
pub fn json(report: &Report, verdict: Verdict) -> Value {
    json!({
        "schema": 1,
        "hook": report.hook.name(),
        "verdict": verdict,
        "files": report.files,
        "milliseconds": milliseconds(report.time),
        "notes": report.notes,
        "unchecked": report.unchecked.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "recovered": report.recovery,
        "trouble": report.trouble.as_ref().map(|trouble| json!({
            "message": trouble.sentence,
            "mend": trouble.mend,
        })),
        "jobs": report.jobs.iter().map(job).collect::<Vec<_>>(),
    })
}

fn job(job: &JobReport) -> Value {
    json!({
        "name": job.name,
        "check": job.check,
        "configured": job.place,
        "state": job.state,
        "level": job.level,
        "reason": job.reason,
        "mend": job.mend,
        "files": job.files,
        "milliseconds": milliseconds(job.time),
        "findings": job.findings.iter().map(finding).collect::<Vec<_>>(),
        "fixed": paths(&job.fixed),
        "refused": job.refused.iter().map(|refused| json!({
            "path": refused.path.to_str_lossy(),
            "patch": refused.patch,
        })).collect::<Vec<_>>(),
        "output": job.output,
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "path": finding.path.as_ref().map(|path| path.to_str_lossy()),
        "line": finding.position.map(|position| position.line),
        "column": finding.position.map(|position| position.column),
        "severity": finding.severity,
        "message": finding.message,
        "mend": finding.mend,
        "fixable": finding.fixable,
    })
}

fn paths(paths: &[BString]) -> Vec<String> {
    paths
        .iter()
        .map(|path| path.to_str_lossy().into_owned())
        .collect()
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

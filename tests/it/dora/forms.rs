//! The report in each of its forms, with names that would do harm where they are not escaped.

use super::ledger::{self, Commit};
use super::support::{error, run};
use crate::sandbox::{Sandbox, skipped, text};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// `date -u -d 2026-08-01 +%s`.
const T: i64 = 1_785_542_400;
const DAY: i64 = 86_400;
const WINDOW: [&str; 4] = ["--from", "2026-08-01", "--to", "2026-11-01"];
const HARM: &str =
    "<img src=x onerror=alert(1)>|`*_[x](javascript:alert(1))\u{1b}[31m\u{202e}&amp;'\"";

/// Forty deployments in as many days, some of which failed, and names that do harm.
pub(super) fn record() -> Sandbox {
    let mut commits: Vec<Commit> = Vec::new();
    for number in 0..=80_i64 {
        commits.push(Commit {
            name: format!("c{number}"),
            parents: commits
                .last()
                .map(|last| vec![last.name.clone()])
                .unwrap_or_default(),
            committed: T + number * DAY / 2,
            authored: T + number * DAY / 2,
            files: Vec::new(),
        });
    }
    let (sandbox, ids) = ledger::history(&commits);
    let mut events = Vec::new();
    for number in 0..40_i64 {
        let at = T + number * DAY + DAY / 3;
        let outcome = if number % 9 == 5 {
            "failed"
        } else {
            "succeeded"
        };
        events.push(json!({
            "type": "deployment", "environment": "production", "commit": ids[&format!("c{}", number * 2)],
            "started_at": ledger::time(at - 90), "finished_at": ledger::time(at), "outcome": outcome,
            "took_traffic": true, "release": {"version": format!("v{number}{HARM}")},
        }));
    }
    events.push(json!({"type": "deployment", "environment": HARM, "service": format!("={HARM}"), "commit": ids["c3"],
        "started_at": ledger::time(T + DAY), "finished_at": ledger::time(T + DAY), "outcome": "succeeded"}));
    events.push(json!({"type": "incident", "key": HARM, "environment": "production", "opened_at": ledger::time(T + 3 * DAY)}));
    events.push(json!({"type": "incident", "key": format!("{HARM} lost"), "environment": HARM, "service": format!("={HARM}"),
        "resolved_at": ledger::time(T + 3 * DAY)}));
    ledger::record(&sandbox, &events);
    sandbox
}

pub(super) fn written(sandbox: &Sandbox, format: &str) -> String {
    let arguments = [&["report", "--format", format][..], &WINDOW].concat();
    text(&run(sandbox, 0, &arguments).stdout)
}

/// The path of a program; none passes the test over, which `make test` says at its end.
pub(super) fn tool(path: Option<std::path::PathBuf>, name: &str) -> Option<std::path::PathBuf> {
    if path.is_none() {
        skipped(&format!("{name} is missing: make test-deps"));
    }
    path
}

#[test]
fn the_json_has_the_documented_shape() {
    let sandbox = record();
    let report: Value = serde_json::from_str(&written(&sandbox, "json")).unwrap();
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(keys(&report), ["schema", "window", "reports"]);
    assert_eq!(
        report["window"],
        json!({"from": "2026-08-01T00:00:00Z", "to": "2026-11-01T00:00:00Z", "tz": "UTC"})
    );
    let section = &report["reports"][1];
    assert_eq!(
        keys(section),
        [
            "environment",
            "service",
            "change_lead_time",
            "deployment_frequency",
            "change_fail_rate",
            "recovery_time",
            "rework_rate",
            "success_rate",
            "targets",
            "data",
        ]
    );
    let lead = &section["change_lead_time"];
    assert_eq!(
        keys(lead),
        [
            "n",
            "few",
            "p50",
            "p75",
            "p90",
            "p95",
            "per_deployment_p50",
            "from_first_commit",
            "from_merge"
        ]
    );
    assert_eq!(
        keys(&section["deployment_frequency"]),
        ["count", "per_day", "days_with", "weeks_with"]
    );
    assert_eq!(
        keys(&section["change_fail_rate"]),
        ["failed", "of", "ratio"]
    );
    // Four were mended, which is few; the incident is open.
    assert_eq!(
        keys(&section["recovery_time"]),
        ["n", "few", "p50", "mean", "open"]
    );
    assert_eq!(
        keys(&section["rework_rate"]),
        ["reworked", "of", "ratio", "reading"]
    );
    assert_eq!(keys(&section["success_rate"]), ["succeeded", "of", "ratio"]);
    assert_eq!(
        keys(&section["targets"][0]),
        ["name", "target", "value", "verdict"]
    );
    assert_eq!(
        keys(&section["data"]),
        [
            "with_change_event",
            "with_steps",
            "unknown_commits",
            "skewed",
            "ambiguous",
            "duplicates",
            "retracted",
            "external_incidents",
        ]
    );
    // 5, 14, 23 and 32 failed after they took traffic, and the incident falls on another; of 40.
    assert_eq!(
        section["change_fail_rate"],
        json!({"failed": 5, "of": 40, "ratio": 0.125})
    );
    assert_eq!(section["success_rate"]["ratio"], 0.9);
    // The first delivers nothing, and what the failed ones carried comes with the next: 78 commits,
    // of which those of an even number are 8 h old, the others 20 h; after a failed one 32 h and 44 h.
    assert_eq!(lead["n"], 78);
    assert_eq!(lead["p50"], 20 * 3600);
    // 35 of 8 h, 35 of 20 h, 4 of 32 h, 4 of 44 h: ranks 39, 71 (of 70.2) and 75 (of 74.1).
    assert_eq!(lead["p90"], 32 * 3600);
    assert_eq!(lead["p95"], 44 * 3600);
    assert_eq!(lead["few"], false);
}

#[test]
fn a_terminal_is_not_steered_by_a_name() {
    let sandbox = record();
    let shown = written(&sandbox, "human");
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
    assert!(shown.contains("missed < 1 h"), "{shown}");
    assert!(shown.contains("met ≤ 15 %"), "{shown}");
}

#[test]
fn markdown_takes_a_name_for_nothing_else() {
    let shown = written(&record(), "markdown");
    assert!(!shown.contains("<img"), "{shown}");
    assert!(!shown.contains("[x](javascript"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
    let table = shown.lines().filter(|line| line.starts_with('|'));
    let pipes: std::collections::BTreeSet<usize> = table
        .map(|line| line.replace("\\|", "").matches('|').count())
        .collect();
    assert_eq!(pipes.into_iter().collect::<Vec<_>>(), [6], "{shown}");
}

#[test]
fn csv_holds_no_formula_and_is_read_back() {
    let shown = written(&record(), "csv");
    let mut reader = csv::Reader::from_reader(shown.as_bytes());
    assert_eq!(reader.headers().unwrap().len(), 11);
    let mut services = std::collections::BTreeSet::new();
    for record in reader.records() {
        let record = record.unwrap();
        assert_eq!(record.len(), 11);
        services.insert(record[1].to_owned());
    }
    assert_eq!(services, [format!("'={HARM}"), "shop".to_owned()].into());
}

#[test]
fn openmetrics_passes_promtool() {
    let Some(promtool) = tool(which::which("promtool").ok(), "promtool") else {
        return;
    };
    let shown = written(&record(), "openmetrics");
    assert!(shown.ends_with("# EOF\n"), "{shown}");
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), shown.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}\n{shown}");
    assert_eq!(
        (text(&output.stdout), text(&output.stderr)),
        (String::new(), String::new())
    );
}

#[test]
fn a_missed_target_fails_the_check_and_an_unknown_one_only_a_strict_one() {
    let sandbox = record();
    let check = |code: i32, more: &[&str]| {
        run(
            &sandbox,
            code,
            &[&["report", "--check"][..], &WINDOW, more].concat(),
        )
    };
    check(1, &[]);
    sandbox.write(
        "shipway.toml",
        "[project]\nname = \"shop\"\n[dora.targets]\nlead_time_p50 = \"2 days\"\ndeployments_per_day = \"off\"\nsuccess_rate = 0.8\nrecovery_mean = \"30 days\"\n",
    );
    // The other environment delivered nothing and had no failure: two targets are unknown there.
    let output = check(0, &[]);
    assert!(
        text(&output.stderr).contains("2 of the targets cannot be judged"),
        "{output:?}"
    );
    check(1, &["--strict"]);
}

#[test]
fn wrong_flags_are_refused_with_a_mend() {
    let sandbox = record();
    for (arguments, part) in [
        (
            &["--environment", "prodution"][..],
            "did you mean \"production\"?",
        ),
        (
            &["--from", "2026-11-01", "--to", "2026-08-01"],
            "a --from that is before --to",
        ),
        (&["--from", "yesterday"], "2026-08-01"),
        (&["--last", "soon"], "90d"),
        (&["--last=-3d"], "90d"),
        (&["--tz", "Middle/Earth"], "Europe/Amsterdam"),
        (&["--edition", "2019"], "2021, 2022, 2023, 2024, 2025"),
    ] {
        let said = error(&sandbox, 2, &[&["report"], arguments].concat());
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
    let empty = super::support::shop();
    let output = run(&empty, 0, &["report"]);
    assert!(
        text(&output.stderr).contains("nothing is recorded yet"),
        "{output:?}"
    );
}

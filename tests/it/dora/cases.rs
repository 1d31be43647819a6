//! Histories small enough to work out by hand. Seconds count from T = 2026-08-01T00:00:00Z; the
//! sum behind each number stands beside it.

use super::ledger::{self, Commit, patch_id};
use super::support::{error, json as report_of};
use crate::sandbox::{Sandbox, scale};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// `date -u -d 2026-08-01 +%s`.
const T: i64 = 1_785_542_400;

fn time(second: i64) -> String {
    ledger::time(T + second)
}

/// `name`, when it was committed, its parents. It adds a file of its name.
fn commit(name: &str, second: i64, parents: &[&str]) -> Commit {
    with_files(name, second, parents, &[name])
}

fn with_files(name: &str, second: i64, parents: &[&str], files: &[&str]) -> Commit {
    Commit {
        name: name.to_owned(),
        parents: parents.iter().map(|parent| (*parent).to_owned()).collect(),
        committed: T + second,
        authored: T + second,
        files: files.iter().map(|file| (*file).to_owned()).collect(),
    }
}

struct Case {
    sandbox: Sandbox,
    ids: BTreeMap<String, String>,
}

impl Case {
    fn new(commits: &[Commit]) -> Self {
        let (sandbox, ids) = ledger::history(commits);
        Self { sandbox, ids }
    }

    /// A deployment of a commit to production that began 10 s before `second`, with other fields.
    fn deployment(&self, name: &str, second: i64, other: &Value) -> Value {
        let mut event = json!({
            "type": "deployment", "environment": "production",
            "commit": self.ids.get(name).map_or(name, String::as_str),
            "started_at": time(second - 10), "finished_at": time(second), "outcome": "succeeded",
        });
        for (field, value) in other.as_object().into_iter().flatten() {
            event[field] = value.clone();
        }
        event
    }

    /// Records it; gives its id.
    fn deploy(&self, name: &str, second: i64, other: &Value) -> String {
        self.record(self.deployment(name, second, other))
    }

    fn record(&self, event: Value) -> String {
        ledger::record(&self.sandbox, &[event]).remove(0)
    }

    fn incident(&self, key: &str, moment: &str, second: i64, other: &Value) {
        let mut event = json!({"type": "incident", "key": key, "environment": "production"});
        event[moment] = json!(time(second));
        for (field, value) in other.as_object().into_iter().flatten() {
            event[field] = value.clone();
        }
        self.record(event);
    }

    /// The report from T − 1000 s to T + 1,000,000 s, of production and the service `shop`.
    #[track_caller]
    fn report(&self, arguments: &[&str]) -> Value {
        let reports = self.reports(arguments);
        let of_shop =
            |report: &&Value| report["environment"] == "production" && report["service"] == "shop";
        reports.iter().find(of_shop).unwrap().clone()
    }

    #[track_caller]
    fn reports(&self, arguments: &[&str]) -> Vec<Value> {
        let (from, to) = (time(-1000), time(1_000_000));
        let window = ["report", "--from", &from, "--to", &to];
        let report = report_of(&self.sandbox, &[&window[..], arguments].concat());
        report["reports"].as_array().unwrap().clone()
    }

    /// The lead times that count, ascending.
    #[track_caller]
    fn leads(&self) -> Vec<i64> {
        self.leads_with(&[])
    }

    #[track_caller]
    fn leads_with(&self, arguments: &[&str]) -> Vec<i64> {
        let report = self.report(&[arguments, &["--rows", "lead-time"]].concat());
        let rows = report["rows"].as_array().unwrap();
        let counted = rows.iter().filter(|row| row["counted"] == true);
        let mut leads: Vec<i64> = counted.map(|row| row["value"].as_i64().unwrap()).collect();
        leads.sort_unstable();
        assert_eq!(report["change_lead_time"]["n"], leads.len());
        leads
    }

    fn configure(&self, dora: &str) {
        self.sandbox.write(
            "shipway.toml",
            &format!("[project]\nname = \"shop\"\n[dora]\n{dora}\n"),
        );
    }

    /// The change event of the originals on `base`.
    fn change(&self, base: &str, originals: &[(&str, i64)], other: &Value) -> Value {
        let mut parent = base;
        let mut commits = Vec::new();
        for (name, second) in originals {
            commits.push(json!({
                "id": self.ids[*name], "committed_at": time(*second), "authored_at": time(*second),
                "patch_id": patch_id(&self.sandbox, &self.ids[parent], &self.ids[*name]),
            }));
            parent = name;
        }
        let mut event = json!({
            "type": "change", "commits": commits, "base": self.ids[base], "source": "github",
            "patch_id": patch_id(&self.sandbox, &self.ids[base], &self.ids[parent]),
        });
        for (field, value) in other.as_object().into_iter().flatten() {
            event[field] = value.clone();
        }
        event
    }
}

/// base at 0; two commits of a branch at 100 and 200.
fn branch() -> Vec<Commit> {
    vec![
        commit("base", 0, &[]),
        commit("a", 100, &["base"]),
        commit("b", 200, &["a"]),
    ]
}

#[test]
fn the_same_work_merged_squashed_and_rebased_has_the_same_lead_times() {
    // Deployed at 1000 in each: a 1000 − 100 = 900, b 1000 − 200 = 800.
    let wanted = [800, 900];

    let mut merged = branch();
    merged.push(with_files("merge", 500, &["base", "b"], &["a", "b"]));
    let case = Case::new(&merged);
    case.deploy("base", 50, &json!({}));
    case.deploy("merge", 1000, &json!({}));
    assert_eq!(case.leads(), wanted);

    let mut squashed = branch();
    squashed.push(with_files("squash", 500, &["base"], &["a", "b"]));
    let case = Case::new(&squashed);
    case.deploy("base", 50, &json!({}));
    case.deploy("squash", 1000, &json!({}));
    // Without a change event the squash stands for itself: 1000 − 500.
    assert_eq!(case.leads(), [500]);
    case.record(case.change(
        "base",
        &[("a", 100), ("b", 200)],
        &json!({"merged_at": time(500)}),
    ));
    assert_eq!(case.leads(), wanted);
    let report = case.report(&[]);
    // From the first commit both count from 100, from the merge from 500.
    assert_eq!(report["change_lead_time"]["from_first_commit"]["p50"], 900);
    assert_eq!(report["change_lead_time"]["from_merge"]["p50"], 500);
    assert_eq!(report["change_lead_time"]["from_merge"]["n"], 2);
    assert_eq!(report["data"]["with_change_event"], 1.0);

    let mut rebased = branch();
    rebased.push(commit("other", 300, &["base"]));
    rebased.push(with_files("a2", 500, &["other"], &["a"]));
    rebased.push(with_files("b2", 501, &["a2"], &["b"]));
    let case = Case::new(&rebased);
    case.deploy("other", 350, &json!({}));
    case.deploy("b2", 1000, &json!({}));
    // Without a change event: 1000 − 500 and 1000 − 501.
    assert_eq!(case.leads(), [499, 500]);
    case.record(case.change("base", &[("a", 100), ("b", 200)], &json!({})));
    assert_eq!(case.leads(), wanted);
}

#[test]
fn a_commit_that_is_deployed_and_picked_is_two_changes() {
    let mut commits = branch();
    commits.push(with_files("picked", 600, &["base"], &["a"]));
    let case = Case::new(&commits);
    case.deploy("base", 50, &json!({}));
    case.deploy("b", 1000, &json!({}));
    // The branch is elsewhere: its intent says that this is no rollback.
    case.deploy("picked", 2000, &json!({"intent": "redeploy"}));
    case.record(case.change("base", &[("a", 100), ("b", 200)], &json!({})));
    // a 900 and b 800 at 1000; picked 2000 − 600 = 1400.
    assert_eq!(case.leads(), [800, 900, 1400]);
}

#[test]
fn of_several_branches_the_last_before_the_merge_is_taken() {
    let mut commits = vec![commit("base", 0, &[])];
    // The same file on two branches, the second made again from scratch.
    commits.push(with_files("one", 100, &["base"], &["x"]));
    commits.push(with_files("two", 300, &["base"], &["x"]));
    commits.push(with_files("squash", 500, &["base"], &["x"]));
    let case = Case::new(&commits);
    case.deploy("base", 50, &json!({}));
    case.deploy("squash", 1000, &json!({}));
    case.record(case.change("base", &[("one", 100)], &json!({})));
    case.record(case.change("base", &[("two", 300)], &json!({})));
    // 1000 − 300.
    assert_eq!(case.leads(), [700]);
    assert_eq!(case.report(&[])["data"]["ambiguous"], 1);
}

/// base 0, a 100, b 200 in a line.
fn line() -> Case {
    Case::new(&branch())
}

#[test]
fn what_a_rollback_took_out_is_delivered_by_the_next_that_carries_it() {
    let case = line();
    case.deploy("base", 50, &json!({}));
    let bad = case.deploy("b", 1000, &json!({}));
    case.deploy("base", 1300, &json!({"intent": "rollback"}));
    // Nothing is delivered while it is out.
    assert_eq!(case.leads(), Vec::<i64>::new());
    case.deploy("b", 5000, &json!({}));
    // a 5000 − 100, b 5000 − 200.
    assert_eq!(case.leads(), [4800, 4900]);
    let report = case.report(&[]);
    // One of four was taken out; sign 1290, restored 1300.
    assert_eq!(
        report["change_fail_rate"],
        json!({"failed": 1, "of": 4, "ratio": 0.25})
    );
    assert_eq!(report["recovery_time"]["mean"], 10);
    let rows = case.report(&["--rows", "recovery"]);
    assert_eq!(rows["rows"][0]["deployment"], json!(bad));
    case.configure("rolled_back = \"first\"");
    // The first delivery stays: a 1000 − 100, b 1000 − 200.
    assert_eq!(case.leads(), [800, 900]);
}

#[test]
fn an_older_commit_is_a_rollback_that_nobody_declared() {
    let case = line();
    case.deploy("base", 50, &json!({}));
    case.deploy("b", 1000, &json!({}));
    case.deploy("a", 1300, &json!({}));
    // b is out, a stays: 1000 − 100.
    assert_eq!(case.leads(), [900]);
    assert_eq!(case.report(&[])["change_fail_rate"]["failed"], 1);
    // The same as a redeploy is none.
    let case = line();
    case.deploy("base", 50, &json!({}));
    case.deploy("b", 1000, &json!({}));
    case.deploy("a", 1300, &json!({"intent": "redeploy"}));
    assert_eq!(case.leads(), [800, 900]);
    assert_eq!(case.report(&[])["change_fail_rate"]["failed"], 0);
}

#[test]
fn a_failure_that_took_traffic_counts_once_with_its_rollback() {
    let case = line();
    case.deploy("base", 50, &json!({}));
    case.deploy(
        "b",
        1000,
        &json!({"outcome": "failed", "took_traffic": true}),
    );
    case.deploy("base", 1300, &json!({"intent": "rollback"}));
    let report = case.report(&[]);
    assert_eq!(
        report["change_fail_rate"],
        json!({"failed": 1, "of": 3, "ratio": 0.3333})
    );
    // Its own end at 1000 is the first sign; the rollback ends at 1300.
    assert_eq!(report["recovery_time"]["p50"], 300);
    // Two of three attempts succeeded.
    assert_eq!(report["success_rate"]["ratio"], 0.6667);
    assert_eq!(report["deployment_frequency"]["count"], 2);
}

#[test]
fn a_declared_rollback_may_go_to_a_commit_that_is_no_ancestor() {
    let mut commits = branch();
    commits.push(commit("side", 150, &["base"]));
    let case = Case::new(&commits);
    case.deploy("base", 50, &json!({}));
    let first = case.deploy("a", 1000, &json!({}));
    case.deploy("b", 2000, &json!({}));
    case.deploy("side", 3000, &json!({"reverts": first}));
    // a and b are out; side is delivered by the rollback itself: 3000 − 150.
    assert_eq!(case.leads(), [2850]);
    let rows = case.report(&["--rows", "fail-rate"]);
    let failed: Vec<&Value> = rows["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["value"] == 1)
        .collect();
    // Only the one that it names.
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["deployment"], json!(first));
}

#[test]
fn a_hotfix_branch_merged_back_delivers_its_commit_once() {
    let case = Case::new(&[
        commit("base", 0, &[]),
        commit("main", 300, &["base"]),
        commit("hotfix", 400, &["base"]),
        with_files("back", 700, &["main", "hotfix"], &["hotfix"]),
    ]);
    case.deploy("base", 50, &json!({}));
    let fix = case.deploy("hotfix", 500, &json!({"intent": "hotfix"}));
    case.deploy("back", 1000, &json!({}));
    // hotfix 500 − 400 = 100; main 1000 − 300 = 700; the merge does not count.
    assert_eq!(case.leads(), [100, 700]);
    case.configure("merges = true");
    // 1000 − 700 = 300.
    assert_eq!(case.leads(), [100, 300, 700]);
    case.configure("rework = \"hotfix\"");
    let report = case.report(&[]);
    assert_eq!(
        report["rework_rate"],
        json!({"reworked": 1, "of": 3, "ratio": 0.3333, "reading": "hotfix"})
    );
    case.configure("");
    case.incident("down", "opened_at", 450, &json!({"fixed_by": fix}));
    assert_eq!(case.report(&[])["rework_rate"]["reading"], "incident");
    assert_eq!(case.report(&[])["rework_rate"]["reworked"], 1);
}

#[test]
fn environments_and_services_count_apart() {
    let case = line();
    case.deploy("base", 50, &json!({}));
    case.deploy("b", 1000, &json!({}));
    case.deploy("base", 50, &json!({"environment": "staging"}));
    case.deploy("b", 400, &json!({"environment": "staging"}));
    case.deploy("a", 60, &json!({"service": "worker"}));
    case.deploy("b", 300, &json!({"service": "worker"}));
    let reports = case.reports(&[]);
    let found: Vec<(String, String, Value)> = reports
        .iter()
        .map(|report| {
            let text = |field: &str| report[field].as_str().unwrap().to_owned();
            (
                text("environment"),
                text("service"),
                report["change_lead_time"]["p75"].clone(),
            )
        })
        .collect();
    let wanted = |environment: &str, service: &str, p75: i64| {
        (environment.to_owned(), service.to_owned(), json!(p75))
    };
    // The second of two values: 1000 − 100; the worker delivered b alone, 300 − 200; 400 − 100.
    assert_eq!(
        found,
        [
            wanted("production", "shop", 900),
            wanted("production", "worker", 100),
            wanted("staging", "shop", 300)
        ]
    );
    assert_eq!(case.reports(&["--environment", "staging"]).len(), 1);
}

#[test]
fn the_same_commit_again_is_a_deployment_and_delivers_nothing() {
    let case = line();
    case.deploy("base", 50, &json!({}));
    case.deploy("b", 1000, &json!({}));
    case.deploy("b", 2000, &json!({}));
    assert_eq!(case.leads(), [800, 900]);
    let report = case.report(&[]);
    assert_eq!(report["deployment_frequency"]["count"], 3);
    // 3 × 86,400 / 1,001,000 = 0.25894…
    assert_eq!(report["deployment_frequency"]["per_day"], 0.2589);
    assert_eq!(report["change_fail_rate"]["failed"], 0);
}

#[test]
fn the_order_of_recording_does_not_matter_and_a_late_event_changes_an_old_answer() {
    let case = line();
    case.deploy("b", 5000, &json!({}));
    case.deploy("base", 50, &json!({}));
    // a 5000 − 100, b 5000 − 200.
    assert_eq!(case.leads(), [4800, 4900]);
    let late = time(3000);
    assert_eq!(case.leads_with(&["--as-of", &late]), Vec::<i64>::new());
    case.deploy("a", 2000, &json!({}));
    // a was delivered at 2000 already.
    assert_eq!(case.leads(), [1900, 4800]);
    // As it was known at 3000, when b had not been deployed.
    assert_eq!(case.leads_with(&["--as-of", &late]), [1900]);
}

#[test]
fn one_deployment_told_by_two_sources_counts_once() {
    let case = line();
    case.deploy("base", 50, &json!({}));
    case.deploy("b", 1000, &json!({"source": "ci", "run": "7"}));
    case.deploy("b", 1030, &json!({"source": "github", "run": "7"}));
    case.deploy("b", 1500, &json!({"source": "gitlab"}));
    let report = case.report(&[]);
    // The second has the same run; the third has none and began within 10 minutes.
    assert_eq!(report["deployment_frequency"]["count"], 2);
    assert_eq!(report["data"]["duplicates"], 2);
    // The most trusted counts: 1000 − 100 and 1000 − 200.
    assert_eq!(case.leads(), [800, 900]);
    // Recording one of them again changes nothing.
    case.deploy("b", 1030, &json!({"source": "github", "run": "7"}));
    assert_eq!(case.report(&[])["data"]["duplicates"], 2);
}

#[test]
fn a_skewed_clock_leaves_the_percentiles_and_is_listed() {
    let case = Case::new(&[
        commit("base", 0, &[]),
        commit("early", 100, &["base"]),
        commit("late", 9000, &["early"]),
    ]);
    case.deploy("base", 50, &json!({}));
    let id = case.deploy("late", 1000, &json!({}));
    // 1000 − 100; and 1000 − 9000 = −8000.
    assert_eq!(case.leads(), [900]);
    let skewed = &case.report(&[])["data"]["skewed"];
    assert_eq!(
        *skewed,
        json!([{"series": "change_lead_time", "deployment": id, "commit": case.ids["late"], "seconds": -8000}])
    );
}

#[test]
fn a_day_of_23_hours_is_a_day() {
    let case = line();
    // Amsterdam leaves summer time on 2026-10-25 at 03:00, that is 01:00Z: the day lasts from
    // 22:00Z on the 24th to 23:00Z on the 25th, 25 hours. In spring, 2027-03-28 has 23 hours, from
    // 23:00Z on the 27th to 22:00Z.
    let second = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second() - T;
    case.deploy("base", second("2027-03-27T22:59:59Z"), &json!({}));
    case.deploy("a", second("2027-03-27T23:00:00Z"), &json!({}));
    case.deploy("b", second("2027-03-28T21:59:59Z"), &json!({}));
    let arguments = [
        "report",
        "--from",
        "2027-03-27",
        "--to",
        "2027-03-30",
        "--tz",
        "Europe/Amsterdam",
        "--by",
        "day",
    ];
    let report = report_of(&case.sandbox, &arguments);
    assert_eq!(
        report["window"],
        json!({"from": "2027-03-26T23:00:00Z", "to": "2027-03-29T22:00:00Z", "tz": "Europe/Amsterdam"})
    );
    let buckets = report["reports"][0]["buckets"].as_array().unwrap();
    let counts: Vec<(&str, &Value)> = buckets
        .iter()
        .map(|bucket| {
            (
                bucket["from"].as_str().unwrap(),
                &bucket["deployment_frequency"]["count"],
            )
        })
        .collect();
    assert_eq!(
        counts,
        [
            ("2027-03-26T23:00:00Z", &json!(1)),
            ("2027-03-27T23:00:00Z", &json!(2)),
            ("2027-03-28T22:00:00Z", &json!(0)),
        ]
    );
    let frequency = &report["reports"][0]["deployment_frequency"];
    // Two of three days; 3 by 71 hours: 3 × 24 / 71 = 1.01408…
    assert_eq!(frequency["days_with"], 0.6667);
    assert_eq!(frequency["per_day"], 1.0141);
    // The 27th and 28th lie in one ISO week, the 29th is a Monday.
    assert_eq!(frequency["weeks_with"], 0.5);
}

#[test]
fn an_octopus_and_a_second_root_are_reached_like_all_else() {
    let case = Case::new(&[
        commit("base", 0, &[]),
        commit("x", 100, &["base"]),
        commit("y", 200, &["base"]),
        commit("root", 300, &[]),
        with_files(
            "octopus",
            500,
            &["base", "x", "y", "root"],
            &["x", "y", "root"],
        ),
    ]);
    case.deploy("base", 50, &json!({}));
    case.deploy("octopus", 1000, &json!({}));
    // y 800, x 900, the second root 700.
    assert_eq!(case.leads(), [700, 800, 900]);
    // With the baseline, base too: 50 − 0.
    assert_eq!(
        case.leads_with(&["--include-baseline"]),
        [50, 700, 800, 900]
    );
}

#[test]
fn a_commit_that_was_pushed_away_counts_as_a_deployment_alone() {
    let case = line();
    let gone = "12".repeat(20);
    case.deploy("base", 50, &json!({}));
    let id = case.deploy(&gone, 1000, &json!({}));
    case.deploy("b", 2000, &json!({}));
    // What ran before b in the list is base: a 1900, b 1800.
    assert_eq!(case.leads(), [1800, 1900]);
    let report = case.report(&[]);
    assert_eq!(report["deployment_frequency"]["count"], 3);
    assert_eq!(
        report["data"]["unknown_commits"],
        json!([{"deployment": id, "commit": gone, "fetch": format!("git fetch origin {gone}")}])
    );
}

#[test]
fn an_incident_is_opened_by_its_first_and_resolved_by_its_last_event() {
    let case = line();
    case.deploy("base", 50, &json!({}));
    case.deploy("b", 1000, &json!({}));
    case.incident("down", "opened_at", 1500, &json!({}));
    case.incident("down", "opened_at", 1400, &json!({}));
    case.incident("down", "resolved_at", 2000, &json!({}));
    case.incident("down", "resolved_at", 2600, &json!({}));
    let report = case.report(&[]);
    // 2600 − 1400.
    assert_eq!(report["recovery_time"]["p50"], 1200);
    assert_eq!(
        report["change_fail_rate"],
        json!({"failed": 1, "of": 2, "ratio": 0.5})
    );
}

#[test]
fn an_incident_belongs_to_the_deployment_of_the_day_before_or_to_none() {
    let case = line();
    case.deploy("base", 50, &json!({}));
    let bad = case.deploy("b", 1000, &json!({}));
    // 1000 + 86,400 is the last second.
    case.incident("in time", "opened_at", 87_400, &json!({}));
    case.incident("late", "opened_at", 87_401, &json!({}));
    case.incident("named", "opened_at", 500_000, &json!({"caused_by": bad}));
    case.incident(
        "unknown",
        "opened_at",
        600_000,
        &json!({"caused_by": "ab".repeat(32)}),
    );
    case.incident("never opened", "resolved_at", 700_000, &json!({}));
    let report = case.report(&[]);
    assert_eq!(report["change_fail_rate"]["failed"], 1);
    let names: Vec<&str> = report["data"]["unattributed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|left| left["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["late", "unknown", "never opened"]);
    // Neither of its two is resolved: it is open since the first.
    assert_eq!(
        report["recovery_time"]["open"],
        json!([{"deployment": bad, "since": time(87_400)}])
    );
    assert_eq!(
        report["recovery_time"]["reason"],
        "every failure is still open"
    );
}

#[test]
fn resolved_before_it_was_opened_is_skewed_and_external_counts_nowhere() {
    let case = line();
    case.deploy("base", 50, &json!({}));
    case.deploy("b", 1000, &json!({}));
    case.incident("backwards", "opened_at", 1500, &json!({}));
    case.incident("backwards", "resolved_at", 1200, &json!({}));
    case.incident("provider", "opened_at", 1600, &json!({"cause": "external"}));
    let report = case.report(&[]);
    assert_eq!(report["change_fail_rate"]["failed"], 1);
    // 1200 − 1500.
    assert_eq!(report["data"]["skewed"][0]["seconds"], -300);
    assert_eq!(report["recovery_time"]["n"], 0);
    assert_eq!(report["data"]["external_incidents"], 1);
}

#[test]
fn a_retracted_deployment_counts_nowhere() {
    let case = line();
    case.deploy("base", 50, &json!({}));
    let wrong = case.deploy("a", 500, &json!({}));
    case.deploy("b", 1000, &json!({}));
    // a 500 − 100, b 1000 − 200.
    assert_eq!(case.leads(), [400, 800]);
    case.record(json!({"type": "retraction", "retracts": wrong, "reason": "it was a rehearsal", "at": time(3000)}));
    // a 1000 − 100.
    assert_eq!(case.leads(), [800, 900]);
    let report = case.report(&[]);
    assert_eq!(report["deployment_frequency"]["count"], 2);
    assert_eq!(report["data"]["retracted"], 1);
    // Before it was retracted the answer was the old one.
    assert_eq!(case.leads_with(&["--as-of", &time(2999)]), [400, 800]);
}

#[test]
fn without_deployments_the_frequency_is_0_and_all_else_absent() {
    let case = line();
    case.deploy("base", 50, &json!({}));
    let arguments = ["report", "--from", "2026-09-01", "--to", "2026-10-01"];
    let report = report_of(&case.sandbox, &arguments);
    let report = &report["reports"][0];
    assert_eq!(
        report["deployment_frequency"],
        json!({"count": 0, "per_day": 0.0, "days_with": 0.0, "weeks_with": 0.0})
    );
    assert_eq!(report["change_lead_time"]["p50"], Value::Null);
    for metric in [
        "change_lead_time",
        "change_fail_rate",
        "recovery_time",
        "rework_rate",
        "success_rate",
    ] {
        assert_eq!(report[metric]["reason"], "no deployments", "{metric}");
    }
    let verdicts: Vec<(&str, &str)> = report["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| {
            (
                target["name"].as_str().unwrap(),
                target["verdict"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            ("lead_time_p50", "unknown"),
            ("deployments_per_day", "missed"),
            ("change_fail_rate", "unknown"),
            ("recovery_mean", "unknown"),
            ("success_rate", "unknown"),
            ("rollback_downtime", "met"),
        ]
    );
}

#[test]
fn only_what_touches_its_paths_is_a_change_of_a_service() {
    let case = Case::new(&[
        commit("base", 0, &[]),
        with_files("web", 100, &["base"], &["web/index.html"]),
        with_files("docs", 200, &["web"], &["docs/index.md"]),
        with_files("root", 300, &[], &["web/other.html"]),
        with_files("merge", 500, &["docs", "root"], &["web/other.html"]),
    ]);
    case.deploy("base", 50, &json!({}));
    case.deploy("merge", 1000, &json!({}));
    assert_eq!(case.leads(), [700, 800, 900]);
    case.configure("[dora.services.shop]\npaths = [\"web/\"]");
    // web 900 and the root, whose difference is to the empty tree, 700.
    assert_eq!(case.leads(), [700, 900]);
}

#[test]
fn a_shallow_clone_is_refused_and_replace_refs_are_not_looked_at() {
    let case = line();
    case.deploy("base", 50, &json!({}));
    case.deploy("b", 1000, &json!({}));
    // b is replaced by base, which would leave nothing to deliver.
    case.sandbox
        .git(&["replace", "--force", &case.ids["b"], &case.ids["base"]]);
    assert_eq!(case.leads(), [800, 900]);
    case.sandbox
        .write(".git/shallow", &format!("{}\n", case.ids["a"]));
    let said = error(&case.sandbox, 3, &["report"]);
    assert!(said.contains("shallow"), "{said}");
    assert!(
        said.contains("git fetch --unshallow --filter=tree:0"),
        "{said}"
    );
}

#[test]
fn a_treeless_clone_is_enough() {
    let case = line();
    case.deploy("base", 50, &json!({}));
    case.deploy("b", 1000, &json!({}));
    case.sandbox
        .git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = Sandbox::without_git(&[]);
    let from = format!("file://{}", case.sandbox.root().display());
    let to = clone.path("clone");
    case.sandbox.git(&[
        "clone",
        "--quiet",
        "--bare",
        "--filter=tree:0",
        &from,
        to.join(".git").to_str().unwrap(),
    ]);
    case.sandbox
        .git(&["-C", to.to_str().unwrap(), "config", "core.bare", "false"]);
    case.sandbox.git(&[
        "-C",
        to.to_str().unwrap(),
        "fetch",
        "--quiet",
        "--no-filter",
        "origin",
        "refs/shipway/*:refs/shipway/*",
    ]);
    let window = [time(-1000), time(1_000_000)];
    let output = clone
        .command(&[
            "-C",
            to.to_str().unwrap(),
            "dora",
            "report",
            "--from",
            &window[0],
            "--to",
            &window[1],
            "--format",
            "json",
        ])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(report["reports"][0]["change_lead_time"]["p75"], 900);
}

#[test]
fn ten_thousand_commits_and_a_hundred_deployments_add_up() {
    // Commit i at second i; every 100th is deployed at i + 1000, from the baseline 0 on. Each
    // delivery has the leads 1000 to 1099: p50 is the 50th of 100 equal groups, 1049. In the long
    // run it is a hundred thousand commits and a thousand deployments.
    let deployments = if scale() < 10 { 100 } else { 1000 };
    let last = (deployments - 1) * 100;
    let mut commits = vec![commit("c0", 0, &[])];
    for number in 1..=last {
        let parent = format!("c{}", number - 1);
        let mut next = commit(&format!("c{number}"), number, &[&parent]);
        next.files.clear();
        commits.push(next);
    }
    let case = Case::new(&commits);
    let events: Vec<Value> = (0..deployments)
        .map(|number| {
            case.deployment(
                &format!("c{}", number * 100),
                number * 100 + 1000,
                &json!({}),
            )
        })
        .collect();
    ledger::record(&case.sandbox, &events);
    for graph in [false, true] {
        if graph {
            case.sandbox.git(&["commit-graph", "write", "--reachable"]);
        }
        let lead = &case.report(&[])["change_lead_time"];
        assert_eq!(lead["n"], last);
        assert_eq!(
            [&lead["p50"], &lead["p75"], &lead["p90"], &lead["p95"]],
            [1049, 1074, 1089, 1094]
        );
        assert_eq!(lead["per_deployment_p50"], 1049);
    }
}

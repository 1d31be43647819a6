//! What recording writes, and where its defaults come from.

use super::support::{dora, error, events, head, json, run, sha256, shop};

#[test]
fn a_deployment_is_one_commit_that_holds_its_canonical_form() {
    let shop = shop();
    let commit = head(&shop);
    let told = json(
        &shop,
        &[
            "record",
            "deployment",
            "production",
            "--started=2026-08-01T12:00:00+02:00",
            "--finished=2026-08-01T10:00:30Z",
            "--run=r1",
            "--intent=hotfix",
        ],
    );
    let form = format!(
        r#"{{"commit":"{commit}","environment":"production","finished_at":"2026-08-01T10:00:30Z","intent":"hotfix","outcome":"succeeded","run":"r1","service":"shop","source":"cli","started_at":"2026-08-01T10:00:00Z","took_traffic":true,"type":"deployment"}}"#
    );
    let id = sha256(&form);
    assert_eq!(told["id"], id.as_str());
    assert_eq!(told["new"], true);
    let path = format!("2026/08/01/{id}.json");
    let listed = shop.git(&["ls-tree", "-r", "refs/shipway/events"]);
    assert!(listed.starts_with("100644 blob "), "{listed}");
    assert!(
        listed.trim_end().ends_with(&format!("\t{path}")),
        "{listed}"
    );
    assert_eq!(
        shop.git(&["show", &format!("refs/shipway/events:{path}")]),
        form
    );
    let commit = shop.git(&[
        "log",
        "--date=raw",
        "--format=%an <%ae> %ad|%cn <%ce> %cd|%B|%P",
        "refs/shipway/events",
    ]);
    // date -u -d 2026-08-01T10:00:30Z +%s
    let who = "shipway <shipway@localhost> 1785578430 +0000";
    assert_eq!(commit.trim_end(), format!("{who}|{who}|{id}\n|"));
    shop.git(&["fsck", "--strict"]);
    run(&shop, 0, &["verify"]);
}

#[test]
fn the_same_event_twice_changes_nothing() {
    let shop = shop();
    let again = [
        "record",
        "deployment",
        "production",
        "--started=2026-08-01T10:00:00Z",
        "--finished=2026-08-01T10:00:30Z",
    ];
    let first = json(&shop, &again);
    let tip = shop.git(&["rev-parse", "refs/shipway/events"]);
    let second = json(&shop, &again);
    assert_eq!(first["id"], second["id"]);
    assert_eq!(second["new"], false);
    assert_eq!(shop.git(&["rev-parse", "refs/shipway/events"]), tip);
}

#[test]
fn traffic_follows_the_outcome_unless_it_is_said() {
    let shop = shop();
    let traffic = |more: &[&str]| {
        let told = json(
            &shop,
            &[&["record", "deployment", "production"], more].concat(),
        );
        told["event"]["took_traffic"].clone()
    };
    assert_eq!(traffic(&["--outcome=succeeded"]), true);
    assert_eq!(traffic(&["--outcome=failure"]), false);
    assert_eq!(traffic(&["--outcome=cancelled"]), false);
    assert_eq!(traffic(&["--outcome=failed", "--traffic=yes"]), true);
    assert_eq!(traffic(&["--outcome=succeeded", "--traffic=no"]), false);
}

#[test]
fn an_incident_is_opened_and_resolved_by_its_key() {
    let shop = shop();
    let deployed = json(
        &shop,
        &[
            "record",
            "deployment",
            "staging",
            "--service=api",
            "--finished=2026-08-01T10:00:00Z",
        ],
    );
    let id = deployed["id"].as_str().unwrap();
    let opened = json(
        &shop,
        &[
            "record",
            "incident",
            "INC-7",
            "--opened=2026-08-01T10:05:00Z",
            "--environment=staging",
            "--service=api",
            "--caused-by",
            &id[..8],
            "--severity=high",
        ],
    );
    assert_eq!(opened["event"]["caused_by"], id);
    assert_eq!(opened["event"]["cause"], "change");
    // Environment and service are those of the incident that was opened.
    let resolved = json(
        &shop,
        &[
            "record",
            "incident",
            "INC-7",
            "--resolved=2026-08-01T11:00:00Z",
            "--fixed-by",
            id,
        ],
    );
    assert_eq!(resolved["event"]["environment"], "staging");
    assert_eq!(resolved["event"]["service"], "api");
    assert_eq!(resolved["event"]["resolved_at"], "2026-08-01T11:00:00Z");
    assert_eq!(resolved["event"]["opened_at"], serde_json::Value::Null);
    let said = error(&shop, 2, &["record", "incident", "INC-8", "--resolved"]);
    assert!(said.contains("no incident INC-8 was opened"), "{said}");
}

#[test]
fn a_retracted_event_stays_readable() {
    let shop = shop();
    let told = json(&shop, &["record", "deployment", "production"]);
    let id = told["id"].as_str().unwrap();
    let retraction = json(&shop, &["retract", &id[..12], "--reason", "wrong commit"]);
    assert_eq!(retraction["event"]["retracts"], id);
    let entries = events(&shop);
    let entry = entries.iter().find(|entry| entry["id"] == id).unwrap();
    assert_eq!(entry["retracted"], true);
    // A second time changes nothing, and a retraction is final.
    run(&shop, 0, &["retract", id, "--reason", "again"]);
    assert_eq!(events(&shop).len(), 2);
    let said = error(
        &shop,
        2,
        &[
            "retract",
            retraction["id"].as_str().unwrap(),
            "--reason",
            "no",
        ],
    );
    assert!(said.contains("cannot be retracted"), "{said}");
}

#[test]
fn a_wrapped_command_is_a_step_and_its_exit_code_shipways() {
    let shop = shop();
    let output = dora(
        &shop,
        &["wrap", "tests", "--", "sh", "-c", "echo out; exit 7"],
    )
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(output.stdout, b"out\n");
    let step = &events(&shop)[0]["event"];
    assert_eq!(step["name"], "tests");
    assert_eq!(step["outcome"], "failed");
    assert_eq!(step["commit"], head(&shop).as_str());
    assert_eq!(step["run"], format!("local:{}", &head(&shop)[..12]));
    run(
        &shop,
        127,
        &["wrap", "x", "--", "no-such-program-of-anybody"],
    );
    assert_eq!(events(&shop).len(), 1);
}

#[test]
fn a_wrapped_command_gets_the_signal_and_its_end_is_told() {
    let shop = shop();
    let script = "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    let mut child = dora(&shop, &["wrap", "serve", "--", "sh", "-c", script])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    use std::io::{BufRead, BufReader};
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "caught");
    assert_eq!(child.wait().unwrap().code(), Some(9));
    // One that dies of a signal gives what a shell would.
    run(
        &shop,
        128 + 9,
        &["wrap", "killed", "--", "sh", "-c", "kill -KILL $$"],
    );
    let outcomes: Vec<_> = events(&shop)
        .iter()
        .map(|entry| entry["event"]["outcome"].as_str().unwrap().to_owned())
        .collect();
    assert!(outcomes.contains(&"failed".to_owned()), "{outcomes:?}");
    assert!(outcomes.contains(&"cancelled".to_owned()), "{outcomes:?}");
}

#[test]
fn a_step_that_cannot_be_recorded_does_not_change_how_the_command_ended() {
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_shipway"))
        .args(["dora", "wrap", "x", "--", "sh", "-c", "exit 5"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("was not recorded"), "{said}");
}

#[test]
fn in_a_ci_job_its_variables_are_the_defaults() {
    let shop = shop();
    let first = head(&shop);
    shop.git(&["commit", "--quiet", "--allow-empty", "--message=later"]);
    let output = dora(
        &shop,
        &["record", "deployment", "production", "--format=json"],
    )
    .envs([
        ("CI", "true"),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SHA", first.as_str()),
        ("GITHUB_RUN_ID", "42"),
        ("GITHUB_RUN_ATTEMPT", "2"),
    ])
    .output()
    .unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["event"]["commit"], first.as_str());
    assert_eq!(told["event"]["run"], "github:42/2");
    assert_eq!(told["event"]["source"], "ci");
    let output = dora(
        &shop,
        &["record", "deployment", "production", "--format=json"],
    )
    .envs([
        ("GITLAB_CI", "true"),
        ("CI_COMMIT_SHA", first.as_str()),
        ("CI_PIPELINE_ID", "7"),
        ("CI_JOB_STARTED_AT", "2026-01-02T03:04:05Z"),
        ("CI_JOB_STATUS", "failed"),
    ])
    .output()
    .unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["event"]["started_at"], "2026-01-02T03:04:05Z");
    assert_eq!(told["event"]["outcome"], "failed");
    assert_eq!(told["event"]["run"], "gitlab:7");
}

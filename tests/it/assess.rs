//! `shipway assess`: what is told of a repository without a record.

use crate::sandbox::{Sandbox, text};
use serde_json::Value;
use std::process::Command;

/// `date -u -d 2026-08-01 +%s`.
const T: i64 = 1_785_542_400;

/// Commits `message` at the second T + `second`, with `more` of git's arguments before.
fn commit(sandbox: &Sandbox, second: i64, message: &str) {
    git_at(
        sandbox,
        second,
        &["commit", "--quiet", "--allow-empty", "--message", message],
    );
}

fn git_at(sandbox: &Sandbox, second: i64, arguments: &[&str]) {
    let date = format!("{} +0000", T + second);
    let output = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.org"])
        .args(arguments)
        .env("GIT_COMMITTER_DATE", &date)
        .env("GIT_AUTHOR_DATE", &date)
        .current_dir(sandbox.root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn assessed(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&sandbox.report(0, &["assess", "--format", "json"])).unwrap()
}

fn steps(assessed: &Value) -> Vec<String> {
    let steps = assessed["steps"].as_array().unwrap();
    steps
        .iter()
        .filter(|step| step["development"] == false)
        .map(|step| {
            let word = |field: &str| step[field].as_str().unwrap().to_owned();
            let at = &step["evidence"];
            format!(
                "{} {} {}:{}",
                word("trigger"),
                word("purpose"),
                at["file"].as_str().unwrap(),
                at["line"]
            )
        })
        .collect()
}

#[test]
fn every_step_is_told_with_its_place_and_what_starts_it() {
    let sandbox = Sandbox::new(&[
        (
            "deploy.sh",
            "#!/bin/sh\nset -e\nscp -r dist/ web@host:/srv/app\nssh web@host 'systemctl restart app'\n",
        ),
        (
            "README.md",
            "# App\n\n## Deploying\n\n```sh\n$ docker compose -f prod.yml up -d\npython manage.py migrate\n```\n\n## Development\n\n```sh\ndocker compose up\n```\nRun docker compose up in words is no step.\n",
        ),
        ("Procfile", "web: gunicorn app\n"),
        (
            "docker-entrypoint.sh",
            "#!/bin/sh\nalembic upgrade head\nexec \"$@\"\n",
        ),
        (
            ".github/workflows/release.yml",
            "on:\n  push:\n    tags: [v*]\njobs:\n  image:\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          push: true\n      - run: |\n          kubectl apply -f k8s/\n",
        ),
        (
            ".github/workflows/ci.yml",
            "on: push\njobs:\n  test:\n    steps:\n      - run: docker compose up -d db\n      - uses: docker/build-push-action@v6\n      - run: python -m pytest\n",
        ),
        (
            ".github/workflows/manual.yml",
            "on: workflow_dispatch\njobs:\n  x:\n    steps:\n      - run: fly deploy\n",
        ),
    ]);
    let assessed = assessed(&sandbox);
    assert_eq!(
        steps(&assessed),
        [
            "hand fetch deploy.sh:3",
            "automatic publish .github/workflows/release.yml:7",
            "automatic migrate docker-entrypoint.sh:2",
            "hand migrate README.md:7",
            "automatic start .github/workflows/release.yml:11",
            "button start .github/workflows/manual.yml:5",
            "platform start Procfile:0",
            "hand start README.md:6",
            "hand start deploy.sh:4",
        ]
    );
    assert_eq!(
        assessed["tested_by"],
        serde_json::json!([".github/workflows/ci.yml"])
    );
}

#[test]
fn the_history_is_measured_and_not_guessed() {
    let sandbox = Sandbox::new(&[]);
    // Six releases, 10 days apart, each of one commit that waited 4 days on the main line; the
    // fifth is mended after 3 days.
    let day = 86_400;
    for number in 0..6_i64 {
        commit(&sandbox, number * 10 * day, "feat: more");
        git_at(
            &sandbox,
            (number * 10 + 4) * day,
            &[
                "tag",
                "--annotate",
                "--message",
                "x",
                &format!("v1.{number}.0"),
            ],
        );
    }
    commit(&sandbox, 56 * day, "fix: what was broken");
    git_at(
        &sandbox,
        57 * day,
        &["tag", "--annotate", "--message", "x", "v1.5.1"],
    );
    git_at(
        &sandbox,
        58 * day,
        &["tag", "--annotate", "--message", "x", "v2.0.0-rc1"],
    );
    let assessed = assessed(&sandbox);
    let history = &assessed["history"];
    assert_eq!(history["releases"], 7);
    // Of v1.1.0 to v1.5.1: 10 days five times, then 57 − 54 = 3 days.
    assert_eq!(
        history["between_releases"],
        serde_json::json!({"n": 6, "p50": 10 * day, "p90": 10 * day})
    );
    // Five of 4 days; the fix waited 57 − 56 = 1 day.
    assert_eq!(
        history["merge_to_release"],
        serde_json::json!({"n": 6, "p50": 4 * day, "p90": 4 * day})
    );
    assert_eq!(history["batch"]["p50"], 1);
    // v1.5.0, of the five releases that another one followed.
    assert_eq!(history["mended"], serde_json::json!(["v1.5.0"]));
    assert_eq!(history["mended_soon"], 0.2);
    assert_eq!(history["unreleased"], 0);
    // No merge commit: nothing is said of branches.
    assert_eq!(
        history["commit_to_merge"],
        serde_json::json!({"n": 0, "p50": null, "p90": null})
    );
    assert_eq!(assessed["bottleneck"]["seconds"], 4 * day);
    assert!(assessed["advice"].as_array().unwrap().len() <= 3);
    let shown = sandbox.report(0, &["assess"]);
    assert!(
        shown.contains("20 % of them were followed within a week by one with a fix"),
        "{shown}"
    );
    assert!(shown.contains("No merge commits lately"), "{shown}");
}

#[test]
fn an_empty_repository_is_told_so() {
    let sandbox = Sandbox::without_git(&[]);
    let output = sandbox.run(3, &["assess"]);
    assert!(text(&output.stderr).contains("git init"), "{output:?}");
    sandbox.git(&["init", "--quiet"]);
    let shown = sandbox.report(0, &["assess"]);
    assert!(
        shown.contains("Nothing in the tree says how it is deployed"),
        "{shown}"
    );
    assert!(shown.contains("Cannot be told"), "{shown}");
}

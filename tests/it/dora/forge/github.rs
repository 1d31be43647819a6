//! What becomes of GitHub's answers.

use super::super::support::{head, json, run, shop};
use super::server::Server;
use super::{imported, left_out, recorded};
use crate::sandbox::Sandbox;
use serde_json::{Value, json};

/// A person, as GitHub puts one into everything.
fn person() -> Value {
    json!({"login": "octocat", "id": 1, "email": "octocat@example.org", "type": "User"})
}

/// A deployment in the shape of "List deployments".
pub(super) fn deployment(id: u64, sha: &str, environment: &str, at: &str) -> Value {
    json!({
        "url": format!("https://api.github.com/repos/acme/shop/deployments/{id}"),
        "id": id, "node_id": "MDEw", "sha": sha, "ref": "topic-branch", "task": "deploy",
        "payload": {}, "original_environment": "staging", "environment": environment,
        "description": "Deploy request from hubot", "creator": person(),
        "created_at": at, "updated_at": at, "transient_environment": false,
        "production_environment": true
    })
}

/// In the shape of "List deployment statuses".
pub(super) fn status(state: &str, at: &str) -> Value {
    json!({
        "id": 1, "state": state, "creator": person(), "description": "Deployment",
        "environment": "production", "target_url": "https://example.com/deployment/42/output",
        "created_at": at, "updated_at": at, "log_url": "https://example.com/log"
    })
}

fn at(path: &str) -> String {
    format!("/repos/acme/shop{path}")
}

/// The project with these deployments, newest first, each with its statuses.
pub(super) fn project(deployments: &[(Value, Vec<Value>)]) -> Vec<(String, Value)> {
    let list: Vec<Value> = deployments.iter().map(|(one, _)| one.clone()).collect();
    let mut content = vec![
        (
            at(""),
            json!({"id": 1, "full_name": "acme/shop", "private": true}),
        ),
        (at("/deployments"), Value::from(list)),
        (
            at("/actions/runs"),
            json!({"total_count": 0, "workflow_runs": []}),
        ),
        (at("/pulls"), json!([])),
        (at("/issues"), json!([])),
    ];
    for (one, statuses) in deployments {
        let path = at(&format!("/deployments/{}/statuses", one["id"]));
        content.push((path, Value::from(statuses.clone())));
    }
    content
}

#[test]
fn a_deployment_counts_once_it_has_ended() {
    let shop = shop();
    let commit = head(&shop);
    let began = "2026-08-01T10:00:00Z";
    // GitHub gives the newest status first.
    let server = Server::start(project(&[
        (
            deployment(7, &commit, "production", began),
            vec![
                status("inactive", "2026-08-03T00:00:00Z"),
                status("success", "2026-08-01T10:02:30Z"),
                status("in_progress", "2026-08-01T10:00:30Z"),
                status("queued", "2026-08-01T10:00:01Z"),
            ],
        ),
        (
            deployment(6, &commit, "staging", began),
            vec![status("error", "2026-08-01T10:05:00Z")],
        ),
        (
            deployment(5, &commit, "production", began),
            vec![
                status("success", "2026-08-01T10:09:00Z"),
                status("failure", "2026-08-01T10:08:00Z"),
            ],
        ),
        (
            deployment(4, &commit, "production", began),
            vec![status("pending", began)],
        ),
        (deployment(3, &commit, "production", began), vec![]),
    ]));
    let told = imported(&shop, "github", &server, &[]);
    assert_eq!(told["new"], 3, "{told}");
    let pending: Vec<String> = left_out(&told).into_iter().map(|(what, _)| what).collect();
    assert_eq!(pending, ["deployment 4", "deployment 3"]);
    let wanted = |environment: &str, started: &str, finished: &str, outcome: &str| {
        json!({
            "type": "deployment", "environment": environment, "service": "shop", "commit": commit,
            "started_at": started, "finished_at": finished, "outcome": outcome,
            "took_traffic": outcome == "succeeded", "intent": "release", "source": "github"
        })
    };
    assert_eq!(
        recorded(&shop),
        [
            wanted(
                "production",
                "2026-08-01T10:00:30Z",
                "2026-08-01T10:02:30Z",
                "succeeded"
            ),
            wanted("staging", began, "2026-08-01T10:05:00Z", "failed"),
            wanted("production", began, "2026-08-01T10:09:00Z", "succeeded"),
        ]
    );
    let log = String::from_utf8(run(&shop, 0, &["export", "jsonl"]).stdout).unwrap();
    assert!(!log.contains("octocat"), "{log}");
    // One environment alone is another import.
    let other = super::super::support::shop();
    let told = imported(
        &other,
        "github",
        &server,
        &["--environment=staging", "--service=web"],
    );
    assert_eq!(told["new"], 1, "{told}");
    assert_eq!(recorded(&other)[0]["service"], "web");
}

/// In the shape of "List jobs for a workflow run".
fn jobs(commit: &str) -> Value {
    let step = |name: &str, conclusion: Value, from: &str, to: &str| {
        json!({
            "name": name, "status": "completed", "conclusion": conclusion, "number": 1,
            "started_at": format!("2026-08-01T09:{from}Z"),
            "completed_at": format!("2026-08-01T09:{to}Z")
        })
    };
    json!({"total_count": 3, "jobs": [
        {
            "id": 1, "run_id": 30, "run_attempt": 1, "head_sha": commit, "status": "completed",
            "conclusion": "failure", "started_at": "2026-08-01T09:00:00Z",
            "completed_at": "2026-08-01T09:02:00Z", "name": "test", "steps": [
                step("Check out", json!("success"), "00:00", "00:10"),
                step("Test", json!("failure"), "00:10", "02:00"),
                step("Publish", json!("skipped"), "02:00", "02:00")
            ]
        },
        {
            "id": 2, "run_id": 30, "run_attempt": 2, "head_sha": commit, "status": "completed",
            "conclusion": "success", "started_at": "2026-08-01T09:10:00Z",
            "completed_at": "2026-08-01T09:12:00Z", "name": "test", "steps": []
        },
        {
            "id": 3, "run_id": 30, "run_attempt": 2, "head_sha": commit, "status": "completed",
            "conclusion": "skipped", "started_at": "2026-08-01T09:10:00Z",
            "completed_at": "2026-08-01T09:10:00Z", "name": "image", "steps": []
        }
    ]})
}

#[test]
fn runs_give_their_steps_by_attempt() {
    let shop = shop();
    let commit = head(&shop);
    let server = Server::start(project(&[]));
    let run = |id: u64, status: &str| {
        json!({
            "id": id, "name": "CI", "head_branch": "main", "head_sha": commit, "status": status,
            "conclusion": null, "run_attempt": 2, "event": "push", "actor": person(),
            "created_at": "2026-08-01T09:00:00Z", "run_started_at": "2026-08-01T09:10:00Z",
            "updated_at": "2026-08-01T09:12:00Z"
        })
    };
    server.put(
        &at("/actions/runs"),
        json!({"total_count": 2, "workflow_runs": [run(31, "in_progress"), run(30, "completed")]}),
    );
    server.put(&at("/actions/runs/30/jobs"), jobs(&commit));
    let told = imported(&shop, "github", &server, &[]);
    assert_eq!(told["new"], 3, "{told}");
    assert_eq!(
        left_out(&told),
        [("workflow run 31".to_owned(), "it has not ended".to_owned())]
    );
    let step = |run: &str, name: &str, from: &str, to: &str, outcome: &str| {
        json!({
            "type": "step", "run": run, "commit": commit, "name": name,
            "started_at": format!("2026-08-01T09:{from}Z"),
            "finished_at": format!("2026-08-01T09:{to}Z"), "outcome": outcome
        })
    };
    assert_eq!(
        recorded(&shop),
        [
            step(
                "github:30/1",
                "test / Check out",
                "00:00",
                "00:10",
                "succeeded"
            ),
            step("github:30/1", "test / Test", "00:10", "02:00", "failed"),
            step("github:30/2", "test", "10:00", "12:00", "succeeded"),
        ]
    );
}

/// A commit at this second of both dates.
fn commit(sandbox: &Sandbox, file: &str, second: u64) -> String {
    sandbox.write(file, file);
    sandbox.git(&["add", file]);
    dated(sandbox, second, &["commit", "--quiet", "--message", file]);
    head(sandbox)
}

fn dated(sandbox: &Sandbox, second: u64, arguments: &[&str]) {
    let date = format!("{second} +0000");
    let status = std::process::Command::new("git")
        .args(arguments)
        .current_dir(sandbox.root())
        .env("GIT_COMMITTER_DATE", &date)
        .env("GIT_AUTHOR_DATE", &date)
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{arguments:?}");
}

#[test]
fn a_squash_is_counted_from_the_commits_that_it_hid() {
    // 1785578400 is 2026-08-01T10:00:00Z.
    const BEGIN: u64 = 1_785_578_400;
    let shop = shop();
    commit(&shop, "base", BEGIN);
    shop.git(&["switch", "--quiet", "--create", "work"]);
    let one = commit(&shop, "one", BEGIN + 1000);
    let two = commit(&shop, "two", BEGIN + 2000);
    shop.git(&["switch", "--quiet", "main"]);
    shop.git(&["merge", "--quiet", "--squash", "work"]);
    dated(
        &shop,
        BEGIN + 5000,
        &["commit", "--quiet", "--message=squashed (#12)"],
    );
    let squash = head(&shop);
    let server = Server::start(project(&[]));
    let pull = |number: u64, merged: Value| {
        json!({
            "number": number, "state": "closed", "title": "Work", "user": person(),
            "created_at": "2026-08-01T10:40:00Z", "updated_at": "2026-08-01T11:23:20Z",
            "closed_at": "2026-08-01T11:23:20Z", "merged_at": merged, "merge_commit_sha": squash,
            "head": {"sha": two, "ref": "work"}, "base": {"sha": squash, "ref": "main"}
        })
    };
    server.put(
        &at("/pulls"),
        json!([
            pull(12, json!("2026-08-01T11:23:20Z")),
            pull(11, Value::Null)
        ]),
    );
    let told_commit = |id: &str, date: &str| {
        let who = json!({"name": "Mona", "email": "mona@example.org", "date": date});
        json!({"sha": id, "commit": {"author": who, "committer": who, "message": "m"}, "parents": [{"sha": id}]})
    };
    server.put(
        &at("/pulls/12/commits"),
        json!([
            told_commit(&one, "2026-08-01T10:16:40Z"),
            told_commit(&two, "2026-08-01T10:33:20Z")
        ]),
    );
    let review = |state: &str, at: &str| json!({"id": 1, "user": person(), "state": state, "submitted_at": at});
    server.put(
        &at("/pulls/12/reviews"),
        json!([
            review("CHANGES_REQUESTED", "2026-08-01T10:50:00Z"),
            review("APPROVED", "2026-08-01T11:00:00Z"),
            review("APPROVED", "2026-08-01T12:00:00Z")
        ]),
    );
    let told = imported(&shop, "github", &server, &["--only=changes"]);
    assert_eq!(told["new"], 1, "{told}");
    let change = recorded(&shop).pop().unwrap();
    assert_eq!(change["number"], 12);
    assert_eq!(change["approved_at"], "2026-08-01T11:00:00Z");
    assert_eq!(change["merged_as"], squash.as_str());
    assert_eq!(change["commits"][0]["id"], one.as_str());
    assert_eq!(change["commits"][1]["committed_at"], "2026-08-01T10:33:20Z");
    // git patch-id, another program, says the same of the commit.
    let patch = std::process::Command::new("sh")
        .args([
            "-c",
            "git diff-tree -p --full-index \"$1\" | git patch-id --stable",
            "sh",
            &one,
        ])
        .current_dir(shop.root())
        .output()
        .unwrap();
    let patch = String::from_utf8(patch.stdout).unwrap();
    assert_eq!(
        change["commits"][0]["patch_id"].as_str(),
        patch.split(' ').next()
    );
    assert!(!change.to_string().contains("mona"), "{change}");
    // The baseline, then the squash an hour and 2,000 seconds after the second commit.
    let base = shop.git(&["rev-parse", "HEAD^"]);
    for (commit, at) in [(base.trim(), BEGIN + 10), (&squash, BEGIN + 7600)] {
        let at = jiff::Timestamp::from_second(i64::try_from(at).unwrap()).unwrap();
        let (commit, at) = (format!("--commit={commit}"), format!("--finished={at}"));
        run(
            &shop,
            0,
            &["record", "deployment", "production", &commit, &at],
        );
    }
    let report = json(
        &shop,
        &[
            "report",
            "--from=2026-08-01T00:00:00Z",
            "--to=2026-08-02T00:00:00Z",
        ],
    );
    let lead = &report["reports"][0]["change_lead_time"];
    // Of the two hidden commits: 7600 - 1000 and 7600 - 2000; the nearest rank of p50 is the less.
    assert_eq!(
        (&lead["n"], &lead["p50"]),
        (&2.into(), &5600.into()),
        "{lead}"
    );
    // From the first commit of the change: 6600 for both. From the merge at 5000: 2600.
    assert_eq!(lead["from_first_commit"]["p50"], 6600);
    assert_eq!(lead["from_merge"]["p50"], 2600);
}

#[test]
fn a_rebase_is_not_taken_for_a_squash() {
    const BEGIN: u64 = 1_785_578_400;
    let shop = shop();
    commit(&shop, "base", BEGIN);
    shop.git(&["switch", "--quiet", "--create", "work"]);
    let one = commit(&shop, "one", BEGIN + 1000);
    let two = commit(&shop, "two", BEGIN + 2000);
    shop.git(&["switch", "--quiet", "main"]);
    commit(&shop, "other", BEGIN + 2500);
    shop.git(&["cherry-pick", &one, &two]);
    let rebased = head(&shop);
    let server = Server::start(project(&[]));
    server.put(
        &at("/pulls"),
        json!([{
            "number": 12, "created_at": "2026-08-01T10:40:00Z",
            "updated_at": "2026-08-01T11:23:20Z", "merged_at": "2026-08-01T11:23:20Z",
            "merge_commit_sha": rebased
        }]),
    );
    let told = |id: &str, date: &str| json!({"sha": id, "commit": {"author": {"date": date}, "committer": {"date": date}}, "parents": [{}]});
    server.put(
        &at("/pulls/12/commits"),
        json!([
            told(&one, "2026-08-01T10:16:40Z"),
            told(&two, "2026-08-01T10:33:20Z")
        ]),
    );
    imported(&shop, "github", &server, &["--only=changes"]);
    let change = recorded(&shop).pop().unwrap();
    assert_eq!(change["merged_as"], Value::Null, "{change}");
    assert_eq!(change["approved_at"], Value::Null, "{change}");
    assert!(change["commits"][1]["patch_id"].is_string(), "{change}");
}

#[test]
fn issues_with_the_label_are_incidents() {
    let shop = shop();
    let server = Server::start(project(&[]));
    let issue = |number: u64, closed: Value| {
        json!({
            "number": number, "state": "open", "title": "Down", "user": person(),
            "labels": [{"name": "incident"}], "created_at": "2026-08-01T10:00:00Z",
            "updated_at": "2026-08-01T12:00:00Z", "closed_at": closed
        })
    };
    let mut pull = issue(3, Value::Null);
    pull["pull_request"] = json!({"url": "https://example.org"});
    server.put(
        &at("/issues"),
        json!([
            issue(5, json!("2026-08-01T12:00:00Z")),
            issue(4, Value::Null),
            pull
        ]),
    );
    server.judge(|_, _| None);
    let more = ["--incident-label=sev 1&x", "--incident-environment=staging"];
    imported(&shop, "github", &server, &more);
    let asked = server.asked_for("/issues");
    assert!(asked[0].contains("labels=sev%201%26x"), "{asked:?}");
    let incident = |number: u64, field: &str, at: &str| {
        json!({
            "type": "incident", "key": format!("acme/shop#{number}"), "environment": "staging",
            "service": "shop", field: at, "cause": "change", "source": "github"
        })
    };
    let mut wanted = [
        incident(4, "opened_at", "2026-08-01T10:00:00Z"),
        incident(5, "opened_at", "2026-08-01T10:00:00Z"),
        incident(5, "resolved_at", "2026-08-01T12:00:00Z"),
    ];
    let mut found = recorded(&shop);
    for list in [&mut wanted[..], &mut found[..]] {
        list.sort_by_key(ToString::to_string);
    }
    assert_eq!(found.len(), 3);
    for (found, wanted) in found.iter().zip(&wanted) {
        assert_eq!(found, wanted);
    }
}

#[test]
fn a_second_import_asks_for_what_is_new_and_changes_nothing() {
    let shop = shop();
    let commit = head(&shop);
    let some = |count: u64| -> Vec<(Value, Vec<Value>)> {
        (0..count)
            .rev()
            .map(|number| {
                let at = jiff::Timestamp::from_second(
                    1_700_000_000 + i64::try_from(number).unwrap() * 3600,
                );
                let at = at.unwrap().to_string();
                (
                    deployment(number + 1, &commit, "production", &at),
                    vec![status("success", &at)],
                )
            })
            .collect()
    };
    let server = Server::start(project(&some(230)));
    server.judge(|_, _| None);
    let told = imported(&shop, "github", &server, &[]);
    assert_eq!((&told["new"], &told["known"]), (&230.into(), &0.into()));
    let pages = server.asked_for("/deployments?");
    assert_eq!(pages.len(), 3, "{pages:?}");
    for (number, page) in pages.iter().enumerate() {
        assert!(page.contains("per_page=100"), "{page}");
        assert!(page.ends_with(&format!("page={}", number + 1)), "{page}");
    }
    for asked in server.asked() {
        assert_eq!(
            asked.headers["authorization"],
            format!("Bearer {}", super::token())
        );
    }
    // 230 pages of statuses, 3 of deployments, the project and the three other lists.
    assert_eq!(server.asked().len(), 237);
    server.judge(|_, _| None);
    let tip = shop.git(&["rev-parse", "refs/shipway/events"]);
    let told = imported(&shop, "github", &server, &[]);
    assert_eq!(told["new"], 0, "{told}");
    assert_eq!(server.asked().len(), 5, "{:?}", server.asked_for(""));
    assert_eq!(shop.git(&["rev-parse", "refs/shipway/events"]), tip);
    // One that came meanwhile is the only one whose statuses are asked for.
    let mut more = some(230);
    let now = jiff::Timestamp::now();
    let now = jiff::Timestamp::from_second(now.as_second())
        .unwrap()
        .to_string();
    more.insert(
        0,
        (
            deployment(900, &commit, "production", &now),
            vec![status("success", &now)],
        ),
    );
    for (path, content) in project(&more) {
        server.put(&path, content);
    }
    server.judge(|_, _| None);
    let told = imported(&shop, "github", &server, &[]);
    assert_eq!(told["new"], 1, "{told}");
    assert_eq!(server.asked_for("/statuses").len(), 1);
    // And from the beginning, if that is wanted.
    server.judge(|_, _| None);
    let told = imported(&shop, "github", &server, &["--anew", "--only=deployments"]);
    assert_eq!((&told["new"], &told["known"]), (&0.into(), &231.into()));
    // Two days of an hour each, and the new one.
    let other = super::super::support::shop();
    let since = jiff::Timestamp::from_second(1_700_000_000 + 220 * 3600).unwrap();
    let since = format!("--since={since}");
    let told = imported(&other, "github", &server, &[&since]);
    assert_eq!(told["new"], 11, "{told}");
    run(&shop, 0, &["verify"]);
}

//! What becomes of GitLab's answers.

use super::super::support::{head, shop};
use super::server::{Fault, Server};
use super::{import, imported, left_out, recorded, refused};
use serde_json::{Value, json};

fn at(path: &str) -> String {
    format!("/projects/acme%2Fshop{path}")
}

fn person() -> Value {
    json!({"id": 1, "name": "Administrator", "username": "root", "public_email": "root@example.org"})
}

/// The project in the shapes of the REST interface's documentation.
fn project(commit: &str) -> Vec<(String, Value)> {
    let deployment = |iid: u64, status: &str, environment: &str, job: Value| {
        json!({
            "id": iid + 40, "iid": iid, "ref": "main", "sha": commit, "status": status,
            "created_at": "2026-08-01T10:00:00.123Z", "updated_at": "2026-08-01T10:03:00.000Z",
            "user": person(), "environment": {"id": 9, "name": environment, "external_url": null},
            "deployable": job
        })
    };
    let job = json!({
        "id": 664, "name": "deploy", "stage": "deploy", "status": "success", "user": person(),
        "created_at": "2026-08-01T10:00:00Z", "started_at": "2026-08-01T10:01:00.5Z",
        "finished_at": "2026-08-01T10:02:30.9Z", "commit": {"id": commit},
        "pipeline": {"id": 36, "ref": "main", "sha": commit, "status": "success"}
    });
    let of_pipeline = |id: u64, name: &str, status: &str, from: Value, to: Value| {
        json!({
            "id": id, "name": name, "stage": "test", "status": status, "user": person(),
            "created_at": "2026-08-01T09:00:00Z", "started_at": from, "finished_at": to,
            "duration": 60.0, "commit": {"id": commit, "author_email": "root@example.org"},
            "pipeline": {"id": 36, "project_id": 1, "sha": commit}
        })
    };
    vec![
        (at(""), json!({"id": 1, "path_with_namespace": "acme/shop"})),
        (
            at("/deployments"),
            json!([
                deployment(5, "running", "production", Value::Null),
                deployment(4, "success", "production", job),
                deployment(3, "failed", "staging", Value::Null),
                deployment(2, "blocked", "production", Value::Null)
            ]),
        ),
        (
            at("/jobs"),
            json!([
                of_pipeline(
                    8,
                    "rspec",
                    "success",
                    json!("2026-08-01T09:01:00Z"),
                    json!("2026-08-01T09:02:00Z")
                ),
                of_pipeline(
                    7,
                    "lint",
                    "failed",
                    json!("2026-08-01T09:01:00Z"),
                    json!("2026-08-01T09:01:30Z")
                ),
                of_pipeline(6, "later", "manual", Value::Null, Value::Null),
                of_pipeline(5, "gone", "canceled", Value::Null, Value::Null),
                of_pipeline(
                    4,
                    "now",
                    "running",
                    json!("2026-08-01T09:01:00Z"),
                    Value::Null
                )
            ]),
        ),
        (
            at("/merge_requests"),
            json!([{
                "iid": 12, "state": "merged", "author": person(),
                "created_at": "2026-08-01T07:00:00Z", "updated_at": "2026-08-01T08:00:00Z",
                "merged_at": "2026-08-01T08:00:00Z", "sha": "1".repeat(40),
                "merge_commit_sha": "2".repeat(40), "squash_commit_sha": "3".repeat(40)
            }]),
        ),
        (
            at("/merge_requests/12/commits"),
            // The newest first.
            json!([
                {"id": "b".repeat(40), "committed_date": "2026-08-01T06:30:00+02:00", "authored_date": "2026-08-01T06:00:00+02:00", "author_email": "root@example.org", "parent_ids": []},
                {"id": "a".repeat(40), "committed_date": "2026-08-01T06:00:00+02:00", "authored_date": "2026-08-01T05:00:00+02:00", "author_email": "root@example.org", "parent_ids": []}
            ]),
        ),
        (
            at("/merge_requests/12/approvals"),
            json!({"id": 1, "approved": true, "approved_by": [{"user": person(), "approved_at": "2026-08-01T07:30:00Z"}]}),
        ),
        (
            at("/issues"),
            json!([{
                "iid": 3, "state": "closed", "author": person(), "issue_type": "incident",
                "created_at": "2026-08-01T11:00:00Z", "closed_at": "2026-08-01T11:30:00Z",
                "updated_at": "2026-08-01T11:30:00Z", "severity": "HIGH"
            }]),
        ),
    ]
}

#[test]
fn everything_of_a_project_is_taken_once() {
    let shop = shop();
    let commit = head(&shop);
    let server = Server::start(project(&commit));
    server.judge(|_, _| None);
    let told = imported(&shop, "gitlab", &server, &[]);
    assert_eq!(told["new"], 7, "{told}");
    let left: Vec<String> = left_out(&told).into_iter().map(|(what, _)| what).collect();
    assert_eq!(left, ["deployment 5", "deployment 2", "job 4"]);
    for asked in server.asked() {
        assert_eq!(asked.headers["private-token"], super::token());
    }
    let found = recorded(&shop);
    let wanted = [
        json!({
            "type": "change", "source": "gitlab", "number": 12,
            "opened_at": "2026-08-01T07:00:00Z", "approved_at": "2026-08-01T07:30:00Z",
            "merged_at": "2026-08-01T08:00:00Z", "merged_as": "3".repeat(40),
            "commits": [
                {"id": "a".repeat(40), "committed_at": "2026-08-01T04:00:00Z", "authored_at": "2026-08-01T03:00:00Z"},
                {"id": "b".repeat(40), "committed_at": "2026-08-01T04:30:00Z", "authored_at": "2026-08-01T04:00:00Z"}
            ]
        }),
        json!({
            "type": "step", "run": "gitlab:36", "commit": commit, "name": "test / lint",
            "started_at": "2026-08-01T09:01:00Z", "finished_at": "2026-08-01T09:01:30Z", "outcome": "failed"
        }),
        json!({
            "type": "step", "run": "gitlab:36", "commit": commit, "name": "test / rspec",
            "started_at": "2026-08-01T09:01:00Z", "finished_at": "2026-08-01T09:02:00Z", "outcome": "succeeded"
        }),
        json!({
            "type": "deployment", "environment": "production", "service": "shop", "commit": commit,
            "started_at": "2026-08-01T10:01:00Z", "finished_at": "2026-08-01T10:02:30Z",
            "outcome": "succeeded", "took_traffic": true, "intent": "release", "run": "gitlab:36",
            "source": "gitlab"
        }),
        json!({
            "type": "deployment", "environment": "staging", "service": "shop", "commit": commit,
            "started_at": "2026-08-01T10:00:00Z", "finished_at": "2026-08-01T10:03:00Z",
            "outcome": "failed", "took_traffic": false, "intent": "release", "source": "gitlab"
        }),
        json!({
            "type": "incident", "key": "acme/shop#3", "environment": "production", "service": "shop",
            "opened_at": "2026-08-01T11:00:00Z", "cause": "change", "severity": "HIGH", "source": "gitlab"
        }),
        json!({
            "type": "incident", "key": "acme/shop#3", "environment": "production", "service": "shop",
            "resolved_at": "2026-08-01T11:30:00Z", "cause": "change", "severity": "HIGH", "source": "gitlab"
        }),
    ];
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(&wanted) {
        assert_eq!(found, wanted);
    }
    let again = imported(&shop, "gitlab", &server, &["--anew"]);
    assert_eq!((&again["new"], &again["known"]), (&0.into(), &7.into()));
    // A run in this pipeline that told of the same deployment counts, and the import beside it not.
    let later = imported(&shop, "gitlab", &server, &[]);
    assert_eq!(later["new"], 0);
}

#[test]
fn a_limit_is_waited_for_and_a_token_that_may_not_is_said() {
    let shop = shop();
    let server = Server::start(project(&head(&shop)));
    server.judge(|number, _| {
        (number == 1).then(|| {
            let headers = vec![
                ("ratelimit-remaining", "0".to_owned()),
                ("retry-after", "1".to_owned()),
            ];
            Fault::Answer(429, headers, "Retry later".to_owned())
        })
    });
    let output = import(&shop, "gitlab", &server, &[]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(recorded(&shop).len(), 7);
    server.judge(|_, _| {
        Some(Fault::Answer(
            403,
            vec![],
            r#"{"error":"insufficient_scope"}"#.to_owned(),
        ))
    });
    let output = import(&shop, "gitlab", &server, &["--anew"])
        .output()
        .unwrap();
    let said = refused(&output, 3);
    assert!(said.contains("insufficient_scope"), "{said}");
}

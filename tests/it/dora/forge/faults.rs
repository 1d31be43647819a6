//! A forge that limits, fails, breaks off, hangs or tells nonsense.

use super::super::support::{dora, head, run, shop};
use super::github::{deployment, project, status};
use super::server::{Fault, Server};
use super::{import, imported, left_out, recorded, refused, token};
use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use std::process::Stdio;

/// So many deployments an hour apart, the newest first.
fn many(sandbox: &Sandbox, count: i64) -> Server {
    let commit = head(sandbox);
    let deployments: Vec<(Value, Vec<Value>)> = (0..count)
        .rev()
        .map(|number| {
            let at = jiff::Timestamp::from_second(1_700_000_000 + number * 3600).unwrap();
            let id = u64::try_from(number + 1).unwrap();
            let one = deployment(id, &commit, "production", &at.to_string());
            (one, vec![status("success", &at.to_string())])
        })
        .collect();
    Server::start(project(&deployments))
}

fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Fault {
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    Fault::Answer(status, headers.collect(), body.to_owned())
}

#[test]
fn limits_and_faults_that_pass_lose_nothing() {
    let shop = shop();
    let server = many(&shop, 12);
    let soon = (jiff::Timestamp::now().as_second() + 1).to_string();
    server.judge(move |number, _| match number {
        // In the forms that are documented: primary limit, secondary limit, 429.
        0 => Some(answer(
            403,
            &[
                ("x-ratelimit-limit", "60"),
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", &soon),
            ],
            r#"{"message":"API rate limit exceeded for 203.0.113.7."}"#,
        )),
        2 => Some(answer(
            403,
            &[("retry-after", "1")],
            r#"{"message":"You have exceeded a secondary rate limit."}"#,
        )),
        4 => Some(answer(429, &[("retry-after", "0")], "{}")),
        6 => Some(answer(502, &[], "<html>Bad Gateway</html>")),
        7 => Some(answer(503, &[], "")),
        9 => Some(Fault::Cut),
        11 => Some(answer(200, &[], r#"[{"id": 1, "sta"#)),
        13 => Some(Fault::Silent),
        _ => None,
    });
    let output = import(&shop, "github", &server, &["--timeout=1s", "--verbose"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("the limit of requests is reached"), "{said}");
    assert!(said.contains("502"), "{said}");
    assert!(said.contains("cut short"), "{said}");
    assert!(said.contains("gave no answer within 1 s"), "{said}");
    assert!(!said.contains(&token()), "{said}");
    assert_eq!(recorded(&shop).len(), 12);
    // The same as where nothing was wrong.
    let other = super::super::support::shop();
    server.judge(|_, _| None);
    imported(&other, "github", &server, &[]);
    assert_eq!(server.asked().len(), 17);
    let commits = |sandbox: &Sandbox| -> Vec<Value> {
        recorded(sandbox)
            .iter()
            .map(|event| event["finished_at"].clone())
            .collect()
    };
    assert_eq!(commits(&shop), commits(&other));
}

#[test]
fn one_that_limits_for_too_long_is_gone_on_with_later() {
    let shop = shop();
    let server = many(&shop, 250);
    let until = jiff::Timestamp::now().as_second() + 7200;
    server.judge(move |_, path| {
        path.ends_with("&page=3").then(|| {
            let reset = until.to_string();
            answer(
                403,
                &[
                    ("x-ratelimit-remaining", "0"),
                    ("x-ratelimit-reset", &reset),
                ],
                "{}",
            )
        })
    });
    let output = import(&shop, "github", &server, &["--patience=10m"])
        .output()
        .unwrap();
    let said = refused(&output, 3);
    assert!(said.contains("answers nothing more before 20"), "{said}");
    assert!(said.contains("200 events imported until then"), "{said}");
    assert!(said.contains("--patience"), "{said}");
    assert_eq!(recorded(&shop).len(), 200);
    server.judge(|_, _| None);
    let told = imported(&shop, "github", &server, &[]);
    assert_eq!(
        (&told["new"], &told["known"]),
        (&50.into(), &0.into()),
        "{told}"
    );
    let pages = server.asked_for("/deployments?");
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert!(pages[0].ends_with("page=3"), "{pages:?}");
    assert_eq!(recorded(&shop).len(), 250);
    run(&shop, 0, &["verify"]);
}

#[test]
fn one_that_is_killed_goes_on_where_it_was() {
    let shop = shop();
    let server = many(&shop, 250);
    let (reached, third) = std::sync::mpsc::channel();
    server.judge(move |_, path| {
        path.ends_with("&page=3").then(|| {
            reached.send(()).unwrap();
            Fault::Silent
        })
    });
    let mut child = import(&shop, "github", &server, &["--quiet"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    third
        .recv_timeout(std::time::Duration::from_mins(2))
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(recorded(&shop).len(), 200);
    server.judge(|_, _| None);
    let told = imported(&shop, "github", &server, &[]);
    assert_eq!(told["new"], 50, "{told}");
    assert_eq!(server.asked_for("/deployments?").len(), 1);
    assert_eq!(recorded(&shop).len(), 250);
}

#[test]
fn one_that_refuses_is_gone_or_no_forge_is_said() {
    let shop = shop();
    let server = Server::start(project(&[]));
    let with = |fault: Fault| {
        server.judge(move |_, _| Some(fault.clone()));
        import(&shop, "github", &server, &[]).output().unwrap()
    };
    let said = refused(
        &with(answer(401, &[], r#"{"message":"Bad credentials"}"#)),
        3,
    );
    assert!(
        said.contains("does not accept the token: Bad credentials"),
        "{said}"
    );
    assert_eq!(server.asked().len(), 1, "it is not asked again");
    let body = r#"{"message":"Resource not accessible by integration"}"#;
    let said = refused(&with(answer(403, &[], body)), 3);
    assert!(said.contains("does not let this token read"), "{said}");
    let said = refused(&with(answer(404, &[], r#"{"message":"Not Found"}"#)), 3);
    assert!(said.contains("no project acme/shop"), "{said}");
    let said = refused(
        &with(answer(200, &[], "<!doctype html><title>Log in</title>")),
        3,
    );
    assert!(said.contains("no JSON"), "{said}");
    assert!(said.contains("--api-url"), "{said}");
    let said = refused(&with(answer(500, &[], "")), 3);
    assert!(
        said.contains("cannot be reached: it answered 500"),
        "{said}"
    );
    assert_eq!(
        server.asked().len(),
        5,
        "it is asked again, and not for ever"
    );
    let address = server.address();
    drop(server);
    let words = [
        "import",
        "github",
        "--repository=acme/shop",
        "--api-url",
        &address,
    ];
    let output = dora(&shop, &words)
        .env("GITHUB_TOKEN", token())
        .output()
        .unwrap();
    let said = refused(&output, 3);
    assert!(said.contains("cannot be reached"), "{said}");
    assert!(recorded(&shop).is_empty());
}

#[test]
fn a_list_that_is_none_stops_the_import() {
    let shop = shop();
    let server = Server::start(project(&[]));
    server.put(
        "/repos/acme/shop/deployments",
        json!({"message": "maintenance"}),
    );
    let said = refused(&import(&shop, "github", &server, &[]).output().unwrap(), 3);
    assert!(said.contains("it holds no list"), "{said}");
}

#[test]
fn a_token_goes_to_nobody_else() {
    let shop = shop();
    let server = Server::start(project(&[]));
    let other = Server::start(project(&[]));
    let elsewhere = format!(
        "{}/repos/acme/shop",
        other.address().replace("127.0.0.1", "localhost")
    );
    for forge in ["github", "gitlab"] {
        let to = elsewhere.clone();
        server.judge(move |_, _| Some(answer(302, &[("location", &to)], "")));
        let _ = import(&shop, forge, &server, &[]).output().unwrap();
        for asked in other.asked() {
            assert!(!asked.headers.contains_key("authorization"), "{asked:?}");
            assert!(!asked.headers.contains_key("private-token"), "{asked:?}");
        }
    }
    for address in [
        "http://git.example.org/api",
        "ftp://x/y",
        "git.example.org",
        "https://me:x@git.example.org/api",
    ] {
        let words = [
            "import",
            "gitlab",
            "--repository=acme/shop",
            "--api-url",
            address,
        ];
        let output = dora(&shop, &words)
            .env("GITLAB_TOKEN", token())
            .output()
            .unwrap();
        let said = refused(&output, 2);
        assert!(said.contains("--api-url"), "{said}");
    }
    for project in ["shop", "../shop", "acme/shop?x", "a//b", ""] {
        let project = format!("--repository={project}");
        let output = dora(&shop, &["import", "github", &project])
            .output()
            .unwrap();
        let said = refused(&output, 2);
        assert!(said.contains("--repository OWNER/NAME"), "{said}");
    }
    let output = dora(&shop, &["import", "github"]).output().unwrap();
    assert!(refused(&output, 2).contains("no remote called origin"));
}

#[test]
fn nonsense_is_left_out_by_name_and_the_rest_is_taken() {
    let shop = shop();
    let commit = head(&shop);
    let at = "2026-08-01T10:00:00Z";
    let nasty = "<script>alert(1)</script>\u{0}\u{1b}[31m\u{202e}=1+1";
    let good = |id: u64, environment: &str| {
        (
            deployment(id, &commit, environment, at),
            vec![status("success", at)],
        )
    };
    let mut content = vec![
        good(9, nasty),
        good(8, &"x".repeat(300)),
        good(7, "  "),
        (
            deployment(6, "no-commit", "production", at),
            vec![status("success", at)],
        ),
        (deployment(5, &commit, "production", "yesterday"), vec![]),
        (
            deployment(4, &commit, "production", at),
            vec![status("success", "2026-08-01T09:00:00Z")],
        ),
        (
            deployment(3, &commit, "production", at),
            vec![status("success", "2999-01-01T00:00:00Z")],
        ),
        good(2, "production"),
    ];
    content[7].1.push(json!({"state": nasty, "created_at": at}));
    let mut project = project(&content);
    let list = project
        .iter_mut()
        .find(|(path, _)| path.ends_with("/deployments"))
        .unwrap();
    list.1
        .as_array_mut()
        .unwrap()
        .extend([json!(null), json!("x"), json!({"id": [nasty]})]);
    let server = Server::start(project);
    let told = imported(&shop, "github", &server, &[]);
    assert_eq!(told["new"], 2, "{told}");
    let left = left_out(&told);
    let reason = |what: &str, part: &str| {
        assert!(
            left.iter()
                .any(|(one, reason)| one == what && reason.contains(part)),
            "{what} {part}: {left:#?}"
        );
    };
    reason("deployment 8", "environment: it has 300 characters");
    reason("deployment 7", "environment: it is empty");
    reason("deployment 6", "sha");
    reason("deployment 5", "created_at");
    reason("deployment 4", "before the start");
    reason("deployment 3", "lies in the future");
    reason("deployment without a number", "");
    assert_eq!(left.len(), 9, "{left:#?}");
    assert_eq!(
        recorded(&shop)
            .iter()
            .filter(|event| event["environment"] == nasty)
            .count(),
        1
    );
    // To a person nothing of it moves the cursor.
    let other = super::super::support::shop();
    let output = import(&other, "github", &server, &[]).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!said.contains(['\u{0}', '\u{1b}', '\u{202e}']), "{said:?}");
    run(&shop, 0, &["verify"]);
}

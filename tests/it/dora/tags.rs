//! Release tags as deployments.

use super::support::{dora, error, events, head, json, run, shop};
use crate::sandbox::{Sandbox, text};
use serde_json::Value;

/// A commit of the given committer date, in seconds since 1970.
fn commit(sandbox: &Sandbox, second: u64) -> String {
    let date = format!("{second} +0200");
    at(
        sandbox,
        &date,
        &["commit", "--quiet", "--allow-empty", "--message=c"],
    );
    head(sandbox)
}

fn at(sandbox: &Sandbox, date: &str, arguments: &[&str]) {
    let status = std::process::Command::new("git")
        .args(arguments)
        .current_dir(sandbox.root())
        .env("GIT_COMMITTER_DATE", date)
        .env("GIT_AUTHOR_DATE", date)
        .status()
        .unwrap();
    assert!(status.success(), "{arguments:?}");
}

/// An annotated tag a day after its commit, a light one, one of a tag, and some that are none.
fn tagged() -> (Sandbox, [String; 2]) {
    let shop = shop();
    // date -u -d 2026-03-01T10:00:00Z +%s
    let first = commit(&shop, 1_772_359_200);
    at(
        &shop,
        "1772445600 +0100",
        &["tag", "-a", "-m", "one", "v1.0"],
    );
    at(
        &shop,
        "1772532000 +0100",
        &["tag", "-a", "-m", "again", "v1.0-signed", "v1.0"],
    );
    let second = commit(&shop, 1_772_618_400);
    shop.git(&["tag", "v1.1"]);
    shop.git(&["tag", "release/v1"]);
    shop.git(&["tag", "v-tree", "HEAD^{tree}"]);
    (shop, [first, second])
}

fn import(more: &[&str]) -> Vec<String> {
    let words = ["import", "tags", "--pattern=v*", "--environment=production"];
    words
        .iter()
        .chain(more)
        .map(|word| (*word).to_owned())
        .collect()
}

fn told(sandbox: &Sandbox, more: &[&str]) -> Value {
    let words = import(more);
    json(
        sandbox,
        &words.iter().map(String::as_str).collect::<Vec<_>>(),
    )
}

#[test]
fn a_tag_is_a_deployment_at_its_own_date_once() {
    let (shop, [first, second]) = tagged();
    let said = told(&shop, &[]);
    assert_eq!(
        (&said["new"], &said["known"]),
        (&3.into(), &0.into()),
        "{said}"
    );
    let wanted = [
        // The light tag has its commit's date: 1772618400 is 2026-03-04T10:00:00Z.
        ("2026-03-04T10:00:00Z", "v1.1", &second),
        ("2026-03-03T10:00:00Z", "v1.0-signed", &first),
        ("2026-03-02T10:00:00Z", "v1.0", &first),
    ];
    let kept = events(&shop);
    assert_eq!(kept.len(), wanted.len());
    for (entry, (time, version, commit)) in kept.iter().zip(wanted) {
        let event = &entry["event"];
        assert_eq!(event["finished_at"], time);
        assert_eq!(event["started_at"], time);
        assert_eq!(event["release"]["version"], version);
        assert_eq!(event["commit"], commit.as_str());
        assert_eq!(event["outcome"], "succeeded");
        assert_eq!(event["source"], "tags");
        assert_eq!(event["service"], "shop");
    }
    let tip = shop.git(&["rev-parse", "refs/shipway/events"]);
    let again = told(&shop, &[]);
    assert_eq!((&again["new"], &again["known"]), (&0.into(), &3.into()));
    assert_eq!(shop.git(&["rev-parse", "refs/shipway/events"]), tip);
    run(&shop, 0, &["verify"]);
}

#[test]
fn a_tag_may_count_at_its_commits_date() {
    let (shop, _) = tagged();
    told(&shop, &["--at=commit", "--service=web"]);
    let times: Vec<Value> = events(&shop)
        .iter()
        .map(|entry| entry["event"]["finished_at"].clone())
        .collect();
    assert_eq!(
        times,
        [
            "2026-03-04T10:00:00Z",
            "2026-03-01T10:00:00Z",
            "2026-03-01T10:00:00Z"
        ]
    );
    assert_eq!(events(&shop)[0]["event"]["service"], "web");
}

#[test]
fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let (shop, _) = tagged();
    let said = told(&shop, &["--dry-run"]);
    assert_eq!(said["would_import"].as_array().unwrap().len(), 3);
    assert_eq!(
        said["would_import"][0]["event"]["release"]["version"],
        "v1.0"
    );
    let words = import(&["--dry-run"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let text = String::from_utf8(run(&shop, 0, &words).stdout).unwrap();
    assert!(text.contains("3 events would be imported"), "{text}");
    assert!(
        text.contains("2026-03-02T10:00:00Z: production, shop,") && text.contains(" (v1.0) "),
        "{text}"
    );
    assert!(events(&shop).is_empty());
    // What is imported afterwards has the ids that were said.
    told(&shop, &[]);
    let last = events(&shop)[2]["id"].clone();
    assert_eq!(said["would_import"][0]["id"], last);
}

#[test]
fn what_cannot_be_taken_is_said() {
    let (shop, _) = tagged();
    shop.git(&["tag", "v9", "HEAD"]);
    at(
        &shop,
        "4000000000 +0000",
        &["tag", "-a", "-m", "later", "v8"],
    );
    let said = told(&shop, &[]);
    assert_eq!(said["left_out"][0]["what"], "tag v8", "{said}");
    let reason = said["left_out"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("lies in the future"), "{reason}");
    let output = dora(
        &shop,
        &["import", "tags", "--pattern=x*", "--environment=production"],
    )
    .output()
    .unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("No tag matches x*"), "{said}");
    let said = error(
        &shop,
        2,
        &["import", "tags", "--pattern=v[", "--environment=production"],
    );
    assert!(said.contains("--pattern"), "{said}");
    let said = error(
        &shop,
        2,
        &["import", "tags", "--pattern=v*", "--environment=prodution"],
    );
    assert!(said.contains("did you mean \"production\"?"), "{said}");
    assert_eq!(events(&shop).len(), 4);
}

#[test]
fn a_bare_mirror_has_a_record_and_a_report_of_its_own() {
    let (shop, _) = tagged();
    let bare = tempfile::tempdir().unwrap();
    let path = bare.path().to_str().unwrap();
    shop.git(&["clone", "--quiet", "--mirror", ".", path]);
    let in_bare = |sandbox: &Sandbox, code: i32, arguments: &[&str]| {
        let mut command = dora(sandbox, arguments);
        let output = command.current_dir(bare.path()).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {output:?}"
        );
        output
    };
    // Its name is that of shipway.toml in HEAD.
    let tags = ["import", "tags", "--pattern=v*", "--environment=production"];
    in_bare(&shop, 0, &tags);
    let window = [
        "report",
        "--from=2026-01-01T00:00:00Z",
        "--to=2027-01-01T00:00:00Z",
    ];
    let window = [&window[..], &["--format=json"]].concat();
    let there = in_bare(&shop, 0, &window).stdout;
    run(&shop, 0, &tags);
    let here = run(&shop, 0, &window).stdout;
    assert_eq!(text(&there), text(&here));
    assert!(
        text(&there).contains("\"service\": \"shop\""),
        "{}",
        text(&there)
    );

    // Where HEAD does not say it, nobody guesses.
    shop.git(&["rm", "--quiet", "shipway.toml"]);
    shop.git(&["commit", "--quiet", "--message=nameless"]);
    shop.git(&["push", "--quiet", path, "HEAD:main"]);
    let refused = in_bare(&shop, 2, &["record", "deployment", "production"]);
    let said = text(&refused.stderr);
    assert!(said.contains("--service NAME"), "{said}");
    in_bare(
        &shop,
        0,
        &["record", "deployment", "production", "--service=shop"],
    );
    // What reads files has none to read.
    let mut assess = shop.command(&["assess"]);
    let output = assess.current_dir(bare.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}

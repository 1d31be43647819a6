//! What is refused, and that nothing is lost by it.

use super::support::{dora, error, events, head, json, plant, run, shop};
use crate::sandbox::Sandbox;
use std::io::Write;

fn refused(sandbox: &Sandbox, arguments: &[&str], parts: &[&str]) {
    let said = error(sandbox, 2, arguments);
    for part in parts {
        assert!(said.contains(part), "{arguments:?}: {said}");
    }
}

#[test]
fn a_commit_must_be_one_that_is_here() {
    let shop = shop();
    let deploy = |commit: &str| {
        let commit = format!("--commit={commit}");
        error(&shop, 2, &["record", "deployment", "production", &commit])
    };
    let absent = "1".repeat(40);
    let said = deploy(&absent);
    assert!(said.contains("there is no commit"), "{said}");
    assert!(
        said.contains(&format!("git fetch origin {absent}")),
        "{said}"
    );
    assert!(deploy("no-such-branch").contains("there is no commit"));
    assert!(deploy("HEAD^{tree}").contains("is a tree, and a commit is needed"));
    assert!(deploy("HEAD:shipway.toml").contains("is a blob, and a commit is needed"));
    // Blobs until two of them and the commit share their first four digits.
    let beginning = head(&shop)[..4].to_owned();
    let mut number = 0;
    let mut found = 0;
    while found < 1 {
        let mut list = String::new();
        for _ in 0..4000 {
            number += 1;
            let length = number.to_string().len();
            let _ = std::fmt::Write::write_fmt(
                &mut list,
                format_args!("blob\ndata {length}\n{number}\n"),
            );
        }
        let path = shop.root().join(".git/feed");
        std::fs::write(&path, list).unwrap();
        let fed = std::process::Command::new("git")
            .args(["fast-import", "--quiet"])
            .current_dir(shop.root())
            .stdin(std::fs::File::open(&path).unwrap())
            .status()
            .unwrap();
        assert!(fed.success());
        let matching = shop.git(&["rev-parse", &format!("--disambiguate={beginning}")]);
        found = matching.lines().count() - 1;
    }
    let said = deploy(&beginning);
    assert!(said.contains("is the beginning of several ids"), "{said}");
    assert!(events(&shop).is_empty());
}

#[test]
fn times_have_a_zone_an_order_and_have_been() {
    let shop = shop();
    let deploy = ["record", "deployment", "production"];
    refused(
        &shop,
        &[&deploy[..], &["--finished=2026-08-01T10:00:00"]].concat(),
        &["has no zone", "append Z"],
    );
    refused(
        &shop,
        &[
            &deploy[..],
            &[
                "--started=2026-08-01T10:00:01Z",
                "--finished=2026-08-01T10:00:00Z",
            ],
        ]
        .concat(),
        &["--finished", "before the start"],
    );
    refused(
        &shop,
        &[&deploy[..], &["--finished=2999-01-01T00:00:00Z"]].concat(),
        &["finished_at", "lies in the future", "the clock here says"],
    );
    refused(
        &shop,
        &[
            "record",
            "incident",
            "k",
            "--environment=production",
            "--opened=2999-01-01T00:00:00Z",
        ],
        &["opened_at", "lies in the future"],
    );
    assert!(events(&shop).is_empty());
}

#[test]
fn an_unknown_environment_is_asked_about_once() {
    let shop = shop();
    refused(
        &shop,
        &["record", "deployment", "prodution"],
        &[
            "no environment that this project has",
            "did you mean \"production\"?",
            "--create",
        ],
    );
    refused(
        &shop,
        &["record", "deployment", "eu-west"],
        &["known are", "--create"],
    );
    run(&shop, 0, &["record", "deployment", "eu-west", "--create"]);
    // Now the record knows it.
    run(
        &shop,
        0,
        &["record", "deployment", "eu-west", "--outcome=failed"],
    );
    shop.write("shipway.toml", "[environments.qa]\n");
    run(&shop, 0, &["record", "deployment", "qa"]);
}

#[test]
fn every_text_may_hold_markup_and_control_characters_and_none_reaches_the_terminal() {
    let shop = shop();
    let nasty = "<script>alert(1)</script>\u{1b}[31m\u{202e}\"'&";
    run(
        &shop,
        0,
        &[
            "record",
            "deployment",
            nasty,
            "--create",
            "--service",
            nasty,
            "--run",
            nasty,
        ],
    );
    run(
        &shop,
        0,
        &[
            "record",
            "incident",
            nasty,
            "--opened",
            "--environment",
            nasty,
            "--severity",
            nasty,
        ],
    );
    run(
        &shop,
        0,
        &[
            "record",
            "step",
            nasty,
            "--started=2026-08-01T00:00:00Z",
            "--run",
            nasty,
        ],
    );
    let id = events(&shop)[0]["id"].as_str().unwrap().to_owned();
    run(&shop, 0, &["retract", &id, "--reason", nasty]);
    let log = run(&shop, 0, &["log"]).stdout;
    let text = String::from_utf8(log).unwrap();
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(
        text.contains("<script>alert(1)</script>\\u{1b}[31m\\u{202e}"),
        "{text}"
    );
    let deployed = json(&shop, &["log", "--type=deployment"]);
    assert_eq!(deployed["events"][0]["event"]["run"], nasty);
    run(&shop, 0, &["verify"]);
}

#[test]
fn a_ref_of_another_tool_is_not_written_over() {
    let shop = shop();
    let blob = shop.git(&["rev-parse", "HEAD:shipway.toml"]);
    shop.git(&["update-ref", "refs/shipway/events", blob.trim()]);
    let said = error(&shop, 1, &["record", "deployment", "production"]);
    assert!(
        said.contains("points at a blob, which shipway did not write"),
        "{said}"
    );
    assert!(
        said.contains("git update-ref -d refs/shipway/events"),
        "{said}"
    );
    assert!(error(&shop, 1, &["log"]).contains("points at a blob"));
    assert_eq!(shop.git(&["rev-parse", "refs/shipway/events"]), blob);
    // A commit whose tree is something else: what is there stays, and is named.
    shop.git(&["update-ref", "refs/shipway/events", "HEAD"]);
    run(&shop, 0, &["record", "deployment", "production"]);
    assert_eq!(events(&shop).len(), 1);
    let kept = shop.git(&["show", "refs/shipway/events:shipway.toml"]);
    assert_eq!(kept, shop.read("shipway.toml"));
    let said = String::from_utf8(run(&shop, 1, &["verify"]).stdout).unwrap();
    assert!(
        said.contains("shipway.toml is no folder of a day"),
        "{said}"
    );
    // A file where the folder of the year would be.
    let year = jiff::Timestamp::now().to_string()[..4].to_owned();
    std::fs::write(shop.root().join(&year), "x").unwrap();
    shop.git(&["add", &year]);
    shop.git(&["commit", "--quiet", "--message=year"]);
    shop.git(&["update-ref", "refs/shipway/events", "HEAD"]);
    let said = error(&shop, 1, &["record", "deployment", "production"]);
    assert!(
        said.contains("holds something that is no folder at"),
        "{said}"
    );
}

#[test]
fn what_is_no_event_is_refused_and_named_and_the_rest_is_read() {
    let shop = shop();
    run(
        &shop,
        0,
        &[
            "record",
            "deployment",
            "production",
            "--finished=2026-08-01T10:00:00Z",
        ],
    );
    let good = events(&shop)[0].clone();
    let named = |content: &str| super::support::sha256(content);
    let other = "ab".repeat(32);
    let retraction = format!(
        r#"{{"at":"2026-08-02T00:00:00Z","reason":"r","retracts":"{other}","type":"retraction"}}"#
    );
    let loose = retraction.replace(":\"r\"", ": \"r\"");
    let large = format!(
        r#"{{"at":"2026-08-02T00:00:00Z","reason":"{}","type":"x"}}"#,
        "x".repeat(70_000)
    );
    plant(
        &shop,
        "100644",
        &format!("2026/08/02/{other}.json"),
        retraction.as_bytes(),
    );
    plant(
        &shop,
        "100644",
        &format!("2026/08/03/{}.json", named(&retraction)),
        retraction.as_bytes(),
    );
    plant(
        &shop,
        "100644",
        &format!("2026/08/02/{}.json", named(&loose)),
        loose.as_bytes(),
    );
    plant(
        &shop,
        "100644",
        &format!("2026/08/02/{}.json", named(&large)),
        large.as_bytes(),
    );
    plant(
        &shop,
        "120000",
        &format!("2026/08/02/{}.json", named(&retraction)),
        retraction.as_bytes(),
    );
    plant(&shop, "100644", "2026/08/02/notes.txt", b"hello");
    plant(&shop, "100644", "2026/13/01/x.json", b"{}");
    plant(&shop, "100644", "README", b"hello");
    assert_eq!(events(&shop), [good]);
    let report = run(&shop, 1, &["verify", "--format=json"]).stdout;
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["events"], 1);
    let wrong: Vec<(String, String)> = report["wrong"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap().to_owned();
            (text("place"), text("reason"))
        })
        .collect();
    let expect = |place: &str, part: &str| {
        assert!(
            wrong
                .iter()
                .any(|(at, reason)| at == place && reason.contains(part)),
            "{place} {part}: {wrong:#?}"
        );
    };
    expect(&format!("2026/08/02/{other}.json"), "was altered");
    expect(
        &format!("2026/08/03/{}.json", named(&retraction)),
        "under the wrong day",
    );
    expect(
        &format!("2026/08/02/{}.json", named(&loose)),
        "not in canonical form",
    );
    expect(
        &format!("2026/08/02/{}.json", named(&large)),
        "65536 are the most",
    );
    expect(
        &format!("2026/08/02/{}.json", named(&retraction)),
        "no regular file",
    );
    expect("2026/08/02/notes.txt", "not named by a SHA-256");
    expect("2026/13/01", "no day of the calendar");
    expect("README", "no folder of a day");
    assert_eq!(wrong.len(), 8, "{wrong:#?}");
    // And a record goes on beside them.
    run(&shop, 0, &["record", "deployment", "staging"]);
}

#[test]
fn an_object_that_was_altered_or_lost_is_named() {
    let shop = shop();
    run(
        &shop,
        0,
        &[
            "record",
            "deployment",
            "production",
            "--finished=2026-08-01T10:00:00Z",
        ],
    );
    run(
        &shop,
        0,
        &[
            "record",
            "deployment",
            "staging",
            "--finished=2026-08-01T10:00:00Z",
        ],
    );
    let listed = shop.git(&["ls-tree", "-r", "refs/shipway/events"]);
    let blobs: Vec<&str> = listed
        .lines()
        .map(|line| line.split([' ', '\t']).nth(2).unwrap())
        .collect();
    let file = |blob: &str| {
        shop.root()
            .join(format!(".git/objects/{}/{}", &blob[..2], &blob[2..]))
    };
    // The object of the first under the name of the second, and then none.
    let path = file(blobs[1]);
    std::fs::remove_file(&path).unwrap();
    std::fs::copy(file(blobs[0]), &path).unwrap();
    let said = String::from_utf8(run(&shop, 1, &["verify"]).stdout).unwrap();
    assert!(said.contains("was altered"), "{said}");
    assert!(said.contains("1 event, 1 thing wrong"), "{said}");
    std::fs::remove_file(&path).unwrap();
    let said = String::from_utf8(run(&shop, 1, &["verify"]).stdout).unwrap();
    assert!(said.contains("is missing"), "{said}");
}

#[test]
fn a_spoiled_cache_is_made_anew() {
    let shop = shop();
    run(&shop, 0, &["record", "deployment", "production"]);
    let before = events(&shop);
    let cache = shop.root().join(".git/shipway/events.cache");
    let whole = std::fs::read(&cache).unwrap();
    for spoiled in [
        Vec::new(),
        whole[..whole.len() / 2].to_vec(),
        [&whole[..], b"x"].concat(),
        whole.iter().rev().copied().collect(),
    ] {
        std::fs::write(&cache, spoiled).unwrap();
        assert_eq!(events(&shop), before);
    }
    std::fs::remove_file(&cache).unwrap();
    std::fs::create_dir(&cache).unwrap();
    assert_eq!(events(&shop), before);
}

#[test]
fn parallel_records_lose_nothing() {
    let shop = shop();
    let count = 100 * crate::sandbox::scale();
    let at_once = 20;
    let mut begun = 0;
    let mut running = std::collections::VecDeque::new();
    while begun < count || !running.is_empty() {
        while begun < count && running.len() < at_once {
            let run = format!("--run=r{begun}");
            let child = dora(
                &shop,
                &["record", "deployment", "production", &run, "--quiet"],
            );
            let mut child = child;
            running.push_back((begun, child.spawn().unwrap()));
            begun += 1;
        }
        if let Some((number, mut child)) = running.pop_front() {
            assert!(child.wait().unwrap().success(), "{number}");
        }
    }
    let mut runs: Vec<String> = events(&shop)
        .iter()
        .map(|entry| entry["event"]["run"].as_str().unwrap().to_owned())
        .collect();
    runs.sort();
    let mut wanted: Vec<String> = (0..count).map(|number| format!("r{number}")).collect();
    wanted.sort();
    assert_eq!(runs, wanted);
    run(&shop, 0, &["verify"]);
    let commits = shop.git(&["rev-list", "--count", "refs/shipway/events"]);
    assert_eq!(commits.trim(), count.to_string());
}

#[test]
fn a_lock_that_a_killed_process_left_is_taken_away_and_a_fresh_one_waited_for() {
    let shop = shop();
    run(&shop, 0, &["record", "deployment", "production"]);
    let lock = shop.root().join(".git/refs/shipway/events.lock");
    let file = std::fs::File::create(&lock).unwrap();
    let old = std::time::SystemTime::now() - std::time::Duration::from_mins(1);
    file.set_modified(old).unwrap();
    run(&shop, 0, &["record", "deployment", "staging"]);
    assert!(!lock.exists());
    // A fresh one belongs to a process that lives; it is gone a moment later.
    let mut file = std::fs::File::create(&lock).unwrap();
    file.write_all(b"x").unwrap();
    let child = dora(&shop, &["record", "deployment", "preview"])
        .spawn()
        .unwrap();
    std::fs::remove_file(&lock).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(events(&shop).len(), 3);
}

#[test]
fn a_full_disk_is_said_and_leaves_the_record_as_it_was() {
    let shop = shop();
    run(&shop, 0, &["record", "deployment", "production"]);
    let tip = shop.git(&["rev-parse", "refs/shipway/events"]);
    // No file may grow: what a full disk is to the program, with another word.
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"";
    let output = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_shipway")])
        .args(["dora", "record", "deployment", "staging"])
        .current_dir(shop.root())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("File too large"), "{said}");
    assert!(said.contains("make room on that disk"), "{said}");
    assert_eq!(shop.git(&["rev-parse", "refs/shipway/events"]), tip);
    assert_eq!(events(&shop).len(), 1);
    run(&shop, 0, &["verify"]);
}

#[test]
#[cfg(unix)]
fn of_a_record_that_is_killed_nothing_stays_that_git_does_not_take_away() {
    let shop = shop();
    run(&shop, 0, &["record", "deployment", "production"]);
    let objects = shop.root().join(".git/objects");
    let files = || {
        let entries = std::fs::read_dir(&objects).unwrap().map(Result::unwrap);
        entries.filter(|entry| entry.path().is_file()).count()
    };
    // The system kills what writes into a file that may not grow.
    let output = std::process::Command::new("sh")
        .args(["-c", "ulimit -c 0; ulimit -f 0; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_shipway"))
        .args(["dora", "record", "deployment", "staging"])
        .current_dir(shop.root())
        .output()
        .unwrap();
    let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
    assert_eq!(signal, Some(nix::libc::SIGXFSZ), "{output:?}");
    assert_eq!(files(), 1, "of what it was writing");
    shop.git(&["prune", "--expire=now"]);
    assert_eq!(files(), 0);
    run(&shop, 0, &["record", "deployment", "staging"]);
    assert_eq!(events(&shop).len(), 2);
}

//! Events from files and back.

use super::support::{dora, error, events, head, json, run, sha256, shop};
use crate::sandbox::Sandbox;
use std::io::Write;
use std::process::Stdio;

/// Runs `shipway dora …` with `input` on standard input.
fn fed(sandbox: &Sandbox, arguments: &[&str], input: &[u8]) -> std::process::Output {
    let mut child = dora(sandbox, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // One that reads no further closes the pipe.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn ids(sandbox: &Sandbox) -> Vec<String> {
    let id = |entry: &serde_json::Value| entry["id"].as_str().unwrap().to_owned();
    events(sandbox).iter().map(id).collect()
}

/// One event of every type, with markup, a formula and control characters in its texts.
fn recorded() -> Sandbox {
    let shop = shop();
    let nasty = "=1+1 <b>\u{7}\u{2028}'\",;";
    let deployed = json(
        &shop,
        &[
            "record",
            "deployment",
            "production",
            "--started=2026-08-01T10:00:00Z",
            "--finished=2026-08-01T10:00:30Z",
            "--intent=rollback",
            "--outcome=failed",
            "--traffic=yes",
            &format!("--image=app@sha256:{}", "ab".repeat(32)),
            &format!("--image=web@sha256:{}", "cd".repeat(32)),
            "--release",
            nasty,
            "--schema-head=0007",
            "--run",
            nasty,
        ],
    );
    let id = deployed["id"].as_str().unwrap();
    run(
        &shop,
        0,
        &[
            "record",
            "deployment",
            "production",
            "--finished=2026-08-02T10:00:30Z",
            "--reverts",
            id,
        ],
    );
    run(
        &shop,
        0,
        &[
            "record",
            "incident",
            nasty,
            "--opened=2026-08-01T11:00:00Z",
            "--environment=production",
            "--caused-by",
            id,
            "--cause=external",
            "--severity=@high",
        ],
    );
    run(
        &shop,
        0,
        &[
            "record",
            "incident",
            nasty,
            "--resolved=2026-08-01T12:00:00Z",
        ],
    );
    run(
        &shop,
        0,
        &[
            "record",
            "step",
            nasty,
            "--started=2026-08-01T09:00:00Z",
            "--finished=2026-08-01T09:01:00Z",
        ],
    );
    let commit = head(&shop);
    let change = format!(
        r#"{{"type":"change","commits":[{{"id":"{commit}","committed_at":"2026-07-01T00:00:00Z","authored_at":"2026-06-30T00:00:00Z"}}],"opened_at":"2026-07-02T00:00:00Z","number":7}}"#
    );
    let output = fed(&shop, &["import", "events", "-"], change.as_bytes());
    assert!(output.status.success(), "{output:?}");
    let last = ids(&shop).pop().unwrap();
    run(&shop, 0, &["retract", &last, "--reason", nasty]);
    shop
}

#[test]
fn every_form_comes_back_as_it_was() {
    let from = recorded();
    let before = ids(&from);
    assert_eq!(before.len(), 7);
    for form in ["jsonl", "csv", "cdevents"] {
        let exported = run(&from, 0, &["export", form]).stdout;
        let to = shop();
        let output = fed(&to, &["import", "events", "-"], &exported);
        assert!(output.status.success(), "{form}: {output:?}");
        let mut wanted = before.clone();
        if form == "cdevents" {
            // It has no word for a retraction.
            wanted.retain(|id| {
                let kept = events(&from);
                let entry = kept
                    .iter()
                    .find(|entry| entry["id"] == id.as_str())
                    .unwrap();
                entry["event"]["type"] != "retraction"
            });
            assert_eq!(wanted.len(), 6);
        }
        assert_eq!(ids(&to), wanted, "{form}");
        // Once more, and nothing changes.
        let tip = to.git(&["rev-parse", "refs/shipway/events"]);
        let again = fed(&to, &["import", "events", "-", "--format=json"], &exported);
        let told: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
        assert_eq!(told["new"], 0, "{form}");
        assert_eq!(told["known"], wanted.len(), "{form}");
        assert_eq!(to.git(&["rev-parse", "refs/shipway/events"]), tip);
        run(&to, 0, &["verify"]);
    }
}

#[test]
fn a_spreadsheet_computes_nothing_of_the_csv() {
    let exported = run(&recorded(), 0, &["export", "csv"]).stdout;
    let text = String::from_utf8(exported).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    for record in reader.records() {
        for cell in &record.unwrap() {
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
        }
    }
}

#[test]
fn what_is_exported_are_cdevents_to_others() {
    let exported = run(&recorded(), 0, &["export", "cdevents"]).stdout;
    let text = String::from_utf8(exported).unwrap();
    let mut kinds: Vec<String> = text
        .lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            // The SDK reads it strictly, by the type's own version.
            let event: cdevents_sdk::CDEvent = serde_json::from_value(value).unwrap();
            event.ty().to_owned()
        })
        .collect();
    kinds.sort();
    assert_eq!(
        kinds,
        [
            "dev.cdevents.change.created.0.4.0",
            "dev.cdevents.incident.detected.0.3.0",
            "dev.cdevents.incident.resolved.0.3.0",
            "dev.cdevents.service.deployed.0.3.0",
            "dev.cdevents.taskrun.finished.0.3.0",
            "dev.cdevents.taskrun.finished.0.3.0",
        ]
    );
}

#[test]
fn cdevents_of_others_are_understood() {
    let shop = shop();
    let commit = head(&shop);
    // The examples of the specification, with a commit where one can stand.
    let lines = [
        format!(
            r#"{{"context":{{"version":"0.4.1","id":"271069a8-fc18-44f1-b38f-9d70a1695819","source":"/event/source/123","type":"dev.cdevents.service.deployed.0.2.0","timestamp":"2026-03-20T14:27:05.315384Z"}},"subject":{{"id":"mySubject123","source":"/event/source/123","type":"service","content":{{"environment":{{"id":"test123"}},"artifactId":"pkg:github/acme/shop@{commit}"}}}}}}"#
        ),
        format!(
            r#"{{"specversion":"1.0","id":"x","source":"/x","type":"dev.cdevents.service.rolledback.0.3.0","data":{{"context":{{"specversion":"0.5.0","id":"271069a8-fc18-44f1-b38f-9d70a1695819","source":"/event/source/123","type":"dev.cdevents.service.rolledback.0.3.0","timestamp":"2026-03-21T14:27:05Z"}},"subject":{{"id":"mySubject123","content":{{"environment":{{"id":"test123"}},"artifactId":"pkg:oci/shop@sha256%3A0b31?vcs_url=git%2Bhttps://example.org/shop.git%40{commit}"}}}}}}}}"#
        ),
        r#"{"context":{"version":"0.4.1","id":"a","source":"/event/source/123","type":"dev.cdevents.incident.detected.0.2.0","timestamp":"2026-03-22T14:27:05Z"},"subject":{"id":"INC-1","type":"incident","content":{"description":"slow","environment":{"id":"prod1"},"service":{"id":"web"}}}}"#.to_owned(),
        r#"{"context":{"version":"0.4.1","id":"b","source":"/event/source/123","type":"dev.cdevents.taskrun.started.0.2.0","timestamp":"2026-03-22T14:00:00Z"},"subject":{"id":"t1","type":"taskRun","content":{"taskName":"build","pipelineRun":{"id":"p1"}}}}"#.to_owned(),
        format!(
            r#"{{"context":{{"version":"0.4.1","id":"c","source":"/event/source/123","type":"dev.cdevents.taskrun.finished.0.2.0","timestamp":"2026-03-22T14:02:00Z"}},"subject":{{"id":"t1","type":"taskRun","content":{{"taskName":"build","outcome":"failure","pipelineRun":{{"id":"p1"}}}}}},"customData":{{"commit":"{commit}"}}}}"#
        ),
        r#"{"context":{"version":"0.4.1","id":"d","source":"/x","type":"dev.cdevents.service.deployed.0.2.0","timestamp":"2026-03-20T14:27:05Z"},"subject":{"id":"s","type":"service","content":{"environment":{"id":"e"},"artifactId":"pkg:oci/x@sha256%3Aab"}}}"#.to_owned(),
        r#"{"context":{"version":"0.4.1","id":"e","source":"/x","type":"dev.cdevents.branch.created.0.2.0","timestamp":"2026-03-20T14:27:05Z"},"subject":{"id":"s","type":"branch","content":{}}}"#.to_owned(),
    ];
    let output = fed(
        &shop,
        &["import", "events", "-", "--format=json"],
        lines.join("\n").as_bytes(),
    );
    let told: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(told["new"], 4, "{told}");
    let reasons: Vec<&str> = told["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[0].contains("names no commit"), "{reasons:?}");
    assert!(
        reasons[1].contains("branch.created has no place"),
        "{reasons:?}"
    );
    let all = events(&shop);
    let find = |kind: &str, at: &str| {
        all.iter()
            .map(|entry| &entry["event"])
            .find(|event| event["type"] == kind && event["finished_at"] == at)
            .unwrap()
    };
    let deployed = find("deployment", "2026-03-20T14:27:05Z");
    assert_eq!(deployed["commit"], commit.as_str());
    assert_eq!(deployed["service"], "mySubject123");
    assert_eq!(deployed["environment"], "test123");
    assert_eq!(deployed["source"], "cdevents");
    let rolled_back = find("deployment", "2026-03-21T14:27:05Z");
    assert_eq!(rolled_back["intent"], "rollback");
    assert_eq!(rolled_back["commit"], commit.as_str());
    let step = find("step", "2026-03-22T14:02:00Z");
    assert_eq!(step["started_at"], "2026-03-22T14:00:00Z");
    assert_eq!(step["outcome"], "failed");
    assert_eq!(step["run"], "p1");
    let incident = all
        .iter()
        .find(|entry| entry["event"]["type"] == "incident")
        .unwrap();
    assert_eq!(incident["event"]["key"], "INC-1");
    assert_eq!(incident["event"]["opened_at"], "2026-03-22T14:27:05Z");
}

/// `count` steps, one a minute, as JSON Lines.
fn steps(commit: &str, count: usize) -> String {
    let mut text = String::new();
    let begin: jiff::Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    for number in 0..count {
        let at = begin + jiff::SignedDuration::from_mins(i64::try_from(number).unwrap());
        text.push_str(&format!(
            r#"{{"type":"step","run":"r{number}","commit":"{commit}","name":"n","started_at":"{at}","finished_at":"{at}","outcome":"succeeded"}}"#
        ));
        text.push('\n');
    }
    text
}

#[test]
fn a_line_that_comes_twice_is_one_event() {
    let shop = shop();
    let lines = steps(&head(&shop), 2).repeat(2);
    let words = ["import", "events", "-", "--format=json"];
    let output = fed(&shop, &words, lines.as_bytes());
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&told["new"], &told["known"]),
        (&2.into(), &2.into()),
        "{told}"
    );
    assert_eq!(ids(&shop).len(), 2);
}

#[test]
fn a_broken_line_is_named_and_nothing_imported_unless_it_is_skipped() {
    let shop = shop();
    // 700,001 where it is asked for; the same lines otherwise.
    let broken = if crate::sandbox::scale() > 1 {
        700_001
    } else {
        7_001
    };
    let mut text = steps(&head(&shop), broken - 1);
    text.push_str("{\"type\":\"step\",\"run\":\n");
    let more = steps(&head(&shop), broken + 1);
    text.push_str(more.lines().last().unwrap());
    text.push('\n');
    let file = shop.root().join("events.jsonl");
    std::fs::write(&file, &text).unwrap();
    let said = error(&shop, 2, &["import", "events", "events.jsonl"]);
    assert!(said.contains(&format!("events.jsonl:{broken}: ")), "{said}");
    assert!(said.contains("nothing was imported"), "{said}");
    assert!(said.contains("--skip-invalid"), "{said}");
    assert!(events(&shop).is_empty());
    let told = json(
        &shop,
        &["import", "events", "events.jsonl", "--skip-invalid"],
    );
    assert_eq!(told["new"], broken);
    assert_eq!(told["left_out"].as_array().unwrap().len(), 1);
    assert_eq!(told["left_out"][0]["what"], format!("line {broken}"));
    run(&shop, 0, &["verify"]);
    shop.git(&["fsck", "--strict"]);
    // Commits of many events name each of them.
    let messages = shop.git(&["log", "--format=%B", "refs/shipway/events"]);
    let mut named: Vec<&str> = messages.lines().filter(|line| !line.is_empty()).collect();
    named.sort_unstable();
    let mut wanted = ids(&shop);
    wanted.sort_unstable();
    assert_eq!(named, wanted);
    assert_eq!(shop.git(&["for-each-ref", "refs/shipway/import"]), "");
    // A record among them is one more.
    run(&shop, 0, &["record", "deployment", "production"]);
    assert_eq!(events(&shop).len(), broken + 1);
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_line_and_field() {
    let shop = shop();
    let commit = head(&shop);
    let refused = |name: &str, content: &str, parts: &[&str]| {
        shop.write(name, content);
        let said = error(&shop, 2, &["import", "events", name]);
        for part in parts {
            assert!(said.contains(part), "{content}: {said}");
        }
        assert!(events(&shop).is_empty());
    };
    let good = steps(&commit, 1);
    refused(
        "a.jsonl",
        &format!(
            "{good}\n{}",
            good.replace("2024-01-01T00:00:00Z", "2024-01-01T00:00:00")
        ),
        &["a.jsonl:3: ", "_at: ", "has no zone", "append Z"],
    );
    refused(
        "a.jsonl",
        &good.replace("2024", "2999"),
        &["a.jsonl:1: ", "lies in the future"],
    );
    refused(
        "a.json",
        &format!("[{good}]"),
        &["a.json:1: ", "jq -c '.[]'"],
    );
    refused("a.jsonl", "{}\n", &["a.jsonl:1: ", "type"]);
    refused("a.jsonl", "\u{0}\u{1}\n", &["a.jsonl:1: "]);
    refused(
        "a.jsonl",
        &format!(
            "{{\"type\":\"step\",\"name\":\"{}\"}}",
            "x".repeat(2_000_000)
        ),
        &["a.jsonl:1: ", "1048576 are the most"],
    );
    refused(
        "a.csv",
        "type,environement\ndeployment,x\n",
        &["a.csv:1: ", "\"environement\" is no column"],
    );
    refused(
        "a.csv",
        &format!(
            "type,environment,commit,started_at,finished_at,outcome\n\ndeployment,e,{commit},2026-01-01T00:00:00Z,2026-01-01T00:00:00,succeeded\n"
        ),
        &["a.csv:3: ", "finished_at: ", "has no zone"],
    );
    refused(
        "a.csv",
        "type,environment\ndeployment\n",
        &["a.csv:2: ", "1 cells for 2 columns"],
    );
    refused(
        "a.csv",
        &format!("type,commit,took_traffic\ndeployment,{commit},maybe\n"),
        &["a.csv:2: ", "took_traffic: \"maybe\" is no true or false"],
    );
    let said = error(&shop, 2, &["import", "events", "absent.jsonl"]);
    assert!(said.contains("absent.jsonl cannot be opened"), "{said}");
    let said = error(&shop, 3, &["import", "events", "."]);
    assert!(said.contains("cannot be read"), "{said}");
}

#[test]
fn a_csv_of_a_person_is_enough() {
    let shop = shop();
    let commit = head(&shop);
    shop.write(
        "deployments.csv",
        &format!(
            "\u{feff}environment,commit,started_at,finished_at,outcome,type\r\n\
             production,{commit},2026-01-01T10:00:00+01:00,2026-01-01T10:05:00+01:00,succeeded,deployment\r\n"
        ),
    );
    run(&shop, 0, &["import", "events", "deployments.csv"]);
    let form = format!(
        r#"{{"commit":"{commit}","environment":"production","finished_at":"2026-01-01T09:05:00Z","intent":"release","outcome":"succeeded","service":"shop","source":"file","started_at":"2026-01-01T09:00:00Z","took_traffic":true,"type":"deployment"}}"#
    );
    assert_eq!(ids(&shop), [sha256(&form)]);
}

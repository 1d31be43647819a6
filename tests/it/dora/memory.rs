//! How much memory a report takes for each commit: the least that the system has to let it have,
//! over a history and over one twice as long with as many events.

use super::ledger;
use super::support::{dora, shop};
use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

/// 2024-01-01T00:00:00Z.
const START: usize = 1_704_067_200;
const FEW: usize = 200_000;
const MANY: usize = 400_000;
/// KiB, far more than either takes.
const PLENTY: usize = 1 << 20;

/// So many commits, every fourth of them a merge, with a commit-graph file and a hundred
/// deployments, of which three are rollbacks.
fn history(commits: usize) -> Sandbox {
    let shop = shop();
    let mut stream = String::new();
    for number in (1..commits).step_by(4) {
        for (mark, parents) in [
            (number, vec![number - 1]),
            (number + 1, vec![number]),
            (number + 2, vec![number]),
            (number + 3, vec![number + 1, number + 2]),
        ] {
            let second = START + mark;
            write!(
                stream,
                "commit refs/heads/long\nmark :{mark}\ncommitter T <t@localhost> {second} +0000\n\
                 data 1\nc\n"
            )
            .unwrap();
            let named = ["from", "merge"].into_iter().zip(parents);
            for (word, parent) in named.filter(|(_, parent)| *parent > 0) {
                writeln!(stream, "{word} :{parent}").unwrap();
            }
        }
    }
    let mut import = std::process::Command::new("git")
        .args(["fast-import", "--quiet", "--export-marks=marks"])
        .current_dir(shop.root())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = import.stdin.take().unwrap();
    pipe.write_all(stream.as_bytes()).unwrap();
    drop(pipe);
    assert!(import.wait().unwrap().success());
    shop.git(&["commit-graph", "write", "--reachable", "--no-progress"]);
    let marks = std::fs::read_to_string(shop.root().join("marks")).unwrap();
    let ids: std::collections::HashMap<&str, &str> = marks
        .lines()
        .filter_map(|line| line.trim_start_matches(':').split_once(' '))
        .collect();
    let events: Vec<Value> = (0..100)
        .map(|number| {
            // Every thirtieth takes back the one before it and goes on from there.
            let part = if number % 30 == 29 {
                number - 2
            } else {
                number
            };
            let mark = (part * (commits / 100) / 4 * 4 + 4).to_string();
            let at =
                jiff::Timestamp::from_second(i64::try_from(START + 1_000_000 + number).unwrap())
                    .unwrap();
            json!({
                "type": "deployment", "environment": "production", "service": "shop",
                "commit": ids[mark.as_str()], "started_at": at, "finished_at": at,
                "outcome": "succeeded", "took_traffic": true, "intent": "release",
                "run": number.to_string(), "source": "file",
            })
        })
        .collect();
    ledger::record(&shop, &events);
    shop
}

/// Whether a report can be made with so many KiB of memory of its own (`RLIMIT_DATA`, see
/// setrlimit(2)), its threads included.
fn can_do_with(shop: &Sandbox, kib: usize) -> bool {
    let report = dora(shop, &["report", "--last", "36500d", "--format", "json"]);
    let mut limited = std::process::Command::new("sh");
    limited
        .args([
            "-c",
            "ulimit -c 0; ulimit -d \"$1\"; shift; exec \"$@\"",
            "sh",
        ])
        .arg(kib.to_string())
        .arg(report.get_program())
        .args(report.get_args())
        .current_dir(shop.root());
    for (name, value) in report.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let output = limited.output().unwrap();
    if output.status.success() {
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let section = &report["reports"][0];
        assert_eq!(section["change_fail_rate"]["failed"], 3, "{section}");
        assert!(section["change_lead_time"]["n"].as_u64().unwrap() > 10_000);
    }
    output.status.success()
}

#[test]
#[cfg(target_os = "linux")]
fn a_report_keeps_at_most_sixteen_bytes_of_a_commit() {
    let few = history(FEW);
    // What it takes of few commits, to 64 KiB: it fails with the one and not with the other. With
    // plenty it puts the events into its cache first, which all others read.
    let (mut fails, mut does) = (0, PLENTY);
    assert!(can_do_with(&few, does));
    while does - fails > 64 {
        let half = usize::midpoint(fails, does);
        if can_do_with(&few, half) {
            does = half;
        } else {
            fails = half;
        }
    }
    let many = history(MANY);
    assert!(can_do_with(&many, PLENTY));
    let more = |bytes: usize| (MANY - FEW) * bytes / 1024;
    // Where a commit lies and when it was made are 8 bytes: less cannot be enough.
    assert!(!can_do_with(&many, fails + more(8)), "{fails} KiB of few");
    assert!(can_do_with(&many, does + more(16)), "{does} KiB of few");
}

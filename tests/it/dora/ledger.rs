//! A history made by `git fast-import` and a record laid into its ref: commits with the dates and
//! parents that a test wants, events without a clock that would refuse them.

use crate::sandbox::Sandbox;
use serde_json::Value;
use shipway::dora::event::{Defaults, Event, Source};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// A commit to be made: it adds files whose content is their name.
#[derive(Debug, Clone)]
pub(super) struct Commit {
    pub(super) name: String,
    /// Names of commits made before it.
    pub(super) parents: Vec<String>,
    /// Seconds since 1970.
    pub(super) committed: i64,
    pub(super) authored: i64,
    pub(super) files: Vec<String>,
}

/// A repository with the commits, their ids by name. Each is kept by a branch of its name.
pub(super) fn history(commits: &[Commit]) -> (Sandbox, BTreeMap<String, String>) {
    let sandbox = super::support::shop();
    let mut stream = Vec::new();
    for commit in commits {
        let Commit {
            name,
            committed,
            authored,
            ..
        } = commit;
        writeln!(stream, "reset refs/heads/{name}").unwrap();
        writeln!(stream, "commit refs/heads/{name}").unwrap();
        writeln!(stream, "author A <a@example.org> {authored} +0000").unwrap();
        writeln!(stream, "committer C <c@example.org> {committed} +0000").unwrap();
        writeln!(stream, "data {}\n{name}", name.len()).unwrap();
        for (place, parent) in commit.parents.iter().enumerate() {
            let word = if place == 0 { "from" } else { "merge" };
            writeln!(stream, "{word} refs/heads/{parent}").unwrap();
        }
        for file in &commit.files {
            let content = format!("{file}\n");
            writeln!(
                stream,
                "M 100644 inline {file}\ndata {}\n{content}",
                content.len()
            )
            .unwrap();
        }
        writeln!(stream).unwrap();
    }
    import(&sandbox, &stream);
    let listed = sandbox.git(&[
        "for-each-ref",
        "--format=%(refname:short) %(objectname)",
        "refs/heads",
    ]);
    let ids = listed
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, id)| (name.to_owned(), id.to_owned()))
        .collect();
    (sandbox, ids)
}

/// Lays `events` (in any layout; service `shop` and source `cli` where absent) into the record, and
/// gives their ids in the same order.
pub(super) fn record(sandbox: &Sandbox, events: &[Value]) -> Vec<String> {
    let defaults = Defaults {
        service: "shop".parse().unwrap(),
        source: Source::Cli,
    };
    let mut stream = Vec::new();
    writeln!(stream, "commit refs/shipway/events").unwrap();
    writeln!(
        stream,
        "committer shipway <shipway@localhost> 1700000000 +0000"
    )
    .unwrap();
    writeln!(stream, "data 4\ntest").unwrap();
    let head = Command::new("git")
        .args(["rev-parse", "--quiet", "--verify", "refs/shipway/events"])
        .current_dir(sandbox.root())
        .output()
        .unwrap();
    if head.status.success() {
        writeln!(stream, "from refs/shipway/events^0").unwrap();
    }
    let ids = events
        .iter()
        .map(|event| {
            let event = Event::parse(event.to_string().as_bytes(), Some(&defaults))
                .unwrap_or_else(|error| panic!("{event}: {error}"));
            let (id, json) = event.named().unwrap();
            let day = event.main_time().to_string()[..10].replace('-', "/");
            writeln!(
                stream,
                "M 100644 inline {day}/{id}.json\ndata {}",
                json.len()
            )
            .unwrap();
            stream.extend(json);
            writeln!(stream).unwrap();
            id.to_string()
        })
        .collect();
    import(sandbox, &stream);
    ids
}

fn import(sandbox: &Sandbox, stream: &[u8]) {
    let mut child = Command::new("git")
        .args(["fast-import", "--quiet", "--force"])
        .current_dir(sandbox.root())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stream).unwrap();
    assert!(child.wait().unwrap().success());
}

/// RFC 3339 of seconds since 1970.
pub(super) fn time(second: i64) -> String {
    jiff::Timestamp::from_second(second).unwrap().to_string()
}

/// What `git patch-id --stable` says of the difference of `new` to `old`, None where it is empty.
pub(super) fn patch_id(sandbox: &Sandbox, old: &str, new: &str) -> Option<String> {
    let difference = sandbox.git(&[
        "-c",
        "diff.algorithm=myers",
        "diff",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--full-index",
        "-U3",
        old,
        new,
    ]);
    let mut child = Command::new("git")
        .args(["patch-id", "--stable"])
        .current_dir(sandbox.root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(difference.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().next().map(str::to_owned)
}

//! A repository with a record, away from the variables of the CI job that runs the tests.

use crate::sandbox::Sandbox;
use serde_json::Value;
use std::process::{Command, Output, Stdio};

/// Variables by which shipway knows a CI job.
const CI: &[&str] = &[
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "BUILDKITE",
    "TF_BUILD",
    "JENKINS_URL",
];

/// A repository of the project `shop` with one commit.
pub(super) fn shop() -> Sandbox {
    let sandbox = Sandbox::new(&[("shipway.toml", "[project]\nname = \"shop\"\n")]);
    sandbox.git(&["config", "user.name", "Test"]);
    sandbox.git(&["config", "user.email", "test@example.org"]);
    sandbox
}

/// `shipway dora …`, to be run.
pub(super) fn dora(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut command = sandbox.command(&[&["dora"], arguments].concat());
    for name in CI {
        command.env_remove(name);
    }
    command.env("GIT_CONFIG_GLOBAL", "/dev/null");
    command
}

/// Runs `shipway dora …` and checks its exit code.
#[track_caller]
pub(super) fn run(sandbox: &Sandbox, code: i32, arguments: &[&str]) -> Output {
    let output = dora(sandbox, arguments).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {output:?}"
    );
    output
}

/// What `shipway dora … --format json` says.
#[track_caller]
pub(super) fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let output = run(sandbox, 0, &[arguments, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Standard error of a command that ends with `code`.
#[track_caller]
pub(super) fn error(sandbox: &Sandbox, code: i32, arguments: &[&str]) -> String {
    String::from_utf8(run(sandbox, code, arguments).stderr).unwrap()
}

/// The events, newest first, as `dora log` gives them.
#[track_caller]
pub(super) fn events(sandbox: &Sandbox) -> Vec<Value> {
    let log = json(sandbox, &["log"]);
    log["events"].as_array().unwrap().clone()
}

/// SHA-256 by the system's own tool.
pub(super) fn sha256(content: &str) -> String {
    use std::io::Write;
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(content.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

/// Commit and value of the rows that count in a section of a report, by commit.
pub(super) fn counted(section: &Value) -> Vec<(String, i64)> {
    let rows = section["rows"].as_array().unwrap().iter();
    let counted = rows.filter(|row| row["counted"] == true);
    let mut rows: Vec<(String, i64)> = counted
        .map(|row| {
            (
                row["commit"].as_str().unwrap().to_owned(),
                row["value"].as_i64().unwrap(),
            )
        })
        .collect();
    rows.sort();
    rows
}

/// The commit that HEAD is.
pub(super) fn head(sandbox: &Sandbox) -> String {
    sandbox.git(&["rev-parse", "HEAD"]).trim().to_owned()
}

/// Puts `content` at `path` of the ref's tree, as another tool would.
pub(super) fn plant(sandbox: &Sandbox, mode: &str, path: &str, content: &[u8]) {
    let file = sandbox.root().join(".git/planted");
    std::fs::write(&file, content).unwrap();
    let blob = sandbox.git(&["hash-object", "-w", "--no-filters", ".git/planted"]);
    let index = sandbox.root().join(".git/planted-index");
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git")
            .args(arguments)
            .current_dir(sandbox.root())
            .env("GIT_INDEX_FILE", &index)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    git(&["read-tree", "refs/shipway/events"]);
    git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("{mode},{},{path}", blob.trim()),
    ]);
    let tree = git(&["write-tree"]);
    let commit = git(&[
        "commit-tree",
        &tree,
        "-p",
        "refs/shipway/events",
        "-m",
        "planted",
    ]);
    git(&["update-ref", "refs/shipway/events", &commit]);
}

/// A clone of `remote` made with `options`.
pub(super) fn clone(remote: &std::path::Path, options: &[&str]) -> Sandbox {
    let sandbox = Sandbox::without_git([]);
    let address = format!("file://{}", remote.display());
    sandbox.git(&[&["clone", "--quiet"], options, &[&address, "."]].concat());
    sandbox
}

//! SIGKILL at every step by which `update`, `adopt`, `remove`, `eject` and `undo` change the disk: the next
//! command finishes the work or takes it back.

use crate::sandbox::{Sandbox, skipped, text};
use shipway::git;
use shipway::scaffold::apply::{Session, is_unfinished};
use std::process::{Command, Stdio};

/// What an apply is made of; each comes before or after one of its steps.
const CALLS: &str = "rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir";
const APP: &str = "import os\nfrom flask import Flask\napp = Flask(__name__)\n\
                   if __name__ == \"__main__\":\n    app.run(port=5000)\n";

/// The application after `init` and a change of its own that `update` follows.
fn made() -> Sandbox {
    let sandbox = Sandbox::new(&[
        ("app.py", APP),
        ("requirements.txt", "flask==3.1.0\n"),
        (".python-version", "3.12\n"),
    ]);
    sandbox.run(0, &["init", "--yes"]);
    sandbox.write("app.py", &APP.replace("5000", "8123"));
    let mine = sandbox
        .read("Dockerfile")
        .replace("EXPOSE", "LABEL mine=1\nEXPOSE");
    sandbox.write("Dockerfile", &mine);
    sandbox
}

/// Runs `line` and kills it as it makes the call `number` of [`CALLS`]. Whether it came to that.
fn killed(sandbox: &Sandbox, line: &[&str], number: usize) -> bool {
    let run = sandbox.command(line);
    let output = Command::new("strace")
        .args(["--quiet=all", "--output=/dev/null"])
        .arg(format!("--trace={CALLS}"))
        .arg(format!("--inject={CALLS}:signal=KILL:when={number}"))
        .arg(run.get_program())
        .args(run.get_args())
        .envs(
            run.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(sandbox.root())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    // strace ends as what it ran did.
    let is_done = output.status.success();
    let was_killed = std::os::unix::process::ExitStatusExt::signal(&output.status) == Some(9);
    assert!(is_done || was_killed, "{line:?}: {output:?}");
    was_killed
}

/// How often `line` was killed, at one step after the other, and never left anything by halves;
/// `back` takes the whole of it back.
fn at_every_step(sandbox: &Sandbox, line: &[&str], back: &[&str]) -> Option<usize> {
    if Command::new("strace").arg("--version").output().is_err() {
        skipped("strace is not there");
        return None;
    }
    let before = sandbox.tree();
    sandbox.run(0, line);
    let after = sandbox.tree();
    assert!(after != before);
    sandbox.run(0, back);
    assert!(sandbox.tree() == before);
    let mut begun = 0;
    for number in 1.. {
        let was_killed = killed(sandbox, line, number);
        let repository = git::open(sandbox.root()).unwrap();
        begun += usize::from(is_unfinished(&repository));
        // The next command does this before anything else; here what it leaves is looked at.
        Session::open(&repository).unwrap().repair().unwrap();
        assert!(!is_unfinished(&repository));
        let now = sandbox.tree();
        assert!(now == before || now == after, "{line:?}, step {number}");
        if now == before {
            sandbox.run(0, line);
            assert!(sandbox.tree() == after, "{line:?} after step {number}");
        }
        if !was_killed {
            return Some(begun);
        }
        sandbox.run(0, back);
        assert!(
            sandbox.tree() == before,
            "{line:?}, {back:?} after step {number}"
        );
    }
    None
}

#[test]
fn update() {
    let sandbox = made();
    if let Some(begun) = at_every_step(&sandbox, &["update"], &["undo"]) {
        assert!(begun >= 5, "{begun}");
    }
}

#[test]
fn adopt() {
    let sandbox = Sandbox::new(&[
        ("app.py", APP),
        ("requirements.txt", "flask==3.1.0\n"),
        (".python-version", "3.12\n"),
        (
            "Dockerfile",
            "FROM python:3.12\nENV MODE=full\nCOPY . .\nEXPOSE 5000\n",
        ),
        (
            "Makefile",
            "test: data\n\tpytest -q\n\ndata:\n\ttouch data\n",
        ),
    ]);
    sandbox.run(0, &["init", "--yes"]);
    for path in ["Dockerfile", "Makefile:test"] {
        if let Some(begun) = at_every_step(&sandbox, &["adopt", "--yes", path], &["undo"]) {
            assert!(begun >= 3, "{begun}");
        }
    }
}

#[test]
fn remove() {
    let sandbox = made();
    sandbox.run(0, &["update"]);
    if let Some(begun) = at_every_step(&sandbox, &["remove", "make", "ci", "record"], &["undo"]) {
        assert!(begun >= 5, "{begun}");
    }
}

#[test]
fn eject() {
    let sandbox = Sandbox::new(&[("app.py", APP), ("requirements.txt", "flask==3.1.0\n")]);
    sandbox.run(0, &["init", "--yes", "--feature", "container"]);
    assert!(sandbox.path("deploy/shipway_start.py").exists());
    if let Some(begun) = at_every_step(&sandbox, &["eject"], &["undo"]) {
        assert!(begun >= 5, "{begun}");
    }
}

#[test]
fn undo() {
    let sandbox = made();
    sandbox.run(0, &["update"]);
    if let Some(begun) = at_every_step(&sandbox, &["undo"], &["update"]) {
        assert!(begun >= 5, "{begun}");
    }
}

#[test]
fn the_next_command_says_what_became_of_it() {
    let sandbox = made();
    if Command::new("strace").arg("--version").output().is_err() {
        return skipped("strace is not there");
    }
    let before = sandbox.tree();
    let repository = git::open(sandbox.root()).unwrap();
    let begins =
        |number: &usize| killed(&sandbox, &["update"], *number) && is_unfinished(&repository);
    (1..100).find(begins).unwrap();
    let output = sandbox.run(0, &["update", "--dry-run"]);
    assert!(text(&output.stderr).contains("An earlier run was cut short"));
    let output = sandbox.run(0, &["undo"]);
    assert!(
        text(&output.stderr).contains("as they were before"),
        "{output:?}"
    );
    assert!(sandbox.tree() == before);
}

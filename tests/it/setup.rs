//! `shipway setup` on a Flask application, with a Python that writes down what it is asked.

use assert_cmd::cargo::cargo_bin;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

struct Clone {
    folder: tempfile::TempDir,
}

impl Clone {
    /// A repository with an application, and beside it a `python3` whose `-m venv` makes an
    /// environment with the same Python, and whose pip runs `pip`, a line of sh.
    fn new(pip: &str) -> Self {
        let clone = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let root = clone.root();
        std::fs::create_dir_all(&root).unwrap();
        std::fs::write(root.join("requirements.txt"), "flask==3.1.0\n").unwrap();
        std::fs::write(
            root.join("app.py"),
            "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.route(\"/\")\ndef index():\n    return \"ok\"\n",
        )
        .unwrap();
        std::fs::create_dir_all(clone.tools()).unwrap();
        let python = clone.tools().join("python3");
        std::fs::write(
            &python,
            format!(
                "#!/bin/sh\necho \"$*\" >> '{log}'\ncase \"$1 $2\" in\n\
                 --version*) echo Python 3.12.7;;\n\
                 '-m venv') mkdir -p \"$3/bin\" && cp \"$0\" \"$3/bin/python\";;\n\
                 '-m pip') {pip};;\nesac\n",
                log = clone.log().display()
            ),
        )
        .unwrap();
        std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
        let git = Command::new("git")
            .args(["init", "--quiet"])
            .current_dir(&root)
            .status()
            .unwrap();
        assert!(git.success());
        clone
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("application")
    }

    fn tools(&self) -> PathBuf {
        self.folder.path().join("tools")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// What Python was asked, without its version.
    fn asked(&self) -> Vec<String> {
        std::fs::read_to_string(self.log())
            .unwrap_or_default()
            .lines()
            .filter(|line| !line.starts_with("--version"))
            .map(str::to_owned)
            .collect()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(cargo_bin("shipway"));
        let path = std::env::join_paths([
            self.tools().as_path(),
            Path::new("/usr/bin"),
            Path::new("/bin"),
        ]);
        command
            .env_clear()
            .env("PATH", path.unwrap())
            .env("HOME", self.folder.path())
            .current_dir(self.root())
            .args(["setup", "--format", "json"]);
        command
    }

    fn setup(&self) -> Output {
        self.command().output().unwrap()
    }
}

/// Outcome of the step that installs.
fn installed(output: &Output) -> String {
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let step = report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["name"].as_str().unwrap().starts_with("dependencies"))
        .unwrap_or_else(|| panic!("nothing was installed: {report}"));
    step["outcome"].as_str().unwrap().to_owned()
}

#[test]
fn a_second_run_has_nothing_to_do_until_the_manifest_changes() {
    let clone = Clone::new("exit 0");
    let output = clone.setup();
    assert_eq!(installed(&output), "done");
    assert_eq!(output.status.code(), Some(0));
    let once = clone.asked();
    assert_eq!(once.len(), 2, "{once:?}");
    assert_eq!(once[1], "-m pip install -r requirements.txt");
    assert_eq!(installed(&clone.setup()), "unchanged");
    assert_eq!(clone.asked(), once);
    std::fs::write(clone.root().join("requirements.txt"), "flask==3.1.1\n").unwrap();
    assert_eq!(installed(&clone.setup()), "done");
    assert_eq!(clone.asked().len(), 3);
}

#[test]
fn what_the_package_manager_says_is_shown_when_it_fails() {
    let clone = Clone::new("echo no such package >&2; exit 1");
    let output = clone.setup();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(installed(&output), "failed");
    assert!(String::from_utf8_lossy(&output.stdout).contains("no such package"));
    assert_eq!(installed(&clone.setup()), "failed");
}

#[test]
fn an_interruption_ends_what_runs_and_the_next_run_does_it_again() {
    let clone = Clone::new("echo $$ > \"$0.pid\"; while :; do sleep 1; done");
    let child = clone
        .command()
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mark = clone.root().join(".venv/bin/python.pid");
    let deadline = Instant::now() + Duration::from_secs(30);
    let running = loop {
        match std::fs::read_to_string(&mark) {
            Ok(text) if text.ends_with('\n') => break text.trim().to_owned(),
            _ => assert!(Instant::now() < deadline, "pip was not started"),
        }
        std::thread::yield_now();
    };
    signal("INT", &child.id().to_string());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(!signal("0", &running), "pip still runs");
    let again = Clone {
        folder: clone.folder,
    };
    let python = again.root().join(".venv/bin/python");
    let text = std::fs::read_to_string(&python).unwrap();
    std::fs::write(&python, text.replace("while :; do sleep 1; done", "exit 0")).unwrap();
    assert_eq!(installed(&again.setup()), "done");
}

fn signal(signal: &str, process: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("kill -{signal} {process} 2>/dev/null")])
        .status()
        .unwrap()
        .success()
}

#[test]
fn an_environment_that_was_cut_short_is_made_again() {
    let clone = Clone::new("exit 0");
    let python = clone.tools().join("python3");
    let text = std::fs::read_to_string(&python).unwrap();
    let made = "cp \"$0\" \"$3/bin/python\"";
    assert!(text.contains(made));
    let cut = text.replace(
        made,
        &format!("{made} && test -e '{}'", clone.root().join("go").display()),
    );
    std::fs::write(&python, cut).unwrap();
    assert_eq!(installed(&clone.setup()), "failed");
    assert!(clone.root().join(".venv/bin/python").exists());
    std::fs::write(clone.root().join("go"), "").unwrap();
    assert_eq!(installed(&clone.setup()), "done");
    let asked = clone.asked();
    let made = asked
        .iter()
        .filter(|line| line.starts_with("-m venv"))
        .count();
    assert_eq!(made, 2, "{asked:?}");
    assert_eq!(installed(&clone.setup()), "unchanged");
}

#[test]
fn outside_of_a_repository_it_says_what_to_do() {
    let clone = Clone::new("exit 0");
    std::fs::remove_dir_all(clone.root().join(".git")).unwrap();
    let output = clone.setup();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("git init"));
}

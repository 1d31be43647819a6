//! `shipway doctor` and the options that every command has.

use assert_cmd::Command;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// shipway with nothing of this machine but the programs in `tools`, and no engine.
fn shipway(tools: &Path) -> Command {
    let mut command = Command::cargo_bin("shipway").unwrap();
    command
        .env_clear()
        .env("PATH", tools)
        .env("DOCKER_HOST", "unix:///nowhere/engine.sock")
        .env("HOME", tools)
        .env("GIT_AUTHOR_NAME", "Test")
        .env("GIT_AUTHOR_EMAIL", "test@example.org");
    command
}

/// A program that prints one line.
fn tool(folder: &Path, name: &str, line: &str) {
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{line}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn usual_tools() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    tool(folder.path(), "git", "echo git version 2.47.3");
    tool(folder.path(), "make", "echo GNU Make 4.3");
    tool(folder.path(), "sh", "");
    folder
}

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("git")
        .args(["init", "--quiet", "--initial-branch=main"])
        .current_dir(folder.path())
        .status()
        .unwrap();
    assert!(status.success());
    folder
}

fn report(command: &mut Command) -> (Option<i32>, serde_json::Value) {
    let output = command.output().unwrap();
    let value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), value)
}

fn finding<'v>(report: &'v serde_json::Value, check: &str) -> &'v serde_json::Value {
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["check"] == check)
        .unwrap_or_else(|| panic!("no finding of {check} in {report}"))
}

#[test]
fn without_an_engine_an_empty_repository_is_fine() {
    let (tools, root) = (usual_tools(), repository());
    let (code, report) = report(
        shipway(tools.path())
            .args(["doctor", "--format", "json"])
            .arg(root.path()),
    );
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(finding(&report, "engine")["level"], "warning");
    assert_eq!(finding(&report, "git")["message"], "git 2.47.3");
}

#[test]
fn an_old_git_is_an_error_with_its_mend() {
    let (tools, root) = (usual_tools(), repository());
    tool(tools.path(), "git", "echo git version 2.20.1");
    let (code, report) = report(
        shipway(tools.path())
            .args(["doctor", "--format", "json"])
            .arg(root.path()),
    );
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(
        finding(&report, "git")["message"],
        "git 2.20.1 is older than 2.31"
    );
    assert!(finding(&report, "git")["mend"].is_string());
}

#[test]
fn outside_of_a_repository_it_is_missing_and_the_rest_is_said() {
    let tools = usual_tools();
    let folder = tempfile::tempdir().unwrap();
    let (code, report) = report(
        shipway(tools.path())
            .args(["doctor", "--format", "json"])
            .arg(folder.path()),
    );
    assert_eq!(code, Some(3), "{report}");
    assert_eq!(finding(&report, "repository")["missing"], true);
    assert_eq!(finding(&report, "make")["message"], "make 4.3");
}

#[test]
fn no_program_of_the_repository_is_run() {
    let (tools, root) = (usual_tools(), repository());
    let own = root.path().join("bin");
    let mark = root.path().join("ran");
    for name in ["git", "make", "sh", "docker", "python3", "devcontainer"] {
        tool(&own, name, &format!("touch '{}'", mark.display()));
    }
    let path = std::env::join_paths([own.as_path(), Path::new("bin"), tools.path()]).unwrap();
    let output = shipway(tools.path())
        .env("PATH", path)
        .arg("doctor")
        .current_dir(root.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!mark.exists());
}

#[test]
fn a_folder_that_is_not_there_is_wrong_usage() {
    let tools = usual_tools();
    for arguments in [
        ["-C", "/nowhere/at/all", "doctor"].as_slice(),
        &["doctor", "/nowhere/at/all"],
    ] {
        let output = shipway(tools.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains("/nowhere/at/all") && said.contains("mend: "),
            "{said}"
        );
    }
}

#[test]
fn completions_name_the_commands() {
    let tools = usual_tools();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = shipway(tools.path())
            .args(["completions", shell])
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("doctor") && text.contains("setup"), "{shell}");
    }
}

mod hooks {
    use crate::home::Home;
    use serde_json::Value;

    fn findings(home: &Home) -> Vec<Value> {
        let output = home
            .shipway(&["doctor", "--format=json"])
            .env("DOCKER_HOST", "unix:///nowhere/engine.sock")
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let all = report["findings"].as_array().unwrap().clone();
        all.into_iter()
            .filter(|finding| finding["check"] == "hooks")
            .collect()
    }

    fn message(finding: &Value) -> &str {
        finding["message"].as_str().unwrap()
    }

    #[test]
    fn what_a_graphical_client_would_not_find_is_named_with_its_mend() {
        let home = Home::new(&[(
            "shipway.toml",
            "[[hooks.pre-commit]]\nname = \"hulls\"\nrun = \"lint-of-hulls {files}\"\n",
        )]);
        home.program("lint-of-hulls", "");
        home.run(0, &["hooks", "install"]);
        let found = findings(&home);
        let [one] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(one["level"], "warning");
        assert!(message(one).contains("~/bin/lint-of-hulls"), "{one}");
        let mend = one["mend"].as_str().unwrap();
        assert!(
            mend.starts_with("sudo ln -s ~/bin/lint-of-hulls /usr/local/bin/"),
            "{mend}"
        );
    }

    #[test]
    fn hooks_that_are_in_order_are_said_to_be() {
        let home = Home::new(&[("a", "a\n")]);
        assert_eq!(findings(&home), [] as [Value; 0]);
        home.run(0, &["hooks", "install"]);
        let found = findings(&home);
        assert_eq!(
            (found.len(), &found[0]["level"]),
            (1, &"ok".into()),
            "{found:?}"
        );
    }

    #[test]
    fn jobs_that_git_does_not_call_are_a_warning() {
        let home = Home::new(&[("shipway.toml", "[[hooks.pre-commit]]\nrun = \"true\"\n")]);
        let found = findings(&home);
        assert!(message(&found[0]).contains("does not call shipway at pre-commit"));
        assert_eq!(found[0]["mend"], "shipway hooks install");
    }

    #[test]
    fn a_shim_whose_program_is_gone_is_an_error() {
        let home = Home::new(&[("a", "a\n")]);
        home.run(0, &["hooks", "install"]);
        let hook = home.sandbox.path(".git/hooks/pre-commit");
        let text = std::fs::read_to_string(&hook).unwrap();
        let gone = text.replace(env!("CARGO_BIN_EXE_shipway"), "/nowhere/shipway");
        assert_ne!(text, gone);
        std::fs::write(&hook, gone).unwrap();
        let found = findings(&home);
        assert_eq!(found[0]["level"], "error", "{found:?}");
        assert!(message(&found[0]).contains("/nowhere/shipway"), "{found:?}");
    }

    #[test]
    fn a_hooks_path_of_somebody_elses_is_a_warning() {
        let home = Home::new(&[("shipway.toml", "[[hooks.pre-commit]]\nrun = \"true\"\n")]);
        home.git(&["config", "--global", "core.hooksPath", "/tmp/elsewhere"]);
        let found = findings(&home);
        assert_eq!(found[0]["level"], "warning", "{found:?}");
        assert!(message(&found[0]).contains("core.hooksPath"), "{found:?}");
    }
}

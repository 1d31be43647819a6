//! `shipway release-file`: a generated file becomes its user's, until `adopt` takes it back.

use crate::sandbox::Sandbox;
use serde_json::Value;

const APP: &str = "import os\nfrom flask import Flask\napp = Flask(__name__)\n\
                   KEY = os.environ[\"SECRET_KEY\"]\n\nif __name__ == \"__main__\":\n    app.run(port=5000)\n";

fn made(makefile: Option<&str>) -> Sandbox {
    let sandbox = Sandbox::new(&[
        ("app.py", APP),
        ("requirements.txt", "flask==3.1.0\ngunicorn==23.0.0\n"),
        ("tests/test_app.py", "def test_it():\n    assert True\n"),
    ]);
    if let Some(text) = makefile {
        sandbox.write("Makefile", text);
    }
    sandbox.run(0, &["init", "--yes"]);
    sandbox.git(&["add", "--all"]);
    sandbox.git(&["commit", "--quiet", "--no-verify", "--message=x"]);
    sandbox
}

/// The service answers at another port from now on, which every file says.
fn moved(sandbox: &Sandbox) {
    sandbox.write("app.py", &APP.replace("port=5000", "port=8123"));
}

#[test]
fn a_released_file_is_written_no_more_until_it_is_taken_back() {
    let sandbox = made(None);
    let before = sandbox.tree();
    let dockerfile = sandbox.read("Dockerfile");
    let dry = [
        "release-file",
        "Dockerfile",
        "--dry-run",
        "--format",
        "json",
    ];
    let report: Value = serde_json::from_str(&sandbox.report(0, &dry)).unwrap();
    assert_eq!(report["applied"], false);
    assert_eq!(report["entries"][0]["action"], "released");
    assert!(sandbox.tree() == before);

    sandbox.run(0, &["release-file", "Dockerfile"]);
    assert_eq!(sandbox.read("Dockerfile"), dockerfile);
    assert!(!sandbox.path(".shipway/pristine/Dockerfile").exists());
    sandbox.run(0, &["update", "--check"]);
    let said = sandbox.error(2, &["release-file", "Dockerfile"]);
    assert!(said.contains("is yours already"), "{said}");

    let mine = format!("{dockerfile}LABEL mine=yes\n");
    sandbox.write("Dockerfile", &mine);
    sandbox.run(0, &["update"]);
    sandbox.run(0, &["init", "--yes"]);
    assert_eq!(sandbox.read("Dockerfile"), mine);
    assert!(!sandbox.path("Dockerfile.shipway").exists());
    assert!(
        sandbox
            .read("compose.yaml")
            .contains("dockerfile: Dockerfile\n")
    );

    let released = sandbox.tree();
    sandbox.run(0, &["adopt", "Dockerfile"]);
    assert!(sandbox.read("Dockerfile").contains("LABEL mine=yes\n"));
    sandbox.run(0, &["update", "--check"]);
    moved(&sandbox);
    sandbox.run(0, &["update"]);
    let new = sandbox.read("Dockerfile");
    assert!(
        new.contains("EXPOSE 8123\n") && new.contains("LABEL mine=yes\n"),
        "{new}"
    );
    sandbox.run(0, &["undo"]);
    sandbox.write("app.py", APP);
    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == released);
}

#[test]
fn undo_gives_back_what_was_released() {
    let sandbox = made(None);
    let before = sandbox.tree();
    for path in [
        "compose.yaml",
        ".devcontainer/devcontainer.json",
        ".gitignore",
        ".env",
    ] {
        sandbox.run(0, &["release-file", path]);
        sandbox.run(0, &["update", "--check"]);
        sandbox.run(0, &["undo"]);
        assert!(sandbox.tree() == before, "{path}");
    }
}

#[test]
fn of_a_block_the_marks_go_and_the_lines_stay() {
    let sandbox = made(Some("test:\n\techo mine\n"));
    let before = sandbox.read("Makefile");
    let is_mark = |line: &&str| line.contains(" shipway makefile ");
    let lines: Vec<&str> = before.lines().filter(|line| !is_mark(line)).collect();
    sandbox.run(0, &["release-file", "Makefile"]);
    let after = sandbox.read("Makefile");
    assert_eq!(after.lines().collect::<Vec<_>>(), lines);
    sandbox.run(0, &["update", "--check"]);
    sandbox.run(0, &["adopt", "Makefile"]);
    assert_eq!(sandbox.read("Makefile"), before);
    sandbox.run(0, &["update", "--check"]);

    sandbox.run(0, &["release-file", "Makefile"]);
    sandbox.write("Makefile", &after.replace("dev-setup:", "dev-setup: mine"));
    let said = sandbox.error(2, &["adopt", "Makefile"]);
    assert!(said.contains("not as they were made"), "{said}");
}

#[test]
fn what_is_not_made_cannot_be_released() {
    let sandbox = made(None);
    let before = sandbox.tree();
    for (path, sentence) in [
        ("app.py", "is yours already"),
        ("nothing", "is yours already"),
        ("shipway.toml", "is yours already"),
        ("/etc/hostname", "outside"),
    ] {
        let said = sandbox.error(2, &["release-file", path]);
        assert!(said.contains(sentence), "{path}: {said}");
    }
    assert!(sandbox.tree() == before);
}

#[test]
fn check_looks_at_a_released_file_as_at_any_of_the_users() {
    let sandbox = made(None);
    sandbox.run(0, &["release-file", "Dockerfile"]);
    sandbox.run(0, &["check"]);
    let mine = sandbox.read("Dockerfile") + "USER root\n";
    sandbox.write("Dockerfile", &mine);
    let report: Value =
        serde_json::from_str(&sandbox.report(1, &["check", "--format", "json"])).unwrap();
    let mut findings = report["findings"].as_array().unwrap().iter();
    let one = findings.find(|one| one["path"] == "Dockerfile").unwrap();
    assert_eq!(one["rule"], "root-user");
    assert_eq!(one["line"], mine.lines().count());
}

//! `shipway init` and git's hooks: what it writes into shipway.toml, what it lets run, and how
//! it is taken back.

use crate::home::{Home, script};
use serde_json::Value;
use std::path::PathBuf;

const RUFF: &str = "[project]\nname = \"shop\"\nversion = \"1\"\nrequires-python = \">=3.11\"\n\
    dependencies = [\"flask\"]\n[dependency-groups]\ndev = [\"black==24.1.0\", \"mypy\"]\n\
    [tool.ruff]\nline-length = 100\n";
const APP: &str = "from flask import Flask\napp = Flask(__name__)\n";

/// A Flask application with ruff, black and mypy, and a shipway.toml with a comment.
fn shop(more: &[(&str, &str)]) -> Home {
    let files = [&[("pyproject.toml", RUFF), ("app.py", APP)], more].concat();
    let home = Home::new(&files);
    for tool in ["ruff", "black", "mypy"] {
        home.program(tool, &format!("echo \"{tool} $*\" >> \"$HOME/log\""));
    }
    home
}

/// What the tools were asked to do; that they are asked for their version is left out.
fn log(home: &Home) -> String {
    let text = std::fs::read_to_string(home.path("log")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.ends_with(" --version"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Names of the hooks that git would call.
fn shims(home: &Home) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(home.sandbox.path(".git/hooks")) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".sample"))
        .collect();
    names.sort();
    names
}

/// Each job that is written, with whether it may run here.
fn jobs(home: &Home) -> Vec<(String, bool)> {
    let report = home.json(&["hooks", "list"]);
    let hooks = report["hooks"].as_array().unwrap();
    hooks
        .iter()
        .flat_map(|hook| hook["jobs"].as_array().unwrap())
        .filter(|job| job.get("run").is_some())
        .map(|job| {
            let name = job["name"].as_str().unwrap().to_owned();
            (name, job["trusted"].as_bool().unwrap())
        })
        .collect()
}

fn commit(home: &Home, file: &str) {
    home.sandbox.write(file, "x = 1\n");
    home.git(&["add", file]);
    home.git(&["commit", "--quiet", "--message=x"]);
}

fn texts(value: &Value) -> Vec<&str> {
    let list = value.as_array().unwrap();
    list.iter().map(|one| one.as_str().unwrap()).collect()
}

#[test]
fn the_projects_tools_run_at_the_next_commit() {
    let mine = "# ours\nschema = 1 # one\n\n[project]\nname = \"shop\" # p\n";
    let home = shop(&[("shipway.toml", mine)]);
    let report = home.json(&["init", "--yes"]);
    assert_eq!(report["git_hooks"]["installed"], true, "{report}");
    assert!(report["git_hooks"]["self_test"].get("called").is_some());
    let text = home.sandbox.read("shipway.toml");
    assert!(text.starts_with(mine), "{text}");
    let expected = ["ruff", "black", "mypy"].map(|name| (name.to_owned(), true));
    assert_eq!(jobs(&home), expected, "{text}");
    let commands = [
        "ruff check --fix {files}",
        "black --quiet {files}",
        "mypy .",
    ];
    assert_eq!(texts(&report["git_hooks"]["commands"]), commands);
    commit(&home, "new.py");
    let said = log(&home);
    assert!(said.contains("ruff check --fix new.py\n"), "{said}");
    assert!(said.contains("black --quiet new.py\n"), "{said}");
    assert!(!said.contains("mypy"), "{said}");
    let lock: toml::Table = home.sandbox.read("shipway.lock").parse().unwrap();
    let artifacts = lock["artifact"].as_array().unwrap();
    let of = |path: &str| {
        let found = artifacts
            .iter()
            .find(|one| one["path"].as_str() == Some(path));
        found.unwrap()["feature"].as_str().unwrap().to_owned()
    };
    assert_eq!(of("shipway.toml"), "hooks");
}

#[test]
fn what_was_deleted_or_edited_stays_so() {
    let home = shop(&[]);
    home.run(0, &["init", "--yes"]);
    let first = home.sandbox.read("shipway.toml");
    let said = home.run(0, &["init", "--yes"]);
    assert!(String::from_utf8_lossy(&said.stdout).contains("Nothing to do"));
    let at = first.find("\n[[hooks.pre-push]]").unwrap();
    let edited = first[..at].replace("black --quiet", "black --fast");
    home.sandbox.write("shipway.toml", &edited);
    home.run(0, &["init", "--yes"]);
    assert_eq!(home.sandbox.read("shipway.toml"), edited);
    // A command that somebody else wrote is not let run by the way.
    let trusted: Vec<(String, bool)> = jobs(&home);
    let expected = [("ruff".to_owned(), true), ("black".to_owned(), false)];
    assert_eq!(trusted, expected);
}

#[test]
fn a_command_that_was_there_before_is_not_let_run_by_the_way() {
    let theirs = "schema = 1\n[[hooks.pre-commit]]\nname = \"theirs\"\nrun = \"touch stolen\"\n";
    let home = shop(&[("shipway.toml", theirs)]);
    let report = home.json(&["init", "--yes"]);
    assert_eq!(texts(&report["git_hooks"]["untrusted"]), ["touch stolen"]);
    commit(&home, "new.py");
    assert!(!home.sandbox.path("stolen").exists());
    assert!(log(&home).contains("ruff check"));
}

#[test]
fn undo_takes_shims_and_jobs_away() {
    let home = shop(&[]);
    let before = (home.sandbox.tree(), shims(&home));
    home.run(0, &["init", "--yes"]);
    assert!(shims(&home).contains(&"pre-commit".to_owned()));
    home.run(0, &["undo"]);
    assert_eq!((home.sandbox.tree(), shims(&home)), before);
    let kept = std::fs::read_dir(home.path("state/shipway/consent")).unwrap();
    assert_eq!(kept.count(), 0, "consent is left");
}

#[test]
fn undo_leaves_shims_that_were_there_before() {
    let home = shop(&[]);
    home.run(0, &["hooks", "install"]);
    let before = (home.sandbox.tree(), shims(&home));
    home.run(0, &["init", "--yes"]);
    home.run(0, &["undo"]);
    assert_eq!((home.sandbox.tree(), shims(&home)), before);
}

#[test]
fn a_dry_run_says_what_git_would_call_and_does_nothing() {
    let home = shop(&[]);
    let before = (home.sandbox.tree(), shims(&home));
    let output = home.run(0, &["init", "--yes", "--dry-run"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("git will call shipway at pre-commit"),
        "{said}"
    );
    assert!(said.contains("ruff check --fix {files}"), "{said}");
    assert_eq!((home.sandbox.tree(), shims(&home)), before);
}

#[test]
fn turned_off_there_are_no_hooks() {
    for (arguments, text) in [
        (&["init", "--yes", "--without=hooks"][..], ""),
        (
            &["init", "--yes"][..],
            "[features]\ndisable = [\"hooks\"]\n",
        ),
    ] {
        let home = shop(&[("shipway.toml", text)]);
        let report = home.json(arguments);
        assert!(report.get("git_hooks").is_none(), "{report}");
        assert_eq!(shims(&home), Vec::<String>::new());
        assert!(!home.sandbox.read("shipway.toml").contains("[hooks"));
    }
}

#[test]
fn another_tools_hooks_are_not_overruled() {
    let config = "repos:\n- repo: local\n  hooks:\n  - {id: ruff, name: ruff, entry: ruff, language: system}\n";
    let home = shop(&[(".pre-commit-config.yaml", config)]);
    script(
        &home.sandbox.path(".git/hooks/pre-commit"),
        "# File generated by pre-commit\necho theirs >> \"$HOME/log\"",
    );
    let report = home.json(&["init", "--yes"]);
    let skipped = report["skipped"].as_array().unwrap();
    let reason = skipped
        .iter()
        .find(|one| one["feature"] == "hooks")
        .unwrap_or_else(|| panic!("{report}"))["reason"]
        .as_str()
        .unwrap();
    for word in ["pre-commit", "hooks import", "--feature hooks"] {
        assert!(reason.contains(word), "{reason}");
    }
    assert_eq!(shims(&home), ["pre-commit"]);
    assert!(!home.sandbox.path("shipway.toml").exists());
    // Asked for, it runs beside it; what pre-commit runs is not run twice.
    let report = home.json(&["init", "--yes", "--feature=hooks"]);
    let row = &report["git_hooks"]["hooks"][0];
    assert_eq!(
        (&row["action"], &row["theirs"]),
        (&"chain".into(), &"pre-commit".into())
    );
    let names: Vec<String> = jobs(&home).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["black", "mypy"]);
    commit(&home, "new.py");
    assert_eq!(log(&home), "theirs\nblack --quiet new.py\n");
    // And stays once it is there.
    let report = home.json(&["init", "--yes"]);
    assert_eq!(report["git_hooks"]["installed"], true, "{report}");
}

#[test]
fn hooks_that_are_somebody_elses_are_no_reason_to_fail() {
    let home = shop(&[]);
    let folder = home.path("shared-hooks");
    std::fs::create_dir(&folder).unwrap();
    home.git(&[
        "config",
        "--global",
        "core.hooksPath",
        folder.to_str().unwrap(),
    ]);
    let output = home.run(0, &["init", "--yes"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("The hooks are not installed"), "{said}");
    assert!(
        said.contains("shipway hooks run pre-commit -- \"$@\""),
        "{said}"
    );
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    assert!(home.sandbox.path("shipway.lock").exists());
}

#[test]
fn hooks_alone_need_nothing_that_runs() {
    let home = Home::new(&[("notes.txt", "x\n"), (".yamllint", "")]);
    home.program("yamllint", "echo \"yamllint $*\" >> \"$HOME/log\"");
    home.run(0, &["init", "--yes", "--feature=hooks"]);
    home.sandbox.write("a.yaml", "a: 1\n");
    home.git(&["add", "."]);
    home.git(&["commit", "--quiet", "--message=x"]);
    let said = log(&home);
    assert!(
        said.starts_with("yamllint ") && said.contains("a.yaml"),
        "{said}"
    );
    let mut made: Vec<PathBuf> = home.sandbox.tree().into_keys().collect();
    made.retain(|path| path.extension().is_some() && !path.starts_with(".shipway"));
    let expected = ["a.yaml", "notes.txt", "shipway.lock", "shipway.toml"];
    assert_eq!(made, expected.map(PathBuf::from));
}

#[test]
fn a_tool_of_two_folders_is_run_in_each() {
    let package = "{\"devDependencies\": {\"eslint\": \"^9\"}}\n";
    let home = shop(&[
        ("web/package.json", package),
        ("web/eslint.config.js", ""),
        ("admin/package.json", package),
    ]);
    for folder in ["web", "admin"] {
        script(
            &home
                .sandbox
                .path(&format!("{folder}/node_modules/.bin/eslint")),
            &format!("echo \"{folder}: eslint $*\" >> \"$HOME/log\""),
        );
    }
    home.sandbox.write(".gitignore", "node_modules/\n");
    home.run(0, &["init", "--yes"]);
    home.sandbox.write("web/a.js", "a\n");
    home.sandbox.write("admin/b.js", "b\n");
    home.git(&["add", "web/a.js", "admin/b.js"]);
    home.git(&["commit", "--quiet", "--message=x"]);
    let said = log(&home);
    let mut lines: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("eslint"))
        .collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["admin: eslint --fix b.js", "web: eslint --fix a.js"]
    );
}

/// What `shipway setup` says of git's hooks in a clone that `shop` was made into, where nobody has
/// installed any; its dependencies cannot be had, and do not matter here.
fn set_up(home: &Home) -> Value {
    let output = home.shipway(&["setup", "--format=json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let steps = report["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["name"] == "hooks").unwrap();
    step.clone()
}

/// A clone of a repository whose hooks `init` has set up.
fn fresh() -> Home {
    let home = shop(&[]);
    // No environment is made here.
    for python in ["python3.11", "python3", "python", "uv"] {
        home.program(python, "exit 1");
    }
    home.run(0, &["init", "--yes"]);
    home.run(0, &["hooks", "uninstall"]);
    home.git(&["add", "--all"]);
    home.git(&["commit", "--quiet", "--no-verify", "--message=init"]);
    assert!(shims(&home).is_empty());
    home
}

#[test]
fn setup_installs_the_hooks_and_agrees_to_no_command() {
    let home = fresh();
    let step = set_up(&home);
    assert_eq!(step["outcome"], "done", "{step}");
    let message = step["message"].as_str().unwrap();
    assert!(
        message.contains("do not run there yet: ruff check --fix {files}"),
        "{message}"
    );
    assert!(step["mend"].as_str().unwrap().contains("shipway trust"));
    assert!(shims(&home).contains(&"pre-commit".to_owned()));
    commit(&home, "new.py");
    assert_eq!(log(&home), "");
    home.run(0, &["trust", "--yes"]);
    let step = set_up(&home);
    assert_eq!(step["outcome"], "unchanged", "{step}");
    assert!(step.get("mend").is_none(), "{step}");
    commit(&home, "newer.py");
    assert!(log(&home).contains("ruff check --fix newer.py\n"));
}

#[test]
fn setup_names_a_hook_of_somebody_elses_and_leaves_it() {
    let home = fresh();
    let theirs = home.sandbox.path(".git/hooks/pre-push");
    script(&theirs, "echo theirs # lefthook");
    let before = std::fs::read(&theirs).unwrap();
    let step = set_up(&home);
    assert_eq!(step["outcome"], "skipped", "{step}");
    let message = step["message"].as_str().unwrap();
    assert!(
        message.starts_with("pre-push (of lefthook) in "),
        "{message}"
    );
    assert!(
        step["mend"]
            .as_str()
            .unwrap()
            .starts_with("shipway hooks install")
    );
    assert_eq!(shims(&home), ["pre-push"]);
    assert_eq!(std::fs::read(&theirs).unwrap(), before);

    std::fs::remove_file(theirs).unwrap();
    home.git(&["config", "--global", "core.hooksPath", "/srv/hooks"]);
    let step = set_up(&home);
    assert_eq!(step["outcome"], "skipped", "{step}");
    assert!(
        step["message"]
            .as_str()
            .unwrap()
            .contains("core.hooksPath = /srv/hooks")
    );
    assert!(shims(&home).is_empty());
}

#[test]
fn setup_leaves_a_repository_without_hooks_alone() {
    let home = Home::new(&[("index.html", "<h1>x</h1>\n")]);
    let step = set_up(&home);
    assert_eq!(step["outcome"], "skipped", "{step}");
    assert!(shims(&home).is_empty());
}

//! `shipway check`: what drifted, is old, does not parse or was made less safe, each at its line.

use crate::commit::told::validated;
use crate::sandbox::{Sandbox, skipped};
use serde_json::Value;
use std::fs;
use std::process::Command;

const APP: &str = "import os\nimport psycopg\nfrom flask import Flask\napp = Flask(__name__)\n\
                   KEY = os.environ[\"SECRET_KEY\"]\nDB = os.environ[\"DATABASE_URL\"]\n\n\
                   @app.route(\"/health\")\ndef health():\n    return \"ok\"\n\n\
                   if __name__ == \"__main__\":\n    app.run(port=5000)\n";
const FLASK: &[(&str, &str)] = &[
    ("app.py", APP),
    (
        "requirements.txt",
        "flask==3.1.0\ngunicorn==23.0.0\npsycopg[binary]==3.2.3\n",
    ),
    (".python-version", "3.12\n"),
];
const WORKFLOW: &str = ".github/workflows/ci.yml";
const DEV_CONTAINER: &str = ".devcontainer/devcontainer.json";

fn made() -> Sandbox {
    let sandbox = Sandbox::new(FLASK);
    sandbox.run(0, &["init", "--yes"]);
    sandbox.git(&["add", "--all"]);
    sandbox.git(&["commit", "--quiet", "--no-verify", "--message=x"]);
    sandbox
}

/// What is found, and the exit code that goes with it.
fn findings(sandbox: &Sandbox) -> Vec<Value> {
    let output = sandbox
        .command(&["check", "--format", "json"])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let findings = report["findings"].as_array().unwrap().clone();
    let code = i32::from(!findings.is_empty());
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(report["schema"], 1);
    findings
}

/// Rule, path and text of the line.
fn placed(sandbox: &Sandbox, finding: &Value) -> (String, String, String) {
    let text = |key: &str| finding[key].as_str().unwrap().to_owned();
    let path = text("path");
    let line = finding["line"].as_u64().map_or_else(String::new, |line| {
        let content = fs::read(sandbox.path(&path)).unwrap();
        let content = String::from_utf8_lossy(&content).into_owned();
        let number = usize::try_from(line).unwrap();
        content.lines().nth(number - 1).unwrap().trim().to_owned()
    });
    assert!(!text("message").is_empty() && !text("mend").is_empty());
    (text("rule"), path, line)
}

/// `text` with the first line that holds `mark` replaced by `line`; without it where that is empty.
fn with(text: &str, mark: &str, line: &str) -> String {
    assert!(text.contains(mark), "{mark} in {text}");
    let mut is_first = true;
    let lines = text.lines().filter_map(|one| {
        if one.contains(mark) && std::mem::take(&mut is_first) {
            return (!line.is_empty()).then(|| format!("{line}\n"));
        }
        Some(format!("{one}\n"))
    });
    lines.collect()
}

#[test]
fn what_nobody_touched_has_no_finding() {
    let sandbox = made();
    let before = sandbox.tree();
    let page = sandbox.report(0, &["check"]);
    assert_eq!(
        page,
        "Nothing found: every generated file is up to date and valid.\n"
    );
    assert_eq!(sandbox.report(0, &["check", "--quiet"]), "");
    assert!(findings(&sandbox).is_empty());
    // What each machine has of its own, a checkout with CRLF, what was deleted.
    let (env, away) = (sandbox.path(".env"), sandbox.path(".git/away"));
    fs::rename(&env, &away).unwrap();
    fs::remove_file(sandbox.path("compose.staging.yaml")).unwrap();
    let dockerfile = sandbox.read("Dockerfile").replace('\n', "\r\n");
    sandbox.write("Dockerfile", &dockerfile);
    assert_eq!(findings(&sandbox), Vec::<Value>::new());
    sandbox.git(&["checkout", "--quiet", "."]);
    fs::rename(&away, &env).unwrap();
    assert!(sandbox.tree() == before);
}

#[test]
fn a_change_by_hand_is_found_at_its_line() {
    let sandbox = made();
    let compose = sandbox.read("compose.yaml");
    let image = compose
        .lines()
        .find(|line| line.contains("library/postgres:"))
        .unwrap();
    let tag = image
        .split('@')
        .next()
        .unwrap()
        .trim_start_matches("    image: \"");
    let major = tag.rsplit_once(':').unwrap().1.split('.').next().unwrap();
    let variant = tag.split_once('-').map_or("", |(_, variant)| variant);
    let old = format!(
        "    image: postgres:{major}.0-{variant}@sha256:{}",
        "0".repeat(64)
    );
    let undigested = format!("    image: {tag}");
    let commit = "0".repeat(40);
    let checkout = format!("uses: actions/checkout@{commit} # v1.2.0");
    let checkout_old = format!("        {checkout}");
    let token = format!(
        "      API_TOKEN: {}_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3gH6",
        "ghp"
    );
    // File, mark of a line, what it becomes, the rule, the line that is named.
    let cases = [
        (
            "compose.yaml",
            image,
            "    image: postgres:latest",
            "floating-tag",
            "image: postgres:latest",
        ),
        (
            "compose.yaml",
            image,
            "    image: postgres",
            "floating-tag",
            "image: postgres",
        ),
        (
            "compose.yaml",
            image,
            &undigested,
            "floating-tag",
            undigested.trim(),
        ),
        ("compose.yaml", image, &old, "old-pin", old.trim()),
        ("compose.yaml", "cap_drop:", "", "hardening", "postgres:"),
        (
            "compose.yaml",
            "cap_drop:",
            "    cap_drop: [NET_RAW]",
            "hardening",
            "cap_drop: [NET_RAW]",
        ),
        (
            "compose.yaml",
            "read_only:",
            "    read_only: false",
            "hardening",
            "read_only: false",
        ),
        (
            "compose.yaml",
            "security_opt:",
            "",
            "hardening",
            "postgres:",
        ),
        (
            "compose.yaml",
            "    restart:",
            "    restart: always\n    privileged: true",
            "privileged",
            "privileged: true",
        ),
        (
            "compose.yaml",
            "    restart:",
            "    restart: always\n    user: \"0:0\"",
            "root-user",
            "user: \"0:0\"",
        ),
        (
            "compose.yaml",
            "services:",
            "services: [",
            "yaml-syntax",
            image.trim(),
        ),
        (
            "compose.yaml",
            "cap_drop:",
            "    cap_dropp: [ALL]\n    cap_drop: [ALL]",
            "compose-syntax",
            "cap_dropp: [ALL]",
        ),
        (
            "compose.override.yaml",
            "ports:",
            "    ports: [\"5000:5000\"]",
            "open-port",
            "ports: [\"5000:5000\"]",
        ),
        (
            "compose.override.yaml",
            "  postgres:",
            "  postgres:\n    ports: [\"5432:5432\"]",
            "open-port",
            "ports: [\"5432:5432\"]",
        ),
        (
            "compose.override.yaml",
            "      POSTGRES_PASSWORD:",
            &token,
            "secrets",
            token.trim(),
        ),
        (
            "Dockerfile",
            "ARG PYTHON_BASE=",
            "ARG PYTHON_BASE=python:3.12-slim",
            "floating-tag",
            "ARG PYTHON_BASE=python:3.12-slim",
        ),
        (
            "Dockerfile",
            "EXPOSE",
            "EXPOSE abc",
            "dockerfile-syntax",
            "EXPOSE abc",
        ),
        (
            "Dockerfile",
            "USER 10001",
            "USER root",
            "root-user",
            "USER root",
        ),
        (
            "Dockerfile",
            "USER 10001",
            "",
            "root-user",
            "FROM runtime AS dev",
        ),
        (
            WORKFLOW,
            "uses: actions/checkout@",
            "        uses: actions/checkout@v4",
            "unpinned-action",
            "uses: actions/checkout@v4",
        ),
        (
            WORKFLOW,
            "uses: actions/checkout@",
            &checkout_old,
            "old-pin",
            &checkout,
        ),
        (
            WORKFLOW,
            "permissions: {}",
            "permissions: write-all",
            "wide-permissions",
            "permissions: write-all",
        ),
        (WORKFLOW, "permissions: {}", "", "wide-permissions", "jobs:"),
        (
            WORKFLOW,
            "    runs-on:",
            "    runs-on: ubuntu-24.04\n    container: node",
            "floating-tag",
            "container: node",
        ),
        (
            DEV_CONTAINER,
            "\"remoteUser\"",
            "  \"remoteUser\": \"root\",",
            "root-user",
            "\"remoteUser\": \"root\",",
        ),
        (
            DEV_CONTAINER,
            "\"shutdownAction\"",
            "  \"privileged\": true,",
            "privileged",
            "\"privileged\": true,",
        ),
        (
            DEV_CONTAINER,
            "features/common-utils",
            "    \"ghcr.io/devcontainers/features/common-utils:2.0.0\": {},",
            "old-pin",
            "\"ghcr.io/devcontainers/features/common-utils:2.0.0\": {},",
        ),
        (
            DEV_CONTAINER,
            "\"name\"",
            "  \"name\": ,",
            "json-syntax",
            "\"name\": ,",
        ),
        ("Makefile", "# <<< shipway", "", "block-marks", ""),
    ];
    for (path, mark, line, rule, at) in cases {
        let before = sandbox.read(path);
        sandbox.write(path, &with(&before, mark, line));
        let found = findings(&sandbox);
        let placed: Vec<_> = found.iter().map(|one| placed(&sandbox, one)).collect();
        assert_eq!(
            placed,
            [(rule.to_owned(), path.to_owned(), at.to_owned())],
            "{line}: {found:?}"
        );
        sandbox.write(path, &before);
    }
    assert!(findings(&sandbox).is_empty());
}

#[test]
fn a_requirement_that_is_older_than_the_pins_is_found() {
    let sandbox = made();
    let dockerfile = sandbox.read("Dockerfile");
    let line = dockerfile
        .lines()
        .find(|line| line.contains(" pytest=="))
        .unwrap();
    let start = line.find("pytest==").unwrap();
    let end = start + line[start..].find(' ').unwrap_or(line.len() - start);
    for (version, count) in [("0.1", 1), ("99999.0", 0)] {
        let new = format!("{}pytest=={version}{}", &line[..start], &line[end..]);
        sandbox.write("Dockerfile", &with(&dockerfile, line, &new));
        let found = findings(&sandbox);
        assert_eq!(found.len(), count, "{found:?}");
        assert!(found.iter().all(|one| one["rule"] == "old-pin"));
    }
}

#[test]
fn harmless_edits_are_none() {
    let sandbox = made();
    let edits = [
        ("Dockerfile", "EXPOSE", "EXPOSE 5000\nLABEL mine=yes"),
        ("compose.yaml", "    restart:", "    restart: always"),
        (
            "compose.yaml",
            "networks:",
            "  mine:\n    image: adminer:5.3.0\n    ports: [\"8080:8080\"]\nnetworks:",
        ),
        (
            "compose.override.yaml",
            "ports:",
            "    ports: [\"127.0.0.1:8123:5000\"]",
        ),
        (WORKFLOW, "    runs-on:", "    runs-on: ubuntu-22.04"),
    ];
    for (path, mark, line) in edits {
        let before = sandbox.read(path);
        // The networks of the file stand at its left edge.
        let mark = if mark == "networks:" {
            "\nnetworks:"
        } else {
            mark
        };
        let after = if let Some(mark) = mark.strip_prefix('\n') {
            before.replacen(&format!("\n{mark}"), &format!("\n{line}"), 1)
        } else {
            with(&before, mark, line)
        };
        sandbox.write(path, &after);
    }
    let ignored = format!("{}mine/\n", sandbox.read(".gitignore"));
    sandbox.write(".gitignore", &ignored);
    assert_eq!(findings(&sandbox), Vec::<Value>::new());
}

#[test]
fn a_line_may_say_that_it_is_meant_and_why() {
    let sandbox = made();
    let before = sandbox.read("compose.yaml");
    for (comment, count) in [
        (
            "# shipway:allow floating-tag: the newest is what we test",
            0,
        ),
        ("# shipway:allow floating-tag", 1),
        ("# shipway:allow root-user: the newest is what we test", 1),
    ] {
        let line = format!("    {comment}\n    image: postgres:latest");
        sandbox.write("compose.yaml", &with(&before, "library/postgres:", &line));
        assert_eq!(findings(&sandbox).len(), count, "{comment}");
    }
}

#[test]
fn what_an_update_would_change_is_drift_with_its_cause() {
    let sandbox = made();
    sandbox.write("app.py", &APP.replace("port=5000", "port=8123"));
    let before = sandbox.tree();
    let found = findings(&sandbox);
    assert!(sandbox.tree() == before);
    let dockerfile = found
        .iter()
        .find(|one| one["path"] == "Dockerfile")
        .unwrap();
    assert_eq!(dockerfile["rule"], "drift");
    assert_eq!(dockerfile["kind"], "drift");
    assert_eq!(dockerfile["why"][0], "web.port: 5000 \u{2192} 8123");
    let line = dockerfile["line"].as_u64().unwrap();
    let dockerfile = sandbox.read("Dockerfile");
    let line = dockerfile.lines().nth(usize::try_from(line).unwrap() - 1);
    assert!(line.unwrap().contains("5000"), "{line:?}");
    let page = sandbox.report(1, &["check"]);
    assert!(
        page.contains("because of web.port: 5000 \u{2192} 8123"),
        "{page}"
    );
    sandbox.run(1, &["update", "--check"]);
    sandbox.run(0, &["update"]);
    assert!(findings(&sandbox).is_empty());
}

#[test]
fn a_fork_has_the_files_of_what_it_was_forked_from() {
    let sandbox = Sandbox::new(FLASK);
    sandbox.git(&[
        "remote",
        "add",
        "origin",
        "git@git.example.org:acme/shop.git",
    ]);
    sandbox.run(0, &["init", "--yes"]);
    let source = "ARG SOURCE=https://git.example.org/acme/shop";
    assert!(sandbox.read("Dockerfile").contains(source));
    for other in [
        "https://git.example.org/acme/shop",
        "https://git.example.org/me/shop",
        "/srv/git/shop",
    ] {
        sandbox.git(&["remote", "set-url", "origin", other]);
        assert_eq!(findings(&sandbox), Vec::<Value>::new(), "{other}");
    }
}

#[test]
fn an_edit_that_crosses_what_is_new_is_a_conflict_until_it_is_settled() {
    let sandbox = made();
    let mine = with(&sandbox.read("Dockerfile"), "EXPOSE", "EXPOSE 5001");
    sandbox.write("Dockerfile", &mine);
    sandbox.write("app.py", &APP.replace("port=5000", "port=8123"));
    for run in 0..2 {
        let found = findings(&sandbox);
        let conflict = found.iter().find(|one| one["rule"] == "conflict").unwrap();
        assert_eq!(conflict["path"], "Dockerfile");
        assert!(
            conflict["mend"]
                .as_str()
                .unwrap()
                .contains("--ours Dockerfile")
        );
        if run == 0 {
            sandbox.run(4, &["update"]);
        } else {
            assert_eq!(found.len(), 1, "{found:?}");
        }
    }
    sandbox.run(0, &["update", "--ours", "Dockerfile"]);
    assert!(findings(&sandbox).is_empty());
}

#[test]
fn records_that_are_missing_old_or_in_conflict_are_found() {
    let sandbox = made();
    let only = |rule: &str, path: &str, line: Option<u64>| {
        let found = findings(&sandbox);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (
                &found[0]["rule"],
                &found[0]["path"],
                found[0]["line"].as_u64()
            ),
            (&rule.into(), &path.into(), line)
        );
        sandbox.run(1, &["update", "--check"]);
        sandbox.git(&["checkout", "--quiet", "."]);
    };
    fs::remove_file(sandbox.path(".shipway/pristine/Dockerfile")).unwrap();
    only("records", ".shipway/pristine/Dockerfile", None);
    let lock = sandbox.read("shipway.lock");
    sandbox.write("shipway.lock", &lock.replace("schema = 2", "schema = 1"));
    only("records", "shipway.lock", Some(2));
    let side = with(&lock, "name = ", "name = \"other\"");
    let name = lock
        .lines()
        .find(|line| line.starts_with("name = "))
        .unwrap();
    let marked = side.replace(
        "name = \"other\"",
        &format!("<<<<<<< ours\n{name}\n=======\nname = \"other\"\n>>>>>>> theirs"),
    );
    let line = marked
        .lines()
        .position(|line| line.starts_with("<<<<<<<"))
        .unwrap()
        + 1;
    sandbox.write("shipway.lock", &marked);
    only("records", "shipway.lock", u64::try_from(line).ok());
}

#[test]
fn of_the_users_own_files_what_is_a_risk_by_itself_is_found() {
    let sandbox = Sandbox::new(FLASK);
    let own = [
        ("docker/Dockerfile", "FROM ubuntu\nRUN true\nUSER root\n"),
        (
            "tools/compose.yaml",
            "services:\n  x:\n    image: adminer\n    privileged: true\n    ports: [\"80:80\"]\n",
        ),
        (
            ".github/workflows/mine.yml",
            "on: push\npermissions: write-all\njobs:\n  x:\n    runs-on: ubuntu-24.04\n    steps:\n      \
             - uses: actions/checkout@main\n      - uses: actions/setup-node@v4\n      - uses: ./local\n",
        ),
    ];
    for (path, text) in own {
        sandbox.write(path, text);
    }
    sandbox.run(0, &["init", "--yes"]);
    let found = findings(&sandbox);
    let mut placed: Vec<_> = found.iter().map(|one| placed(&sandbox, one)).collect();
    placed.sort();
    let expected = [
        ("floating-tag", own[0].0, "FROM ubuntu"),
        ("floating-tag", own[1].0, "image: adminer"),
        ("privileged", own[1].0, "privileged: true"),
        ("root-user", own[0].0, "USER root"),
        ("unpinned-action", own[2].0, "- uses: actions/checkout@main"),
        ("wide-permissions", own[2].0, "permissions: write-all"),
    ]
    .map(|(rule, path, line)| (rule.to_owned(), path.to_owned(), line.to_owned()));
    assert_eq!(placed, expected);
}

#[test]
fn sarif_is_valid_by_its_schema() {
    let sandbox = made();
    let log = |code: i32| -> Value {
        serde_json::from_str(&sandbox.report(code, &["check", "--format", "sarif"])).unwrap()
    };
    let clean = log(0);
    assert_eq!(clean["runs"][0]["results"], Value::Array(Vec::new()));
    sandbox.write(
        "Dockerfile",
        &with(&sandbox.read("Dockerfile"), "USER 10001", "USER root"),
    );
    sandbox.write("app.py", &APP.replace("port=5000", "port=8123"));
    let dirty = log(1);
    let run = &dirty["runs"][0];
    let results = run["results"].as_array().unwrap();
    let root = results
        .iter()
        .find(|one| one["ruleId"] == "root-user")
        .unwrap();
    let place = &root["locations"][0]["physicalLocation"];
    assert_eq!(root["level"], "error");
    assert_eq!(place["artifactLocation"]["uri"], "Dockerfile");
    assert!(place["region"]["startLine"].as_u64().unwrap() > 1);
    for result in results {
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert!(
            rules.iter().any(|rule| rule["id"] == result["ruleId"]),
            "{result}"
        );
    }
    for mut log in [clean, dirty] {
        let Some((valid, said)) = validated(&log) else {
            return;
        };
        assert!(valid, "{said}\n{log:#}");
        log["runs"][0]["tool"]["driver"]["name"] = 1.into();
        assert!(!validated(&log).unwrap().0);
    }
}

#[test]
fn validators_are_asked_where_they_are_wished_and_installed() {
    let sandbox = made();
    let dockerfile = with(
        &sandbox.read("Dockerfile"),
        "EXPOSE",
        "EXPOSE 5000\nRUN cd /tmp && true",
    );
    sandbox.write("Dockerfile", &dockerfile);
    let secrets = format!("{}echo $1\n", sandbox.read("deploy/env.sh"));
    sandbox.write(
        "deploy/env.sh",
        &secrets.replacen('\n', "\nif [ $x = 1 ]; then :\n", 1),
    );
    let workflow = with(
        &sandbox.read(WORKFLOW),
        "    runs-on:",
        "    runs-on: ubuntu-1.1",
    );
    sandbox.write(WORKFLOW, &workflow);
    let overlay = format!("{}    ports: 5\n", sandbox.read("compose.production.yaml"));
    sandbox.write(
        "compose.production.yaml",
        &overlay.replace("\nsecrets:", "\nmine:"),
    );
    assert!(
        !findings(&sandbox)
            .iter()
            .any(|one| one["rule"] == "hadolint")
    );
    let json = ["check", "--validators", "--format", "json"];
    let report: Value = serde_json::from_str(&sandbox.report(1, &json)).unwrap();
    let found = report["findings"].as_array().unwrap();
    for (validator, program, path) in [
        ("hadolint", "hadolint", "Dockerfile"),
        ("shellcheck", "shellcheck", "deploy/env.sh"),
        ("actionlint", "actionlint", WORKFLOW),
        ("compose-config", "docker", "compose.production.yaml"),
    ] {
        let is_there = if program == "docker" {
            let compose = Command::new("docker").args(["compose", "version"]).output();
            compose.is_ok_and(|output| output.status.success())
        } else {
            which::which(program).is_ok()
        };
        let said = found
            .iter()
            .any(|one| one["rule"] == validator && one["path"] == path);
        assert_eq!(said, is_there, "{validator}: {report:#}");
        let skips = report["skipped"].as_array().unwrap();
        assert_eq!(
            skips.iter().any(|one| one["validator"] == validator),
            !is_there
        );
        if !is_there {
            skipped(&format!("{program} is missing, make test-deps installs it"));
        }
    }
}

#[test]
fn validators_find_nothing_in_what_nobody_touched() {
    let sandbox = made();
    sandbox.run(0, &["check", "--validators"]);
}

#[test]
fn bad_input_is_told() {
    let sandbox = Sandbox::new(FLASK);
    let nothing = sandbox.error(1, &["check"]);
    assert!(nothing.contains("there is no shipway.lock"), "{nothing}");
    sandbox.error(2, &["check", "--format", "xml"]);
    let plain = Sandbox::without_git(FLASK);
    sandbox.error(3, &["-C", plain.root().to_str().unwrap(), "check"]);

    let sandbox = made();
    let lock = sandbox.read("shipway.lock");
    sandbox.write("shipway.lock", &lock.replace("schema = 2", "schema = 99"));
    let newer = sandbox.error(2, &["check"]);
    assert!(newer.contains("install a newer shipway"), "{newer}");
    sandbox.write("shipway.lock", &lock);
    sandbox.write("shipway.toml", "[nonsense]\n");
    assert!(sandbox.error(2, &["check"]).contains("shipway.toml:1"));
    sandbox.git(&["checkout", "--quiet", "."]);
    sandbox.write(
        ".shipway/templates/compose/compose.yaml.hbs",
        "a: {{nothing.there}}\n",
    );
    assert!(sandbox.error(2, &["check"]).contains("compose.yaml.hbs"));
    fs::remove_dir_all(sandbox.path(".shipway/templates")).unwrap();

    // A file that is none any more, bytes that are no text, and a list that is not there.
    fs::remove_file(sandbox.path("Dockerfile")).unwrap();
    fs::create_dir(sandbox.path("Dockerfile")).unwrap();
    sandbox.command(&["check"]).output().unwrap();
    fs::remove_dir(sandbox.path("Dockerfile")).unwrap();
    fs::write(sandbox.path("Dockerfile"), b"FROM a\xff\n").unwrap();
    let found = findings(&sandbox);
    assert!(
        found.iter().any(|one| one["rule"] == "dockerfile-syntax"),
        "{found:?}"
    );
    let list = "[[hooks.pre-commit]]\ncheck = \"secrets\"\nallow_file = \"nowhere.txt\"\n";
    sandbox.write("shipway.toml", list);
    let missing = sandbox.error(2, &["check"]);
    assert!(missing.contains("nowhere.txt"), "{missing}");
}

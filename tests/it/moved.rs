//! A generated file that its user moved is followed to where it lies; what only looks like a move
//! is none.

use crate::sandbox::Sandbox;
use serde_json::Value;
use std::fs;

const APP: &str = "import os\nfrom flask import Flask\napp = Flask(__name__)\n\
                   KEY = os.environ[\"SECRET_KEY\"]\n\n@app.route(\"/health\")\ndef health():\n    \
                   return \"ok\"\n\nif __name__ == \"__main__\":\n    app.run(port=5000)\n";

/// The application after `init`, which is not committed.
fn fresh() -> Sandbox {
    let sandbox = Sandbox::new(&[
        ("app.py", APP),
        ("requirements.txt", "flask==3.1.0\ngunicorn==23.0.0\n"),
        (".python-version", "3.12\n"),
        (".gitignore", "ignored/\n"),
    ]);
    sandbox.run(0, &["init", "--yes"]);
    sandbox
}

fn made() -> Sandbox {
    let sandbox = fresh();
    commit(&sandbox);
    sandbox
}

fn commit(sandbox: &Sandbox) {
    sandbox.git(&["add", "--all"]);
    sandbox.git(&["commit", "--quiet", "--no-verify", "--message=x"]);
}

/// `mv`, which git does not hear of.
fn mv(sandbox: &Sandbox, from: &str, to: &str) {
    let to = sandbox.path(to);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    fs::rename(sandbox.path(from), to).unwrap();
}

fn git_mv(sandbox: &Sandbox, from: &str, to: &str) {
    fs::create_dir_all(sandbox.path(to).parent().unwrap()).unwrap();
    sandbox.git(&["mv", from, to]);
}

/// The service answers at another port from now on.
fn at_8123(sandbox: &Sandbox) {
    sandbox.write("app.py", &APP.replace("port=5000", "port=8123"));
}

fn with_label(sandbox: &Sandbox, path: &str) -> String {
    let text = sandbox.read(path);
    let text = text.replace("EXPOSE 5000\n", "EXPOSE 5000\nLABEL mine=\"yes\"\n");
    assert!(text.contains("LABEL mine"), "{text}");
    sandbox.write(path, &text);
    text
}

/// `moved_to` of the artifact that was made at `path`, as the lock has it.
fn moved_to(sandbox: &Sandbox, path: &str) -> Option<String> {
    let lock: toml::Table = sandbox.read("shipway.lock").parse().unwrap();
    let artifacts = lock["artifact"].as_array().unwrap();
    let made_at = |one: &&toml::Value| one["path"].as_str() == Some(path);
    let artifact = artifacts.iter().find(made_at).unwrap();
    Some(artifact.get("moved_to")?.as_str().unwrap().to_owned())
}

fn rules(sandbox: &Sandbox) -> Vec<(String, String)> {
    let output = sandbox.command(&["check", "--format", "json"]).output();
    let report: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    findings
        .iter()
        .map(|one| (text(&one["rule"]), text(&one["path"])))
        .collect()
}

/// After a move to `docker/Dockerfile`: what is new comes in there, and all else agrees.
#[track_caller]
fn follows(sandbox: &Sandbox, expected: &str) {
    at_8123(sandbox);
    let before = sandbox.tree();
    let said = sandbox.report(0, &["update", "--dry-run"]);
    assert!(
        said.contains("Dockerfile: moved by you to docker/Dockerfile\n"),
        "{said}"
    );
    sandbox.run(1, &["update", "--check"]);
    sandbox.run(1, &["check"]);
    assert!(sandbox.tree() == before);
    sandbox.run(0, &["update"]);
    let expected = expected.replace("5000", "8123").replace(
        "docker build --tag",
        "docker build --file docker/Dockerfile --tag",
    );
    assert_eq!(sandbox.read("docker/Dockerfile"), expected);
    assert!(!sandbox.path("Dockerfile").exists());
    assert_eq!(
        moved_to(sandbox, "Dockerfile").unwrap(),
        "docker/Dockerfile"
    );
    let compose = sandbox.read("compose.yaml");
    assert!(
        compose.contains("dockerfile: docker/Dockerfile\n"),
        "{compose}"
    );
    sandbox.run(0, &["update", "--check"]);
    assert_eq!(rules(sandbox), []);
    let history = sandbox.report(0, &["history"]);
    assert!(history.contains("docker/Dockerfile"), "{history}");
    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == before);
}

#[test]
fn git_mv_is_followed_with_its_edits() {
    let sandbox = made();
    let edited = with_label(&sandbox, "Dockerfile");
    git_mv(&sandbox, "Dockerfile", "docker/Dockerfile");
    follows(&sandbox, &edited);
}

#[test]
fn mv_is_followed_with_its_edits() {
    let sandbox = made();
    mv(&sandbox, "Dockerfile", "docker/Dockerfile");
    let edited = with_label(&sandbox, "docker/Dockerfile");
    follows(&sandbox, &edited);
}

#[test]
fn a_move_that_is_committed_is_followed() {
    let sandbox = made();
    let edited = with_label(&sandbox, "Dockerfile");
    git_mv(&sandbox, "Dockerfile", "docker/Dockerfile");
    commit(&sandbox);
    sandbox.write("README.md", "# It\n");
    commit(&sandbox);
    follows(&sandbox, &edited);
}

#[test]
fn a_move_in_the_commit_that_has_the_lock_of_an_update_is_followed() {
    let sandbox = made();
    let edited = with_label(&sandbox, "Dockerfile");
    commit(&sandbox);
    sandbox.write(".python-version", "3.13\n");
    sandbox.run(0, &["update"]);
    sandbox.write(".python-version", "3.12\n");
    git_mv(&sandbox, "Dockerfile", "docker/Dockerfile");
    commit(&sandbox);
    follows(&sandbox, &edited);
}

#[test]
fn the_second_of_two_moves_is_followed_whatever_is_committed_between() {
    for (lock, first, second) in [
        (false, false, true),
        (false, true, true),
        (true, true, false),
        (true, true, true),
    ] {
        let sandbox = made();
        if lock {
            at_8123(&sandbox);
            sandbox.run(0, &["update"]);
        }
        mv(&sandbox, "Dockerfile", "docker/Dockerfile");
        if first {
            commit(&sandbox);
        }
        sandbox.run(0, &["update"]);
        mv(&sandbox, "docker/Dockerfile", "images/web");
        if second {
            commit(&sandbox);
        }
        sandbox.run(0, &["update"]);
        let place = moved_to(&sandbox, "Dockerfile");
        let case = format!("{lock} {first} {second}");
        assert_eq!(place.as_deref(), Some("images/web"), "{case}");
    }
}

#[test]
fn what_was_never_committed_is_followed_by_its_copy() {
    let sandbox = fresh();
    mv(&sandbox, "Dockerfile", "docker/Dockerfile");
    let edited = with_label(&sandbox, "docker/Dockerfile");
    follows(&sandbox, &edited);
}

#[test]
fn what_was_first_committed_after_the_move_is_followed() {
    let sandbox = fresh();
    mv(&sandbox, "Dockerfile", "docker/Dockerfile");
    let edited = with_label(&sandbox, "docker/Dockerfile");
    commit(&sandbox);
    follows(&sandbox, &edited);
}

#[test]
fn what_was_first_committed_after_the_move_is_followed_by_what_git_has_of_its_copy() {
    let sandbox = fresh();
    mv(&sandbox, "Dockerfile", "docker/Dockerfile");
    let edited = with_label(&sandbox, "docker/Dockerfile");
    commit(&sandbox);
    fs::remove_dir_all(sandbox.path(".shipway/pristine")).unwrap();
    follows(&sandbox, &edited);
}

#[test]
fn what_was_deleted_before_its_first_commit_does_not_come_back() {
    let sandbox = fresh();
    fs::remove_file(sandbox.path("Dockerfile")).unwrap();
    commit(&sandbox);
    let before = sandbox.tree();
    let said = sandbox.report(0, &["update"]);
    assert!(said.contains("Nothing to do"), "{said}");
    assert!(!said.contains("moved by you"), "{said}");
    assert!(sandbox.tree() == before);
}

#[test]
fn before_the_first_commit_a_move_is_followed() {
    let sandbox = Sandbox::without_git(&[("app.py", APP), ("requirements.txt", "flask==3.1.0\n")]);
    sandbox.git(&["init", "--quiet", "--initial-branch=main"]);
    sandbox.run(0, &["init", "--yes"]);
    mv(&sandbox, "compose.yaml", "here.compose.yaml");
    sandbox.run(0, &["update"]);
    assert_eq!(
        moved_to(&sandbox, "compose.yaml").unwrap(),
        "here.compose.yaml"
    );
}

#[test]
fn a_file_is_followed_again_and_back() {
    let sandbox = made();
    mv(&sandbox, "Dockerfile", "docker/Dockerfile");
    sandbox.run(0, &["update"]);
    mv(&sandbox, "docker/Dockerfile", "images/web.Dockerfile");
    let said = sandbox.report(0, &["update"]);
    let expected = "docker/Dockerfile: moved by you to images/web.Dockerfile\n";
    assert!(said.contains(expected), "{said}");
    let compose = sandbox.read("compose.yaml");
    assert!(
        compose.contains("dockerfile: images/web.Dockerfile\n"),
        "{compose}"
    );
    commit(&sandbox);
    mv(&sandbox, "images/web.Dockerfile", "Dockerfile");
    let said = sandbox.report(0, &["update"]);
    assert!(
        said.contains("images/web.Dockerfile: moved by you to Dockerfile\n"),
        "{said}"
    );
    assert_eq!(moved_to(&sandbox, "Dockerfile"), None);
    sandbox.git(&["add", "--all"]);
    assert_eq!(sandbox.git(&["diff", "--cached", "--stat", "HEAD~"]), "");
}

#[test]
fn a_folder_of_like_files_is_followed_file_by_file() {
    let sandbox = made();
    let all = ["production", "staging", "local", "override"];
    for one in all {
        mv(
            &sandbox,
            &format!("compose.{one}.yaml"),
            &format!("ops/{one}.yaml"),
        );
    }
    git_mv(&sandbox, ".devcontainer", "dev");
    sandbox.run(0, &["update"]);
    for one in all {
        let place = moved_to(&sandbox, &format!("compose.{one}.yaml"));
        assert_eq!(place.unwrap(), format!("ops/{one}.yaml"));
    }
    let place = moved_to(&sandbox, ".devcontainer/devcontainer.json");
    assert_eq!(place.unwrap(), "dev/devcontainer.json");
    sandbox.run(0, &["update", "--check"]);
    assert!(!sandbox.path(".devcontainer").exists());
}

#[test]
fn what_names_it_at_its_old_place_is_said() {
    let sandbox = made();
    let expected = |text: &str, name: &str| {
        let mut lines = text.lines().enumerate();
        let found = lines.find(|(_, line)| line.contains(name));
        found.unwrap_or_else(|| panic!("{name} in {text}")).0 + 1
    };
    mv(&sandbox, "compose.yaml", "deploy/compose.yaml");
    let said = sandbox.report(0, &["update"]);
    for path in ["Makefile", ".devcontainer/devcontainer.json"] {
        let line = expected(&sandbox.read(path), "compose.yaml");
        let sentence =
            format!("{path}:{line} still names compose.yaml, which is at deploy/compose.yaml\n");
        assert!(said.contains(&sentence), "{sentence}{said}");
    }
    let found = rules(&sandbox);
    assert!(
        found.iter().all(|(rule, _)| rule == "old-name"),
        "{found:?}"
    );
    // The project keeps its name, and with it its volumes.
    let name = |text: &str| {
        text.lines()
            .find(|line| line.starts_with("name: "))
            .map(str::to_owned)
    };
    let before = sandbox.git(&["show", "HEAD:compose.yaml"]);
    assert_eq!(name(&sandbox.read("deploy/compose.yaml")), name(&before));

    for path in ["Makefile", ".devcontainer/devcontainer.json"] {
        let text = sandbox
            .read(path)
            .replace(" compose.yaml", " deploy/compose.yaml");
        sandbox.write(
            path,
            &text.replace("../compose.yaml", "../deploy/compose.yaml"),
        );
    }
    assert_eq!(rules(&sandbox), []);
}

#[test]
fn check_looks_at_the_new_place() {
    let sandbox = made();
    mv(&sandbox, "compose.yaml", "stack.txt");
    mv(&sandbox, ".github/workflows/ci.yml", "ci/pipeline.yml");
    sandbox.run(0, &["update"]);
    let text = sandbox.read("stack.txt");
    sandbox.write(
        "stack.txt",
        &text.replace("    build:\n", "    privileged: true\n    build:\n"),
    );
    let workflow = sandbox.read("ci/pipeline.yml");
    sandbox.write(
        "ci/pipeline.yml",
        &format!("permissions: write-all\n{workflow}"),
    );
    let found = rules(&sandbox);
    let has = |rule: &str, path: &str| found.contains(&(rule.to_owned(), path.to_owned()));
    assert!(has("privileged", "stack.txt"), "{found:?}");
    assert!(has("yaml-syntax", "ci/pipeline.yml"), "{found:?}");
    // Format and merge are those of what it was made as.
    sandbox.write("ci/pipeline.yml", &workflow);
    sandbox.write("stack.txt", &text.replace("name: ", "x-mine: 1\nname: "));
    at_8123(&sandbox);
    sandbox.run(0, &["update"]);
    assert!(sandbox.read("stack.txt").contains("x-mine: 1\nname: "));
    sandbox.write("stack.txt", "services: [\n");
    let found = rules(&sandbox);
    assert!(
        found.contains(&("yaml-syntax".to_owned(), "stack.txt".to_owned())),
        "{found:?}"
    );
}

#[test]
fn either_name_settles_a_conflict_and_the_proposal_comes_along() {
    let sandbox = made();
    let template = include_str!("../../templates/container/Dockerfile.hbs");
    let mine = sandbox
        .read("Dockerfile")
        .replace("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGQUIT");
    sandbox.write("Dockerfile", &mine);
    let new = template.replace("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGINT");
    sandbox.write(".shipway/templates/container/Dockerfile.hbs", &new);
    let update = |code: i32, more: &[&str]| {
        sandbox.report(code, &[&["update", "--trust-templates"], more].concat())
    };
    update(4, &[]);
    mv(&sandbox, "Dockerfile", "docker/Dockerfile");
    let moved = sandbox.tree();
    update(4, &[]);
    assert!(!sandbox.path("Dockerfile.shipway-proposal").exists());
    let proposal = sandbox.read("docker/Dockerfile.shipway-proposal");
    assert!(proposal.contains("STOPSIGNAL SIGINT\n"), "{proposal}");
    assert_eq!(sandbox.read("docker/Dockerfile"), mine);
    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == moved);

    // One that was worked on is not written over on its way.
    sandbox.write("Dockerfile.shipway-proposal", "# half done\n");
    update(4, &[]);
    assert_eq!(
        sandbox.read("docker/Dockerfile.shipway-proposal"),
        "# half done\n"
    );
    assert!(!sandbox.path("Dockerfile.shipway-proposal").exists());
    update(4, &[]);
    sandbox.run(0, &["undo"]);

    for (name, signal) in [("Dockerfile", "SIGQUIT"), ("docker/Dockerfile", "SIGINT")] {
        let side = if signal == "SIGINT" {
            "--theirs"
        } else {
            "--ours"
        };
        update(0, &[side, name]);
        let settled = sandbox.read("docker/Dockerfile");
        assert!(
            settled.contains(&format!("STOPSIGNAL {signal}\n")),
            "{settled}"
        );
        sandbox.run(0, &["undo"]);
    }
}

#[test]
fn it_is_let_go_and_taken_back_by_either_name() {
    let sandbox = made();
    mv(&sandbox, "Dockerfile", "docker/Dockerfile");
    // The move is heard of here first.
    sandbox.run(0, &["release-file", "Dockerfile"]);
    let text = with_label(&sandbox, "docker/Dockerfile");
    sandbox.run(0, &["update"]);
    assert_eq!(sandbox.read("docker/Dockerfile"), text);
    let released = sandbox.tree();
    for name in ["Dockerfile", "docker/Dockerfile"] {
        sandbox.run(0, &["adopt", name]);
        sandbox.run(0, &["update", "--check"]);
        let taken = sandbox.read("docker/Dockerfile");
        assert!(taken.contains("LABEL mine"), "{taken}");
        assert_eq!(
            moved_to(&sandbox, "Dockerfile").unwrap(),
            "docker/Dockerfile"
        );
        sandbox.run(0, &["undo"]);
        assert!(sandbox.tree() == released);
    }
    sandbox.run(0, &["adopt", "Dockerfile"]);
    sandbox.run(2, &["adopt", "docker/Dockerfile"]);
    sandbox.run(0, &["release-file", "docker/Dockerfile"]);
}

#[test]
fn remove_takes_it_away_where_it_lies_unless_it_was_edited() {
    let sandbox = made();
    mv(&sandbox, ".github/workflows/ci.yml", "ci/ci.yml");
    let before = sandbox.tree();
    sandbox.run(0, &["remove", "ci"]);
    assert!(!sandbox.path("ci").exists());
    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == before);
    sandbox.run(0, &["update"]);
    let edited = format!("# mine\n{}", sandbox.read("ci/ci.yml"));
    sandbox.write("ci/ci.yml", &edited);
    sandbox.run(0, &["remove", "ci"]);
    assert_eq!(sandbox.read("ci/ci.yml"), edited);
    assert!(!sandbox.read("shipway.lock").contains("ci/ci.yml"));
}

#[test]
fn a_file_beside_one_of_the_users_is_followed_and_gives_way_where_that_is_adopted() {
    let sandbox = Sandbox::new(&[
        ("app.py", APP),
        ("requirements.txt", "flask==3.1.0\n"),
        (
            "Dockerfile",
            "FROM python:3.12\nEXPOSE 5000\nCMD [\"python\", \"app.py\"]\n",
        ),
    ]);
    sandbox.run(0, &["init", "--yes"]);
    commit(&sandbox);
    mv(&sandbox, "Dockerfile.shipway", "docker/Dockerfile");
    sandbox.run(0, &["update"]);
    assert_eq!(
        moved_to(&sandbox, "Dockerfile.shipway").unwrap(),
        "docker/Dockerfile"
    );
    let compose = sandbox.read("compose.yaml");
    assert!(
        compose.contains("dockerfile: docker/Dockerfile\n"),
        "{compose}"
    );
    sandbox.run(0, &["update", "--check"]);
    sandbox.run(0, &["adopt", "--yes", "Dockerfile"]);
    assert!(!sandbox.path("docker").exists());
    assert_eq!(moved_to(&sandbox, "Dockerfile"), None);
    assert!(
        sandbox
            .read("compose.yaml")
            .contains("dockerfile: Dockerfile\n")
    );
    sandbox.run(0, &["update", "--check"]);
}

#[test]
fn a_move_and_an_update_in_two_branches_meet() {
    let sandbox = made();
    sandbox.git(&["checkout", "--quiet", "-b", "moves"]);
    git_mv(&sandbox, "Dockerfile", "docker/Dockerfile");
    sandbox.run(0, &["update"]);
    commit(&sandbox);
    sandbox.git(&["checkout", "--quiet", "main"]);
    at_8123(&sandbox);
    sandbox.run(0, &["update"]);
    commit(&sandbox);
    let merge = [
        "-c",
        "user.name=x",
        "-c",
        "user.email=x@example.org",
        "merge",
        "moves",
    ];
    let git = std::process::Command::new("git")
        .args(merge)
        .current_dir(sandbox.root())
        .output();
    let said = String::from_utf8(git.unwrap().stdout).unwrap();
    assert!(
        said.contains("CONFLICT (content): Merge conflict in shipway.lock"),
        "{said}"
    );
    sandbox.run(0, &["update"]);
    assert!(sandbox.read("docker/Dockerfile").contains("EXPOSE 8123\n"));
    assert!(!sandbox.path("Dockerfile").exists());
    let place = moved_to(&sandbox, "Dockerfile");
    assert_eq!(place.unwrap(), "docker/Dockerfile");
    commit(&sandbox);
    assert_eq!(rules(&sandbox), []);
}

/// After an update, nothing is where it was made, and nothing was followed.
#[track_caller]
fn is_deleted(sandbox: &Sandbox, path: &str) -> String {
    at_8123(sandbox);
    let before = sandbox.tree();
    let said = sandbox.report(0, &["update"]);
    assert!(!said.contains("moved by you"), "{said}");
    assert_eq!(moved_to(sandbox, path), None);
    assert!(!sandbox.path(path).exists());
    sandbox.run(0, &["update", "--check"]);
    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == before);
    said
}

#[test]
fn what_has_hardly_half_in_common_is_no_move() {
    let sandbox = made();
    let text = sandbox.read("Dockerfile");
    let lines: Vec<&str> = text.lines().collect();
    let third = lines[..lines.len() / 3].join("\n");
    fs::remove_file(sandbox.path("Dockerfile")).unwrap();
    let mine: Vec<String> = (0..lines.len())
        .map(|at| format!("# of mine, {at}"))
        .collect();
    let mine = mine.join(
        "
",
    );
    sandbox.write("docker/Dockerfile", &format!("{third}\n{mine}"));
    is_deleted(&sandbox, "Dockerfile");
}

#[test]
fn one_that_left_the_tree_or_is_ignored_is_deleted() {
    let sandbox = made();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(
        sandbox.path("Dockerfile"),
        elsewhere.path().join("Dockerfile"),
    )
    .unwrap();
    fs::remove_file(sandbox.path("Dockerfile")).unwrap();
    is_deleted(&sandbox, "Dockerfile");

    let sandbox = made();
    mv(&sandbox, "Dockerfile", "ignored/Dockerfile");
    is_deleted(&sandbox, "Dockerfile");

    let sandbox = made();
    let inner = sandbox.path("vendor/other");
    fs::create_dir_all(&inner).unwrap();
    sandbox.git(&["-C", "vendor/other", "init", "--quiet"]);
    mv(&sandbox, "Dockerfile", "vendor/other/Dockerfile");
    is_deleted(&sandbox, "Dockerfile");
}

#[test]
fn a_copy_is_no_move_as_long_as_the_old_one_is_there() {
    let sandbox = made();
    let text = sandbox.read("Dockerfile");
    sandbox.write("docker/copy.txt", &text);
    at_8123(&sandbox);
    sandbox.run(0, &["update"]);
    assert_eq!(sandbox.read("docker/copy.txt"), text);
    assert_eq!(sandbox.read("Dockerfile"), text.replace("5000", "8123"));
    assert_eq!(moved_to(&sandbox, "Dockerfile"), None);
}

#[test]
fn of_two_that_could_be_it_none_is_followed_until_one_is_left() {
    let sandbox = made();
    let text = with_label(&sandbox, "Dockerfile");
    mv(&sandbox, "Dockerfile", "docker/a");
    sandbox.write("docker/b", &text.replace("LABEL", "# more\nLABEL"));
    let said = is_deleted(&sandbox, "Dockerfile");
    let sentence = "Dockerfile is gone, and could be docker/a or docker/b: none is followed";
    assert!(said.contains(sentence), "{said}");
    // Not followed, but said again.
    sandbox.run(0, &["update"]);
    let said = sandbox.report(0, &["update"]);
    assert!(said.contains(sentence), "{said}");
    fs::remove_file(sandbox.path("docker/a")).unwrap();
    sandbox.run(0, &["update"]);
    assert_eq!(moved_to(&sandbox, "Dockerfile").unwrap(), "docker/b");
}

#[test]
fn what_was_deleted_before_the_lock_was_last_committed_does_not_come_back() {
    let sandbox = made();
    let text = sandbox.read("Dockerfile");
    fs::remove_file(sandbox.path("Dockerfile")).unwrap();
    at_8123(&sandbox);
    sandbox.run(0, &["update"]);
    commit(&sandbox);
    sandbox.write("app.py", APP);
    sandbox.write("docker/Dockerfile", &text);
    sandbox.run(0, &["update"]);
    assert_eq!(moved_to(&sandbox, "Dockerfile"), None);
    assert_eq!(sandbox.read("docker/Dockerfile"), text);
}

#[test]
fn another_generated_file_is_no_candidate() {
    let sandbox = made();
    fs::remove_file(sandbox.path("Dockerfile")).unwrap();
    // The image of one more service is much like it, and new.
    sandbox.write("worker/app.py", &APP.replace("5000", "7000"));
    sandbox.write(
        "worker/requirements.txt",
        "flask==3.1.0\ngunicorn==23.0.0\n",
    );
    sandbox.run(0, &["update"]);
    sandbox.run(0, &["update", "--check"]);
    let lock = sandbox.read("shipway.lock");
    assert!(!lock.contains("moved_to"), "{lock}");
}

#[test]
fn blocks_links_and_folders_in_the_way_are_no_moves() {
    let sandbox = made();
    mv(&sandbox, "Makefile", "make/Makefile");
    at_8123(&sandbox);
    sandbox.run(0, &["update"]);
    assert!(!sandbox.read("shipway.lock").contains("moved_to"));
    assert!(sandbox.read("make/Makefile").contains("5000"));

    let sandbox = made();
    mv(&sandbox, "Dockerfile", "docker/Dockerfile");
    std::os::unix::fs::symlink("docker/Dockerfile", sandbox.path("Dockerfile")).unwrap();
    at_8123(&sandbox);
    let said = sandbox.report(0, &["update"]);
    assert!(said.contains("is a symbolic link"), "{said}");
    assert!(sandbox.read("docker/Dockerfile").contains("EXPOSE 5000"));

    let sandbox = made();
    fs::create_dir(sandbox.path("docker")).unwrap();
    let text = sandbox.read("Dockerfile");
    fs::remove_file(sandbox.path("Dockerfile")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("it"), text).unwrap();
    let link = sandbox.path("docker/Dockerfile");
    std::os::unix::fs::symlink(elsewhere.path().join("it"), link).unwrap();
    is_deleted(&sandbox, "Dockerfile");
}

#[test]
fn init_does_not_make_a_second_one() {
    let sandbox = made();
    mv(&sandbox, "Dockerfile", "docker/Dockerfile");
    let said = sandbox.report(0, &["init", "--yes"]);
    assert!(said.contains("moved by you to docker/Dockerfile"), "{said}");
    assert!(!sandbox.path("Dockerfile").exists());
    sandbox.run(0, &["update", "--check"]);
}

#[test]
fn eject_lets_it_go_where_it_lies() {
    let sandbox = made();
    mv(&sandbox, "Dockerfile", "docker/Dockerfile");
    let before = sandbox.tree();
    sandbox.run(0, &["eject"]);
    let text = sandbox.read("docker/Dockerfile");
    assert!(
        text.contains("EXPOSE 5000\n") && !text.contains("shipway"),
        "{text}"
    );
    assert!(!sandbox.path("Dockerfile").exists());
    sandbox.run(0, &["undo"]);
    assert!(sandbox.tree() == before);
}

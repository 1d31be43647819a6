//! `shipway hooks install` and `uninstall` with a real git, which calls what was installed.

use crate::home::{Home, script};
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A shipway that writes down what it is asked, standard input included.
const STUB: &str = "[ -z \"$SHIPWAY_SELF_TEST\" ] || exit 9\n\
    { echo \"shipway $*\"; case $* in *pre-push*|*post-rewrite*) cat;; esac; } >> \"$HOME/log\"\n\
    exit \"${STUB_EXIT:-0}\"";

fn home() -> Home {
    let home = Home::new(&[("a", "a\n")]);
    home.program("shipway", STUB);
    home
}

fn log(home: &Home) -> String {
    std::fs::read_to_string(home.path("log")).unwrap_or_default()
}

fn install(home: &Home) -> Value {
    home.json(&["hooks", "install"])
}

fn actions(report: &Value) -> BTreeMap<String, String> {
    let rows = report["hooks"].as_array().unwrap();
    rows.iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            (text("hook"), text("action"))
        })
        .collect()
}

fn called(report: &Value) -> &str {
    let proof = &report["self_test"]["called"];
    proof["program"]
        .as_str()
        .unwrap_or_else(|| panic!("{report}"))
}

fn commit(home: &Home) -> Output {
    home.git_command(&["commit", "--quiet", "--allow-empty", "--message=x"])
        .output()
        .unwrap()
}

/// Kind, mode, content or target of everything below a folder.
fn everything(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let content = if metadata.is_dir() {
                open.push(path.clone());
                Vec::new()
            } else if metadata.is_symlink() {
                let target = std::fs::read_link(&path).unwrap();
                target.into_os_string().into_encoded_bytes()
            } else {
                std::fs::read(&path).unwrap()
            };
            found.insert(path, (metadata.permissions().mode(), content));
        }
    }
    found
}

#[test]
fn every_hook_with_jobs_gets_a_shim_that_git_calls() {
    let home = home();
    home.sandbox.write(
        "shipway.toml",
        "[[hooks.commit-msg]]\ncheck = \"commit-message\"\n",
    );
    let report = install(&home);
    let hooks: Vec<String> = actions(&report).into_keys().collect();
    assert_eq!(
        hooks,
        [
            "commit-msg",
            "post-checkout",
            "post-merge",
            "post-rewrite",
            "pre-commit",
            "pre-push"
        ]
    );
    assert_eq!(called(&report), home.path("bin/shipway").to_str().unwrap());
    assert!(commit(&home).status.success());
    assert_eq!(
        log(&home),
        "shipway hooks run pre-commit --\nshipway hooks run commit-msg -- .git/COMMIT_EDITMSG\n"
    );
    let stopped = home
        .git_command(&["commit", "--allow-empty", "--message=x"])
        .env("STUB_EXIT", "1")
        .status();
    assert!(!stopped.unwrap().success());
}

#[test]
fn installing_twice_changes_nothing_and_the_self_test_leaves_no_trace() {
    let home = home();
    install(&home);
    let before = everything(&home.sandbox.root().join(".git"));
    let report = install(&home);
    assert!(
        actions(&report)
            .values()
            .all(|action| action == "unchanged"),
        "{report}"
    );
    assert!(before == everything(&home.sandbox.root().join(".git")));
    assert_eq!(home.git(&["status", "--porcelain"]), "");
    assert_eq!(home.git(&["rev-list", "--count", "HEAD"]), "1\n");
}

#[test]
fn the_self_test_works_in_every_state_of_a_repository() {
    let states: [&[&str]; 4] = [
        &["checkout", "--quiet", "--orphan", "unborn"],
        &["checkout", "--quiet", "--detach"],
        &["merge", "--quiet", "theirs"],
        &["rebase", "--quiet", "theirs"],
    ];
    for state in states {
        let home = home();
        for (branch, text) in [("theirs", "b\n"), ("main", "c\n")] {
            if branch == "theirs" {
                home.git(&["checkout", "--quiet", "-b", branch]);
            } else {
                home.git(&["checkout", "--quiet", branch]);
            }
            home.sandbox.write("a", text);
            home.git(&["commit", "--quiet", "--all", "--message=x"]);
        }
        home.git_command(state).output().unwrap();
        let status = home.git(&["status"]);
        let report = install(&home);
        assert!(!called(&report).is_empty(), "{state:?}");
        assert_eq!(status, home.git(&["status"]), "{state:?}");
    }
}

#[test]
fn a_hook_that_was_there_runs_first_and_its_exit_code_is_obeyed() {
    let home = home();
    let hook = home.sandbox.root().join(".git/hooks/pre-commit");
    script(
        &hook,
        "echo \"theirs $*\" >> \"$HOME/log\"; exit \"${THEIRS_EXIT:-0}\"",
    );
    let report = install(&home);
    assert_eq!(actions(&report)["pre-commit"], "chain");
    assert!(commit(&home).status.success());
    assert_eq!(log(&home), "theirs \nshipway hooks run pre-commit --\n");
    let mut command = home.git_command(&["hook", "run", "pre-commit"]);
    let output = command.env("THEIRS_EXIT", "7").output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(
        log(&home),
        "theirs \nshipway hooks run pre-commit --\ntheirs \n"
    );
}

#[test]
fn what_is_pushed_is_told_to_both() {
    let home = home();
    let hook = home.sandbox.root().join(".git/hooks/pre-push");
    script(&hook, "{ echo \"theirs $*\"; cat; } >> \"$HOME/log\"");
    install(&home);
    let remote = home.path("remote.git");
    let remote = remote.to_str().unwrap();
    home.git(&["init", "--quiet", "--bare", remote]);
    home.git(&["push", "--quiet", remote, "main", "main:other"]);
    let head = home.git(&["rev-parse", "HEAD"]);
    let (head, zero) = (head.trim(), "0".repeat(40));
    let refs = format!(
        "refs/heads/main {head} refs/heads/main {zero}\nrefs/heads/main {head} refs/heads/other {zero}\n"
    );
    let asked = format!("{remote} {remote}");
    assert_eq!(
        log(&home),
        format!("theirs {asked}\n{refs}shipway hooks run pre-push -- {asked}\n{refs}")
    );
}

#[test]
fn uninstall_puts_everything_back_byte_for_byte() {
    let home = home();
    let hooks = home.sandbox.root().join(".git/hooks");
    script(&hooks.join("pre-commit"), "echo theirs");
    std::fs::set_permissions(
        hooks.join("pre-commit"),
        std::fs::Permissions::from_mode(0o750),
    )
    .unwrap();
    std::fs::write(hooks.join("post-merge"), "not executable").unwrap();
    std::os::unix::fs::symlink("../../a", hooks.join("pre-push")).unwrap();
    let before = everything(&hooks);
    install(&home);
    assert!(before != everything(&hooks));
    assert!(commit(&home).status.success());
    home.run(0, &["hooks", "uninstall"]);
    assert!(before == everything(&hooks));
    assert!(
        !home.path("state/shipway/consent").exists()
            || std::fs::read_dir(home.path("state/shipway/consent"))
                .unwrap()
                .next()
                .is_none()
    );
    let output = home.run(0, &["hooks", "uninstall"]);
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("Nothing to do")
    );
}

#[test]
fn a_folder_of_hooks_that_was_not_there_goes_again() {
    let home = home();
    let hooks = home.sandbox.root().join(".git/hooks");
    std::fs::remove_dir_all(&hooks).unwrap();
    install(&home);
    assert!(hooks.join("pre-commit").exists());
    home.run(0, &["hooks", "uninstall"]);
    assert!(!hooks.exists());
}

#[test]
fn a_hook_that_is_not_executable_stays_unused() {
    let home = home();
    let hook = home.sandbox.root().join(".git/hooks/pre-commit");
    std::fs::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
    install(&home);
    assert!(commit(&home).status.success());
    assert_eq!(log(&home), "shipway hooks run pre-commit --\n");
}

#[test]
fn a_run_that_was_killed_is_gone_on_with() {
    // After the second name was made, and while the shim was written.
    let home = home();
    let hooks = home.sandbox.root().join(".git/hooks");
    script(
        &hooks.join("pre-commit"),
        "echo \"theirs\" >> \"$HOME/log\"",
    );
    let before = everything(&hooks);
    std::fs::hard_link(
        hooks.join("pre-commit"),
        hooks.join("pre-commit.before-shipway"),
    )
    .unwrap();
    std::fs::write(hooks.join(".shipway-abc"), "#!/bin").unwrap();
    assert!(commit(&home).status.success());
    assert_eq!(log(&home), "theirs\n");
    install(&home);
    assert!(commit(&home).status.success());
    assert_eq!(
        log(&home),
        "theirs\ntheirs\nshipway hooks run pre-commit --\n"
    );
    home.run(0, &["hooks", "uninstall"]);
    assert!(before == everything(&hooks));

    std::fs::hard_link(
        hooks.join("pre-commit"),
        hooks.join("pre-commit.before-shipway"),
    )
    .unwrap();
    home.run(0, &["hooks", "uninstall"]);
    assert!(before == everything(&hooks));
}

#[test]
fn a_hook_that_came_after_shipways_is_nobodys_to_overwrite() {
    let home = home();
    let hooks = home.sandbox.root().join(".git/hooks");
    script(&hooks.join("pre-commit"), "echo first");
    install(&home);
    script(&hooks.join("pre-commit"), "echo second");
    let before = everything(&hooks);
    for command in ["install", "uninstall"] {
        let output = home.run(4, &["hooks", command]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("pre-commit.before-shipway"), "{said}");
        let after = everything(&hooks);
        for name in ["pre-commit", "pre-commit.before-shipway"] {
            assert_eq!(before[&hooks.join(name)], after[&hooks.join(name)]);
        }
    }
}

#[test]
fn a_shim_for_a_hook_without_jobs_goes() {
    let home = home();
    install(&home);
    home.sandbox.write(
        "shipway.toml",
        "[hooks]\ndefaults = false\n[[hooks.pre-push]]\nrun = \"true\"\n",
    );
    let report = install(&home);
    assert_eq!(actions(&report)["pre-commit"], "remove");
    assert_eq!(report["self_test"]["called"]["hook"], "pre-push");
    assert_eq!(report["commands"][0], "true");
    assert!(!home.sandbox.root().join(".git/hooks/pre-commit").exists());
}

#[test]
fn a_git_too_old_to_be_asked_is_said_to_be() {
    let home = home();
    home.sandbox.write(
        "shipway.toml",
        "[hooks]\ndefaults = false\n[[hooks.pre-push]]\nrun = \"true\"\n",
    );
    let git = which::which("git").unwrap();
    home.program(
        "git",
        &format!(
            "case \"$1\" in hook) echo \"git: 'hook' is not a git command.\" >&2; exit 1;; esac\nexec {} \"$@\"",
            git.display()
        ),
    );
    let report = install(&home);
    assert!(
        report["self_test"]["unknown"]["why"]
            .as_str()
            .unwrap()
            .contains("2.36"),
        "{report}"
    );
}

#[test]
fn that_git_does_not_call_a_hook_is_noticed() {
    let home = home();
    let git = which::which("git").unwrap();
    // A git whose commits are told to look elsewhere, as a wrapper or an editor may.
    home.program(
        "git",
        &format!(
            "case \"$*\" in *commit*) exec {git} -c core.hooksPath=/nowhere \"$@\";; esac\nexec {git} \"$@\"",
            git = git.display()
        ),
    );
    let before = home.git(&["rev-parse", "HEAD"]);
    let output = home.run(1, &["hooks", "install"]);
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("does NOT call")
    );
    assert_eq!(before, home.git(&["rev-parse", "HEAD"]));
    assert!(
        !home.sandbox.root().join(".git/COMMIT_EDITMSG").exists()
            || home.git(&["status", "--porcelain"]).is_empty()
    );
}

#[test]
fn where_shipway_is_gone_the_shim_says_so_with_a_code_of_its_own() {
    let home = home();
    install(&home);
    std::fs::remove_file(home.path("bin/shipway")).unwrap();
    let hooks = home.sandbox.root().join(".git/hooks");
    for hook in ["pre-commit", "pre-push", "post-checkout"] {
        let text = std::fs::read_to_string(hooks.join(hook)).unwrap();
        let pinned = env!("CARGO_BIN_EXE_shipway");
        assert!(text.contains(&format!("pinned={pinned}\n")), "{text}");
        std::fs::write(hooks.join(hook), text.replace(pinned, "/gone/shipway")).unwrap();
    }
    let run = |hook: &str| home.git_command(&["hook", "run", hook]).output().unwrap();
    let output = run("pre-commit");
    assert_eq!(output.status.code(), Some(97), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("not on PATH and not at /gone/shipway") && said.contains("--no-verify"),
        "{said}"
    );
    assert_eq!(run("pre-push").status.code(), Some(97));
    assert_eq!(run("post-checkout").status.code(), Some(0));
    assert!(!commit(&home).status.success());
}

#[test]
fn the_pinned_program_runs_where_path_has_none() {
    let home = home();
    home.program("elsewhere/shipway", STUB);
    install(&home);
    std::fs::remove_file(home.path("bin/shipway")).unwrap();
    let state = |home: &Home| home.json(&["hooks", "list"])["hooks"][0]["state"].clone();
    assert_eq!(state(&home), "installed");
    let hook = home.sandbox.root().join(".git/hooks/pre-commit");
    let text = std::fs::read_to_string(&hook).unwrap();
    let other = home.path("bin/elsewhere/shipway");
    let text = text.replace(env!("CARGO_BIN_EXE_shipway"), other.to_str().unwrap());
    std::fs::write(&hook, text).unwrap();
    assert!(commit(&home).status.success());
    assert_eq!(log(&home), "shipway hooks run pre-commit --\n");
}

#[test]
fn hooks_that_lie_elsewhere_are_refused_with_the_line_to_add() {
    for scope in ["--global", "--local"] {
        let home = home();
        let folder = if scope == "--global" {
            home.path("hooks").to_str().unwrap().to_owned()
        } else {
            ".githooks".to_owned()
        };
        home.git(&["config", scope, "core.hooksPath", &folder]);
        let before = everything(home.sandbox.root());
        let said = home.error(2, &["hooks", "install"]);
        for part in [
            folder.as_str(),
            "core.hooksPath",
            scope.trim_start_matches('-'),
            "/pre-commit\n",
            "shipway hooks run pre-commit -- \"$@\"",
            "shipway hooks run pre-push -- \"$@\"",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(before == everything(home.sandbox.root()));
        assert!(!home.path("hooks").exists());
    }
}

#[test]
fn a_link_out_of_the_git_directory_is_not_followed() {
    let home = home();
    let hooks = home.sandbox.root().join(".git/hooks");
    std::fs::remove_dir_all(&hooks).unwrap();
    std::fs::create_dir(home.sandbox.root().join("scripts")).unwrap();
    std::os::unix::fs::symlink("../scripts", &hooks).unwrap();
    let said = home.error(2, &["hooks", "install"]);
    assert!(said.contains("is a link to"), "{said}");
    assert_eq!(
        std::fs::read_dir(home.sandbox.root().join("scripts"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn hooks_that_are_turned_off_are_said_to_be() {
    let home = home();
    home.git(&["config", "--global", "core.hooksPath", "/dev/null"]);
    let said = home.error(2, &["hooks", "install"]);
    assert!(
        said.contains("turned off") && said.contains("gitconfig"),
        "{said}"
    );
}

#[test]
fn husky_9_is_told_of_its_users_files() {
    let home = home();
    home.sandbox.write(".husky/pre-commit", "npx lint-staged\n");
    home.git(&["config", "core.hooksPath", ".husky/_"]);
    let said = home.error(2, &["hooks", "install"]);
    assert!(
        said.contains(".husky/pre-commit\n") && !said.contains("_/pre-commit"),
        "{said}"
    );
}

#[test]
fn a_hooks_path_inside_the_git_directory_is_used() {
    let home = home();
    home.git(&["config", "--global", "core.hooksPath", ".git/mine"]);
    let report = install(&home);
    assert!(report["folder"].as_str().unwrap().ends_with("/.git/mine"));
    assert!(!called(&report).is_empty());
    assert!(!home.sandbox.root().join(".git/hooks/pre-commit").exists());
    home.run(0, &["hooks", "uninstall"]);
    assert!(!home.sandbox.root().join(".git/mine").exists());
}

#[test]
fn linked_work_trees_share_the_hooks_or_have_their_own() {
    let home = home();
    let linked = home.path("linked");
    let linked = linked.to_str().unwrap();
    home.git(&["worktree", "add", "--quiet", linked]);
    let report = home.json(&["hooks", "install", linked]);
    assert_eq!(
        Path::new(report["folder"].as_str().unwrap()),
        home.sandbox
            .root()
            .canonicalize()
            .unwrap()
            .join(".git/hooks")
    );
    assert!(!called(&report).is_empty());
    home.git(&[
        "-C",
        linked,
        "commit",
        "--quiet",
        "--allow-empty",
        "--message=x",
    ]);
    assert_eq!(log(&home), "shipway hooks run pre-commit --\n");

    home.git(&["config", "extensions.worktreeConfig", "true"]);
    let own = home
        .sandbox
        .root()
        .canonicalize()
        .unwrap()
        .join(".git/worktrees/linked/hooks");
    home.git(&[
        "-C",
        linked,
        "config",
        "--worktree",
        "core.hooksPath",
        own.to_str().unwrap(),
    ]);
    let report = home.json(&["hooks", "install", linked]);
    assert_eq!(Path::new(report["folder"].as_str().unwrap()), own);
    assert!(!called(&report).is_empty());
    assert!(own.join("pre-commit").exists());
}

#[test]
fn a_submodule_and_a_git_directory_elsewhere_have_hooks_of_their_own() {
    let home = home();
    let outer = Home::new(&[("b", "b\n")]);
    outer.program("shipway", STUB);
    let inner = home.sandbox.root().to_str().unwrap();
    outer.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        inner,
        "sub",
    ]);
    let report = outer.json(&["hooks", "install", "sub"]);
    assert!(
        report["folder"]
            .as_str()
            .unwrap()
            .ends_with("/.git/modules/sub/hooks"),
        "{report}"
    );
    assert!(!called(&report).is_empty());

    let tree = home.path("tree");
    let tree = tree.to_str().unwrap();
    let store = home.path("store");
    home.git(&[
        "init",
        "--quiet",
        "--separate-git-dir",
        store.to_str().unwrap(),
        tree,
    ]);
    let report = home.json(&["hooks", "install", tree]);
    assert_eq!(
        Path::new(report["folder"].as_str().unwrap()),
        store.canonicalize().unwrap().join("hooks")
    );
    assert!(!called(&report).is_empty());
}

#[test]
fn a_bare_repository_and_none_are_refused() {
    let home = home();
    let bare = home.path("bare.git");
    home.git(&["init", "--quiet", "--bare", bare.to_str().unwrap()]);
    let said = home.error(3, &["hooks", "install", bare.to_str().unwrap()]);
    assert!(said.contains("is a bare repository"), "{said}");
    let said = home.error(3, &["hooks", "install", home.path("bin").to_str().unwrap()]);
    assert!(said.contains("not inside a git repository"), "{said}");
}

#[test]
fn what_cannot_be_written_is_named() {
    let home = home();
    let hooks = home.sandbox.root().join(".git/hooks");
    std::fs::create_dir_all(hooks.join("pre-commit")).unwrap();
    let said = home.error(3, &["hooks", "install"]);
    assert!(
        said.contains("/.git/hooks/pre-commit cannot be written: it is a folder"),
        "{said}"
    );
    std::fs::remove_dir_all(&hooks).unwrap();
    std::fs::write(&hooks, "").unwrap();
    let said = home.error(3, &["hooks", "install"]);
    assert!(said.contains("/.git/hooks cannot be written"), "{said}");
}

#[test]
fn a_dry_run_writes_nothing() {
    let home = home();
    home.sandbox
        .write("shipway.toml", "[[hooks.pre-push]]\nrun = \"make test\"\n");
    let before = everything(home.sandbox.root());
    let output = home.run(0, &["hooks", "install", "--dry-run"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("make test") && said.contains("pre-commit"),
        "{said}"
    );
    assert!(before == everything(home.sandbox.root()));
    assert!(!home.path("state").exists());
}

#[test]
fn a_wrong_configuration_installs_nothing() {
    let home = home();
    home.sandbox
        .write("shipway.toml", "[[hooks.pre-push]]\nrn = \"make test\"\n");
    let said = home.error(2, &["hooks", "install"]);
    assert!(
        said.contains("shipway.toml:2:1") && said.contains("did you mean `run`?"),
        "{said}"
    );
    assert!(!home.sandbox.root().join(".git/hooks/pre-push").exists());
}

#[test]
fn other_tools_are_named_with_the_offer() {
    for (path, text, name) in [
        (
            ".pre-commit-config.yaml",
            "repos: []\n",
            "pre-commit (.pre-commit-config.yaml)",
        ),
        (
            "lefthook.yml",
            "pre-commit: {}\n",
            "lefthook (lefthook.yml)",
        ),
        (".husky/pre-commit", "npm test\n", "husky (.husky)"),
        (
            "package.json",
            "{\"lint-staged\": {\"*.js\": \"eslint\"}}",
            "lint-staged (package.json)",
        ),
    ] {
        let home = home();
        home.sandbox.write(path, text);
        let said = home.error(0, &["hooks", "install"]);
        assert!(
            said.contains(name) && said.contains("shipway hooks import"),
            "{said}"
        );
    }
    let home = home();
    let hook = home.sandbox.root().join(".git/hooks/pre-commit");
    script(
        &hook,
        "# File generated by pre-commit: https://pre-commit.com",
    );
    let output = home.run(0, &["hooks", "install"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("of pre-commit) is kept as pre-commit.before-shipway"),
        "{said}"
    );
}

#[test]
fn without_a_home_the_hooks_are_installed_all_the_same() {
    let home = home();
    let mut command: Command = home.shipway(&["hooks", "install"]);
    let output = command
        .env_remove("HOME")
        .env_remove("XDG_STATE_HOME")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

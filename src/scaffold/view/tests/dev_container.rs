//! The dev container: what it is made of, and that it comes up.

use super::sample::{alone, empty, fact};
use super::*;
use crate::project::PackageManager;

#[test]
fn the_dev_container_has_every_runtime_and_package_manager() {
    let made = files(&beside_python(), "devcontainer");
    let text = &made[".devcontainer/devcontainer.json"];
    for part in [
        r#""ghcr.io/devcontainers/features/node:2.1.0": {"version":"22"}"#,
        r#""onCreateCommand": "npm install --global --force pnpm@9.15.2""#,
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let text = &made[".devcontainer/Dockerfile"];
    assert!(
        text.contains("ARG WORKSPACE_BASE=docker.io/library/python:3.11"),
        "{text}"
    );
    let made = files(&alone(PackageManager::Bun), "devcontainer");
    let text = &made[".devcontainer/Dockerfile"];
    let bun = Pins::builtin().unwrap().tool("bun").unwrap().to_owned();
    for part in [
        "ARG WORKSPACE_BASE=docker.io/library/node:22",
        &format!("RUN npm install --global --force bun@{bun}"),
        "usermod --login vscode",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!made[".devcontainer/devcontainer.json"].contains("features/node"));
}

#[test]
fn the_dev_container_passes_its_validators() {
    for project in projects() {
        let root = tempfile::tempdir().unwrap();
        write(&project, root.path());
        run("hadolint", &[".devcontainer/Dockerfile"], root.path());
        run("shellcheck", &[".devcontainer/initialize"], root.path());
        let read = ["read-configuration", "--workspace-folder", "."];
        let Some(text) = run("devcontainer", &read, root.path()) else {
            continue;
        };
        assert!(text.contains(r#""service":"workspace""#), "{text}");
        assert!(
            text.contains(r#""postCreateCommand":"make dev-setup""#),
            "{text}"
        );
        assert!(
            text.contains("ghcr.io/devcontainers/features/common-utils:2.5.9"),
            "{text}"
        );
    }
}

fn git(arguments: &[&str], folder: &Path) {
    let identity = [
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "-c",
        "init.defaultBranch=main",
    ];
    let status = Command::new("git")
        .args(identity)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        status.status.success(),
        "{}",
        String::from_utf8_lossy(&status.stderr)
    );
}

#[test]
fn a_linked_work_tree_gets_the_common_directory_where_git_looks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().canonicalize().unwrap();
    let main = top.join("it's main");
    std::fs::create_dir(&main).unwrap();
    write(&library(), &main);
    git(&["init", "--quiet"], &main);
    git(&["add", "--all"], &main);
    git(&["commit", "--quiet", "--message", "x"], &main);
    git(&["worktree", "add", "--quiet", "../linked"], &main);
    let initialize = |tree: &Path| {
        run("sh", &[".devcontainer/initialize"], tree).unwrap();
        std::fs::read_to_string(tree.join(".devcontainer/local.yaml")).unwrap()
    };
    assert!(!initialize(&main).contains("volumes"));
    let linked = top.join("linked");
    let quoted = format!(
        "'{}'",
        main.join(".git").display().to_string().replace('\'', "''")
    );
    let text = initialize(&linked);
    assert!(
        text.contains(&format!("source: {quoted}\n        target: {quoted}")),
        "{text}"
    );
    // What `git worktree add --relative-paths` writes.
    std::fs::write(
        linked.join(".git"),
        "gitdir: ../it's main/.git/worktrees/linked\n",
    )
    .unwrap();
    let text = initialize(&linked);
    let target = "'/workspaces/it''s main/.git'";
    assert!(
        text.contains(&format!("source: {quoted}\n        target: {target}")),
        "{text}"
    );
    assert!(
        !run("git", &["status", "--porcelain"], &main)
            .unwrap()
            .contains("local.yaml")
    );
}

#[test]
fn the_dev_container_comes_up_and_leaves_no_file_of_root() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let (Ok(base), Ok(_)) = (
        std::env::var("SHIPWAY_TEST_DEVCONTAINER"),
        which::which("devcontainer"),
    ) else {
        skipped("bringing the dev container up needs make test-deps");
        return;
    };
    let name = format!("shipway-test-{}", std::process::id());
    let mut project = empty(&name);
    project.name = fact(name.clone());
    write(&project, root);
    let dockerfile = root.join(".devcontainer/Dockerfile");
    let text = std::fs::read_to_string(&dockerfile).unwrap();
    let text: Vec<String> = text
        .lines()
        .map(|line| match line.split_once('=') {
            Some(("ARG WORKSPACE_BASE", _)) => format!("ARG WORKSPACE_BASE={base}"),
            _ => line.to_owned(),
        })
        .collect();
    std::fs::write(&dockerfile, text.join("\n")).unwrap();
    let configuration = root.join(".devcontainer/devcontainer.json");
    let mut text = std::fs::read_to_string(&configuration).unwrap();
    let features = &files(&project, "devcontainer")[".devcontainer/devcontainer.json"];
    for id in ["common-utils", "github-cli"] {
        let stand_in = root.join(".devcontainer").join(id);
        std::fs::create_dir(&stand_in).unwrap();
        let manifest = format!(r#"{{"id": "{id}", "version": "1.0.0", "name": "{id}"}}"#);
        std::fs::write(stand_in.join("devcontainer-feature.json"), manifest).unwrap();
        std::fs::write(
            stand_in.join("install.sh"),
            format!("#!/bin/sh\ntouch /usr/local/share/feature-{id}\n"),
        )
        .unwrap();
        let published = features
            .split('"')
            .find(|word| word.contains(&format!("/features/{id}:")))
            .unwrap();
        text = text.replace(published, &format!("./{id}"));
    }
    std::fs::write(&configuration, text).unwrap();
    git(&["init", "--quiet"], root);
    // As root the CLI leaves the ids as they are, so the tree has to be the container user's.
    let mut owner = run("id", &["-u"], root).unwrap().trim().to_owned();
    if owner == "0" {
        owner = "1000".to_owned();
        run("chown", &["-R", "1000:1000", "."], root);
    }
    struct Down<'a>(&'a Path, String);
    impl Drop for Down<'_> {
        fn drop(&mut self) {
            let _ = Command::new("docker")
                .args([
                    "compose",
                    "--project-name",
                    &self.1,
                    "--file",
                    ".devcontainer/compose.yaml",
                ])
                .args(["down", "--volumes", "--rmi", "local", "--timeout", "0"])
                .current_dir(self.0)
                .output();
        }
    }
    let up = run("devcontainer", &["up", "--workspace-folder", "."], root).unwrap();
    let composed = up
        .split('"')
        .skip_while(|word| *word != "composeProjectName")
        .nth(2)
        .unwrap();
    let _down = Down(root, composed.to_owned());
    let inside = |command: &str| {
        run(
            "devcontainer",
            &["exec", "--workspace-folder", ".", "sh", "-c", command],
            root,
        )
        .unwrap()
    };
    assert_eq!(inside("id -un").trim(), "vscode");
    inside(
        "touch inside && git status --short && test -w \"$SHIPWAY_VENVS\" && touch \"$HISTFILE\"",
    );
    assert_eq!(
        inside("ls /usr/local/share | grep -c '^feature-'").trim(),
        "2"
    );
    let not_theirs = run(
        "find",
        &[
            ".",
            "!",
            "-uid",
            &owner,
            "!",
            "-name",
            "local.yaml",
            "!",
            "-name",
            "devcontainer-lock.json",
        ],
        root,
    )
    .unwrap();
    assert_eq!(not_theirs, "");
}

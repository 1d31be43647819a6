//! A clone of somebody else's, opened in the dev container on a machine without shipway: nothing is
//! in it but what is committed.

use crate::engine::{python_base, stand_ins};
use crate::sandbox::{Sandbox, skipped, text};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What is committed of the fixture after `init`, in a repository beside which clones lie.
struct Origin {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
    name: String,
}

impl Drop for Origin {
    fn drop(&mut self) {
        for project in [&self.name, &format!("{}-second", self.name)] {
            let mut command = self.compose();
            command.args(["--project-name", project]);
            command.args(["down", "--volumes", "--rmi", "local", "--timeout", "0"]);
            let _ = command.output();
        }
    }
}

impl Origin {
    /// None, which is said, where something that opens it is missing.
    fn new() -> Option<Self> {
        python_base()?;
        if which::which("devcontainer").is_err() {
            skipped("the devcontainer CLI is missing: make test-deps");
            return None;
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images/django.txt");
        let origin = Self {
            sandbox: Sandbox::from_manifest(&std::fs::read_to_string(path).unwrap()),
            folder: tempfile::tempdir().unwrap(),
            name: format!("shipway-it-dev-{}", std::process::id()),
        };
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(origin.folder.path(), mode).unwrap();
        let sandbox = &origin.sandbox;
        sandbox.run(0, &["init", "--yes", "--name", &origin.name]);
        let whole = origin
            .compose()
            .args(["config", "--format", "json"])
            .output()
            .unwrap();
        assert!(whole.status.success(), "{whole:?}");
        let over = stand_ins(&text(&whole.stdout), sandbox.root());
        sandbox.write(".devcontainer/stand-ins.yaml", &over);
        origin.stand_in_for_features();
        sandbox.git(&["add", "--all"]);
        sandbox.git(&[
            "-c",
            "core.hooksPath=/dev/null",
            "commit",
            "--quiet",
            "--message=init",
        ]);
        Some(origin)
    }

    fn compose(&self) -> Command {
        let mut command = Command::new("docker");
        command.current_dir(self.sandbox.root()).args(["compose"]);
        for file in [
            "compose.yaml",
            "compose.override.yaml",
            ".devcontainer/compose.yaml",
        ] {
            command.args(["--file", file]);
        }
        command
    }

    /// The published Features cannot be had here: local ones of the same ids, that do nothing.
    fn stand_in_for_features(&self) {
        let path = ".devcontainer/devcontainer.json";
        let mut said = self.sandbox.read(path);
        for id in ["common-utils", "github-cli"] {
            let manifest = format!(r#"{{"id": "{id}", "version": "1.0.0", "name": "{id}"}}"#);
            let folder = format!(".devcontainer/{id}");
            self.sandbox
                .write(&format!("{folder}/devcontainer-feature.json"), &manifest);
            self.sandbox
                .write(&format!("{folder}/install.sh"), "#!/bin/sh\n");
            let mark = format!("/features/{id}:");
            let published = said.split('"').find(|word| word.contains(&mark)).unwrap();
            said = said.replace(published, &format!("./{id}"));
        }
        let last = r#""local.yaml""#;
        assert!(said.contains(last), "{said}");
        said = said.replace(last, &format!(r#"{last}, "stand-ins.yaml""#));
        self.sandbox.write(path, &said);
    }

    fn clone(&self) -> PathBuf {
        let place = self.folder.path().join("clone");
        let from = self.sandbox.root().display().to_string();
        self.sandbox
            .git(&["clone", "--quiet", &from, &place.display().to_string()]);
        place
    }
}

fn devcontainer(folder: &Path, arguments: &[&str]) -> Output {
    // A developer's PATH without shipway on it.
    let node = which::which("node").unwrap();
    let cli = which::which("devcontainer").unwrap();
    let docker = which::which("docker").unwrap();
    let folders = [&node, &cli, &docker].map(|program| program.parent().unwrap().to_owned());
    let path = folders
        .into_iter()
        .chain(["/usr/bin", "/bin", "/usr/sbin", "/sbin"].map(PathBuf::from));
    Command::new(&cli)
        .arg(arguments[0])
        .args(["--workspace-folder", "."])
        .args(&arguments[1..])
        .env("PATH", std::env::join_paths(path).unwrap())
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Opens `folder` and looks around in the container.
fn opens(folder: &Path) {
    assert!(!folder.join(".env").exists());
    // As root the CLI leaves the ids as they are, so what is here has to be the container user's.
    if rustix::process::getuid().is_root() {
        let owned = Command::new("chown")
            .args(["-R", "1000:1000"])
            .arg(folder.parent().unwrap())
            .status();
        assert!(owned.unwrap().success());
    }
    let up = devcontainer(folder, &["up"]);
    assert!(
        up.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&up.stdout),
        String::from_utf8_lossy(&up.stderr)
    );
    let mode = std::fs::metadata(folder.join(".env"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let inside = |command: &str| {
        let output = devcontainer(folder, &["exec", "sh", "-c", command]);
        assert!(output.status.success(), "{command}: {output:?}");
        text(&output.stdout).trim().to_owned()
    };
    assert_eq!(inside("id -un"), "vscode");
    // The CLI writes down which Features it took.
    assert_eq!(
        inside("git status --porcelain -- ':!.devcontainer/devcontainer-lock.json'"),
        ""
    );
    assert_eq!(inside("git log --format=%s -1"), "init");
    // What make dev-setup installed, and a database beside it that takes the generated password.
    inside("\"$SHIPWAY_VENVS\"/*/bin/python -c 'import django, celery'");
    assert!(inside("pg_isready --host postgres").contains("accepting connections"));
    inside("\"$SHIPWAY_VENVS\"/*/bin/python manage.py check --database default");
}

#[test]
fn a_fresh_clone_and_a_work_tree_beside_it_open_without_shipway() {
    let Some(origin) = Origin::new() else { return };
    let clone = origin.clone();
    opens(&clone);
    let second = origin.folder.path().join("second");
    let add = [
        "-c",
        "safe.directory=*",
        "-C",
        &clone.display().to_string(),
        "worktree",
        "add",
        "--quiet",
        &second.display().to_string(),
    ];
    origin.sandbox.git(&add);
    opens(&second);
    // The first one is still there, with its own database.
    for folder in [&clone, &second] {
        let said = devcontainer(folder, &["exec", "pg_isready", "--host", "postgres"]);
        assert!(said.status.success(), "{said:?}");
    }
}

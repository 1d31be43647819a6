//! The targets of the generated Makefile and what `shipway setup` starts, run on the sample as its
//! developers would, with the engine.

use crate::engine::{docker, get, python_base, status};
use crate::home::script;
use crate::sandbox::{Sandbox, text};
use serde_json::Value;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// `docker`, except that images which are here take the place of those of registries.
const DOCKER: &str = r#"
set -e
case "$1 $2" in compose\ version*) exec "$REAL_DOCKER" "$@";; compose\ *) shift;; *) exec "$REAL_DOCKER" "$@";; esac
options= files=
while [ "$1" = --file ] || [ "$1" = --project-name ]; do
    if [ "$1" = --file ]; then files=yes; fi
    options="$options $1 $2"
    shift 2
done
[ -n "$files" ] || options="$options --file compose.yaml --file compose.override.yaml"
"$REAL_DOCKER" compose $options config --format json | "$STAND_INS" > "$HOME/stand-ins.yaml" 2> /dev/null
exec "$REAL_DOCKER" compose $options --file "$HOME/stand-ins.yaml" "$@"
"#;

/// A clone of the sample after `init`, and one of its developers.
struct Clone {
    sandbox: Sandbox,
    home: tempfile::TempDir,
    name: String,
}

impl Drop for Clone {
    fn drop(&mut self) {
        let projects = [
            "--file compose.yaml --file compose.override.yaml --file .devcontainer/compose.yaml",
            "--file compose.yaml --file compose.production.yaml --file compose.local.yaml",
        ];
        for (files, name) in projects.iter().zip(["", "-local"]) {
            let mut command = self.command("docker");
            command
                .args(["compose", "--project-name", &format!("{}{name}", self.name)])
                .args(files.split(' '))
                .args(["down", "--volumes", "--rmi", "local", "--timeout", "0"]);
            let _ = command.output();
        }
    }
}

impl Clone {
    /// None where there is no engine with the test images.
    fn new(name: &str) -> Option<Self> {
        python_base()?;
        let clone = Self {
            sandbox: Sandbox::copy_of("examples/fair-sample"),
            home: tempfile::tempdir().unwrap(),
            name: format!("shipway-it-{name}-{}", std::process::id()),
        };
        script(&clone.bin().join("docker"), DOCKER);
        // The application's user in the container is another one than the owner of this folder.
        for folder in [clone.sandbox.root(), clone.home.path()] {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        clone
            .sandbox
            .run(0, &["init", "--yes", "--name", &clone.name]);
        Some(clone)
    }

    fn bin(&self) -> PathBuf {
        self.home.path().join("bin")
    }

    /// As the developer runs it, without shipway on PATH.
    fn command(&self, program: &str) -> Command {
        // std looks for a program on this process's PATH.
        let found = which::which_in(program, Some(self.search()), "/").unwrap();
        self.with(Command::new(found))
    }

    /// Where the developer's programs are looked for.
    fn search(&self) -> OsString {
        let path = std::env::var_os("PATH").unwrap();
        let folders = std::iter::once(self.bin()).chain(std::env::split_paths(&path));
        std::env::join_paths(folders).unwrap()
    }

    /// `command` with the developer's environment.
    fn with(&self, mut command: Command) -> Command {
        let real = which::which("docker").unwrap_or_default();
        command
            .current_dir(self.sandbox.root())
            .env("PATH", self.search())
            .env("HOME", self.home.path())
            .env("REAL_DOCKER", real)
            .env(
                "STAND_INS",
                Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/stand-ins"),
            )
            .env("GIT_CONFIG_GLOBAL", self.home.path().join("gitconfig"))
            .env_remove("CI")
            .env_remove("MAKEFLAGS")
            .env_remove("MAKELEVEL");
        command
    }

    fn try_make(&self, target: &str) -> Output {
        self.command("make").arg(target).output().unwrap()
    }

    /// What `make TARGET` prints; it must succeed.
    fn make(&self, target: &str) -> String {
        let output = self.try_make(target);
        let errors = String::from_utf8_lossy(&output.stderr);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "make {target}:\n{said}\n{errors}");
        text(&output.stdout)
    }

    /// What `shipway setup` reports with `options`; it must succeed.
    fn setup(&self, options: &[&str]) -> Value {
        let arguments = [&["setup", "--format=json"], options].concat();
        let mut command = self.with(self.sandbox.command(&arguments));
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// Services that run in the compose project called `name`.
fn running(name: &str) -> Vec<String> {
    let filter = format!("label=com.docker.compose.project={name}");
    let format = r#"{{.Label "com.docker.compose.service"}}"#;
    let said = docker(&["ps", "--filter", &filter, "--format", format], None);
    let mut names: Vec<String> = said.lines().map(str::to_owned).collect();
    names.sort();
    names
}

/// Where the service `web` is, by the lines that a target ends with.
fn address(said: &str) -> String {
    let line = said.lines().find(|line| line.starts_with("web: http://"));
    let line = line.unwrap_or_else(|| panic!("no address: {said}"));
    line.trim_start_matches("web: http://").trim().to_owned()
}

fn step<'r>(report: &'r Value, name: &str) -> &'r Value {
    let steps = report["steps"].as_array().unwrap();
    steps
        .iter()
        .find(|step| step["name"].as_str().unwrap().starts_with(name))
        .unwrap_or_else(|| panic!("no step {name}: {report}"))
}

#[test]
fn up_seed_deploy_local_and_down_work_on_the_sample() {
    let Some(clone) = Clone::new("make") else {
        return;
    };
    let help = clone.make("help");
    for target in [
        "up",
        "down",
        "seed",
        "backup",
        "deploy-local",
        "test",
        "lint",
    ] {
        let listed = help
            .lines()
            .any(|line| line.split_whitespace().next() == Some(target));
        assert!(listed, "{target}: {help}");
    }

    let development = address(&clone.make("up"));
    assert_eq!(status(&development, "/healthz"), Some(200));
    let services = running(&clone.name);
    for service in ["web", "db"] {
        assert!(services.iter().any(|one| one == service), "{services:?}");
    }
    assert!(clone.make("seed").contains("4 samples added"));
    assert!(clone.make("seed").contains("4 samples are there already"));
    let (code, page) = get(&development, "/samples/").unwrap();
    assert_eq!(code, 200, "{page}");
    assert!(page.contains("Gut before treatment"), "{page}");

    // As the developer, in the container to work in, which reaches the database.
    let said = clone.make("backup");
    let file = said.lines().find(|line| line.ends_with(".sql.gz"));
    let file = clone.sandbox.path(file.unwrap_or_else(|| panic!("{said}")));
    let unpacked = Command::new("gzip").arg("-dc").arg(file).output().unwrap();
    assert!(text(&unpacked.stdout).contains("Gut before treatment"));

    let local = address(&clone.make("deploy-local"));
    assert_ne!(local, development);
    assert_eq!(status(&local, "/healthz"), Some(200));
    assert_eq!(status(&development, "/healthz"), Some(200));
    let beside = format!("{}-local", clone.name);
    assert!(!running(&beside).is_empty());

    clone.make("down");
    assert!(running(&clone.name).is_empty());
    assert!(running(&beside).is_empty());
    // The data stayed.
    clone.make("up");
    assert!(clone.make("seed").contains("4 samples are there already"));
    clone.make("down");
}

#[test]
fn setup_starts_the_services_and_seeds_them() {
    let Some(clone) = Clone::new("setup") else {
        return;
    };
    // As in a fresh clone: .env is not in it.
    std::fs::remove_file(clone.sandbox.path(".env")).unwrap();
    let report = clone.setup(&["--services", "--seed"]);
    for (name, outcome) in [
        (".env", "done"),
        ("hooks", "unchanged"),
        ("dependencies of web", "done"),
        ("services", "done"),
        ("seed", "done"),
    ] {
        assert_eq!(step(&report, name)["outcome"], outcome, "{report}");
    }
    let message = step(&report, "seed")["message"].as_str().unwrap();
    assert!(message.ends_with("in a container of web"), "{message}");
    let web = format!("label=com.docker.compose.project={}", clone.name);
    let of = ["--filter", "label=com.docker.compose.service=web"];
    let id = docker(&["ps", "--quiet", "--filter", &web, of[0], of[1]], None);
    let address = docker(&["port", &id, "5000/tcp"], None);
    let (code, page) = get(&address, "/samples/").unwrap();
    assert_eq!(code, 200, "{page}");
    assert!(page.contains("Gut before treatment"), "{page}");
    let again = clone.setup(&[]);
    assert_eq!(step(&again, "dependencies of web")["outcome"], "unchanged");
    clone.make("down");
    assert!(running(&clone.name).is_empty());
}

#[test]
fn test_and_lint_run_the_samples_own_tools() {
    let Some(clone) = Clone::new("lint") else {
        return;
    };
    let said = clone.make("test");
    assert!(said.contains(" passed"), "{said}");
    assert!(
        clone
            .make("lint")
            .contains("no Python file differs from main")
    );
    clone.sandbox.write(
        "backend/src/samples/counts.py",
        &format!(
            "import os\n{}",
            clone.sandbox.read("backend/src/samples/counts.py")
        ),
    );
    let output = clone.try_make("lint");
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("F401"), "{said}");
}

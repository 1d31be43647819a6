//! A repository whose hooks run shipway.

use crate::sandbox::Sandbox;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Every hook that has jobs in some test.
const HOOKS: &[&str] = &[
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "pre-push",
];

pub(crate) struct Hooked {
    pub(crate) sandbox: Sandbox,
    state: tempfile::TempDir,
}

impl Hooked {
    /// `files` are committed first, together with the configuration `config`; its commands are
    /// agreed to.
    pub(crate) fn new(config: &str, files: &[(&str, &str)]) -> Self {
        let mut all = files.to_vec();
        all.push(("shipway.toml", config));
        let hooked = Self {
            sandbox: Sandbox::new(&all),
            state: tempfile::tempdir().unwrap(),
        };
        install(&hooked.sandbox.root().join(".git/hooks"));
        hooked.trust();
        hooked
    }

    pub(crate) fn trust(&self) {
        ok(&mut self.shipway(&["trust", "--yes"]));
    }

    pub(crate) fn root(&self) -> &Path {
        self.sandbox.root()
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root().join(below)
    }

    /// An environment as on a developer's machine.
    pub(crate) fn at_home(&self, command: &mut Command) {
        command
            .env_remove("CI")
            .env("XDG_STATE_HOME", self.state.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Test")
            .env("GIT_AUTHOR_EMAIL", "test@example.org")
            .env("GIT_COMMITTER_NAME", "Test")
            .env("GIT_COMMITTER_EMAIL", "test@example.org")
            .env("GIT_EDITOR", "true")
            .stdin(Stdio::null());
    }

    pub(crate) fn shipway(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(arguments);
        self.at_home(&mut command);
        command
    }

    pub(crate) fn git_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(self.root());
        self.at_home(&mut command);
        command
    }

    /// git, which must succeed; gives what it prints.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = ok(&mut self.git_command(arguments));
        String::from_utf8(output.stdout).unwrap()
    }

    /// git, which must fail; gives all that was said.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.git_command(arguments).output().unwrap();
        assert!(!output.status.success(), "{arguments:?}: {}", said(&output));
        said(&output)
    }

    /// `hooks run` with these arguments, its exit code and its report.
    pub(crate) fn report(&self, arguments: &[&str]) -> (i32, Value) {
        let mut all = vec!["hooks", "run", "--format=json"];
        all.extend(arguments);
        let output = self.shipway(&all).output().unwrap();
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
        (output.status.code().unwrap(), report)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Writes and stages.
    pub(crate) fn stage(&self, path: &str, content: impl AsRef<[u8]>) {
        self.write(path, content);
        self.git(&["add", "--", path]);
    }

    pub(crate) fn read(&self, path: &str) -> String {
        String::from_utf8(std::fs::read(self.path(path)).unwrap()).unwrap()
    }

    /// The content of `path` in `revision`; the index where empty.
    pub(crate) fn at(&self, revision: &str, path: &str) -> String {
        self.git(&["show", &format!("{revision}:{path}")])
    }
}

/// One job `name` of `hook` that runs `script` by a shell, with files or message as arguments;
/// `more` are further lines of it.
pub(crate) fn shell_in(hook: &str, name: &str, script: &str, more: &str) -> String {
    let script = script.replace('\'', "'\\''");
    let given = if hook.ends_with("-msg") {
        "{message}"
    } else {
        "{files}"
    };
    let run = format!("sh -c '{script}' x {given}");
    format!("[[hooks.{hook}]]\nname = {name:?}\nrun = {run:?}\n{more}\n")
}

pub(crate) fn shell(name: &str, script: &str, more: &str) -> String {
    shell_in("pre-commit", name, script, more)
}

/// Writes hooks by hand into `folder`.
pub(crate) fn install(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for hook in HOOKS {
        let file = folder.join(hook);
        let text = format!(
            "#!/bin/sh\nexec '{}' hooks run {hook} -- \"$@\"\n",
            env!("CARGO_BIN_EXE_shipway")
        );
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Runs it; it must succeed.
pub(crate) fn ok(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    output
}

/// The job `name` of a report.
pub(crate) fn job<'r>(report: &'r Value, name: &str) -> &'r Value {
    report["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|job| job["name"] == name)
        .unwrap_or_else(|| panic!("no job {name} in {report:#}"))
}

pub(crate) fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

//! A repository and a user: a home of their own, programs of their own, git's settings of
//! their own.

use crate::sandbox::Sandbox;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) struct Home {
    pub(crate) sandbox: Sandbox,
    folder: tempfile::TempDir,
}

impl Home {
    /// A repository with `files` committed.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let home = Self {
            sandbox: Sandbox::new(files),
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(home.path("bin")).unwrap();
        home
    }

    /// A place in the user's home.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// A program of the user's, first on PATH: lines of sh.
    pub(crate) fn program(&self, name: &str, lines: &str) {
        script(&self.path("bin").join(name), lines);
    }

    /// `command` as this user would run it, in the repository.
    pub(crate) fn with(&self, mut command: Command) -> Command {
        let mut path = vec![self.path("bin")];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
        command
            .current_dir(self.sandbox.root())
            .stdin(std::process::Stdio::null())
            .env_remove("CI")
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("HOME", self.folder.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .env("GIT_CONFIG_GLOBAL", self.path("gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.org")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.org");
        command
    }

    pub(crate) fn shipway(&self, arguments: &[&str]) -> Command {
        self.with(self.sandbox.command(arguments))
    }

    /// Runs shipway and checks its exit code.
    pub(crate) fn run(&self, code: i32, arguments: &[&str]) -> Output {
        let output = self.shipway(arguments).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {output:?}"
        );
        output
    }

    /// What it says in JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--format=json"]].concat();
        serde_json::from_slice(&self.run(0, &arguments).stdout).unwrap()
    }

    /// Standard error of a run that ends with `code`.
    pub(crate) fn error(&self, code: i32, arguments: &[&str]) -> String {
        String::from_utf8(self.run(code, arguments).stderr).unwrap()
    }

    pub(crate) fn git_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(arguments);
        self.with(command)
    }

    /// Runs git and gives what it printed.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = self.git_command(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Writes an executable script of sh.
pub(crate) fn script(path: &Path, lines: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("#!/bin/sh\n{lines}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

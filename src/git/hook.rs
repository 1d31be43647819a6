//! Where git looks for hooks, and whether it really calls one.
//!
//! Here alone git runs with its user's own configuration of hooks: that is what is asked about.

use super::{GitError, Repository};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A value of `core.hooksPath`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HooksPath {
    pub value: String,
    /// `system`, `global`, `local`, `worktree` or `command`.
    pub scope: String,
    /// `file:/home/ada/.gitconfig`.
    pub origin: String,
}

/// What came of asking git to call a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// The hook said what it had to say: this.
    Answered(String),
    /// git went on without it; what git said.
    NotCalled(String),
    /// This git has no way to call a hook without doing what it guards.
    CannotAsk(String),
}

/// Asks git for the folder of hooks of the work tree at `root`: with worktrees, submodules,
/// `core.hooksPath` of whatever file and `GIT_DIR` taken into account. Absolute; need not be there.
///
/// # Errors
/// When git cannot be run, or knows no folder.
pub fn hooks_folder(root: &Path) -> Result<PathBuf, GitError> {
    Ok(root.join(ask(root, ["rev-parse", "--git-path", "hooks"])?))
}

/// What `core.hooksPath` says for the work tree at `root`, and where; None where it is not set.
///
/// # Errors
/// When git cannot be run.
pub fn hooks_path(root: &Path) -> Result<Option<HooksPath>, GitError> {
    let setting = run(
        root,
        [
            "config",
            "--show-scope",
            "--show-origin",
            "-z",
            "--get",
            "core.hooksPath",
        ],
    )?;
    // Nothing is set where git ends with 1.
    Ok(setting
        .status
        .success()
        .then(|| setting_of(&setting.stdout))
        .flatten())
}

/// Makes git call `hook` with the variable `name` set to `value`, and gives what the hook wrote
/// into the file at `value`. A hook that knows the variable ends with an error at once, so that
/// nothing is committed; should git not call it, an editor that fails ends the commit, whose
/// index and objects lie in `scratch` alone. With `environment`, git has those variables alone.
///
/// # Errors
/// When git cannot be run or the scratch folder not be used.
pub fn call_hook(
    repository: &Repository,
    hook: &str,
    name: &str,
    value: &Path,
    scratch: &Path,
    environment: Option<&[(&str, OsString)]>,
) -> Result<Call, GitError> {
    let root = repository.root.as_path();
    let output = if hook == "pre-commit" {
        stopped_commit(repository, name, value, scratch, environment)?
    } else {
        let output = command_with(root, environment)
            .args(["hook", "run", hook])
            .env(name, value)
            .output()
            .map_err(|error| failure(root, &error))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("is not a git command") {
            return Ok(Call::CannotAsk(
                "this git has no `git hook run`; 2.36 and newer do".to_owned(),
            ));
        }
        output
    };
    if let Ok(answer) = std::fs::read_to_string(value) {
        return Ok(Call::Answered(answer.trim_end().to_owned()));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(Call::NotCalled(said.trim().to_owned()))
}

/// A real `git commit` that cannot come to an end.
fn stopped_commit(
    repository: &Repository,
    name: &str,
    value: &Path,
    scratch: &Path,
    environment: Option<&[(&str, OsString)]>,
) -> Result<Output, GitError> {
    let root = repository.root.as_path();
    let objects = std::env::var_os("GIT_OBJECT_DIRECTORY").map_or_else(
        || repository.common_dir.join("objects"),
        |folder| root.join(folder),
    );
    let message = repository.git_dir.join("COMMIT_EDITMSG");
    let kept = std::fs::read(&message).ok();
    let own = scratch.join("objects");
    std::fs::create_dir(&own).map_err(|error| failure(&own, &error))?;
    let output = command_with(root, environment)
        .args(["-c", "core.fsmonitor=false", "-c", "core.splitIndex=false"])
        .args(["commit", "--quiet", "--allow-empty", "--edit", "--file=-"])
        .args(["--no-status", "--untracked-files=no", "--no-gpg-sign"])
        .env(name, value)
        .env("GIT_INDEX_FILE", scratch.join("index"))
        .env("GIT_OBJECT_DIRECTORY", own)
        .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &objects)
        .env("GIT_EDITOR", "false")
        .envs(["AUTHOR", "COMMITTER"].into_iter().flat_map(|who| {
            [
                (format!("GIT_{who}_NAME"), "shipway"),
                (format!("GIT_{who}_EMAIL"), "shipway@localhost"),
            ]
        }))
        .output()
        .map_err(|error| failure(root, &error))?;
    // Where git came as far as the editor, it has written the message.
    match kept {
        _ if std::fs::read(&message).ok() == kept => {}
        Some(text) => std::fs::write(&message, text).map_err(|error| failure(&message, &error))?,
        None => std::fs::remove_file(&message).map_err(|error| failure(&message, &error))?,
    }
    Ok(output)
}

fn setting_of(output: &[u8]) -> Option<HooksPath> {
    let text = String::from_utf8_lossy(output);
    let mut parts = text.split('\0');
    Some(HooksPath {
        scope: parts.next()?.to_owned(),
        origin: parts.next()?.to_owned(),
        value: parts.next()?.to_owned(),
    })
}

fn ask<const N: usize>(root: &Path, arguments: [&str; N]) -> Result<PathBuf, GitError> {
    let output = run(root, arguments)?;
    if !output.status.success() {
        return Err(GitError::Git {
            path: root.to_owned(),
            message: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        });
    }
    let text = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout);
    Ok(path_of(text.strip_suffix(b"\r").unwrap_or(text)))
}

fn run<const N: usize>(root: &Path, arguments: [&str; N]) -> Result<Output, GitError> {
    command(root)
        .args(arguments.map(OsStr::new))
        .output()
        .map_err(|error| failure(root, &error))
}

/// git, found as this process finds it; with `environment`, it has these variables alone.
fn command_with(root: &Path, environment: Option<&[(&str, OsString)]>) -> Command {
    let Some(variables) = environment else {
        return command(root);
    };
    let git = which::which("git").unwrap_or_else(|_| PathBuf::from("git"));
    let mut command = Command::new(git);
    command
        .current_dir(root)
        .stdin(Stdio::null())
        .env_clear()
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .env("LC_ALL", "C");
    command
}

fn command(root: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(root)
        .stdin(Stdio::null())
        .env("LC_ALL", "C");
    command
}

#[cfg(unix)]
fn path_of(text: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(text))
}

#[cfg(not(unix))]
fn path_of(text: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(text).into_owned())
}

fn failure(path: &Path, error: &std::io::Error) -> GitError {
    GitError::Git {
        path: path.to_owned(),
        message: error.to_string(),
    }
}

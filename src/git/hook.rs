//! Where git looks for hooks, and whether it really calls one.
//!
//! Here alone git runs with its user's own configuration of hooks: that is what is asked about.

use super::GitError;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The folder that git takes hooks from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HooksFolder {
    /// Absolute; need not be there.
    pub path: PathBuf,
    /// What `core.hooksPath` says, where it is set.
    pub setting: Option<HooksPath>,
}

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
/// `core.hooksPath` of whatever file and `GIT_DIR` taken into account.
///
/// # Errors
/// When git cannot be run, or knows no folder.
pub fn hooks_folder(root: &Path) -> Result<HooksFolder, GitError> {
    let path = ask(root, ["rev-parse", "--git-path", "hooks"])?;
    let path = root.join(path);
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
    let setting = setting
        .status
        .success()
        .then(|| setting_of(&setting.stdout))
        .flatten();
    Ok(HooksFolder { path, setting })
}

/// Makes git call `hook` with the variable `name` set to `value`, and gives what the hook wrote
/// into the file at `value`. A hook that knows the variable ends with an error at once, so that
/// nothing is committed; should git not call it, an editor that fails ends the commit, whose
/// index and objects lie in `scratch` alone.
///
/// # Errors
/// When git cannot be run or the scratch folder not be used.
pub fn call_hook(
    root: &Path,
    hook: &str,
    name: &str,
    value: &Path,
    scratch: &Path,
) -> Result<Call, GitError> {
    let output = if hook == "pre-commit" {
        stopped_commit(root, name, value, scratch)?
    } else {
        let output = command(root)
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
    root: &Path,
    name: &str,
    value: &Path,
    scratch: &Path,
) -> Result<Output, GitError> {
    let objects = root.join(ask(root, ["rev-parse", "--git-path", "objects"])?);
    let message = root.join(ask(root, ["rev-parse", "--git-path", "COMMIT_EDITMSG"])?);
    let kept = std::fs::read(&message).ok();
    let own = scratch.join("objects");
    std::fs::create_dir(&own).map_err(|error| failure(&own, &error))?;
    let output = command(root)
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

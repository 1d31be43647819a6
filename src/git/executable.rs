//! The git executable, told where the repository is instead of left to look.

use super::{GitError, Index};
use crate::project::RelPath;
use bstr::{BStr, BString, ByteSlice};
use gix_hash::ObjectId;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Variables that say how git works for this user rather than what it is doing right now.
const KEPT: &[&str] = &[
    "GIT_ASKPASS",
    "GIT_CEILING_DIRECTORIES",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_PAGER",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_TERMINAL_PROMPT",
];

/// And whole families of them: settings of the environment around (a runner's safe.directory)
/// are no settings of `git -c`.
const KEPT_BEGINNINGS: &[&str] = &[
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_KEY_",
    "GIT_CONFIG_VALUE_",
    "GIT_TRACE",
];

/// Whether git hands the variable `name` to a hook for this one run, so that a tool which calls
/// git in another folder would work on the wrong repository, index or author.
#[must_use]
pub fn is_of_a_hook(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let kept = KEPT.contains(&name.as_ref())
        || KEPT_BEGINNINGS
            .iter()
            .any(|beginning| name.starts_with(beginning));
    name.starts_with("GITHEAD_") || (name.starts_with("GIT_") && !kept)
}

/// Takes git's variables of a hook out of the environment that `command` will have.
pub fn without_hook_environment(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if is_of_a_hook(&name) {
            command.env_remove(name);
        }
    }
}

/// How git is called for one repository.
#[derive(Debug, Clone)]
pub struct Executable {
    git_dir: PathBuf,
    /// None for work without files.
    root: Option<PathBuf>,
    index: Option<PathBuf>,
    env: Vec<(&'static str, &'static str)>,
}

impl Executable {
    #[must_use]
    pub fn new(git_dir: &Path, root: Option<&Path>) -> Self {
        Self {
            git_dir: git_dir.to_owned(),
            root: root.map(Path::to_owned),
            index: None,
            env: Vec::new(),
        }
    }

    /// The same, with one more variable of the environment.
    #[must_use]
    pub fn with_env(&self, name: &'static str, value: &'static str) -> Self {
        let mut other = self.clone();
        other.env.push((name, value));
        other
    }

    /// The same, with `index` as the index file.
    #[must_use]
    pub fn with_index(&self, index: &Path) -> Self {
        Self {
            index: Some(index.to_owned()),
            ..self.clone()
        }
    }

    /// A call of git with `arguments`; hooks do not run in it, and it waits for nobody.
    #[must_use]
    pub fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new("git");
        without_hook_environment(&mut command);
        command
            .args(["-c", "core.hooksPath=/dev/null"])
            .args(arguments)
            .env("GIT_DIR", &self.git_dir)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        match &self.root {
            Some(root) => command.env("GIT_WORK_TREE", root).current_dir(root),
            None => command.current_dir(&self.git_dir),
        };
        if let Some(index) = &self.index {
            command.env("GIT_INDEX_FILE", index);
        }
        command.envs(self.env.iter().copied());
        command
    }

    /// Runs git to its end and gives its standard output.
    ///
    /// # Errors
    /// When git is not there, or fails; the message is git's.
    pub fn output(
        &self,
        arguments: &[impl AsRef<OsStr>],
        input: &[u8],
    ) -> Result<Vec<u8>, GitError> {
        let mut command = self.command(arguments);
        if !input.is_empty() {
            command.stdin(Stdio::piped());
        }
        let mut child = command
            .spawn()
            .map_err(|error| self.failure(&format!("git cannot be run: {error}")))?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            // Both ends at once: neither pipe may fill up while the other waits.
            scope.spawn(move || {
                if let Some(mut stdin) = stdin {
                    // Where git does not read on, its own message says why.
                    let _ = stdin.write_all(input);
                }
            });
            child.wait_with_output()
        })
        .map_err(|error| self.failure(&error.to_string()))?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            let message = String::from_utf8_lossy(&output.stderr);
            let what = arguments
                .iter()
                .map(|word| word.as_ref().to_os_string())
                .next()
                .unwrap_or_else(|| OsString::from("?"));
            Err(self.failure(&format!(
                "git {}: {}",
                what.display(),
                message.trim().trim_start_matches("fatal: ")
            )))
        }
    }

    /// Those of `paths` for which the attributes of the index give `name` this `value`.
    ///
    /// # Errors
    /// As [`Executable::output`].
    pub fn with_attribute<'p>(
        &self,
        paths: impl Iterator<Item = &'p BStr>,
        name: &str,
        value: &str,
    ) -> Result<HashSet<BString>, GitError> {
        let mut list = Vec::new();
        for path in paths {
            list.extend_from_slice(path);
            list.push(0);
        }
        if list.is_empty() {
            return Ok(HashSet::new());
        }
        let listed = self.output(&["check-attr", "--cached", "-z", "--stdin", name], &list)?;
        let fields: Vec<&[u8]> = listed.split(|byte| *byte == 0).collect();
        Ok(fields
            .chunks_exact(3)
            .filter(|fields| fields[2] == value.as_bytes())
            .map(|fields| BString::from(fields[0]))
            .collect())
    }

    /// Every blob that any ref reaches, each with one path that it has or had.
    ///
    /// # Errors
    /// As [`Executable::output`].
    pub fn blobs_of_all_refs(&self) -> Result<Vec<(ObjectId, BString)>, GitError> {
        let filter = "--filter=object:type=blob";
        let listed = self.output(&["rev-list", "--objects", "--all", filter], b"")?;
        Ok(listed
            .split(|byte| *byte == b'\n')
            .filter_map(|line| {
                // A commit, which the filter lets through, has no path.
                let (id, path) = line.split_at_checked(40)?;
                let path = path.strip_prefix(b" ").filter(|path| !path.is_empty())?;
                Some((ObjectId::from_hex(id).ok()?, path.into()))
            })
            .collect())
    }

    /// The first commit of any ref that has the blob `id`; None where git does not find one.
    #[must_use]
    pub fn commit_that_brought(&self, id: ObjectId) -> Option<ObjectId> {
        let find = format!("--find-object={id}");
        let listed = self
            .output(&["log", "--all", "--format=%H", "--no-abbrev", &find], b"")
            .ok()?;
        let last = listed
            .split(|byte| *byte == b'\n')
            .rfind(|line| !line.is_empty())?;
        ObjectId::from_hex(last).ok()
    }

    /// The contents that `path` (relative to the root) has and had in any commit, newest first; at
    /// most 100 of them. None where git cannot tell.
    #[must_use]
    pub fn contents_of(&self, path: &RelPath) -> Vec<Vec<u8>> {
        let path = format!(":(top,literal){path}");
        let raw = ["log", "--all", "--max-count=100", "--format=", "--raw"];
        let how = ["--no-abbrev", "--no-renames", "-m", "--", path.as_str()];
        let listed = self.output(&[&raw[..], &how[..]].concat(), b"");
        let listed = listed.unwrap_or_default().to_str_lossy().into_owned();
        let mut ids: Vec<&str> = Vec::new();
        for line in listed.lines() {
            // `:100644 100644 <old> <new> M<tab>path`, git-diff(1), "Raw output format".
            let mut fields = line.split_whitespace().skip(2).take(2).collect::<Vec<_>>();
            fields.reverse();
            for id in fields {
                if !id.bytes().all(|byte| byte == b'0') && !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        ids.into_iter()
            .filter_map(|id| self.output(&["cat-file", "blob", id], b"").ok())
            .collect()
    }

    /// The index at `file` with the folders outside of a sparse checkout opened out.
    ///
    /// # Errors
    /// As [`Executable::output`].
    pub fn opened_out(&self, file: &Path) -> Result<Index, GitError> {
        let copy = tempfile::NamedTempFile::new_in(&self.git_dir)
            .map_err(|error| self.failure(&error.to_string()))?;
        std::fs::copy(file, copy.path()).map_err(|error| self.failure(&error.to_string()))?;
        let rewrite = [
            "-c",
            "index.sparse=false",
            "update-index",
            "--force-write-index",
        ];
        self.with_index(copy.path()).output(&rewrite, b"")?;
        Index::read(copy.path())?.read_from(file)
    }

    pub(super) fn failure(&self, message: &str) -> GitError {
        GitError::Git {
            path: self.root.clone().unwrap_or_else(|| self.git_dir.clone()),
            message: message.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_tells_a_hook_is_told_from_what_the_user_set() {
        for name in [
            "GIT_DIR",
            "GIT_INDEX_FILE",
            "GIT_WORK_TREE",
            "GIT_PREFIX",
            "GIT_CONFIG_PARAMETERS",
            "GIT_AUTHOR_DATE",
            "GIT_EDITOR",
            "GIT_REFLOG_ACTION",
            "GITHEAD_0123",
        ] {
            assert!(is_of_a_hook(OsStr::new(name)), "{name}");
        }
        for name in [
            "GIT_SSH_COMMAND",
            "GIT_CONFIG_GLOBAL",
            "GIT_CONFIG_COUNT",
            "GITHUB_SHA",
            "PATH",
        ] {
            assert!(!is_of_a_hook(OsStr::new(name)), "{name}");
        }
    }
}

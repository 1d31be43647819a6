//! The tools of this machine: where they are and what they say of themselves.

use crate::deploy::engine::Variables;
use pep440_rs::Version;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a tool may take to name its version.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is read of a tool's answer, in bytes.
const ENOUGH: u64 = 16 * 1024;

/// Variables and tools, as this process or a test sees them.
#[derive(Debug)]
pub struct Machine {
    variables: Variables,
    /// PATH without relative entries and without those inside the repository.
    search: OsString,
}

/// Why a tool named no version.
#[derive(Debug, thiserror::Error)]
pub enum Silence {
    #[error("{} cannot be run: {source}", tool.display())]
    Start {
        tool: PathBuf,
        source: std::io::Error,
    },
    #[error("{} did not answer in {} s", .0.display(), PATIENCE.as_secs())]
    Slow(PathBuf),
    #[error("{} failed: {said}", tool.display())]
    Failed { tool: PathBuf, said: String },
}

impl Machine {
    /// With these variables; what lies below `root` is never run, whatever PATH says.
    pub fn new(variables: Variables, root: &Path) -> Self {
        let path = variables.get("PATH").cloned().unwrap_or_default();
        let outside = std::env::split_paths(&path).filter(|folder| {
            folder.is_absolute()
                && !folder.starts_with(root)
                && !folder
                    .canonicalize()
                    .is_ok_and(|folder| folder.starts_with(root))
        });
        let search = std::env::join_paths(outside).unwrap_or_default();
        Self { variables, search }
    }

    /// This process's variables; one that is not UTF-8 is as if it were not set.
    pub fn of_this_process(root: &Path) -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self::new(variables, root)
    }

    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// A variable that is set and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Where a tool lies.
    pub fn find(&self, tool: &str) -> Option<PathBuf> {
        which::which_in(tool, Some(&self.search), "/").ok()
    }

    /// The version that `tool` names when run with `arguments`.
    ///
    /// # Errors
    /// When it cannot be run, fails, or takes longer than 10 s.
    pub fn version(&self, tool: &Path, arguments: &[&str]) -> Result<Option<Version>, Silence> {
        Ok(release(&self.ask(tool, arguments)?))
    }

    /// Runs `tool` at the root of the file system, so that no file of the repository
    /// (`.python-version`, `.tool-versions`) can tell it what to do.
    fn ask(&self, tool: &Path, arguments: &[&str]) -> Result<String, Silence> {
        let start = |source| Silence::Start {
            tool: tool.to_owned(),
            source,
        };
        let mut child = Command::new(tool)
            .args(arguments)
            .current_dir("/")
            .env_clear()
            .envs(
                self.variables
                    .iter()
                    .filter(|(name, _)| !name.starts_with("GIT_")),
            )
            .env("PATH", &self.search)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(start)?;
        let (said, hear) = mpsc::channel();
        let pipes = (child.stdout.take(), child.stderr.take());
        // A grandchild may hold the pipes open for ever; the thread is then left to itself.
        std::thread::spawn(move || {
            let mut text = String::new();
            // What is not UTF-8 names no version.
            if let Some(pipe) = pipes.0 {
                let _ = pipe.take(ENOUGH).read_to_string(&mut text);
            }
            if let Some(pipe) = pipes.1 {
                let _ = pipe.take(ENOUGH).read_to_string(&mut text);
            }
            let _ = said.send(text);
        });
        let Ok(text) = hear.recv_timeout(PATIENCE) else {
            // It may have ended in this moment.
            let _ = child.kill();
            let _ = child.wait();
            return Err(Silence::Slow(tool.to_owned()));
        };
        let status = child.wait().map_err(start)?;
        if status.success() {
            Ok(text)
        } else {
            Err(Silence::Failed {
                tool: tool.to_owned(),
                said: text.lines().next().unwrap_or_default().to_owned(),
            })
        }
    }
}

/// The first version in a text such as `git version 2.39.5 (Apple Git-154)`, its release
/// part alone.
pub fn release(text: &str) -> Option<Version> {
    text.split(|letter: char| letter.is_whitespace() || "(),".contains(letter))
        .map(|word| word.trim_start_matches('v'))
        .filter(|word| word.starts_with(|first: char| first.is_ascii_digit()) && word.contains('.'))
        .find_map(|word| {
            let end = word
                .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
                .unwrap_or(word.len());
            word[..end].trim_end_matches('.').parse().ok()
        })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A machine whose PATH is one folder with scripts that print these answers.
    pub(in crate::doctor) fn machine(folder: &Path, tools: &[(&str, &str)]) -> Machine {
        use std::os::unix::fs::PermissionsExt;
        for (name, answer) in tools {
            let path = folder.join(name);
            std::fs::write(&path, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let path = folder.to_string_lossy().into_owned();
        Machine::new(
            Variables::from([("PATH".to_owned(), path)]),
            Path::new("/nowhere"),
        )
    }

    #[test]
    fn versions_are_found_in_what_tools_print() {
        for (text, expected) in [
            ("git version 2.39.5 (Apple Git-154)", "2.39.5"),
            ("Docker version 20.10.24+dfsg1, build 297e128", "20.10.24"),
            ("Docker Compose version v2.29.7-desktop.1", "2.29.7"),
            ("Poetry (version 1.8.3)", "1.8.3"),
            ("pipenv, version 2023.12.1", "2023.12.1"),
            ("Python 3.13.0rc1", "3.13.0"),
            ("GNU Make 4.3\nBuilt for x86_64-pc-linux-gnu", "4.3"),
            ("uv 0.5.11 (c4d0caaee 2024-12-19)", "0.5.11"),
        ] {
            assert_eq!(release(text), expected.parse().ok(), "{text}");
        }
        assert_eq!(release("no version here"), None);
    }

    #[test]
    fn a_tool_of_the_repository_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let outside = machine(folder.path(), &[("uv", "uv 1.2.3")]);
        assert!(outside.find("uv").is_some());
        let inside = Machine::new(outside.variables().clone(), folder.path());
        assert_eq!(inside.find("uv"), None);
    }

    #[test]
    fn a_tool_that_fails_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let machine = machine(folder.path(), &[]);
        let error = machine
            .version(Path::new("/bin/sh"), &["-c", "echo broken >&2; exit 3"])
            .unwrap_err();
        assert_eq!(error.to_string(), "/bin/sh failed: broken");
    }
}

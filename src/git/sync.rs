//! One ref of a remote: where it is, its objects, and moving it. Goes through the git executable,
//! so that the user's credentials and settings work.

use super::{CommitId, Executable, GitError, discover, failure};
use std::io::Read;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::mpsc;
use std::time::Duration;
use wait_timeout::ChildExt;

/// Why a remote did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    #[error("{0:?} is no remote of this repository")]
    Unknown(String),
    #[error("this repository has no remote")]
    None,
    #[error("this repository has several remotes and none is called origin: {0}")]
    Several(String),
    #[error("{remote} cannot be reached: {message}")]
    Unreachable { remote: String, message: String },
    #[error("{remote} gave no answer within {seconds} s")]
    Slow { remote: String, seconds: u64 },
    #[error("{remote} refused to take it: {message}")]
    Refused { remote: String, message: String },
    /// Somebody else moved the ref meanwhile.
    #[error("{remote} was moved by somebody else meanwhile")]
    Beaten { remote: String },
    #[error(transparent)]
    Git(#[from] GitError),
}

/// A remote, as git knows it by a name or an address.
#[derive(Debug, Clone)]
pub struct Remote {
    git: Executable,
    /// Name or address, without credentials where shown.
    name: String,
    /// Where it is known by a name.
    named: bool,
    patience: Duration,
    /// Whether somebody can be asked for a password.
    interactive: bool,
}

impl Remote {
    /// The remote `named`, else that of the current branch, else `origin`, else the only one.
    ///
    /// # Errors
    /// Where there is none, or none of that name.
    pub fn find(
        start: &Path,
        named: Option<&str>,
        patience: Duration,
        interactive: bool,
    ) -> Result<Self, RemoteError> {
        let repository = discover(start)?;
        let remotes = repository
            .remotes()
            .map_err(|error| failure(start, &error))?;
        let names: Vec<&str> = remotes.iter().flatten().flatten().collect();
        let is_address = |text: &str| text.contains(['/', ':', '\\']);
        let name = match named {
            Some(name) if names.contains(&name) || is_address(name) => name.to_owned(),
            Some(name) => return Err(RemoteError::Unknown(name.to_owned())),
            None => of_branch(&repository)
                .filter(|name| names.contains(&name.as_str()))
                .or_else(|| names.contains(&"origin").then(|| "origin".to_owned()))
                .map_or_else(
                    || match names.as_slice() {
                        [] => Err(RemoteError::None),
                        [one] => Ok((*one).to_owned()),
                        several => Err(RemoteError::Several(several.join(", "))),
                    },
                    Ok,
                )?,
        };
        Ok(Self {
            git: Executable::new(repository.path(), repository.workdir()),
            named: names.contains(&name.as_str()),
            name,
            patience,
            interactive,
        })
    }

    /// The repository at `address`, whose objects go into that of `git_dir`; reached by https, by
    /// ssh or as files of this machine, and by no other way, whatever git is set to.
    pub(super) fn at(git_dir: &Path, address: &str, patience: Duration, interactive: bool) -> Self {
        Self {
            git: Executable::new(git_dir, None).with_env("GIT_ALLOW_PROTOCOL", "https:ssh:file"),
            name: address.to_owned(),
            named: false,
            patience,
            interactive,
        }
    }

    /// How it is shown: its name, or its address without credentials.
    pub fn shown(&self) -> String {
        super::without_credentials(&self.name)
    }

    /// A name for it that may stand in a ref: its own, or one made of its address.
    pub fn slug(&self) -> String {
        use sha2::{Digest, Sha256};
        if self.named {
            self.name.clone()
        } else {
            hex::encode(&Sha256::digest(self.name.as_bytes())[..8])
        }
    }

    /// Where the remote's `reference` is; None where it has none.
    ///
    /// # Errors
    /// When it cannot be reached, or not in time.
    pub fn tip(&self, reference: &str) -> Result<Option<CommitId>, RemoteError> {
        let output = self.run(&["ls-remote", "--quiet", "--", &self.name, reference])?;
        if !output.status.success() {
            return Err(self.unreachable(&output.stderr));
        }
        Ok(output
            .stdout
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .find(|(_, name)| *name == reference)
            .and_then(|(id, _)| id.parse().ok()))
    }

    /// Fetches the objects of `reference`, whole even into a shallow or partial clone. Moves no
    /// ref here.
    ///
    /// # Errors
    /// When it cannot be reached, or not in time.
    pub fn fetch(&self, reference: &str) -> Result<(), RemoteError> {
        let output = self.run(&[
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-filter",
            "--no-write-fetch-head",
            "--recurse-submodules=no",
            "--",
            &self.name,
            reference,
        ])?;
        if output.status.success() {
            Ok(())
        } else {
            Err(self.unreachable(&output.stderr))
        }
    }

    /// Moves the remote's `reference` from `expected` to `to`.
    ///
    /// # Errors
    /// When somebody else moved it meanwhile; when the remote refuses, cannot be reached, or not
    /// in time.
    pub fn push(
        &self,
        reference: &str,
        expected: Option<CommitId>,
        to: CommitId,
    ) -> Result<(), RemoteError> {
        let expected = expected.map(|id| id.to_string()).unwrap_or_default();
        let output = self.run(&[
            "push",
            "--quiet",
            "--porcelain",
            "--no-verify",
            "--no-follow-tags",
            "--recurse-submodules=no",
            &format!("--force-with-lease={reference}:{expected}"),
            "--",
            &self.name,
            &format!("{to}:{reference}"),
        ])?;
        if output.status.success() {
            return Ok(());
        }
        let Some(line) = output.stdout.lines().find(|line| line.starts_with('!')) else {
            return Err(self.unreachable(&output.stderr));
        };
        let reason = line.rsplit('\t').next().unwrap_or(line);
        // What git and the servers say where the ref is not where it was expected to be.
        let beaten = [
            "stale info",
            "fetch first",
            "non-fast-forward",
            "cannot lock ref",
            "failed to update ref",
            "failed to lock",
            "incorrect old value",
            "reference already exists",
            "unable to lock",
        ];
        if beaten.iter().any(|text| reason.contains(text)) {
            return Err(RemoteError::Beaten {
                remote: self.shown(),
            });
        }
        let said: Vec<&str> = output
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix("remote:"))
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let mut message = reason.to_owned();
        if !said.is_empty() {
            message = format!("{message}: {}", said.join(" "));
        }
        Err(RemoteError::Refused {
            remote: self.shown(),
            message,
        })
    }

    fn unreachable(&self, stderr: &str) -> RemoteError {
        let message = stderr
            .lines()
            .map(|line| line.trim_start_matches("fatal: ").trim())
            .find(|line| !line.is_empty())
            .unwrap_or("git gave no reason");
        RemoteError::Unreachable {
            remote: self.shown(),
            message: super::without_credentials(message),
        }
    }

    fn run(&self, arguments: &[&str]) -> Result<Answer, RemoteError> {
        let mut command = self.git.command(
            &[
                &[
                    "-c",
                    "protocol.ext.allow=never",
                    "-c",
                    "core.fsmonitor=false",
                ],
                arguments,
            ]
            .concat(),
        );
        if self.interactive {
            command.env_remove("GIT_TERMINAL_PROMPT");
        }
        let child = command.spawn().map_err(|error| GitError::Git {
            path: "git".into(),
            message: format!("git cannot be run: {error}"),
        })?;
        answer(child, self.patience)
            .map_err(|error| GitError::Git {
                path: "git".into(),
                message: error.to_string(),
            })?
            .ok_or_else(|| RemoteError::Slow {
                remote: self.shown(),
                seconds: self.patience.as_secs(),
            })
    }
}

/// The remote that the current branch follows.
fn of_branch(repository: &git2::Repository) -> Option<String> {
    let head = repository.head().ok()?;
    let branch = head.name().ok()?;
    let remote = repository.branch_upstream_remote(branch).ok()?;
    remote.as_str().ok().map(str::to_owned)
}

struct Answer {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

/// What `child` says until its end; None where it takes longer than `patience`, and then it is
/// ended.
fn answer(mut child: Child, patience: Duration) -> std::io::Result<Option<Answer>> {
    let stdout = reader(child.stdout.take());
    let stderr = reader(child.stderr.take());
    let Some(status) = child.wait_timeout(patience)? else {
        end(&mut child)?;
        return Ok(None);
    };
    // A helper that git left behind may hold the pipes open: what was said is there by now.
    let rest = Duration::from_secs(2);
    Ok(Some(Answer {
        status,
        stdout: stdout.recv_timeout(rest).unwrap_or_default(),
        stderr: stderr.recv_timeout(rest).unwrap_or_default(),
    }))
}

fn reader(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What was read before an error is worth having.
            let _ = stream.read_to_end(&mut bytes);
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// Ends `child`: git removes its lock files when it is asked to end.
fn end(child: &mut Child) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let pid = i32::try_from(child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        if child.wait_timeout(Duration::from_secs(2))?.is_some() {
            return Ok(());
        }
    }
    child.kill()?;
    child.wait().map(|_| ())
}

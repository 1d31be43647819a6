//! Joining what lies in a ref here with a remote: the flags, and what is said meanwhile and where
//! it cannot be.

use super::{Context, Exit, Failure, Format};
use crate::config;
use crate::git::sync::{Remote, RemoteError};
use crate::git::union::Progress;
use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

// A sentence about all of them would become the help of each command that takes them.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Name or address of the remote; that of the current branch, else origin, where absent
    #[arg(long, value_name = "NAME")]
    pub(super) remote: Option<String>,
    /// How long one answer of the remote may take
    #[arg(long, value_name = "DURATION", default_value = "5m")]
    timeout: config::Duration,
    /// How the result is written
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: Format,
}

impl Options {
    /// The remote that is meant, for the repository at `root`.
    pub(super) fn find(&self, root: &Path) -> Result<Remote, RemoteError> {
        let patience = Duration::from_secs(self.timeout.seconds.unsigned_abs());
        let interactive = std::io::stdin().is_terminal();
        Remote::find(root, self.remote.as_deref(), patience, interactive)
    }
}

/// What a remote was to be joined with.
pub(super) struct Joined {
    /// What it is called.
    pub(super) what: &'static str,
    /// Where it lies.
    pub(super) reference: &'static str,
    /// That nothing is lost, as the begin of a sentence.
    pub(super) kept: &'static str,
    /// The command that tries again.
    pub(super) command: &'static str,
}

impl Joined {
    /// Tells of `progress` where more is to be said.
    pub(super) fn note(&self, progress: Progress, remote: &str, context: &Context) {
        if !context.output.is_verbose() {
            return;
        }
        let what = self.what;
        context.output.note(&match progress {
            Progress::Asking => format!("asking {remote} for its {what}"),
            Progress::Fetching => format!("fetching the {what} of {remote}"),
            Progress::Pushing => format!("sending the {what} to {remote}"),
            Progress::Beaten(times, pause) => {
                let pause = pause.as_millis();
                format!("others were faster ({times} times); again in {pause} ms")
            }
        });
    }

    pub(super) fn unreachable(&self, error: RemoteError) -> Failure {
        let Self {
            reference,
            kept,
            command,
            ..
        } = self;
        let sentence = error.to_string();
        match error {
            RemoteError::Git(error) => error.into(),
            RemoteError::Unknown(_) => Failure::new(
                Exit::Usage,
                sentence,
                "git remote -v lists the remotes; an address does as well",
            ),
            RemoteError::None => Failure::new(
                Exit::Missing,
                sentence,
                "add one: git remote add origin ADDRESS",
            ),
            RemoteError::Several(_) => {
                Failure::new(Exit::Usage, sentence, "say which: --remote NAME")
            }
            RemoteError::Unreachable { .. } => Failure::new(
                Exit::Missing,
                sentence,
                format!("{kept}; see that git fetch works, then run {command} again"),
            ),
            RemoteError::Slow { .. } => Failure::new(
                Exit::Missing,
                sentence,
                format!("{kept}; try again later, or give it more time: --timeout 15m"),
            ),
            RemoteError::Refused { .. } => Failure::new(
                Exit::Finding,
                sentence,
                format!(
                    "{kept}; let this account push {reference} there (in GitHub Actions: \
                     permissions: contents: write)"
                ),
            ),
            RemoteError::Beaten { .. } => Failure::new(
                Exit::Conflict,
                sentence,
                format!("{kept}; run {command} again"),
            ),
        }
    }

    /// The remote holds something else under the ref's name.
    pub(super) fn foreign(sentence: String, remote: &str) -> Failure {
        Failure::new(
            Exit::Finding,
            sentence,
            format!(
                "nothing was sent; look at it with git ls-remote {remote} 'refs/shipway/*', and \
                 move it out of the way there"
            ),
        )
    }

    /// Others were faster, again and again.
    pub(super) fn beaten(&self, sentence: String) -> Failure {
        let mend = format!("{}; run {} again", self.kept, self.command);
        Failure::new(Exit::Conflict, sentence, mend)
    }
}

//! What is said where a remote cannot be joined with what lies in a ref here.

use super::{Exit, Failure};
use crate::git::sync::RemoteError;

/// What a remote was to be joined with.
pub(super) struct Joined {
    /// Where it lies.
    pub(super) reference: &'static str,
    /// That nothing is lost, as the begin of a sentence.
    pub(super) kept: &'static str,
    /// The command that tries again.
    pub(super) command: &'static str,
}

impl Joined {
    pub(super) fn unreachable(&self, error: RemoteError) -> Failure {
        let Self {
            reference,
            kept,
            command,
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

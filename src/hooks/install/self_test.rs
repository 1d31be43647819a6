//! Whether git really calls the shims: asked of git itself.

use super::{InstallError, SELF_TEST};
use crate::config::hooks::Hook;
use crate::git::{Call, Repository, call_hook};
use serde::Serialize;
use std::ffi::OsString;
use std::path::Path;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// git called the hook, which found this program.
    Called { hook: Hook, program: String },
    /// git went on without calling it.
    NotCalled { hook: Hook, said: String },
    /// It cannot be known, and why.
    Unknown { hook: Hook, why: String },
}

/// Has git call one of `hooks`, a commit's where it is among them. The answer goes into a file
/// of a name that nobody else knows; repository and work tree are as before.
///
/// # Errors
/// When git cannot be run, or this machine has no place for a temporary file.
pub fn self_test(repository: &Repository, hooks: &[Hook]) -> Result<Option<Proof>, InstallError> {
    test(repository, hooks, None)
}

/// As [`self_test`], with nothing in git's environment but `home` and [`super::BARE_PATH`]: as a
/// graphical client that was started from no shell calls it.
///
/// # Errors
/// As [`self_test`].
pub fn self_test_bare(
    repository: &Repository,
    hooks: &[Hook],
    home: Option<&Path>,
) -> Result<Option<Proof>, InstallError> {
    let mut variables = vec![("PATH", OsString::from(super::BARE_PATH))];
    variables.extend(home.map(|home| ("HOME", home.into())));
    test(repository, hooks, Some(&variables))
}

fn test(
    repository: &Repository,
    hooks: &[Hook],
    environment: Option<&[(&str, OsString)]>,
) -> Result<Option<Proof>, InstallError> {
    let preferred = hooks.iter().find(|hook| **hook == Hook::PreCommit);
    let Some(&hook) = preferred.or(hooks.first()) else {
        return Ok(None);
    };
    let scratch = tempfile::Builder::new()
        .prefix("shipway-self-test-")
        .tempdir()
        .map_err(|source| InstallError::Io {
            path: std::env::temp_dir(),
            source,
        })?;
    let answer = scratch.path().join("answer");
    let call = call_hook(
        repository,
        hook.name(),
        SELF_TEST,
        &answer,
        scratch.path(),
        environment,
    )?;
    Ok(Some(match call {
        Call::Answered(program) => Proof::Called { hook, program },
        Call::NotCalled(said) => Proof::NotCalled { hook, said },
        Call::CannotAsk(why) => Proof::Unknown { hook, why },
    }))
}

//! Signatures of the commits of a ref: made as git is set up to make them, and which files they
//! vouch for.

use super::events::AUTHOR;
use super::{CommitId, Executable, GitError, Repository};
use std::collections::HashSet;
use std::io::Write;
use std::process::Stdio;

/// The keys whose signature counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Public keys of ssh, `ssh-ed25519 AAAA…`.
    pub ssh: Vec<String>,
    /// Fingerprints of GPG, in capitals and without spaces.
    pub gpg: Vec<String>,
}

/// Whether git knows a key to sign with.
pub(super) fn can_sign(repository: &git2::Repository) -> bool {
    let key = repository
        .config()
        .and_then(|config| config.get_string("user.signingkey"));
    key.is_ok_and(|key| !key.is_empty())
}

/// A signed commit by [`AUTHOR`] at `second`, in no branch.
///
/// # Errors
/// When git or the program that signs cannot be run, or the key is not there.
pub(super) fn commit(
    repository: &git2::Repository,
    tree: git2::Oid,
    parents: &[git2::Oid],
    second: i64,
    message: &str,
) -> Result<git2::Oid, GitError> {
    let git = Executable::new(repository.path(), repository.workdir());
    let (name, mail) = AUTHOR;
    let date = format!("@{second} +0000");
    let mut words = vec!["-c".to_owned(), "i18n.commitEncoding=UTF-8".to_owned()];
    words.extend(["commit-tree".to_owned(), "-S".to_owned(), tree.to_string()]);
    for parent in parents {
        words.extend(["-p".to_owned(), parent.to_string()]);
    }
    let mut command = git.command(&words);
    for who in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{who}_NAME"), name)
            .env(format!("GIT_{who}_EMAIL"), mail)
            .env(format!("GIT_{who}_DATE"), &date);
    }
    let mut run = || {
        let mut child = command.stdin(Stdio::piped()).spawn()?;
        if let Some(mut input) = child.stdin.take() {
            writeln!(input, "{message}")?;
        }
        child.wait_with_output()
    };
    let output = run().map_err(|error| git.failure(&format!("git commit-tree: {error}")))?;
    let made = String::from_utf8_lossy(&output.stdout);
    match git2::Oid::from_str(made.trim()) {
        Ok(id) if output.status.success() => Ok(id),
        _ => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said: Vec<&str> = said.lines().map(str::trim).collect();
            Err(git.failure(&format!(
                "an event could not be signed with the key that git config user.signingKey \
                 names: {}",
                said.join(" ")
            )))
        }
    }
}

/// The paths of the files that a commit up to `tip` added whose signature is good and by one
/// of `keys`. What a merge alone added is vouched for by nobody.
///
/// # Errors
/// When git or the file of allowed keys cannot be used.
pub fn vouched(
    repository: &Repository,
    tip: CommitId,
    keys: &Keys,
) -> Result<HashSet<String>, GitError> {
    let git = Executable::new(&repository.git_dir, None);
    let failed = |error: std::io::Error| git.failure(&format!("the keys of signers: {error}"));
    let mut allowed = tempfile::NamedTempFile::new().map_err(failed)?;
    for key in &keys.ssh {
        writeln!(allowed, "* namespaces=\"git\" {key}").map_err(failed)?;
    }
    allowed.flush().map_err(failed)?;
    let allowed = format!("gpg.ssh.allowedSignersFile={}", allowed.path().display());
    let listed = git.output(
        &[
            "-c",
            &allowed,
            "-c",
            "log.showSignature=false",
            "--no-replace-objects",
            "log",
            "--no-merges",
            "--format=%H %G? %GF %GP",
            &tip.to_string(),
            "--",
        ],
        b"",
    )?;
    let mut good = String::new();
    for line in String::from_utf8_lossy(&listed).lines() {
        let mut words = line.split(' ');
        let (Some(id), Some(verdict)) = (words.next(), words.next()) else {
            continue;
        };
        let mut prints = words.filter(|print| !print.is_empty()).peekable();
        // git-log(1): G is good; U good, of a key that nobody vouched for here; Y of one that has
        // expired since.
        let ssh = prints
            .peek()
            .is_some_and(|print| print.starts_with("SHA256:"));
        let counts = match verdict {
            "G" if ssh => !keys.ssh.is_empty(),
            "G" | "U" | "Y" => prints.any(|print| keys.gpg.iter().any(|key| key == print)),
            _ => false,
        };
        if counts {
            good.push_str(id);
            good.push('\n');
        }
    }
    if good.is_empty() {
        return Ok(HashSet::new());
    }
    let added = git.output(
        &[
            "--no-replace-objects",
            "diff-tree",
            "--stdin",
            "-r",
            "--root",
            "-z",
            "--no-commit-id",
            "--name-only",
            "--no-renames",
            "--diff-filter=A",
        ],
        good.as_bytes(),
    )?;
    let paths = added.split(|byte| *byte == 0);
    Ok(paths
        .filter(|path| !path.is_empty())
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect())
}

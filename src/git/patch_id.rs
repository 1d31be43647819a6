//! Patch ids, as `git patch-id --stable` gives them.

use super::{CommitId, GitError, PatchId, discover, kept, without_hook_environment};
use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Another number for every change of the form of what is kept.
const HEAD: &[u8] = b"shipway patch ids 1\n";

/// The patch ids of commits that are no merges, each against its parent (a root against the
/// empty tree). One with an empty difference is left out. Settings of the repository that change
/// how a difference is written are not followed, and nothing is fetched.
///
/// # Errors
/// When git cannot be run, or fails.
pub fn patch_ids(
    root: &Path,
    commits: &[CommitId],
) -> Result<HashMap<CommitId, PatchId>, GitError> {
    let lines: Vec<String> = commits.iter().map(ToString::to_string).collect();
    of_differences(root, &lines)
}

/// As [`patch_ids`], of whole branches: each tip against its base. By tip.
///
/// # Errors
/// As [`patch_ids`].
pub fn branch_patch_ids(
    root: &Path,
    branches: &[(CommitId, CommitId)],
) -> Result<HashMap<CommitId, PatchId>, GitError> {
    // What follows a commit takes the place of its parents (git-diff-tree(1), --stdin).
    let lines: Vec<String> = branches
        .iter()
        .map(|(base, tip)| format!("{tip} {base}"))
        .collect();
    of_differences(root, &lines)
}

/// As [`patch_ids`], with those that were found before kept beside the repository: they never
/// change.
///
/// # Errors
/// As [`patch_ids`].
pub fn kept_patch_ids(
    root: &Path,
    commits: &[CommitId],
) -> Result<HashMap<CommitId, PatchId>, GitError> {
    if commits.is_empty() {
        return Ok(HashMap::new());
    }
    let file = discover(root)?
        .commondir()
        .join("shipway")
        .join("patch-ids.cache");
    let mut known = kept::load::<Kept>(&file, HEAD).unwrap_or_default();
    let new: Vec<CommitId> = commits
        .iter()
        .copied()
        .filter(|commit| !known.contains_key(commit))
        .collect();
    if !new.is_empty() {
        let mut found = patch_ids(root, &new)?;
        known.extend(new.iter().map(|commit| (*commit, found.remove(commit))));
        // What cannot be kept costs time and nothing else.
        let _ = kept::save(&file, HEAD, &known);
    }
    Ok(commits
        .iter()
        .filter_map(|commit| Some((*commit, (*known.get(commit)?)?)))
        .collect())
}

/// A commit's patch id; None for an empty difference.
type Kept = HashMap<CommitId, Option<PatchId>>;

fn of_differences(root: &Path, lines: &[String]) -> Result<HashMap<CommitId, PatchId>, GitError> {
    if lines.is_empty() {
        return Ok(HashMap::new());
    }
    let failed = |message: String| GitError::Git {
        path: root.to_owned(),
        message,
    };
    let mut differences = git(root)
        .args([
            "diff-tree",
            "--stdin",
            "-r",
            "--root",
            "-p",
            "-U3",
            "--no-renames",
        ])
        .args([
            "--no-ext-diff",
            "--no-textconv",
            "--full-index",
            "--no-color",
        ])
        .args([
            "--diff-algorithm=myers",
            "--src-prefix=a/",
            "--dst-prefix=b/",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("git diff-tree: {error}")))?;
    let written = differences
        .stdout
        .take()
        .ok_or_else(|| failed("git diff-tree has no output".to_owned()))?;
    let mut asked = lines.join("\n");
    asked.push('\n');
    let input = differences.stdin.take();
    let feeder =
        std::thread::spawn(move || input.map(|mut input| input.write_all(asked.as_bytes())));
    let ids = git(root)
        .args(["patch-id", "--stable"])
        .stdin(written)
        .output()
        .map_err(|error| failed(format!("git patch-id: {error}")));
    let _ = feeder.join();
    let ended = differences
        .wait()
        .map_err(|error| failed(format!("git diff-tree: {error}")))?;
    let ids = ids?;
    if !ended.success() || !ids.status.success() {
        return Err(failed(
            "the differences of its commits could not be read; in a partial clone the files are \
             not there"
                .to_owned(),
        ));
    }
    Ok(String::from_utf8_lossy(&ids.stdout)
        .lines()
        .filter_map(|line| {
            let (patch, commit) = line.split_once(' ')?;
            Some((commit.parse().ok()?, patch.parse().ok()?))
        })
        .collect())
}

fn git(root: &Path) -> Command {
    let mut git = Command::new("git");
    without_hook_environment(&mut git);
    git.current_dir(root)
        .args([
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
        ])
        .args([
            "-c",
            "protocol.ext.allow=never",
            "-c",
            "diff.suppressBlankEmpty=false",
        ])
        .args(["-c", "diff.submodule=short", "--no-replace-objects"])
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_GRAFT_FILE", "/dev/null")
        .stderr(Stdio::null());
    git
}

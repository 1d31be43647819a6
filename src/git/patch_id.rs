//! Patch ids, as `git patch-id --stable` gives them.

use super::{CommitId, GitError, PatchId};
use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

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
    if commits.is_empty() {
        return Ok(HashMap::new());
    }
    let failed = |message: String| GitError::Git {
        path: root.to_owned(),
        message,
    };
    let git = || {
        let mut git = Command::new("git");
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
    };
    let mut differences = git()
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
    let mut names: Vec<String> = commits.iter().map(ToString::to_string).collect();
    // Each name ends with a newline.
    names.push(String::new());
    let names = names.join(
        "
",
    );
    let input = differences.stdin.take();
    let feeder =
        std::thread::spawn(move || input.map(|mut input| input.write_all(names.as_bytes())));
    let ids = git()
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

//! Remembers that everything was up to date, so that the next one who asks need not look again.

use super::lock::{LOCK_FILE, Lock};
use crate::git::{Repository, footprint};
use std::path::PathBuf;

/// Whether nothing has changed since [`remember`]: no file, no program, nothing of the repository
/// that a plan follows from.
#[must_use]
pub fn is_known(repository: &Repository) -> bool {
    let Ok(known) = std::fs::read_to_string(file(repository)) else {
        return false;
    };
    let ignored: Vec<&str> = known.lines().skip(1).collect();
    stamp(repository, &ignored).is_some_and(|now| known.lines().next() == Some(&now))
}

/// Notes that nothing is to be done as the tree is now, whose files `lock` names. Where that cannot
/// be noted, the next one looks again.
pub fn remember(repository: &Repository, lock: &Lock) {
    // git may ignore them.
    let mut files = vec![".env", LOCK_FILE];
    files.extend(lock.artifacts.iter().map(|artifact| artifact.path.as_str()));
    if let Some(stamp) = stamp(repository, &files) {
        let text = format!("{stamp}\n{}\n", files.join("\n"));
        let _ = std::fs::write(file(repository), text);
    }
}

fn file(repository: &Repository) -> PathBuf {
    repository.private_dir.join("current")
}

/// One line.
fn stamp(repository: &Repository, files: &[&str]) -> Option<String> {
    let program = footprint::of_file(&std::env::current_exe().ok()?)?;
    let tree = footprint::footprint(repository, files)?;
    Some(format!(
        "{} {program} {tree} {:?} {:?} {:?}",
        env!("CARGO_PKG_VERSION"),
        repository.origin,
        repository.branch,
        repository.linked_worktree,
    ))
}

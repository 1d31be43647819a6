//! Remembers that everything was up to date, so that the next one who asks need not look again.

use super::CONFIG_FILE;
use super::layer::SHADOW_DIR;
use super::lock::{LOCK_FILE, Lock};
use super::source;
use crate::git::{Repository, footprint};
use std::path::{Path, PathBuf};

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
    let mut files = [".env", LOCK_FILE, CONFIG_FILE].map(str::to_owned).to_vec();
    files.extend(
        lock.artifacts
            .iter()
            .map(|artifact| artifact.place().to_string()),
    );
    shadows(&repository.root, SHADOW_DIR, &mut files);
    if let Some(fetched) = &lock.templates {
        let copy = source::folder(repository, fetched.rev);
        shadows(&repository.root, &copy.to_string_lossy(), &mut files);
    }
    let listed: Vec<&str> = files.iter().map(String::as_str).collect();
    if let Some(stamp) = stamp(repository, &listed) {
        let text = format!("{stamp}\n{}\n", files.join("\n"));
        let _ = std::fs::write(file(repository), text);
    }
}

/// The repository's own templates and their folders, whose times tell of names that come and go.
fn shadows(root: &Path, folder: &str, files: &mut Vec<String>) {
    files.push(folder.to_owned());
    for entry in root.join(folder).read_dir().into_iter().flatten().flatten() {
        let Some(path) = entry
            .file_name()
            .to_str()
            .map(|name| format!("{folder}/{name}"))
        else {
            continue;
        };
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            shadows(root, &path, files);
        } else {
            files.push(path);
        }
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

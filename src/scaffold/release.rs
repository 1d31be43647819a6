//! A generated file becomes its user's: the lock lets go, and nothing writes it any more.

use super::block::{self, Found};
use super::feature::Strategy;
use super::lock::{Artifact, LOCK_FILE, Lock, PROPOSAL, sha256};
use super::plan::{Action, Change, Entry, Plan};
use super::{PlanError, own_path, pristine};
use crate::project::RelPath;
use std::path::Path;

/// Plans how the lock lets go of what lies at `path`: whole files stay as they are, of a block its
/// marks go.
///
/// # Errors
/// When a file cannot be read or the lock not be written as TOML.
pub fn plan(root: &Path, lock: &Lock, path: &RelPath) -> Result<Plan, PlanError> {
    let mut lock = lock.clone();
    let mut changes = Vec::new();
    let mut entries = Vec::new();
    let mut made_at = path.clone();
    let mut present = read(root, path)?;
    let before = present.clone();
    for artifact in &mut lock.artifacts {
        if artifact.place() != path || artifact.released || artifact.strategy == Strategy::Jobs {
            continue;
        }
        if artifact.strategy == Strategy::Block {
            present = present.map(|content| unmarked(&content, artifact));
        }
        if let Some(hash) = artifact.proposal.take() {
            let beside = RelPath::parse(&format!("{path}{PROPOSAL}")).map_err(own_path)?;
            let ours = read(root, &beside)?.filter(|content| sha256(content) == hash);
            changes.extend(ours.map(|content| gone(beside, &content)));
        }
        artifact.proposed = None;
        artifact.released = true;
        made_at.clone_from(&artifact.path);
        entries.push(Entry {
            path: path.clone(),
            feature: artifact.feature.clone(),
            action: Action::Released,
            strategy: artifact.strategy,
            reason: "nothing writes it from now on".to_owned(),
            why: Vec::new(),
        });
    }
    if entries.is_empty() {
        return Ok(Plan::default());
    }
    let copy = pristine::path(&made_at).map_err(own_path)?;
    // The lines of a block are found by it, should they be taken back.
    let is_file = entries
        .iter()
        .all(|entry| entry.strategy != Strategy::Block);
    if let Some(content) = read(root, &copy)?.filter(|_| is_file) {
        changes.push(gone(copy, &content));
    }
    if present != before {
        changes.push(Change {
            path: path.clone(),
            content: present,
            mode: None,
            before: before.as_deref().map(sha256),
        });
    }
    let own = RelPath::parse(LOCK_FILE).map_err(own_path)?;
    let known = read(root, &own)?;
    changes.push(Change {
        path: own,
        content: Some(lock.to_text()?.into_bytes()),
        mode: None,
        before: known.as_deref().map(sha256),
    });
    Ok(Plan {
        entries,
        changes,
        ..Plan::default()
    })
}

fn gone(path: RelPath, content: &[u8]) -> Change {
    Change {
        path,
        content: None,
        mode: None,
        before: Some(sha256(content)),
    }
}

/// `content` without the marks of the artifact's block; its lines stay.
fn unmarked(content: &[u8], artifact: &Artifact) -> Vec<u8> {
    match block::find(content, &artifact.id) {
        Found::Block { range, text } => {
            [&content[..range.start], text, &content[range.end..]].concat()
        }
        Found::Absent | Found::Broken => content.to_vec(),
    }
}

fn read(root: &Path, path: &RelPath) -> Result<Option<Vec<u8>>, PlanError> {
    let path = path.under(root);
    match std::fs::read(&path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PlanError::Io { path, source }),
    }
}

//! What detection found that shipway itself had generated: the views must not see it as the user's.

use super::block::{self, Found};
use super::feature::Strategy;
use super::lock::Lock;
use crate::project::{ExistingFile, Project, RelPath};
use std::path::Path;

/// `project` without the files that the lock owns, and without the lines of our blocks.
pub(super) fn without_ours(project: &Project, lock: &Lock, root: &Path) -> Project {
    let mut project = project.clone();
    let theirs = |path: &RelPath| !lock.owns(path);
    let existing = &mut project.existing;
    existing.dockerfiles.retain(|file| theirs(&file.path));
    existing.compose_files.retain(|file| theirs(&file.path));
    existing
        .dockerignores
        .retain(|path| theirs(path) && !is_block_alone(root, lock, path));
    for list in [
        &mut existing.devcontainers,
        &mut existing.ci,
        &mut existing.hooks,
        &mut existing.scripts,
    ] {
        list.retain(|file| theirs(&file.path));
    }
    existing.makefile = existing
        .makefile
        .take()
        .filter(|file| theirs(&file.path) && !is_block_alone(root, lock, &file.path))
        .map(|mut file| {
            if lock.has_released(&file.path) {
                released_targets(&mut file);
            }
            file
        })
        .map(|file| outside_blocks(file, lock, root));
    project.env_files.retain(|file| {
        !lock
            .artifacts
            .iter()
            .any(|artifact| *artifact.place() == file.path && artifact.strategy == Strategy::File)
    });
    project
}

/// The targets of a block that was released are named as they were: what had another name because
/// of one of the user's still has it.
fn released_targets(file: &mut ExistingFile) {
    let all: Vec<String> = file
        .entries
        .iter()
        .map(|entry| entry.excerpt.clone())
        .collect();
    file.entries.retain(|entry| {
        let target = entry.excerpt.split([':', ' ']).next().unwrap_or_default();
        let other = format!("shipway-{target}:");
        all.iter().any(|line| line.starts_with(&other))
    });
}

/// Whether the file holds nothing but our block.
fn is_block_alone(root: &Path, lock: &Lock, path: &RelPath) -> bool {
    let Ok(content) = std::fs::read(path.under(root)) else {
        return false;
    };
    blocks(&content, lock, path)
        .iter()
        .any(|range| content.trim_ascii().len() == content[range.clone()].trim_ascii().len())
}

fn outside_blocks(mut file: ExistingFile, lock: &Lock, root: &Path) -> ExistingFile {
    let Ok(content) = std::fs::read(file.path.under(root)) else {
        return file;
    };
    let line = |at: usize| content[..at].split(|byte| *byte == b'\n').count();
    let ours: Vec<_> = blocks(&content, lock, &file.path)
        .into_iter()
        .map(|range| line(range.start)..line(range.end))
        .collect();
    file.entries
        .retain(|entry| !ours.iter().any(|lines| lines.contains(&entry.line)));
    file
}

fn blocks(content: &[u8], lock: &Lock, path: &RelPath) -> Vec<std::ops::Range<usize>> {
    lock.artifacts
        .iter()
        .filter(|artifact| artifact.path == *path && artifact.strategy == Strategy::Block)
        .filter_map(|artifact| match block::find(content, &artifact.id) {
            Found::Block { range, .. } => Some(range),
            Found::Absent | Found::Broken => None,
        })
        .collect()
}

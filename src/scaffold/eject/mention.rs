//! Where the files of a repository still speak of shipway, or have a name already.

use super::super::plan::Change;
use crate::project::RelPath;
use aho_corasick::AhoCorasick;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Above this (bytes), a file is data.
const HUGE: u64 = 1024 * 1024;
/// Characters of a line that are shown.
const SHOWN: usize = 100;

/// A line that speaks of shipway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mention {
    pub path: RelPath,
    /// 1-based; 0 where it is the name of the file.
    pub line: usize,
    /// Cut after 100 characters; the path where it is the name.
    pub text: String,
}

/// The lines that speak of shipway in the files `tracked` and in those of `changes`, as they are
/// once these are made; sorted by path. A binary file has no lines.
pub(super) fn all(root: &Path, tracked: &BTreeSet<RelPath>, changes: &[Change]) -> Vec<Mention> {
    let made: BTreeMap<&RelPath, Option<&[u8]>> = (changes.iter())
        .map(|change| (&change.path, change.content.as_deref()))
        .collect();
    let is_private = |path: &RelPath| path.file_name() == ".env";
    let paths: BTreeSet<&RelPath> = tracked.iter().chain(made.keys().copied()).collect();
    let mut mentions = Vec::new();
    for path in paths.into_iter().filter(|path| !is_private(path)) {
        let content = match made.get(path) {
            Some(None) => continue,
            Some(Some(content)) => content.to_vec(),
            None => match text(root, path) {
                Some(content) => content,
                None => continue,
            },
        };
        let speaks = |text: &str| text.to_ascii_lowercase().contains("shipway");
        if speaks(path.as_str()) {
            mentions.push(Mention {
                path: path.clone(),
                line: 0,
                text: path.to_string(),
            });
        }
        for (line, text) in String::from_utf8_lossy(&content).lines().enumerate() {
            if speaks(text) {
                mentions.push(Mention {
                    path: path.clone(),
                    line: line + 1,
                    text: text.trim().chars().take(SHOWN).collect(),
                });
            }
        }
    }
    mentions
}

/// Whether one of the files `tracked` has one of `names`.
pub(super) fn has_any(root: &Path, tracked: &BTreeSet<RelPath>, names: &BTreeSet<String>) -> bool {
    let Ok(names) = AhoCorasick::new(names) else {
        return true;
    };
    (tracked.iter()).any(|path| {
        names.is_match(path.as_str()) || text(root, path).is_some_and(|text| names.is_match(&text))
    })
}

/// The content of a file that is a text; links are not followed.
fn text(root: &Path, path: &RelPath) -> Option<Vec<u8>> {
    let file = path.under(root);
    let found = file.symlink_metadata().ok()?;
    if !found.is_file() || found.len() > HUGE {
        return None;
    }
    let content = std::fs::read(file).ok()?;
    (!content.contains(&0)).then_some(content)
}

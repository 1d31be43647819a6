//! Writes an index file for a folder that shipway laid out itself, so that git, run there, sees
//! a work tree, and the next run sees what is still as it was left.

use super::GitError;
use super::index::{FileStat, Mode};
use bstr::BStr;
use gix_hash::ObjectId;
use gix_index::entry::Flags;
use std::path::Path;

/// One path of the folder.
#[derive(Debug, Clone, Copy)]
pub struct Laid<'p> {
    pub path: &'p BStr,
    pub id: ObjectId,
    pub mode: Mode,
    /// All zero where nothing is known of the file.
    pub stat: FileStat,
    /// In the commit, and not laid out.
    pub skipped: bool,
}

/// Writes `entries`, sorted by path, as the index `file`.
///
/// # Errors
/// When it cannot be written.
pub fn write(file: &Path, entries: &[Laid<'_>]) -> Result<(), GitError> {
    let mut state = gix_index::State::new(gix_hash::Kind::Sha1);
    for entry in entries {
        let flags = if entry.skipped {
            Flags::EXTENDED | Flags::SKIP_WORKTREE
        } else {
            Flags::empty()
        };
        state.dangerously_push_entry(
            entry.stat.to_entry(),
            entry.id,
            flags,
            entry.mode.to_entry(),
            entry.path,
        );
    }
    gix_index::File::from_state(state, file)
        .write(gix_index::write::Options::default())
        .map_err(|error| GitError::Index {
            path: file.to_owned(),
            message: format!("{error:#}"),
        })
}

//! Copies of files with unstaged edits, while commands run beside them in the work tree; and the
//! way back for what a command wrote there.
//!
//! A copy is named by path and metadata of its file, so the next run finds those that are still
//! good. What no run needs any more goes with the next.

use super::backup::{FileStep, Journal, Run};
use super::write_back::{exchange, identity, store_like, turn};
use super::{SnapshotError, at};
use crate::git::{FileStat, Mode, Repository, empty_blob, native};
use crate::hooks::fixer::Mended;
use bstr::{BString, ByteSlice};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

/// Copies by path.
pub(in crate::hooks) struct Kept(BTreeMap<BString, (PathBuf, Mode)>);

impl Kept {
    /// Copies the files at `paths` that have no good copy yet, and drops all other copies.
    pub(in crate::hooks) fn keep<'p>(
        repository: &Repository,
        paths: impl Iterator<Item = &'p BString>,
    ) -> Result<Self, SnapshotError> {
        let folder = repository.private_dir.join("kept");
        let mut kept = BTreeMap::new();
        let mut names: HashSet<OsString> = HashSet::new();
        for path in paths {
            let file = repository.root.join(native(path.as_bstr())?);
            let Ok(metadata) = file.symlink_metadata() else {
                continue;
            };
            if !metadata.is_file() {
                continue;
            }
            if names.is_empty() {
                super::backup::private_folder(&folder)?;
            }
            let mut hash = Sha256::new();
            hash.update(path);
            hash.update(format!("{:?}", FileStat::of(&metadata)));
            let name = OsString::from(hex::encode(&hash.finalize()[..16]));
            let copy = folder.join(&name);
            if !copy.exists() {
                let draft = copy.with_extension("draft");
                fs::copy(&file, &draft).map_err(at(&draft))?;
                fs::rename(&draft, &copy).map_err(at(&copy))?;
            }
            let mode = if is_executable(&metadata) {
                Mode::Executable
            } else {
                Mode::Regular
            };
            names.insert(name);
            kept.insert(path.clone(), (copy, mode));
        }
        if let Ok(listing) = fs::read_dir(&folder) {
            for entry in listing.flatten() {
                if !names.contains(&entry.file_name()) {
                    // It is tried again at the next run.
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
        Ok(Self(kept))
    }

    pub(in crate::hooks) fn get(&self, path: &BString) -> Option<Mended> {
        let (copy, mode) = self.0.get(path)?;
        Some(Mended {
            content: fs::read(copy).ok()?,
            mode: *mode,
        })
    }
}

fn is_executable(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0;
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}

/// Makes each file of the work tree what it was; None for one that was not there. Gives the
/// backup that holds what each was until now.
pub(in crate::hooks) fn put_back(
    repository: &Repository,
    files: &[(BString, Option<Mended>)],
) -> Result<PathBuf, SnapshotError> {
    let mut run = Run::new(repository)?;
    let none = empty_blob();
    let steps = files
        .iter()
        .enumerate()
        .map(|(number, (path, was))| {
            let mode = was.as_ref().map_or(Mode::Regular, |was| was.mode);
            let mut step = FileStep::new(path, none, none, mode);
            step.number = Some(number);
            step
        })
        .collect();
    run.begin(&Journal::of_files("put back", steps))?;
    let _turn = turn(repository)?;
    for (number, (path, was)) in files.iter().enumerate() {
        let place = repository.root.join(native(path.as_bstr())?);
        let aside = run.content(number);
        let present = place.symlink_metadata().ok();
        match was {
            None if present.is_none() => {}
            None => move_away(&place, &aside)?,
            Some(was) => {
                if let Some(folder) = place.parent() {
                    fs::create_dir_all(folder).map_err(at(folder))?;
                }
                store_like(&aside, was, present.as_ref())?;
                if present.is_some() && identity(&aside).0 == identity(&place).0 {
                    exchange(&aside, &place).map_err(at(&place))?;
                } else {
                    let old = run.folder().join(format!("old-{number}"));
                    if present.is_some() {
                        move_away(&place, &old)?;
                    }
                    move_away(&aside, &place)?;
                }
            }
        }
    }
    let folder = run.folder().to_owned();
    Ok(run.finish(repository)?.unwrap_or(folder))
}

/// Renames, or copies to another file system.
fn move_away(from: &std::path::Path, to: &std::path::Path) -> Result<(), SnapshotError> {
    if fs::rename(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to).map_err(at(to))?;
    fs::remove_file(from).map_err(at(from))
}

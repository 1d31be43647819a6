//! Where a command runs: in the work tree as long as it sees there what the commit contains and
//! nothing else, otherwise in the snapshot's folder.

use super::snapshot::SnapshotError;
use super::source::Source;
use crate::config::hooks::Job;
use crate::git::{FileStat, IgnoreSources, Mode, Repository, blob_id, native, untracked};
use bstr::{BString, ByteSlice};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Files up to this number are looked for faster than other threads are started.
const FEW: usize = 256;

/// What `look` says of each position below `count`, in order.
pub(super) fn of_each<T: Send>(count: usize, look: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    if count <= FEW {
        (0..count).map(look).collect()
    } else {
        (0..count).into_par_iter().map(look).collect()
    }
}

/// What the work tree has other than the commit; found when first asked.
pub(super) struct Difference<'d> {
    repository: &'d Repository,
    source: &'d Source,
    ignores: &'d IgnoreSources,
    edited: OnceLock<BTreeSet<BString>>,
    untracked: OnceLock<Vec<BString>>,
}

impl<'d> Difference<'d> {
    pub(super) fn new(
        repository: &'d Repository,
        source: &'d Source,
        ignores: &'d IgnoreSources,
    ) -> Self {
        Self {
            repository,
            source,
            ignores,
            edited: OnceLock::new(),
            untracked: OnceLock::new(),
        }
    }

    /// Whether `job` sees in the work tree exactly the files of the commit.
    pub(super) fn is_none_for(&self, job: &Job) -> Result<bool, SnapshotError> {
        let wants = |path: &BString| job.wants(&path.to_str_lossy());
        if self.edited().iter().any(wants) {
            return Ok(false);
        }
        Ok(!self.untracked()?.iter().any(wants))
    }

    /// Paths whose file in the work tree is not what the commit contains, or is not there; and
    /// those that git's index has and the commit has not.
    pub(super) fn edited(&self) -> &BTreeSet<BString> {
        self.edited.get_or_init(|| {
            let work = self.source.work();
            let is_edited = |position: usize| {
                let entry = self.source.index.entry(position);
                if entry.mode == Mode::Submodule || entry.skip_worktree {
                    return false;
                }
                entry.intent_to_add
                    || entry.unmerged
                    || self
                        .source
                        .in_work(position)
                        .is_none_or(|position| !self.is_same(position))
            };
            let edited = of_each(self.source.index.len(), is_edited);
            let mut edited: BTreeSet<BString> = self
                .source
                .index
                .entries()
                .zip(edited)
                .filter(|(_, edited)| *edited)
                .map(|(entry, _)| entry.path.to_owned())
                .collect();
            if !self.source.staged {
                edited.extend(
                    work.entries()
                        .filter(|entry| self.source.index.find(entry.path).is_none())
                        .map(|entry| entry.path.to_owned()),
                );
            }
            edited
        })
    }

    fn is_same(&self, position: usize) -> bool {
        let work = self.source.work();
        let entry = work.entry(position);
        let Ok(path) = native(entry.path) else {
            return false;
        };
        let path = self.repository.root.join(path);
        let Ok(metadata) = path.symlink_metadata() else {
            return false;
        };
        if work.proves(&entry, &FileStat::of(&metadata)) {
            return true;
        }
        // Only metadata differ, or git was not sure: the bytes decide.
        let content = if metadata.is_symlink() && entry.mode == Mode::Symlink {
            path.read_link()
                .map(|target| target.into_os_string().into_encoded_bytes())
        } else if metadata.is_file() && entry.mode.is_file() {
            #[cfg(unix)]
            {
                let bits = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
                if (bits & 0o100 != 0) != (entry.mode == Mode::Executable) {
                    return false;
                }
            }
            std::fs::read(&path)
        } else {
            return false;
        };
        content.is_ok_and(|content| blob_id(&content).is_ok_and(|id| id == entry.id))
    }

    /// Files that git neither tracks nor ignores.
    fn untracked(&self) -> Result<&[BString], SnapshotError> {
        if let Some(known) = self.untracked.get() {
            return Ok(known);
        }
        let paths = untracked(self.repository, self.source.work(), self.ignores)?;
        Ok(self.untracked.get_or_init(|| paths))
    }
}

//! The index, read once: which blob every path has in the commit that would be made, and what
//! its file looked like when git last proved the two equal.

use super::{GitError, Reader, objects};
use bstr::{BStr, ByteSlice};
use gix_hash::ObjectId;
use gix_index::entry::{Flags, Stat};
use std::path::{Path, PathBuf};

/// What an entry is, from its mode.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    Regular,
    Executable,
    Symlink,
    /// A commit of another repository.
    Submodule,
    /// A folder outside of a sparse checkout, not opened out.
    Folder,
}

impl Mode {
    /// As in a tree: `100644`.
    #[must_use]
    pub fn octal(self) -> &'static str {
        match self {
            Self::Regular => "100644",
            Self::Executable => "100755",
            Self::Symlink => "120000",
            Self::Submodule => "160000",
            Self::Folder => "040000",
        }
    }

    pub(super) fn of_tree(mode: gix_object::tree::EntryMode) -> Self {
        use gix_object::tree::EntryKind as Raw;
        match mode.kind() {
            Raw::Tree => Self::Folder,
            Raw::Blob => Self::Regular,
            Raw::BlobExecutable => Self::Executable,
            Raw::Link => Self::Symlink,
            Raw::Commit => Self::Submodule,
        }
    }

    /// Whether it is a file with content of its own.
    #[must_use]
    pub fn is_file(self) -> bool {
        matches!(self, Self::Regular | Self::Executable)
    }

    pub(super) fn to_entry(self) -> gix_index::entry::Mode {
        use gix_index::entry::Mode as Raw;
        match self {
            Self::Regular => Raw::FILE,
            Self::Executable => Raw::FILE_EXECUTABLE,
            Self::Symlink => Raw::SYMLINK,
            Self::Submodule => Raw::COMMIT,
            Self::Folder => Raw::DIR,
        }
    }

    fn of(mode: gix_index::entry::Mode) -> Self {
        use gix_index::entry::Mode as Raw;
        if mode.contains(Raw::COMMIT) {
            Self::Submodule
        } else if mode.contains(Raw::SYMLINK) {
            Self::Symlink
        } else if mode == Raw::DIR {
            Self::Folder
        } else if mode == Raw::FILE_EXECUTABLE {
            Self::Executable
        } else {
            Self::Regular
        }
    }
}

/// One path of an [`Index`].
#[derive(Debug, Clone, Copy)]
pub struct Entry<'i> {
    /// Relative to the root of the work tree, `/`-separated, any bytes.
    pub path: &'i BStr,
    pub id: ObjectId,
    pub mode: Mode,
    /// What git saw of the file; all zero where the index is a tree's.
    pub stat: &'i Stat,
    /// The commit will not contain it: `git add --intent-to-add`.
    pub intent_to_add: bool,
    /// Not checked out: outside of a sparse checkout.
    pub skip_worktree: bool,
    /// One of the sides of a path in conflict.
    pub unmerged: bool,
}

/// The paths of a commit to be, sorted by their bytes.
pub struct Index {
    state: gix_index::State,
    /// Where it was read; None for a tree's.
    file: Option<PathBuf>,
    /// Modification time of the index file: what was written into a file at this time or later
    /// may be unseen (git's "racy" entries).
    written: gix_index::entry::stat::Time,
    stamp: Stamp,
}

/// What tells one index file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<std::time::SystemTime>,
    inode: u64,
    checksum: Option<ObjectId>,
}

impl Index {
    /// Reads the index at `file`; an absent one is empty, as git sees it before the first `add`.
    ///
    /// # Errors
    /// When it cannot be read or is corrupt.
    pub fn read(file: &Path) -> Result<Self, GitError> {
        let corrupt = |message: String| GitError::Index {
            path: file.to_owned(),
            message,
        };
        let metadata = match file.metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self {
                    state: gix_index::State::new(gix_hash::Kind::Sha1),
                    file: Some(file.to_owned()),
                    written: gix_index::entry::stat::Time::default(),
                    stamp: Stamp {
                        length: 0,
                        modified: None,
                        inode: 0,
                        checksum: None,
                    },
                });
            }
            Err(error) => return Err(corrupt(error.to_string())),
        };
        let read = gix_index::File::at(
            file,
            gix_hash::Kind::Sha1,
            false,
            gix_index::decode::Options {
                thread_limit: Some(1),
                ..Default::default()
            },
        )
        .map_err(|error| {
            let causes: Vec<String> = error.iter_errors().map(ToString::to_string).collect();
            corrupt(causes.join(": "))
        })?;
        let checksum = read.checksum();
        let (state, _) = read.into_parts();
        let written = gix_index::entry::stat::Time::from(state.timestamp());
        Ok(Self {
            state,
            file: Some(file.to_owned()),
            written,
            stamp: Stamp::of(&metadata, checksum),
        })
    }

    /// The paths of the tree `id`, as an index just read from it would hold them.
    ///
    /// # Errors
    /// When an object is missing or broken.
    pub fn of_tree(id: ObjectId, objects: &Reader) -> Result<Self, GitError> {
        #[allow(
            clippy::default_trait_access,
            reason = "the crate that has the type is no dependency"
        )]
        let names = Default::default();
        // git knows the empty tree without having it.
        let state = if id.is_empty_tree() {
            gix_index::State::new(id.kind())
        } else {
            gix_index::State::from_tree(&id, objects.handle(), names)
                .map_err(|error| objects::broken(id, &error))?
        };
        Ok(Self {
            state,
            file: None,
            written: gix_index::entry::stat::Time::default(),
            stamp: Stamp {
                length: 0,
                modified: None,
                inode: 0,
                checksum: None,
            },
        })
    }

    /// Speaks from now on of the index file `file`, which holds the same in another form.
    pub(super) fn read_from(mut self, file: &Path) -> Result<Self, GitError> {
        let original = Self::read(file)?;
        self.file = original.file;
        self.written = original.written;
        self.stamp = original.stamp;
        Ok(self)
    }

    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Whether the file still is what was read.
    #[must_use]
    pub fn is_current(&self) -> bool {
        let Some(file) = &self.file else { return true };
        match file.metadata() {
            Ok(metadata) => Stamp::of(&metadata, self.stamp.checksum) == self.stamp,
            Err(_) => self.stamp.inode == 0,
        }
    }

    /// Number of entries, those in conflict and not committed included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.entries().len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry at `position`, counted from 0 in the order of paths.
    #[must_use]
    pub fn entry(&self, position: usize) -> Entry<'_> {
        let entry = &self.state.entries()[position];
        Entry {
            path: entry.path(&self.state),
            id: entry.id,
            mode: Mode::of(entry.mode),
            stat: &entry.stat,
            intent_to_add: entry.flags.contains(Flags::INTENT_TO_ADD),
            skip_worktree: entry.flags.contains(Flags::SKIP_WORKTREE),
            unmerged: entry.stage_raw() != 0,
        }
    }

    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'_>> {
        (0..self.len()).map(|position| self.entry(position))
    }

    /// Position of the entry of `path` that is not in conflict.
    #[must_use]
    pub fn find(&self, path: &BStr) -> Option<usize> {
        self.state
            .entry_index_by_path_and_stage(path, gix_index::entry::Stage::Unconflicted)
    }

    /// Whether there is an entry below `folder` (without a slash at its end).
    #[must_use]
    pub fn has_below(&self, folder: &BStr) -> bool {
        let mut prefix = folder.to_owned();
        prefix.push(b'/');
        self.state
            .prefixed_entries_range(prefix.as_bstr())
            .is_some_and(|range| !range.is_empty())
    }

    /// Positions of the entries below `folder` (without a slash at its end) from `from` on,
    /// where the first of them is at `from`.
    pub(super) fn end_of_folder(&self, folder: &[u8], from: usize) -> usize {
        let inside = |position: usize| {
            let path: &[u8] = self.entry(position).path;
            path.strip_prefix(folder)
                .is_some_and(|rest| rest.first() == Some(&b'/'))
        };
        // Folders are small against the index: doubling steps, then halving.
        let mut step = 1;
        let mut low = from;
        while low + step < self.len() && inside(low + step) {
            low += step;
            step *= 2;
        }
        let mut high = (low + step).min(self.len());
        while low + 1 < high {
            let middle = usize::midpoint(low, high);
            if inside(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        low + 1
    }

    pub(super) fn cache_tree(&self) -> Option<&gix_index::extension::Tree> {
        self.state.tree()
    }

    /// The tree that this index would be written as, where git has noted it.
    #[must_use]
    pub fn tree(&self) -> Option<ObjectId> {
        let tree = self.state.tree()?;
        tree.num_entries.is_some().then_some(tree.id)
    }

    /// Whether folders outside of a sparse checkout are kept as one entry each.
    #[must_use]
    pub fn is_sparse(&self) -> bool {
        self.state.is_sparse()
    }

    /// Whether `metadata`, just taken from the entry's file, proves the file unchanged since
    /// git compared it with the blob. False where it may or may not be.
    #[must_use]
    pub fn proves(&self, entry: &Entry<'_>, metadata: &FileStat) -> bool {
        let stat = entry.stat;
        let racy = (stat.mtime.secs, stat.mtime.nsecs) >= (self.written.secs, self.written.nsecs);
        // Git writes a size of 0 where it is not sure itself.
        let unsure = stat.size == 0 && entry.id != ObjectId::empty_blob(entry.id.kind());
        !racy && !unsure && metadata.0 == FileStat::known(stat).0
    }
}

impl Stamp {
    fn of(metadata: &std::fs::Metadata, checksum: Option<ObjectId>) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 1;
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            inode,
            checksum,
        }
    }
}

/// The fields of a file's metadata that git keeps, without the device, whose number changes
/// from mount to mount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FileStat([u32; 8]);

impl FileStat {
    pub(super) fn to_entry(self) -> Stat {
        let [
            secs,
            nsecs,
            changed_secs,
            changed_nsecs,
            ino,
            uid,
            gid,
            size,
        ] = self.0;
        let time = |secs, nsecs| gix_index::entry::stat::Time { secs, nsecs };
        Stat {
            mtime: time(secs, nsecs),
            ctime: time(changed_secs, changed_nsecs),
            dev: 0,
            ino,
            uid,
            gid,
            size,
        }
    }

    fn known(stat: &Stat) -> Self {
        Self([
            stat.mtime.secs,
            stat.mtime.nsecs,
            stat.ctime.secs,
            stat.ctime.nsecs,
            stat.ino,
            stat.uid,
            stat.gid,
            stat.size,
        ])
    }

    /// Of a file's own metadata, not those of what a link points to. Each field is cut to 32
    /// bits, as git cuts it.
    #[cfg(unix)]
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "git keeps the lower 32 bits"
    )]
    pub fn of(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self([
            metadata.mtime() as u32,
            metadata.mtime_nsec() as u32,
            metadata.ctime() as u32,
            metadata.ctime_nsec() as u32,
            metadata.ino() as u32,
            metadata.uid(),
            metadata.gid(),
            metadata.size() as u32,
        ])
    }

    /// Nothing is proven where the fields cannot be had.
    #[cfg(not(unix))]
    #[must_use]
    pub fn of(_: &std::fs::Metadata) -> Self {
        Self([u32::MAX; 8])
    }
}

/// `path` of an index as one of the system.
///
/// # Errors
/// Where the system has no such names (not UTF-8 on Windows).
pub fn native(path: &BStr) -> Result<&Path, GitError> {
    path.to_path().map_err(|_| GitError::Name(path.to_string()))
}

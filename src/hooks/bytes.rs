//! The bytes of a path as the commit will contain them, from wherever they are cheapest.

use crate::git::{Conversion, Entry, FileStat, GitError, Index, ObjectId, Objects, Reader, native};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Where contents come from.
#[derive(Clone)]
pub(super) struct Bytes<'s> {
    /// Top of the work tree.
    root: &'s Path,
    /// The index whose stat data speak of the work tree.
    index: &'s Index,
    objects: Objects,
    conversion: Conversion,
}

/// Reads contents in one thread.
pub(super) struct BytesReader<'s> {
    bytes: &'s Bytes<'s>,
    objects: Reader,
    path: PathBuf,
}

impl<'s> Bytes<'s> {
    /// `conversion` is the strongest that a file of `index` may have.
    pub(super) fn new(
        root: &'s Path,
        index: &'s Index,
        objects: Objects,
        conversion: Conversion,
    ) -> Self {
        Self {
            root,
            index,
            objects,
            conversion,
        }
    }

    pub(super) fn reader(&'s self) -> BytesReader<'s> {
        BytesReader {
            bytes: self,
            objects: self.objects.reader(),
            path: PathBuf::new(),
        }
    }
}

impl BytesReader<'_> {
    /// One more of the same.
    pub(super) fn another(&self) -> Self {
        self.bytes.reader()
    }

    /// Puts the blob `id` into `buffer`.
    ///
    /// # Errors
    /// When it is missing or broken.
    pub(super) fn blob(&self, id: ObjectId, buffer: &mut Vec<u8>) -> Result<(), GitError> {
        self.objects.blob(id, buffer)
    }

    /// Bytes of the blob `id`; None where it is not here.
    pub(super) fn size(&self, id: ObjectId) -> Option<u64> {
        self.objects.size(id)
    }

    /// Puts the content of `entry` into `buffer`: a file's bytes, a link's target, nothing for
    /// a submodule.
    ///
    /// # Errors
    /// When its object is missing or broken.
    pub(super) fn read(&mut self, entry: &Entry<'_>, buffer: &mut Vec<u8>) -> Result<(), GitError> {
        buffer.clear();
        if entry.mode == crate::git::Mode::Submodule {
            return Ok(());
        }
        if entry.mode.is_file()
            && self.bytes.conversion != Conversion::Any
            && self.try_work_tree(entry, buffer) == Some(())
            && (self.bytes.conversion == Conversion::None
                || memchr::memchr(b'\r', buffer).is_none())
        {
            return Ok(());
        }
        self.objects.blob(entry.id, buffer)
    }

    /// The file's bytes, where its metadata prove it equal to the blob before and after.
    fn try_work_tree(&mut self, entry: &Entry<'_>, buffer: &mut Vec<u8>) -> Option<()> {
        self.path.clear();
        self.path.push(self.bytes.root);
        self.path.push(native(entry.path).ok()?);
        let mut file = open_itself(&self.path)?;
        let metadata = file.metadata().ok()?;
        if !metadata.is_file() || !self.bytes.index.proves(entry, &FileStat::of(&metadata)) {
            return None;
        }
        let length = usize::try_from(metadata.len()).ok()?;
        buffer.resize(length + 1, 0);
        let mut filled = 0;
        while filled < length {
            match file.read(&mut buffer[filled..]) {
                Ok(0) => return None,
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
        let after = FileStat::of(&file.metadata().ok()?);
        if filled != length || after != FileStat::of(&metadata) {
            return None;
        }
        buffer.truncate(length);
        Some(())
    }
}

/// Opens a file, but not what a link points to.
fn open_itself(path: &Path) -> Option<File> {
    #[cfg(unix)]
    {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        rustix::fs::open(path, flags, Mode::empty())
            .ok()
            .map(File::from)
    }
    #[cfg(not(unix))]
    {
        let metadata = path.symlink_metadata().ok()?;
        metadata.is_file().then(|| File::open(path).ok())?
    }
}

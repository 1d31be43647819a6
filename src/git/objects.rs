//! The object database: a reader for each thread, and writes through the git executable, which
//! obeys the repository's settings for fsync and shared permissions.

use super::recent::Recent;
use super::{Executable, GitError};
use gix_hash::ObjectId;
use gix_object::{Find, Kind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A repository's objects.
#[derive(Clone)]
pub struct Objects {
    store: Arc<gix_odb::Store>,
    git: Executable,
}

/// Reads objects in one thread; all readers share what one of them opened.
#[derive(Clone)]
pub struct Reader {
    handle: gix_odb::HandleArc,
    git: Executable,
}

impl Objects {
    /// Opens the objects of the repository whose common git directory is `common_dir`.
    ///
    /// # Errors
    /// When there is no object database.
    pub fn open(common_dir: &Path, git: Executable) -> Result<Self, GitError> {
        let folder = common_dir.join("objects");
        let failed = |error: std::io::Error| GitError::Git {
            path: folder.clone(),
            message: error.to_string(),
        };
        let handle = gix_odb::at(folder.clone(), gix_hash::Kind::Sha1)
            .and_then(gix_odb::Handle::into_arc)
            .map_err(failed)?;
        Ok(Self {
            store: handle.into_inner().store(),
            git,
        })
    }

    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader {
            handle: gix_odb::Cache::from(self.store.to_handle_arc()),
            git: self.git.clone(),
        }
    }

    /// A reader that keeps what it read lately: for many versions of the same things.
    #[must_use]
    pub fn reader_of_many(&self) -> Reader {
        let mut reader = self.reader();
        reader.handle.set_pack_cache(|| Box::new(Recent::default()));
        reader
    }

    /// Writes the contents of `files` as blobs, byte for byte, and gives their ids in the same
    /// order.
    ///
    /// # Errors
    /// When git cannot write (a full disk).
    pub fn write(&self, files: &[PathBuf]) -> Result<Vec<ObjectId>, GitError> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let mut list = Vec::new();
        for file in files {
            list.extend_from_slice(file.as_os_str().as_encoded_bytes());
            list.push(b'\n');
        }
        let output = self.git.output(
            &["hash-object", "-w", "--no-filters", "--stdin-paths"],
            &list,
        )?;
        let ids: Vec<ObjectId> = output
            .split(|byte| *byte == b'\n')
            .filter_map(|line| ObjectId::from_hex(line).ok())
            .collect();
        if ids.len() == files.len() {
            Ok(ids)
        } else {
            Err(self
                .git
                .failure("git hash-object named fewer blobs than it was given"))
        }
    }
}

impl Reader {
    pub(super) fn handle(&self) -> &gix_odb::HandleArc {
        &self.handle
    }

    /// Reads the blob `id` into `buffer`, whose content is replaced. In a partial clone git
    /// fetches what is not there.
    ///
    /// # Errors
    /// When it is missing or broken.
    pub fn blob(&self, id: ObjectId, buffer: &mut Vec<u8>) -> Result<(), GitError> {
        self.read(id, Kind::Blob, buffer)
    }

    /// As [`Objects::blob`], of a tree.
    pub(super) fn tree(&self, id: ObjectId, buffer: &mut Vec<u8>) -> Result<(), GitError> {
        self.read(id, Kind::Tree, buffer)
    }

    /// Size of the object `id` in bytes; None where it is not here.
    #[must_use]
    pub fn size(&self, id: ObjectId) -> Option<u64> {
        if id.is_empty_blob() {
            return Some(0);
        }
        let header = gix_odb::HeaderExt::header(&self.handle, id).ok()?;
        Some(header.size())
    }

    /// The tree of the commit `id`.
    ///
    /// # Errors
    /// When it is missing, broken or no commit.
    pub fn tree_of(&self, id: ObjectId) -> Result<ObjectId, GitError> {
        let mut buffer = Vec::new();
        self.read(id, Kind::Commit, &mut buffer)?;
        gix_object::CommitRefIter::from_bytes(&buffer, id.kind())
            .tree_id()
            .map_err(|error| broken(id, &error))
    }

    fn read(&self, id: ObjectId, kind: Kind, buffer: &mut Vec<u8>) -> Result<(), GitError> {
        let empty = match kind {
            Kind::Tree => id.is_empty_tree(),
            _ => id.is_empty_blob(),
        };
        buffer.clear();
        if empty {
            return Ok(());
        }
        let found = self
            .handle
            .try_find(&id, buffer)
            .map_err(|error| broken(id, &error))?
            .map(|object| object.kind);
        match found {
            Some(found) if found == kind => Ok(()),
            Some(found) => Err(broken(id, &format!("is a {found} and no {kind}"))),
            None => {
                let text = id.to_string();
                *buffer = self
                    .git
                    .output(&["cat-file", &kind.to_string(), &text], b"")
                    .map_err(|_| GitError::Object {
                        id: text.clone(),
                        message: "is not there".to_owned(),
                    })?;
                Ok(())
            }
        }
    }

    /// Whether the object is here.
    #[must_use]
    pub fn has(&self, id: ObjectId) -> bool {
        gix_object::Exists::exists(&self.handle, &id)
    }
}

/// The id of the blob without bytes.
#[must_use]
pub fn empty_blob() -> ObjectId {
    ObjectId::empty_blob(gix_hash::Kind::Sha1)
}

/// The id that `content` has as a blob.
///
/// # Errors
/// Where the content is one of the known collisions of SHA-1.
pub fn blob_id(content: &[u8]) -> Result<ObjectId, GitError> {
    gix_object::compute_hash(gix_hash::Kind::Sha1, Kind::Blob, content).map_err(|error| {
        GitError::Object {
            id: "a new blob".to_owned(),
            message: error.to_string(),
        }
    })
}

pub(super) fn broken(id: ObjectId, error: &dyn std::fmt::Display) -> GitError {
    GitError::Object {
        id: id.to_string(),
        message: error.to_string(),
    }
}

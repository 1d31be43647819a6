//! A ref whose tree holds immutable files by day: `2026/08/01/NAME`.
//!
//! [`Dated`] adds files (one in `filing`, many in `bulk`) and joins two such trees; [`Days`] reads
//! them, from many threads.

use super::{BlobId, CommitId, GitError, Opened, RefError, TreeId, failure, refs, signed};
use gix_object::{FindExt, FindHeader, Kind};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Who the commits of the ref are by: no person.
pub(super) const AUTHOR: (&str, &str) = ("shipway", "shipway@localhost");

pub(super) const FILE: i32 = 0o100_644;
pub(super) const FOLDER: i32 = 0o040_000;

/// A file for the ref.
#[derive(Debug, Clone)]
pub struct Filed {
    pub date: Date,
    pub name: String,
    pub content: Vec<u8>,
    /// The date of its commit, in seconds since the epoch; not negative.
    pub second: i64,
    pub message: String,
}

/// An entry of the ref's tree that is not a file of a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Odd {
    /// Seen from the ref's tree.
    pub path: String,
    pub reason: String,
}

/// The ref, for writing.
pub struct Dated {
    pub(super) repository: Rc<git2::Repository>,
    pub(super) name: String,
    /// Whether commits of files are signed.
    pub(super) signs: bool,
}

impl Dated {
    /// The ref `name` of the repository that holds `start`; it need not be there yet.
    ///
    /// # Errors
    /// When there is no repository.
    pub fn open(start: &Path, name: &str) -> Result<Self, GitError> {
        Ok(Self::of(&Opened::at(start)?, name))
    }

    /// The ref `name` of a repository.
    #[must_use]
    pub fn of(opened: &Opened, name: &str) -> Self {
        Self {
            repository: opened.repository().clone(),
            name: name.to_owned(),
            signs: false,
        }
    }

    /// The same, with commits of files signed, where git knows a key to sign with.
    #[must_use]
    pub fn signing(self) -> Self {
        let signs = signed::can_sign(&self.repository);
        Self { signs, ..self }
    }

    /// The commit it points at.
    ///
    /// # Errors
    /// When it points at something that is no commit, or cannot be read.
    pub fn tip(&self) -> Result<Option<CommitId>, RefError> {
        Ok(refs::tip(&self.repository, &self.name)?
            .id()
            .map(CommitId::from))
    }

    pub(super) fn tree_of(&self, commit: git2::Oid) -> Result<git2::Tree<'_>, GitError> {
        self.repository
            .find_commit(commit)
            .and_then(|commit| commit.tree())
            .map_err(|error| self.failed(&error))
    }

    pub(super) fn failed(&self, error: &git2::Error) -> GitError {
        failure(self.repository.path(), error)
    }
}

/// `["2026", "08", "01"]`.
pub(super) fn parts(date: Date) -> [String; 3] {
    [
        format!("{:04}", date.year()),
        format!("{:02}", date.month()),
        format!("{:02}", date.day()),
    ]
}

/// One day's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Day {
    pub date: Date,
    pub tree: TreeId,
}

/// One file of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayFile {
    pub name: String,
    pub blob: BlobId,
}

/// The objects of a repository as files of days. A clone may go to another thread.
#[derive(Clone)]
pub struct Days {
    objects: gix_odb::HandleArc,
    folder: PathBuf,
}

impl Days {
    /// # Errors
    /// When the repository's objects cannot be opened.
    pub fn open(common_dir: &Path) -> Result<Self, GitError> {
        let folder = common_dir.join("objects");
        let objects = gix_odb::at(&folder, gix_hash::Kind::Sha1)
            .and_then(gix_odb::Handle::into_arc)
            .map_err(|error| GitError::Git {
                path: folder.clone(),
                message: error.to_string(),
            })?;
        Ok(Self { objects, folder })
    }

    /// The days of the tree of `commit`, in order, and what lies above them that is none.
    ///
    /// # Errors
    /// When the commit or one of the folders above the days cannot be read.
    pub fn of(&self, commit: CommitId) -> Result<(Vec<Day>, Vec<Odd>), GitError> {
        let mut buffer = Vec::new();
        let root = self
            .objects
            .find_commit(&gix_hash::ObjectId::from(*commit.as_bytes()), &mut buffer)
            .map_err(|error| self.failed(&error))?
            .tree();
        let mut days = Vec::new();
        let mut odd = Vec::new();
        for year in self.folders(root, "", 4, &mut odd)? {
            for month in self.folders(year.id, &year.path, 2, &mut odd)? {
                for day in self.folders(month.id, &month.path, 2, &mut odd)? {
                    match Date::new(year.number, number(month.number), number(day.number)) {
                        Ok(date) => days.push(Day {
                            date,
                            tree: TreeId::from_bytes(bytes(day.id)),
                        }),
                        Err(_) => odd.push(Odd {
                            path: day.path,
                            reason: "is no day of the calendar".to_owned(),
                        }),
                    }
                }
            }
        }
        Ok((days, odd))
    }

    /// The folders below `tree`, whose names are `digits` digits.
    fn folders(
        &self,
        tree: gix_hash::ObjectId,
        path: &str,
        digits: usize,
        odd: &mut Vec<Odd>,
    ) -> Result<Vec<Folder>, GitError> {
        let mut buffer = Vec::new();
        let entries = self
            .objects
            .find_tree_iter(&tree, &mut buffer)
            .map_err(|error| self.failed(&error))?;
        let mut folders = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| self.failed(&error))?;
            let name = entry.filename.to_string();
            let path = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}/{name}")
            };
            let digital = name.len() == digits && name.bytes().all(|byte| byte.is_ascii_digit());
            match name.parse() {
                Ok(number) if digital && entry.mode.is_tree() => folders.push(Folder {
                    id: entry.oid.to_owned(),
                    number,
                    path,
                }),
                _ => odd.push(Odd {
                    path,
                    reason: "is no folder of a day".to_owned(),
                }),
            }
        }
        Ok(folders)
    }

    /// The regular files of `day`, in order of their names, and what is none.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn files(&self, day: Day) -> Result<(Vec<DayFile>, Vec<Odd>), GitError> {
        let mut buffer = Vec::new();
        let entries = self
            .objects
            .find_tree_iter(&gix_hash::ObjectId::from(*day.tree.as_bytes()), &mut buffer)
            .map_err(|error| self.failed(&error))?;
        let mut files = Vec::new();
        let mut odd = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| self.failed(&error))?;
            let name = entry.filename.to_string();
            if entry.mode.is_blob() {
                files.push(DayFile {
                    name,
                    blob: BlobId::from_bytes(bytes(entry.oid.to_owned())),
                });
            } else {
                odd.push(Odd {
                    path: path(day.date, &name),
                    reason: "is no regular file".to_owned(),
                });
            }
        }
        Ok((files, odd))
    }

    /// Reads `blob` into `buffer`, whose content is replaced.
    ///
    /// # Errors
    /// A text that says what is wrong with it: missing, broken, above `most` bytes.
    pub fn content(&self, blob: BlobId, most: usize, buffer: &mut Vec<u8>) -> Result<(), String> {
        let id = gix_hash::ObjectId::from(*blob.as_bytes());
        // An object that says it is huge is not unpacked.
        let header = self
            .objects
            .try_header(&id)
            .map_err(|error| format!("cannot be read: {error}"))?
            .ok_or_else(|| "is missing".to_owned())?;
        if header.kind != Kind::Blob {
            return Err("is no file".to_owned());
        }
        if header.size > most as u64 {
            return Err(format!("has {} bytes; {most} are the most", header.size));
        }
        self.objects
            .find_blob(&id, buffer)
            .map(|_| ())
            .map_err(|error| format!("cannot be read: {error}"))
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> GitError {
        GitError::Git {
            path: self.folder.clone(),
            message: error.to_string(),
        }
    }
}

struct Folder {
    id: gix_hash::ObjectId,
    number: i16,
    path: String,
}

/// Two digits.
fn number(number: i16) -> i8 {
    i8::try_from(number).unwrap_or_default()
}

fn bytes(id: gix_hash::ObjectId) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(id.as_slice());
    bytes
}

/// `2026/08/01/NAME`.
pub fn path(date: Date, name: &str) -> String {
    format!("{}/{name}", parts(date).join("/"))
}

//! The journal of an apply: what it is about to do, and how to take it back.

use super::disk::{self, FileSystem};
use super::error::{ApplyError, at};
use crate::project::RelPath;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

const FILE: &str = "journal.json";

/// Everything that one apply does. It is complete before the first step is taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Journal {
    /// The entry of the history that this takes back.
    pub undoes: Option<u32>,
    /// The command that this is the work of: `init`.
    #[serde(default)]
    pub command: String,
    /// When it was begun; seconds since 1970.
    #[serde(default)]
    pub at: i64,
    /// Folders that will be made, outermost first.
    pub folders: Vec<String>,
    /// Folders that go at the end, where they are empty by then; outermost first.
    #[serde(default)]
    pub emptied: Vec<String>,
    pub steps: Vec<Entry>,
}

/// One file: its state before and after.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Relative to the root, in `/` form.
    pub path: String,
    /// SHA-256 of the content; None where there is no file.
    pub before: Option<String>,
    pub after: Option<String>,
    /// Name of the file beside the target through which it goes where a rename cannot.
    pub temporary: String,
}

/// A folder with a journal, the staged contents and the backups: `apply`, or one of `history`.
pub(super) struct Store {
    pub folder: PathBuf,
}

impl Store {
    pub(super) fn staged(&self, number: usize) -> PathBuf {
        self.folder.join(format!("new-{number}"))
    }

    pub(super) fn backup(&self, number: usize) -> PathBuf {
        self.folder.join(format!("old-{number}"))
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// None where there is no complete journal.
    pub(super) fn read(&self) -> io::Result<Option<Journal>> {
        match std::fs::read(self.journal()) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(io::Error::from),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the journal where nobody looks for it yet.
    pub(super) fn draft(&self, journal: &Journal) -> io::Result<PathBuf> {
        let draft = self.folder.join("journal.draft");
        disk::write_private(&draft, &serde_json::to_vec(journal)?, 0o600, None)?;
        Ok(draft)
    }

    /// From this moment on, the apply is either finished or taken back, after a power cut too, where
    /// `draft`, all that it names and the name of this folder are on the disk.
    pub(super) fn begin(&self, draft: &Path) -> io::Result<()> {
        std::fs::rename(draft, self.journal())?;
        disk::sync(&self.folder)
    }

    /// Forgets the apply: first the journal, so that what is left at any moment was never begun.
    pub(super) fn discard(&self) -> io::Result<()> {
        match std::fs::remove_file(self.journal()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => disk::sync(&self.folder)?,
        }
        std::fs::remove_dir_all(&self.folder)
    }
}

impl Journal {
    /// Brings to the disk which names are in the folders that this apply changes.
    pub(super) fn sync(&self, root: &Path) -> Result<(), ApplyError> {
        let files = self.steps.iter().map(|entry| &entry.path);
        let mut folders = BTreeSet::new();
        for path in files.chain(&self.folders).chain(&self.emptied) {
            let path = RelPath::parse(path).map_err(|error| at(root)(io::Error::other(error)))?;
            folders.insert(path.parent().under(root));
        }
        // One that was never made, or was taken away again, has nothing to keep.
        folders.retain(|folder| folder.is_dir());
        FileSystem::of(root)?.keep(&Vec::from_iter(folders))
    }
}

impl Entry {
    /// Its target; an error where the journal was tampered with to lead out of the root.
    pub(super) fn target(&self, root: &Path) -> io::Result<PathBuf> {
        RelPath::parse(&self.path)
            .map(|path| path.under(root))
            .map_err(io::Error::other)
    }
}

//! How far an import came, kept under the git directory, so that the next run goes on there.

use crate::dora::event::Time;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How far one list came, whose newest entry comes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reached {
    /// What is older was imported by runs that came to their end.
    pub(super) through: Option<Time>,
    /// The page at which a run that did not was.
    pub(super) page: Option<u32>,
    /// What `through` becomes at that run's end.
    pub(super) next_through: Option<Time>,
}

/// How far each list of one project came.
#[derive(Debug, Default)]
pub struct Cursor {
    file: PathBuf,
    reached: BTreeMap<String, Reached>,
}

impl Cursor {
    /// That of what `key` names (address, project, what it is imported as), as it was left below
    /// `folder`; at the beginning where there is none or it cannot be read: importing twice
    /// changes nothing.
    pub fn load(folder: &Path, key: &str) -> Self {
        let name = format!("{}.json", hex::encode(&Sha256::digest(key)[..16]));
        let file = folder.join("import").join(name);
        let reached = std::fs::read(&file)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        Self { file, reached }
    }

    /// Forgets how far it came.
    pub fn forget(&mut self) {
        self.reached.clear();
    }

    pub(super) fn of(&self, list: &str) -> Reached {
        self.reached.get(list).copied().unwrap_or_default()
    }

    /// Takes down that `list` came as far as `reached`.
    pub(super) fn save(&mut self, list: &str, reached: Reached) -> io::Result<()> {
        self.reached.insert(list.to_owned(), reached);
        let folder = self.file.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut written = tempfile::NamedTempFile::new_in(folder)?;
        written.write_all(&serde_json::to_vec(&self.reached)?)?;
        written.persist(&self.file)?;
        Ok(())
    }
}

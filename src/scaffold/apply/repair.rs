//! Ends or takes back an apply that was cut short.

use super::error::at;
use super::journal::{Journal, Store};
use super::{ApplyError, Session, disk, open_store};

/// What was done about an apply that never ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// All its files were in place already.
    Finished { files: usize },
    /// These files were put back as they were.
    TakenBack { files: usize },
}

impl Session<'_> {
    /// Ends or takes back an apply that never ended. None where there is none.
    ///
    /// # Errors
    /// Where a file was edited since, or cannot be written.
    pub fn repair(&self) -> Result<Option<Repair>, ApplyError> {
        let store = open_store(self.repository);
        if !store.folder.exists() {
            return Ok(None);
        }
        let journal = store.read().map_err(at(&store.journal()))?;
        let Some(journal) = journal else {
            // Staged and never begun.
            std::fs::remove_dir_all(&store.folder).map_err(at(&store.folder))?;
            return Ok(None);
        };
        let files = journal.steps.len();
        let mut done = true;
        for entry in &journal.steps {
            done &= self.now(entry)? == entry.after;
        }
        if done {
            self.finish(&store, &journal)?;
            return Ok(Some(Repair::Finished { files }));
        }
        self.take_back(&store, &journal)?;
        Ok(Some(Repair::TakenBack { files }))
    }

    /// Can be cut short and begun again at any point.
    pub(super) fn take_back(&self, store: &Store, journal: &Journal) -> Result<(), ApplyError> {
        let root = &self.repository.root;
        let mut edited = Vec::new();
        for (number, entry) in journal.steps.iter().enumerate().rev() {
            let target = entry
                .target(root)
                .map_err(|error| at(&store.journal())(error))?;
            let temporary = target.with_file_name(&entry.temporary);
            if temporary.exists() {
                std::fs::remove_file(&temporary).map_err(at(&temporary))?;
            }
            let now = self.now(entry)?;
            if now == entry.before {
                continue;
            }
            if now != entry.after {
                // Still staged, then the file was changed by somebody else before we came to it.
                if !store.staged(number).exists() || entry.after.is_none() {
                    edited.push(entry.path.clone());
                }
                continue;
            }
            let result = if entry.before.is_some() {
                disk::install(&store.backup(number), &target, &temporary, false)
            } else {
                std::fs::remove_file(&target)
            };
            result.map_err(at(&target))?;
        }
        for folder in journal.folders.iter().rev() {
            // One that was not made yet, or holds something of the user's by now.
            let _ = std::fs::remove_dir(root.join(folder));
        }
        journal.sync(root)?;
        if edited.is_empty() {
            return store.discard().map_err(at(&store.folder));
        }
        // The next run must not stumble over it again; the backups stay where the message says.
        let mut backups = self.repository.private_dir.join("conflict");
        let mut number = 1;
        while backups.exists() {
            number += 1;
            backups = self
                .repository
                .private_dir
                .join(format!("conflict-{number}"));
        }
        std::fs::rename(&store.folder, &backups).map_err(at(&backups))?;
        Err(ApplyError::Conflict {
            paths: edited,
            backups,
        })
    }
}

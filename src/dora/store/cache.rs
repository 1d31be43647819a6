//! What was read from the ref, kept beside it so that the next reader need not.
//!
//! The file holds a line that says its version, a CRC-32 of the rest, and the rest in
//! postcard's form. A file that is none of that counts as absent. It belongs to the git
//! directory, whose owner could alter the ref as well.

use super::{Reading, Refused};
use crate::dora::event::{Event, EventId};
use crate::git::{CommitId, TreeId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::Path;

/// Another number for every change of the form of what is kept.
const HEAD: &[u8] = b"shipway events 1\n";

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Cache {
    /// The commit of the ref that was read.
    pub(super) tip: Option<CommitId>,
    /// In order of their dates.
    pub(super) days: Vec<CachedDay>,
    /// What lies above the days.
    pub(super) odd: Vec<Refused>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CachedDay {
    pub(super) date: Date,
    pub(super) tree: TreeId,
    /// Ordered by main time, then by id.
    pub(super) events: Vec<(EventId, Event)>,
    pub(super) refused: Vec<Refused>,
}

impl Cache {
    /// None where there is none that can be used.
    pub(super) fn load(file: &Path) -> Option<Self> {
        let bytes = std::fs::read(file).ok()?;
        let (sum, rest) = bytes.strip_prefix(HEAD)?.split_first_chunk::<4>()?;
        if crc32fast::hash(rest) != u32::from_le_bytes(*sum) {
            return None;
        }
        postcard::from_bytes(rest).ok()
    }

    /// Replaces `file` as a whole.
    pub(super) fn save(&self, file: &Path) -> io::Result<()> {
        let rest = postcard::to_stdvec(self).map_err(io::Error::other)?;
        let folder = file.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut written = tempfile::NamedTempFile::new_in(folder)?;
        written.write_all(HEAD)?;
        written.write_all(&crc32fast::hash(&rest).to_le_bytes())?;
        written.write_all(&rest)?;
        written.persist(file)?;
        Ok(())
    }

    pub(super) fn reading(self) -> Reading {
        let mut refused = self.odd;
        let mut events = Vec::with_capacity(self.days.iter().map(|day| day.events.len()).sum());
        for day in self.days {
            events.extend(day.events);
            refused.extend(day.refused);
        }
        refused.sort();
        Reading { events, refused }
    }
}

//! What was read from the ref, kept beside it so that the next reader need not.

use super::{Reading, Refused};
use crate::dora::event::{Event, EventId};
use crate::git::{CommitId, TreeId, kept};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::io;
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
        kept::load(file, HEAD)
    }

    /// Replaces `file` as a whole.
    pub(super) fn save(&self, file: &Path) -> io::Result<()> {
        kept::save(file, HEAD, self)
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

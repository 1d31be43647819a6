//! What was read from a store, kept beside the repository so that the next reader need not.

use super::{Reading, Refused};
use crate::dora::event::{Event, EventId};
use crate::git::kept;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::Hash;
use std::io;
use std::path::Path;

/// Another number for every change of the form of what is kept.
const HEAD: &[u8] = b"shipway events 2\n";

/// `S` names the state of the whole store that was read, `D` that of a day.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Cache<S, D> {
    /// None before anything was read.
    pub(super) state: Option<S>,
    /// In order of their dates.
    days: Vec<Kept<D>>,
    /// Those of all days, ordered by main time, then by id.
    events: Vec<(EventId, Event)>,
    /// What lies above the days.
    odd: Vec<Refused>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept<D> {
    day: D,
    /// How many of the events are its own.
    events: usize,
    refused: Vec<Refused>,
}

/// A day as it is read from the store.
#[derive(Debug, Default)]
pub(super) struct ReadDay {
    /// Ordered by main time, then by id.
    pub(super) events: Vec<(EventId, Event)>,
    pub(super) refused: Vec<Refused>,
}

impl<S, D> Default for Cache<S, D> {
    fn default() -> Self {
        Self {
            state: None,
            days: Vec::new(),
            events: Vec::new(),
            odd: Vec::new(),
        }
    }
}

impl<S, D: Copy + Eq + Hash> Cache<S, D> {
    /// The same for `days`, in order of their dates: what was known of a day stays, and `read`
    /// gives the others, in the order in which it is asked for them.
    pub(super) fn renewed<E>(
        self,
        state: S,
        days: Vec<D>,
        odd: Vec<Refused>,
        read: impl FnOnce(Vec<D>) -> Result<Vec<ReadDay>, E>,
    ) -> Result<Self, E> {
        let mut events = self.events.into_iter();
        let mut known: HashMap<D, ReadDay> = HashMap::new();
        for kept in self.days {
            let events = events.by_ref().take(kept.events).collect();
            let refused = kept.refused;
            known.insert(kept.day, ReadDay { events, refused });
        }
        let new: Vec<D> = days
            .iter()
            .copied()
            .filter(|day| !known.contains_key(day))
            .collect();
        let read = read(new.clone())?;
        known.extend(new.into_iter().zip(read));
        let mut cache = Self {
            state: Some(state),
            odd,
            ..Self::default()
        };
        for day in days {
            let read = known.remove(&day).unwrap_or_default();
            cache.days.push(Kept {
                day,
                events: read.events.len(),
                refused: read.refused,
            });
            cache.events.extend(read.events);
        }
        Ok(cache)
    }

    /// Whether it was read from just these days.
    pub(super) fn is_of(&self, days: &[D]) -> bool {
        self.days
            .iter()
            .map(|kept| kept.day)
            .eq(days.iter().copied())
    }

    pub(super) fn reading(self) -> Reading {
        let mut refused = self.odd;
        refused.extend(self.days.into_iter().flat_map(|day| day.refused));
        refused.sort();
        Reading {
            events: self.events,
            refused,
        }
    }
}

impl<S: Serialize + DeserializeOwned, D: Serialize + DeserializeOwned> Cache<S, D> {
    /// None where there is none that can be used.
    pub(super) fn load(file: &Path) -> Option<Self> {
        kept::load(file, HEAD)
    }

    /// Replaces `file` as a whole.
    pub(super) fn save(&self, file: &Path) -> io::Result<()> {
        kept::save(file, HEAD, self)
    }
}

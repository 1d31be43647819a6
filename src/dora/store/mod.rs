//! Where events are kept: a ref of the repository, or a database.

mod batch;
mod cache;
mod git;
mod postgres;

pub use batch::{Batch, BatchError, Named};
pub(super) use git::acceptable;
pub use git::{EVENTS_REF, GitStore};
pub use postgres::{Address, PostgresError, PostgresStore};

use super::event::{Event, EventError, EventId, Name};
use crate::git::{GitError, RefError};
use serde::{Deserialize, Serialize};

/// Keeps events. Recording one that is there changes nothing.
pub trait Store {
    /// Every event, and what was found that is none.
    ///
    /// # Errors
    /// When the store cannot be reached or read.
    fn read(&self) -> Result<Reading, StoreError>;

    /// As [`Store::read`], from the store itself where reading uses a cache.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn read_anew(&self) -> Result<Reading, StoreError>;

    /// Whether an event speaks of the environment `name`; the newest are looked at first.
    ///
    /// # Errors
    /// As [`Store::read`].
    fn knows_environment(&self, name: &Name) -> Result<bool, StoreError>;

    /// Keeps `event` and gives its id, however many processes do so at once.
    ///
    /// # Errors
    /// When the store cannot be reached or written; when the event is too large.
    fn add(&self, event: &Event) -> Result<Added, StoreError>;

    /// Keeps the events of `batch`: all of them or, where it fails, none.
    ///
    /// # Errors
    /// When the store cannot be reached or written.
    fn add_all(&self, batch: &mut Batch) -> Result<AddedAll, StoreError>;

    /// Whether nothing was ever kept in it.
    ///
    /// # Errors
    /// When the store cannot be reached or read.
    fn is_empty(&self) -> Result<bool, StoreError>;

    /// Every event that can be relied on in form, ordered by main time, then by id. Retracted
    /// and twice told ones are among them.
    ///
    /// # Errors
    /// When the store cannot be reached or read.
    fn all(&self) -> Result<Vec<(EventId, Event)>, StoreError> {
        Ok(self.read()?.events)
    }
}

/// What a store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Ordered by main time, then by id.
    pub events: Vec<(EventId, Event)>,
    /// Ordered by place.
    pub refused: Vec<Refused>,
}

/// Something in the store that is no event: it counts nowhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Refused {
    /// Its path in the ref's tree, or its key in the database.
    pub place: String,
    /// "holds …", "is …", "has …".
    pub reason: String,
}

/// What became of an event that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    pub id: EventId,
    /// It was not there before.
    pub new: bool,
}

/// What became of many events that were to be kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct AddedAll {
    pub new: usize,
    /// They were there before, or came twice.
    pub known: usize,
}

/// Why the events could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Git(#[from] RefError),
    #[error(transparent)]
    Event(#[from] EventError),
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    #[error("the events cannot be read back on their way: {0}")]
    Batch(std::io::Error),
}

impl From<GitError> for StoreError {
    fn from(error: GitError) -> Self {
        Self::Git(error.into())
    }
}

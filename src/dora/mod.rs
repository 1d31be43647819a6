//! The delivery record: events, where they are kept, and what is counted from them.
//!
//! In: events and a repository. Out: events, numbers. [`event`] holds the types and their
//! one JSON form; a [`Store`] keeps them; [`duplicate`] says which two tell of one deployment.
//! `deploy` uses [`event`]; everything here is called by `cli`.

pub mod duplicate;
pub mod event;

use event::{Event, EventId};

/// Where events are kept: a ref of the repository, or a database.
pub trait Store {
    /// Every event that can be relied on in form, ordered by main time, then by id. Retracted
    /// and twice told ones are among them.
    ///
    /// # Errors
    /// When the store cannot be reached or read.
    fn all(&self) -> Result<Vec<(EventId, Event)>, StoreError>;
}

/// Why the events could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A sentence that names the store and what it said.
    #[error("{0}")]
    Unreachable(String),
}

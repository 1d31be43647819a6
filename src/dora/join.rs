//! Makes two stores the union of both: a database, and the ref of a clone.

use super::event::EventId;
use super::store::{Batch, Reading, Refused, Store, StoreError};
use serde::Serialize;
use std::collections::HashSet;

/// What joining two stores did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Joined {
    /// Events that came from there.
    pub taken: usize,
    /// Events that went there.
    pub sent: usize,
    /// What there is no event, and was not taken.
    pub refused: Vec<Refused>,
}

/// Makes `here` and `there` hold the events of both.
///
/// # Errors
/// When one of them cannot be read or written. Nothing is lost by it.
pub fn join(here: &dyn Store, there: &dyn Store) -> Result<Joined, StoreError> {
    let ours = here.read()?;
    let theirs = there.read()?;
    let mut to_here = missing(&theirs, &ours)?;
    let mut to_there = missing(&ours, &theirs)?;
    let add = |store: &dyn Store, batch: &mut Batch| {
        if batch.is_empty() {
            Ok(0)
        } else {
            store.add_all(batch).map(|added| added.new)
        }
    };
    Ok(Joined {
        taken: add(here, &mut to_here)?,
        sent: add(there, &mut to_there)?,
        refused: theirs.refused,
    })
}

/// The events of `from` that `to` has not.
fn missing(from: &Reading, to: &Reading) -> Result<Batch, StoreError> {
    let known: HashSet<EventId> = to.events.iter().map(|(id, _)| *id).collect();
    let mut batch = Batch::new().map_err(StoreError::Batch)?;
    for (id, event) in &from.events {
        if !known.contains(id) {
            batch.push(event).map_err(|error| match error {
                super::store::BatchError::Event(error) => StoreError::Event(error),
                super::store::BatchError::Io(error) => StoreError::Batch(error),
            })?;
        }
    }
    Ok(batch)
}

//! The ways in: events that other tools hold.
//!
//! Every way fills a [`Batch`](super::store::Batch), which a store takes as a whole. What is left out is named with
//! its reason; what comes a second time changes nothing.

pub mod cdevents;
pub mod csv;
pub mod file;
pub mod forge;
pub mod tags;

pub use file::{Form, read};

use super::store::BatchError;
use serde::Serialize;

/// Something that was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// `line 7`, `deployment 42`, `tag v1.0`.
    pub what: String,
    pub reason: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Nothing is imported where something is wrong, unless that is asked for.
    #[error("{what}: {reason}")]
    Invalid { what: String, reason: String },
    #[error("cannot be read: {0}")]
    Read(std::io::Error),
    #[error(transparent)]
    Batch(#[from] BatchError),
}

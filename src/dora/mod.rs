//! The delivery record: events, where they are kept, and what is counted from them.
//!
//! In: events and a repository. Out: events, numbers. [`event`] holds the types and their
//! one JSON form; a [`Store`] keeps them; [`duplicate`] says which two tell of one deployment.
//! `deploy` uses [`event`]; everything here is called by `cli`.

pub mod account;
pub mod ci;
pub mod delivered;
pub mod duplicate;
pub mod environment;
pub mod event;
pub mod explain;
pub mod export;
pub mod failure;
pub mod history;
pub mod identity;
pub mod import;
pub mod join;
pub mod lineage;
pub mod metrics;
pub mod report;
pub mod seen;
pub mod signers;
pub mod store;
pub mod sync;
pub mod verify;
pub mod wrap;

pub use store::{Store, StoreError};

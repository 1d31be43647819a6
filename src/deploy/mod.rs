//! Where applications run. So far: finding an engine and asking what it is.
//!
//! In: the address of an engine. Out: plain values. Called by `doctor`.

pub mod engine;

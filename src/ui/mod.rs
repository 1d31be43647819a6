//! Everything that a terminal shows or asks.
//!
//! In: values of the cores. Out: text on the standard streams. Called by `cli` alone.

mod output;
mod project;

pub(crate) use output::Output;
pub(crate) use project::show_project;

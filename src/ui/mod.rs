//! Everything that a terminal shows or asks.
//!
//! In: values of the cores. Out: text on the standard streams. Called by `cli` alone.

mod output;
mod report;
mod steps;

pub(crate) use output::Output;
pub(crate) use report::findings;
pub(crate) use steps::Steps;

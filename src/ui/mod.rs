//! Everything that a terminal shows or asks.
//!
//! In: values of the cores. Out: text on the standard streams. Called by `cli` alone.

mod output;
mod plan;
mod project;
mod prompt;

pub(crate) use output::Output;
pub(crate) use plan::show_plan;
pub(crate) use project::show_project;
pub(crate) use prompt::{Offer, ask, confirm, is_name};
mod report;
mod steps;

pub(crate) use report::findings;
pub(crate) use steps::Steps;

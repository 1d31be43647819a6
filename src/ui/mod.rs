//! Everything that a terminal shows or asks.

mod finding;

pub(crate) use finding::{Mark, finding};

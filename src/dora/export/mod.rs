//! The ways out: the events in forms that other tools read.

pub mod cdevents;
pub mod csv;

//! `shipway dora …`: the delivery record.

mod bad;
mod record;
mod support;
mod sync;

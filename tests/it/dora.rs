//! `shipway dora …`: the delivery record.

mod bad;
mod branches;
mod cases;
mod chance;
mod forge;
mod forms;
mod import;
mod ledger;
mod memory;
mod oracle;
mod page;
mod postgres;
mod record;
mod signers;
mod support;
mod sync;
mod tags;

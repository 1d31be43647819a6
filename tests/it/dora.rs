//! `shipway dora …`: the delivery record.

mod bad;
mod cases;
mod chance;
mod forms;
mod import;
mod ledger;
mod oracle;
mod record;
mod support;
mod sync;

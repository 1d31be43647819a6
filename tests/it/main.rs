//! What a user would do, through the binary; a module per command.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod detect;
mod fixtures;
mod repository;

//! What a user would do, through the binary; a module per command.

mod detect;
mod fixtures;
mod repository;

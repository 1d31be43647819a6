//! Commits in real repositories whose hooks call the binary, as git calls it.

mod fix;
mod hooked;
mod runner;
mod snapshot;
mod stray;

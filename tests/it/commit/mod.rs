//! Commits in real repositories whose hooks call the binary, as git calls it.

mod compose;
mod fault;
mod fix;
mod hooked;
mod merge;
mod moment;
mod push;
mod runner;
mod secrets;
mod snapshot;
mod states;
mod stray;
mod terminal;
pub(crate) mod told;
mod verdict;

//! What git's hooks run: jobs, the snapshot that they look at, the runner, the built-in checks.
//!
//! In: a repository, a hook's arguments and the `[hooks]` of its configuration. Out: findings
//! and fixes. Called by `cli`; talks to git through `git` alone. Only `snapshot` writes into a
//! user's tree.

pub mod check;
pub mod consent;
pub mod import;
pub mod install;
pub mod overview;

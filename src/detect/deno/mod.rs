//! Deno: servers, what runs at times, workspaces, and packages for JSR.

mod checks;
mod command;
mod manifest;
mod project;
mod service;
mod told;
mod version;

use super::{Found, Tree};
use crate::project::Existing;
use project::Project;

/// Looks for everything of Deno in `tree`.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    if manifest::paths(tree).next().is_some() {
        projects(tree, existing, found);
    }
}

/// Out of line, so that a tree without a project of Deno loads none of this.
#[inline(never)]
fn projects(tree: &Tree, existing: &Existing, found: &mut Found) {
    let all = manifest::all(tree);
    for manifest in &all {
        Project::of(tree, existing, manifest, &all).add_to(found);
    }
}

//! Reads a tree and gives the Project. Runs nothing of the repository.
//!
//! In: a folder. Out: [`Project`](crate::project::Project), every value with its evidence.
//! Called by `cli` and, through it, by `scaffold`'s journey. One ecosystem is one file and
//! one line in [`ECOSYSTEMS`].

mod python;
mod tree;

pub use tree::{Tree, TreeError};

use crate::config::Config;
use crate::project::{Finding, Library, Project, Service, Tool, Unknown};

/// What one ecosystem found. Merged over all ecosystems in the order of [`ECOSYSTEMS`].
#[derive(Debug, Default)]
pub struct Found {
    pub services: Vec<Service>,
    pub libraries: Vec<Library>,
    pub tools: Vec<Tool>,
    pub findings: Vec<Finding>,
    pub unknown: Vec<Unknown>,
}

/// One ecosystem: its name in output and the function that looks for it.
pub struct Ecosystem {
    pub name: &'static str,
    pub look: fn(&Tree, &crate::project::Existing, &mut Found),
}

/// Every ecosystem that is known, in the order in which they look.
pub const ECOSYSTEMS: &[Ecosystem] = &[Ecosystem {
    name: "python",
    look: python::look,
}];

/// Detects what the tree under `root` is; `config` overrides what was detected.
///
/// # Errors
/// When the folder cannot be read at all. Files inside that cannot be read or parsed are
/// findings of the project.
pub fn detect(root: &std::path::Path, config: &Config) -> Result<Project, TreeError> {
    let tree = Tree::read(root)?;
    let _ = (&tree, config);
    Err(TreeError::NotAFolder(root.to_owned()))
}

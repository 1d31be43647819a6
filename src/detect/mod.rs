//! Reads a tree and gives the Project. Runs nothing of the repository.
//!
//! In: a folder. Out: [`Project`](crate::project::Project), every value with its evidence.
//! Called by `cli` and, through it, by `scaffold`'s journey. One ecosystem is one file and
//! one line in [`ECOSYSTEMS`].

mod backing;
mod beside;
mod client;
mod compiled;
mod debian;
mod deno;
mod dotnet;
mod elixir;
mod env_files;
pub(crate) mod existing;
mod findings;
mod generated;
mod go;
mod java;
mod javascript;
mod naming;
mod node;
mod overrides;
mod owner;
mod php;
mod pin;
mod python;
mod r;
mod research;
mod ruby;
mod rust;
mod scripts;
pub(crate) mod secret;
mod serving;
mod shell;
mod single;
mod static_site;
pub(crate) mod structured;
mod supabase;
pub(crate) mod syntax;
mod tool;
mod tree;
mod unknown;
mod variable;
mod walk;

pub(crate) use elixir::USUAL as ELIXIR;
pub use tree::Tree;
pub use walk::TreeError;

use crate::config::Config;
use crate::project::{Finding, Library, Project, RelPath, Service, Tool, Unknown};
use std::collections::BTreeSet;

/// What one ecosystem found. Merged over all ecosystems in the order of [`ECOSYSTEMS`].
#[derive(Debug, Default)]
pub struct Found {
    pub services: Vec<Service>,
    pub libraries: Vec<Library>,
    pub packages: Vec<Library>,
    /// Folders that a program holds the files of: what a build makes there is handed out by it.
    pub embedded: Vec<RelPath>,
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
pub const ECOSYSTEMS: &[Ecosystem] = &[
    Ecosystem {
        name: "python",
        look: python::look,
    },
    Ecosystem {
        name: "rust",
        look: rust::look,
    },
    Ecosystem {
        name: "go",
        look: go::look,
    },
    Ecosystem {
        name: "java",
        look: java::look,
    },
    Ecosystem {
        name: "dotnet",
        look: dotnet::look,
    },
    Ecosystem {
        name: "php",
        look: php::look,
    },
    Ecosystem {
        name: "ruby",
        look: ruby::look,
    },
    Ecosystem {
        name: "r",
        look: r::look,
    },
    Ecosystem {
        name: "elixir",
        look: elixir::look,
    },
    // Before Node.js, whose manifest may lie beside one of Deno.
    Ecosystem {
        name: "deno",
        look: deno::look,
    },
    Ecosystem {
        name: "node",
        look: node::look,
    },
    // After the languages: what none of them runs, with the manifests of Python and R.
    Ecosystem {
        name: "research",
        look: research::look,
    },
    // Last: a site is static only where nothing else serves it.
    Ecosystem {
        name: "static",
        look: static_site::look,
    },
];

/// The name of the project in `root`, as [`detect`] gives it, without a look at the rest.
pub fn project_name(root: &std::path::Path, config: &Config) -> String {
    let tree = Tree::top(root, naming::NAMING_FILES);
    naming::project_name(&tree, config).value
}

/// Detects what the tree under `root` is; `config` overrides what was detected.
///
/// # Errors
/// When the folder cannot be read at all. Files inside that cannot be read or parsed are
/// findings of the project.
pub fn detect(root: &std::path::Path, config: &Config) -> Result<Project, TreeError> {
    Ok(detect_in(&Tree::read(root)?, config))
}

/// As [`detect`], as if the files at `paths` were none of the user's.
///
/// # Errors
/// As [`detect`].
pub fn detect_without(
    root: &std::path::Path,
    config: &Config,
    paths: &BTreeSet<RelPath>,
) -> Result<Project, TreeError> {
    Ok(detect_in(&Tree::read_without(root, paths)?, config))
}

/// As [`detect_without`], with the second of `told` as what the file at the first says.
///
/// # Errors
/// As [`detect`].
pub fn detect_with(
    root: &std::path::Path,
    config: &Config,
    paths: &BTreeSet<RelPath>,
    told: (&RelPath, &str),
) -> Result<Project, TreeError> {
    let tree = Tree::read_without(root, paths)?;
    tree.take_for(told.0, told.1);
    Ok(detect_in(&tree, config))
}

fn detect_in(tree: &Tree, config: &Config) -> Project {
    let existing = existing::read(tree);
    let mut found = Found::default();
    for ecosystem in ECOSYSTEMS {
        (ecosystem.look)(tree, &existing, &mut found);
    }
    tool::find(tree, &mut found);
    naming::by_folder(&mut found.services);
    naming::make_unique(&mut found.services);
    overrides::apply(tree, config, &mut found);
    found.services.sort_by(|a, b| a.name.cmp(&b.name));

    let name = naming::project_name(tree, config);
    let packages = found.libraries.iter_mut().chain(&mut found.packages);
    naming::of_root(packages, &name);
    let (backing, needs) = backing::find(tree, &existing, &found.services);
    backing::settle_roles(&mut found.services, &backing, &existing);
    let env_files = env_files::find(tree);
    let scripts = scripts::find(tree, &existing);
    unknown::complete(&mut found, &existing);
    backing::unrecognised(&existing, &mut found);
    let findings = findings::collect(tree, &found, &env_files);
    Project {
        name,
        services: found.services,
        libraries: found.libraries,
        packages: found.packages,
        backing,
        needs,
        tools: found.tools,
        scripts,
        existing,
        env_files,
        findings,
        unknown: found.unknown,
    }
}

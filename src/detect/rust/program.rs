//! The programs of a workspace, each with the files that it is made of.

use super::cargo::Workspace;
use super::manifest::{Bin, Package};
use super::source::{self, File};
use crate::detect::Tree;
use crate::project::{RelPath, Requirement};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A program with what it reaches.
pub(super) struct Program<'a> {
    pub(super) package: &'a Package,
    pub(super) bin: &'a Bin,
    /// Its package and those of the workspace that this one depends on.
    pub(super) closure: Vec<&'a Package>,
    /// Its own files first.
    pub(super) files: Vec<&'a File>,
}

/// The files of a workspace, by their paths.
pub(super) struct Sources {
    files: BTreeMap<RelPath, File>,
}

/// Libraries that answer HTTP, best known first.
const FRAMEWORKS: &[&str] = &[
    "axum",
    "actix-web",
    "rocket",
    "poem",
    "warp",
    "salvo",
    "tide",
    "ntex",
    "gotham",
    "rouille",
    "tonic",
    "tiny_http",
    "hyper",
];

/// The library of a package that a program depends on.
struct Library<'a> {
    name: &'a str,
    lib: &'a RelPath,
    modules: Vec<(String, RelPath)>,
}

/// What is known to belong to a program so far.
#[derive(Default)]
struct Reached<'a> {
    files: Vec<&'a File>,
    paths: BTreeSet<&'a RelPath>,
    /// Everything that the files mention.
    names: BTreeSet<&'a str>,
}

impl<'a> Reached<'a> {
    fn add(&mut self, path: &'a RelPath, file: &'a File) {
        if self.paths.insert(path) {
            self.names.extend(file.mentions.iter().map(String::as_str));
            self.files.push(file);
        }
    }
}

/// Packages and programs that only a developer starts.
const TOOLS: &[&str] = &[
    "xtask", "tools", "tool", "hack", "scripts", "fuzz", "codegen",
];

/// Crates without which a program neither serves nor waits for work.
const WAITING: &[&str] = &[
    "tokio",
    "async-std",
    "smol",
    "hyper",
    "axum",
    "actix-web",
    "rocket",
    "warp",
    "poem",
    "salvo",
    "tide",
    "ntex",
    "gotham",
    "tonic",
    "tiny_http",
    "rouille",
    "actix-rt",
    "monoio",
    "redis",
    "lapin",
    "rdkafka",
];

/// The packages whose programs are looked at.
pub(super) fn candidates(workspace: &Workspace) -> Vec<&Package> {
    let is_tool = |package: &Package| {
        let below = package.root.below(&workspace.root);
        let folder = below.as_ref().map_or("", |below| below.as_str());
        folder.split('/').any(|part| TOOLS.contains(&part))
            || TOOLS.contains(&package.name.as_str())
    };
    let waits = |package: &&Package| {
        let closure = workspace.closure(package);
        closure
            .iter()
            .any(|package| WAITING.iter().any(|name| package.requires(name).is_some()))
    };
    let packages = workspace.packages.iter();
    packages
        .filter(|package| !package.bins.is_empty() && !is_tool(package))
        .filter(waits)
        .collect()
}

impl Sources {
    /// Reads what the programs of `packages` may be made of.
    pub(super) fn read(tree: &Tree, workspace: &Workspace, packages: &[&Package]) -> Self {
        let mut roots: BTreeSet<&RelPath> = BTreeSet::new();
        for package in packages {
            roots.extend(
                workspace
                    .closure(package)
                    .iter()
                    .map(|package| &package.root),
            );
        }
        let all: BTreeSet<&RelPath> = workspace.packages.iter().map(|one| &one.root).collect();
        let of_package = |path: &RelPath| {
            let mut folder = path.parent();
            while !all.contains(&folder) && !folder.is_root() {
                folder = folder.parent();
            }
            let below = path.below(&folder)?;
            let first = below.as_str().split('/').next()?;
            // Other targets, which are no part of a program.
            let beside = matches!(first, "tests" | "benches" | "examples" | "build.rs");
            (roots.contains(&folder) && !beside).then_some(())
        };
        let paths: Vec<&RelPath> = tree
            .with_extension("rs")
            .filter(|path| of_package(path).is_some())
            .collect();
        let files = paths
            .into_par_iter()
            .filter_map(|path| Some((path.clone(), source::read(tree, path)?)))
            .collect();
        Self { files }
    }

    /// `bin` of `package` with every file that its code names.
    pub(super) fn program<'a>(
        &'a self,
        workspace: &'a Workspace,
        package: &'a Package,
        bin: &'a Bin,
    ) -> Program<'a> {
        let closure = workspace.closure(package);
        let mut reached = Reached::default();
        let add = |path: &RelPath, reached: &mut Reached<'a>| {
            if let Some((path, file)) = self.files.get_key_value(path) {
                reached.add(path, file);
            }
        };
        add(&bin.path, &mut reached);
        for (_, path) in self.modules(&bin.path) {
            add(&path, &mut reached);
        }
        let mut libraries: Vec<Library> = closure
            .iter()
            .filter_map(|package| {
                let lib = package.lib.as_ref()?;
                Some(Library {
                    name: &package.library,
                    lib,
                    modules: self.modules(lib),
                })
            })
            .collect();
        loop {
            let before = reached.files.len();
            for library in &mut libraries {
                if !reached.names.contains(library.name) && !reached.paths.contains(library.lib) {
                    continue;
                }
                add(library.lib, &mut reached);
                library.modules.retain(|(name, path)| {
                    let named = reached.names.contains(name.as_str());
                    if named {
                        add(path, &mut reached);
                    }
                    !named
                });
            }
            if reached.files.len() == before {
                break;
            }
        }
        Program {
            package,
            bin,
            closure,
            files: reached.files,
        }
    }

    /// The modules below the file `root` of a crate, each with its file.
    fn modules(&self, root: &RelPath) -> Vec<(String, RelPath)> {
        let mut found: Vec<(String, RelPath)> = Vec::new();
        let mut known: BTreeSet<RelPath> = BTreeSet::new();
        let mut next = vec![(root.clone(), root.parent())];
        while let Some((path, folder)) = next.pop() {
            let Some(file) = self.files.get(&path) else {
                continue;
            };
            for (name, at) in &file.modules {
                let places = match at {
                    Some(at) => vec![path.parent().join(at)],
                    None => vec![
                        folder.join(&format!("{name}.rs")),
                        folder.join(&format!("{name}/mod.rs")),
                    ],
                };
                let place = places
                    .into_iter()
                    .flatten()
                    .find(|place| self.files.contains_key(place));
                if let Some(place) = place
                    && known.insert(place.clone())
                {
                    let below = if place.file_name() == "mod.rs" {
                        Ok(place.parent())
                    } else {
                        place.parent().join(place.stem())
                    };
                    next.extend(below.ok().map(|below| (place.clone(), below)));
                    found.push((name.clone(), place));
                }
            }
        }
        found
    }
}

impl Program<'_> {
    /// Whether something of the program names the crate `name`.
    pub(super) fn mentions(&self, name: &str) -> bool {
        let name = name.replace('-', "_");
        self.files.iter().any(|file| file.mentions.contains(&name))
    }

    /// Whether it waits for connections.
    pub(super) fn listens(&self) -> bool {
        self.files
            .iter()
            .any(|file| !file.listens.is_empty() || file.launches.is_some())
    }

    /// The crate that it answers HTTP with, best known first: one that it is built with and names.
    pub(super) fn framework(&self) -> Option<&Requirement> {
        FRAMEWORKS.iter().find_map(|name| {
            let packages = self.closure.iter();
            let requirement =
                packages
                    .filter_map(|package| package.requires(name))
                    .find(|requirement| {
                        // Half of hyper is a client.
                        let serves = |feature: &String| feature == "server" || feature == "full";
                        *name != "hyper" || requirement.extras.iter().any(serves)
                    })?;
            self.mentions(name).then_some(requirement)
        })
    }
}

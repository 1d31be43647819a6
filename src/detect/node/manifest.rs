//! What a `package.json` says, and which packages a tree has.

use crate::detect::beside::{beside_or_hidden, pattern};
use crate::detect::structured::{self, Node};
use crate::detect::{Tree, secret};
use crate::project::{Evidence, RelPath, Requirement};
use std::sync::Arc;

/// One package of npm's kind.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) path: RelPath,
    /// Folder of the manifest.
    pub(super) root: RelPath,
    pub(super) document: Arc<Node>,
    pub(super) requirements: Vec<Requirement>,
    pub(super) scripts: Vec<Script>,
}

/// A command that the package manager runs by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) name: String,
    pub(super) command: String,
    pub(super) at: Evidence,
}

/// The sections that declare dependencies, and whether they are for development alone.
const SECTIONS: &[(&str, bool)] = &[
    ("dependencies", false),
    ("optionalDependencies", false),
    ("devDependencies", true),
];

impl Package {
    fn read(tree: &Tree, path: &RelPath) -> Option<Self> {
        let document = structured::json(tree, path)?;
        let mut requirements: Vec<Requirement> = Vec::new();
        for (section, development) in SECTIONS {
            for entry in document.entries_at(&[section]) {
                if requirements.iter().any(|known| known.name == entry.key) {
                    continue;
                }
                let specifier = entry.node.text().unwrap_or_default();
                let shown = if secret::url_has_password(specifier) {
                    "…"
                } else {
                    specifier
                };
                requirements.push(Requirement {
                    name: entry.key.clone(),
                    extras: Vec::new(),
                    specifier: shown.to_owned(),
                    exact: specifier.starts_with(|first: char| first.is_ascii_digit())
                        && !specifier.contains([' ', 'x', '*', '|']),
                    development: *development,
                    direct: true,
                    declared: tree.at(path, entry.line),
                    imported: None,
                });
            }
        }
        let scripts = document
            .entries_at(&["scripts"])
            .iter()
            .filter_map(|entry| {
                Some(Script {
                    name: entry.key.clone(),
                    command: entry.node.text()?.to_owned(),
                    at: tree.at(path, entry.line),
                })
            })
            .collect();
        Some(Self {
            path: path.clone(),
            root: path.parent(),
            document,
            requirements,
            scripts,
        })
    }

    /// The dependency of this name, for development too.
    pub(super) fn any(&self, name: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|one| one.name == name)
    }

    /// The dependency of this name that is there when it runs.
    pub(super) fn runtime(&self, name: &str) -> Option<&Requirement> {
        self.any(name).filter(|one| !one.development)
    }

    pub(super) fn script(&self, name: &str) -> Option<&Script> {
        self.scripts.iter().find(|script| script.name == name)
    }

    /// The text at `keys`, with its place.
    pub(super) fn text(&self, tree: &Tree, keys: &[&str]) -> Option<(String, Evidence)> {
        let entry = self.document.entry_at(keys)?;
        Some((
            entry.node.text()?.to_owned(),
            tree.at(&self.path, entry.line),
        ))
    }

    /// Whether an image has the file that a command in its folder names: one of the tree that is no
    /// `.env`.
    pub(super) fn packs(&self, tree: &Tree, file: &str) -> bool {
        let path = self.root.join(file.trim_start_matches("./"));
        path.is_ok_and(|path| {
            let name = path.file_name();
            tree.has(&path) && name != ".env" && !name.starts_with(".env.")
        })
    }

    /// The name that it gives itself, without the scope of npm.
    pub(super) fn called(&self) -> Option<&str> {
        let name = self.document.get("name").and_then(Node::text)?;
        name.rsplit('/').next()
    }

    /// Whether others may install it from a registry.
    pub(super) fn is_published(&self) -> bool {
        let private = self.document.get("private").and_then(Node::text) == Some("true");
        let offers = ["main", "module", "exports", "bin", "types"]
            .iter()
            .any(|key| self.document.get(key).is_some());
        !private && offers && self.document.get("version").is_some()
    }
}

/// Every package of the tree that is part of what it is about, sorted by folder.
pub(super) fn packages(tree: &Tree) -> Vec<Package> {
    tree.named("package.json")
        .filter(|path| {
            let folder = path.parent();
            !beside_or_hidden(&folder) && !pattern(&folder)
        })
        .filter_map(|path| Package::read(tree, path))
        .collect()
}

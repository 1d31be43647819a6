//! What a `composer.json` and its lock say, and which packages of PHP a tree has.

use crate::detect::beside::{beside_or_hidden, pattern};
use crate::detect::structured::{self, Node};
use crate::detect::{Tree, secret};
use crate::project::{Evidence, Fact, RelPath, Requirement};
use std::sync::Arc;

/// A folder with one set of dependencies, or of pages that have none.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) root: RelPath,
    /// None for pages without a manifest.
    pub(super) path: Option<RelPath>,
    /// None where it cannot be read.
    document: Option<Arc<Node>>,
    /// Packages and extensions (`ext-gd`), those that the manifest names first.
    pub(super) requirements: Vec<Requirement>,
    pub(super) scripts: Vec<Script>,
    pub(super) lock: Option<RelPath>,
    locked: Option<Arc<Node>>,
}

/// Commands that Composer runs by name.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) name: String,
    pub(super) commands: Vec<String>,
    pub(super) at: Evidence,
}

/// Types of packages that are an application.
/// <https://getcomposer.org/doc/04-schema.md#type>
const APPLICATIONS: &[&str] = &["project", "application", ""];

impl Package {
    fn read(tree: &Tree, path: &RelPath) -> Self {
        let root = path.parent();
        let lock = root.join("composer.lock").ok();
        let lock = lock.filter(|path| tree.has(path));
        let locked = lock.as_ref().and_then(|path| structured::json(tree, path));
        let document = structured::json(tree, path);
        let mut package = Self {
            path: Some(path.clone()),
            lock,
            locked,
            ..Self::pages(root)
        };
        if let Some(document) = &document {
            package.requirements = requirements(tree, path, document);
            package.scripts = scripts(tree, path, document);
        }
        package.document = document;
        package.add_locked(tree);
        package
    }

    /// Pages in `root`, which has no manifest.
    pub(super) fn pages(root: RelPath) -> Self {
        Self {
            root,
            path: None,
            document: None,
            requirements: Vec::new(),
            scripts: Vec::new(),
            lock: None,
            locked: None,
        }
    }

    /// The extensions that locked packages need when it runs.
    fn add_locked(&mut self, tree: &Tree) {
        let (Some(path), Some(locked)) = (&self.lock, &self.locked) else {
            return;
        };
        let packages = locked.get("packages").map_or(&[][..], Node::items);
        for entry in packages.iter().flat_map(|one| one.entries_at(&["require"])) {
            let is_extension = entry.key.starts_with("ext-");
            if is_extension && !self.requirements.iter().any(|one| one.name == entry.key) {
                self.requirements.push(Requirement {
                    direct: false,
                    ..required(&entry.key, tree.at(path, entry.line))
                });
            }
        }
    }

    /// What locked packages say of the version of PHP.
    pub(super) fn locked_constraints(&self) -> Vec<&str> {
        let packages = self.locked.as_ref().and_then(|node| node.get("packages"));
        let packages = packages.map_or(&[][..], Node::items);
        packages
            .iter()
            .filter_map(|one| one.at(&["require", "php"])?.text())
            .collect()
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

    /// The text at `keys` of the manifest, with its place.
    pub(super) fn text(&self, tree: &Tree, keys: &[&str]) -> Option<(String, Evidence)> {
        let entry = self.document.as_ref()?.entry_at(keys)?;
        let at = tree.at(self.path.as_ref()?, entry.line);
        Some((entry.node.text()?.to_owned(), at))
    }

    /// Whether it calls itself a library, a plugin, a bundle, …
    pub(super) fn is_for_others(&self) -> bool {
        let kind = self.document.as_ref().and_then(|node| node.get("type"));
        kind.and_then(Node::text)
            .is_some_and(|text| !APPLICATIONS.contains(&text))
    }

    /// The name that it gives itself, without its owner; else that of its folder.
    pub(super) fn name(&self, tree: &Tree) -> Fact<String> {
        match self.text(tree, &["name"]) {
            Some((name, at)) => Fact::certain(name, at),
            None => Fact::guess(self.root.file_name().to_owned(), "the name of its folder"),
        }
    }

    /// The manifest, else the folder.
    pub(super) fn at(&self) -> Evidence {
        Evidence::file(self.path.clone().unwrap_or_else(|| self.root.clone()))
    }

    /// `name` in its folder, where the tree has such a file.
    pub(super) fn file(&self, tree: &Tree, name: &str) -> Option<RelPath> {
        self.root.join(name).ok().filter(|path| tree.has(path))
    }
}

fn required(name: &str, declared: Evidence) -> Requirement {
    Requirement {
        name: name.to_owned(),
        extras: Vec::new(),
        specifier: "*".to_owned(),
        exact: false,
        development: false,
        direct: true,
        declared,
        imported: None,
    }
}

/// An extension that the code needs without saying so in a manifest.
pub(super) fn extension(name: &str, at: Evidence) -> Requirement {
    Requirement {
        direct: false,
        ..required(&format!("ext-{name}"), at)
    }
}

fn requirements(tree: &Tree, path: &RelPath, document: &Node) -> Vec<Requirement> {
    let mut found: Vec<Requirement> = Vec::new();
    for (section, development) in [("require", false), ("require-dev", true)] {
        for entry in document.entries_at(&[section]) {
            // PHP itself and what Composer says of itself are no packages.
            let is_package = entry.key.contains('/') || entry.key.starts_with("ext-");
            if !is_package || found.iter().any(|known| known.name == entry.key) {
                continue;
            }
            let specifier = entry.node.text().unwrap_or_default();
            let hidden = secret::url_has_password(specifier);
            let is_version = |text: &str| {
                let text = text.trim_start_matches('v');
                text.starts_with(|first: char| first.is_ascii_digit())
                    && !text.contains([' ', '*', '|', ','])
            };
            found.push(Requirement {
                specifier: if hidden { "…" } else { specifier }.to_owned(),
                exact: is_version(specifier),
                development,
                ..required(&entry.key, tree.at(path, entry.line))
            });
        }
    }
    found
}

/// A script is a command or a list of them.
fn scripts(tree: &Tree, path: &RelPath, document: &Node) -> Vec<Script> {
    let entries = document.entries_at(&["scripts"]).iter();
    entries
        .map(|entry| Script {
            name: entry.key.clone(),
            commands: {
                let items = entry.node.items().iter().chain([&entry.node]);
                items.filter_map(Node::text).map(str::to_owned).collect()
            },
            at: tree.at(path, entry.line),
        })
        .collect()
}

/// Every package of the tree that is part of what it is about, the outermost first.
pub(super) fn packages(tree: &Tree) -> Vec<Package> {
    let mut found: Vec<Package> = tree
        .named("composer.json")
        .filter(|path| {
            let folder = path.parent();
            // Tools of development that are kept apart (bamarni/composer-bin-plugin).
            let of_tools = folder
                .as_str()
                .split('/')
                .any(|part| matches!(part, "vendor-bin" | "tools" | "build-tools"));
            !of_tools && !beside_or_hidden(&folder) && !pattern(&folder)
        })
        .map(|path| Package::read(tree, path))
        .collect();
    found.sort_by(|a, b| (a.root.depth(), &a.root).cmp(&(b.root.depth(), &b.root)));
    found
}

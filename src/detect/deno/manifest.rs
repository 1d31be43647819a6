//! What a `deno.json` says, and which projects of Deno a tree has. <https://docs.deno.com/runtime/fundamentals/configuration/>

use crate::detect::beside::{beside_or_hidden, pattern};
use crate::detect::structured::{self, Node};
use crate::detect::{Tree, secret};
use crate::project::{Evidence, RelPath, Requirement};
use std::sync::Arc;

/// One project, or one member of a workspace.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) path: RelPath,
    /// Folder of the manifest.
    pub(super) root: RelPath,
    pub(super) document: Arc<Node>,
    pub(super) tasks: Vec<Task>,
    /// What it imports by a name, with the file that maps names.
    pub(super) requirements: Vec<Requirement>,
    /// A file beside it that maps names.
    pub(super) map: Option<RelPath>,
    /// Whether it names members.
    pub(super) workspace: bool,
}

/// A command that `deno task` runs by name.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) name: String,
    pub(super) command: String,
    pub(super) at: Evidence,
}

/// Where a project may say what it is, in the order in which Deno looks.
pub(super) fn paths(tree: &Tree) -> impl Iterator<Item = &RelPath> {
    tree.named("deno.json").chain(tree.named("deno.jsonc"))
}

/// Every project of the tree, sorted by folder. Functions of Supabase are served by its own runtime.
pub(super) fn all(tree: &Tree) -> Vec<Manifest> {
    let is_project = |path: &&RelPath| {
        let folder = path.parent();
        let foreign = |part: &str| matches!(part, "node_modules" | "vendor" | "fixtures" | "tests");
        !beside_or_hidden(&folder)
            && !pattern(&folder)
            && !folder.as_str().split('/').any(foreign)
            && !folder.as_str().contains("supabase/functions")
    };
    let mut found: Vec<Manifest> = Vec::new();
    for path in paths(tree).filter(is_project) {
        // The first of both is the one that Deno reads.
        if found.iter().all(|known| known.root != path.parent()) {
            found.extend(Manifest::read(tree, path));
        }
    }
    found.sort_by(|a, b| a.root.cmp(&b.root));
    found
}

impl Manifest {
    fn read(tree: &Tree, path: &RelPath) -> Option<Self> {
        let document = structured::jsonc(tree, path)?;
        let tasks = document.entries_at(&["tasks"]).iter().filter_map(|entry| {
            let command = entry.node.get("command").unwrap_or(&entry.node);
            Some(Task {
                name: entry.key.clone(),
                command: command.text()?.to_owned(),
                at: tree.at(path, entry.line),
            })
        });
        let mut manifest = Self {
            path: path.clone(),
            root: path.parent(),
            tasks: tasks.collect(),
            requirements: Vec::new(),
            map: None,
            workspace: document.get("workspace").is_some(),
            document: document.clone(),
        };
        manifest.imports(tree, path, &document);
        let map = document.get("importMap").and_then(Node::text);
        let map = map.and_then(|name| manifest.root.join(name.trim_start_matches("./")).ok());
        if let Some(map) = map.filter(|map| tree.has(map)) {
            if let Some(document) = structured::jsonc(tree, &map) {
                manifest.imports(tree, &map, &document);
            }
            manifest.map = Some(map);
        }
        Some(manifest)
    }

    fn imports(&mut self, tree: &Tree, path: &RelPath, document: &Node) {
        for entry in document.entries_at(&["imports"]) {
            let specifier = entry.node.text().unwrap_or_default();
            let found = requirement(specifier, tree.at(path, entry.line));
            self.add(found);
        }
    }

    pub(super) fn add(&mut self, requirement: Option<Requirement>) {
        let Some(requirement) = requirement else {
            return;
        };
        if self
            .requirements
            .iter()
            .all(|known| known.name != requirement.name)
        {
            self.requirements.push(requirement);
        }
    }

    pub(super) fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }

    pub(super) fn needs(&self, name: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|one| one.name == name)
    }

    /// The text at `key`, with its place.
    pub(super) fn text(&self, tree: &Tree, key: &str) -> Option<(String, Evidence)> {
        let entry = self.document.entry(key)?;
        Some((
            entry.node.text()?.to_owned(),
            tree.at(&self.path, entry.line),
        ))
    }

    /// Whether it turns its lock off.
    pub(super) fn is_unlocked(&self) -> bool {
        self.document.get("lock").and_then(Node::text) == Some("false")
    }
}

/// What a specifier asks for: `npm:hono@^4`, `jsr:@oak/oak@17.1.3`, `https://deno.land/x/postgres@v0.17.0/mod.ts`.
pub(super) fn requirement(specifier: &str, declared: Evidence) -> Option<Requirement> {
    if secret::url_has_password(specifier) {
        return None;
    }
    let (rest, remote) = ["npm:", "jsr:"]
        .iter()
        .find_map(|start| Some((specifier.strip_prefix(start)?, false)))
        .or_else(|| Some((specifier.strip_prefix("https://deno.land/x/")?, true)))?;
    let rest = rest.trim_start_matches('/');
    let scoped = usize::from(rest.starts_with('@'));
    let (name, version) = rest[scoped..]
        .split_once('@')
        .unwrap_or((&rest[scoped..], ""));
    let parts = if scoped == 1 { 2 } else { 1 };
    let name: Vec<&str> = name.split('/').take(parts).collect();
    let name = format!("{}{}", &rest[..scoped], name.join("/"));
    let version = version.split('/').next().unwrap_or_default();
    let number = version.trim_start_matches('v');
    (!name.is_empty() && name != "std").then(|| Requirement {
        name,
        extras: Vec::new(),
        exact: remote && !version.is_empty()
            || number.split('.').count() == 3 && number.starts_with(|c: char| c.is_ascii_digit()),
        specifier: version.to_owned(),
        development: false,
        direct: true,
        declared,
        imported: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifiers_name_packages() {
        let at = || Evidence::file(RelPath::root());
        for (specifier, name, version, exact) in [
            ("npm:hono@^4.6.0", "hono", "^4.6.0", false),
            ("npm:/stripe@13.5.0", "stripe", "13.5.0", true),
            ("jsr:@oak/oak@17.1.3/router", "@oak/oak", "17.1.3", true),
            ("jsr:@std/assert", "@std/assert", "", false),
            ("npm:@prisma/client@6", "@prisma/client", "6", false),
            (
                "https://deno.land/x/postgres@v0.17.0/mod.ts",
                "postgres",
                "v0.17.0",
                true,
            ),
        ] {
            let one = requirement(specifier, at()).unwrap();
            assert_eq!(
                (one.name.as_str(), one.specifier.as_str(), one.exact),
                (name, version, exact),
                "{specifier}"
            );
        }
        for specifier in [
            "./main.ts",
            "https://example.org/x.ts",
            "npm:",
            "node:fs",
            "",
        ] {
            assert!(requirement(specifier, at()).is_none(), "{specifier}");
        }
    }
}

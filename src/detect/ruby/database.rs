//! `config/database.yml`: which engine production speaks to, and the files of `SQLite`.

use super::application::Application;
use super::erb;
use crate::detect::structured::{Entry, Node};
use crate::project::{Evidence, Fact, RelPath};

/// The configurations of production: one, or one for each database of it.
fn production(document: &Node) -> Vec<&Node> {
    let Some(section) = document.get("production") else {
        return Vec::new();
    };
    let nested: Vec<&Node> = section
        .entries()
        .iter()
        .map(|entry| &entry.node)
        .filter(|node| !node.entries().is_empty())
        .collect();
    if section.get("adapter").is_some() || section.get("url").is_some() || nested.is_empty() {
        vec![section]
    } else {
        nested
    }
}

fn document(application: &Application<'_>) -> Option<(RelPath, Node)> {
    let names = ["config/database.yml", "config/database.yml.erb"];
    let samples = [
        "config/database.yml.example",
        "config/database.yml.sample",
        "config/database.example.yml",
    ];
    let path = names
        .iter()
        .chain(&samples)
        .find_map(|name| application.path(name))?;
    let node = erb::yaml(application.tree, &path)?;
    Some((path, node))
}

fn value<'n>(node: &'n Node, key: &str) -> Option<(&'n str, &'n Entry)> {
    let entry = node.entry(key)?;
    Some((entry.node.text()?, entry))
}

/// The adapter of production's first database: `postgresql`, `sqlite3`.
pub(super) fn adapter(application: &Application<'_>) -> Option<Fact<String>> {
    let (path, document) = document(application)?;
    production(&document).into_iter().find_map(|node| {
        let (text, entry) = value(node, "adapter")?;
        let at = application.tree.at(&path, entry.line);
        (text != "erb").then(|| Fact::certain(text.to_owned(), at))
    })
}

/// Where `SQLite` keeps production's data, with the place.
pub(super) fn files(application: &Application<'_>) -> Vec<(String, Evidence)> {
    let Some((path, document)) = document(application) else {
        return Vec::new();
    };
    let all = production(&document).into_iter().filter_map(|node| {
        let (adapter, _) = value(node, "adapter")?;
        let (text, entry) = value(node, "database")?;
        adapter
            .starts_with("sqlite")
            .then(|| (text.to_owned(), application.tree.at(&path, entry.line)))
    });
    all.collect()
}

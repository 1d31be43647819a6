//! What a version catalog of Gradle calls libraries and plugins.
//! <https://docs.gradle.org/current/userguide/version_catalogs.html>

use super::script::Statement;
use crate::detect::Tree;
use crate::detect::structured::{self, Node};
use crate::project::RelPath;
use std::collections::BTreeMap;

/// By names as scripts write them: `boot-web` is `boot.web`.
#[derive(Default)]
pub(super) struct Catalog {
    /// Each `group:artifact`.
    libraries: BTreeMap<String, String>,
    /// Each an id.
    plugins: BTreeMap<String, String>,
    /// Names of libraries under one name.
    bundles: BTreeMap<String, Vec<String>>,
}

impl Catalog {
    /// The one of the build in `home`.
    pub(super) fn read(tree: &Tree, home: &RelPath) -> Self {
        let path = home.join("gradle/libs.versions.toml").ok();
        let Some(document) = path.and_then(|path| structured::toml(tree, &path)) else {
            return Self::default();
        };
        let bundles = document.entries_at(&["bundles"]).iter();
        Self {
            libraries: section(&document, "libraries"),
            plugins: section(&document, "plugins"),
            bundles: bundles
                .map(|entry| {
                    let names = entry.node.items().iter().filter_map(Node::text);
                    (accessor(&entry.key), names.map(accessor).collect())
                })
                .collect(),
        }
    }

    /// Adds what the settings themselves declare: `library("boot", "org.example", "boot")`.
    pub(super) fn add(&mut self, statements: &[Statement]) {
        for one in statements {
            // Behind what is declared, more may be called: `library("a", "b", "c").version("1")`.
            let head = one.name.split('(').next().unwrap_or_default();
            let mut texts: Vec<&str> = one.texts.iter().map(String::as_str).collect();
            if head != one.name {
                texts = one.name.split(['"', '\'']).skip(1).step_by(2).collect();
            }
            let Some((name, rest)) = texts.split_first() else {
                continue;
            };
            let name = accessor(name);
            match (head, rest) {
                ("library", [group, artifact, ..]) => {
                    self.libraries.insert(name, format!("{group}:{artifact}"));
                }
                ("library", [whole]) => {
                    let mut parts = whole.split(':');
                    if let (Some(group), Some(artifact)) = (parts.next(), parts.next()) {
                        self.libraries.insert(name, format!("{group}:{artifact}"));
                    }
                }
                ("plugin", [id, ..]) => {
                    self.plugins.insert(name, (*id).to_owned());
                }
                ("bundle", names) => {
                    let names = names.iter().map(|name| accessor(name)).collect();
                    self.bundles.insert(name, names);
                }
                _ => {}
            }
        }
    }

    /// The id of the plugin of this name.
    pub(super) fn plugin(&self, name: &str) -> Option<String> {
        self.plugins.get(name).cloned()
    }

    /// The libraries that arguments name, those of bundles one by one.
    pub(super) fn libraries(&self, arguments: &str) -> Vec<String> {
        let named = references(arguments).into_iter().flat_map(|name| {
            let bundle = name
                .strip_prefix("bundles.")
                .and_then(|name| self.bundles.get(name));
            bundle.cloned().unwrap_or_else(|| vec![name])
        });
        named
            .filter_map(|name| self.libraries.get(&name).cloned())
            .collect()
    }
}

/// Names of a catalog among arguments: `spring.boot` of `libs.spring.boot`, `platform(libs.bom)`.
fn references(raw: &str) -> Vec<String> {
    raw.split("libs.")
        .skip(1)
        .map(|rest| {
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_')
                .unwrap_or(rest.len());
            rest[..end].trim_end_matches(".get").to_owned()
        })
        .collect()
}

/// A name of a catalog as scripts write it.
fn accessor(name: &str) -> String {
    name.replace(['-', '_'], ".")
}

fn section(document: &Node, section: &str) -> BTreeMap<String, String> {
    let value = |node: &Node| {
        if let Some(text) = node.text() {
            let mut parts = text.split(':');
            let first = parts.next()?;
            return if section == "plugins" {
                Some(first.to_owned())
            } else {
                Some(format!("{first}:{}", parts.next()?))
            };
        }
        let text = |key| node.get(key).and_then(Node::text);
        match section {
            "plugins" => text("id").map(str::to_owned),
            _ => match text("module") {
                Some(module) => Some(module.to_owned()),
                None => Some(format!("{}:{}", text("group")?, text("name")?)),
            },
        }
    };
    let entries = document.entries_at(&[section]).iter();
    entries
        .filter_map(|entry| Some((accessor(&entry.key), value(&entry.node)?)))
        .collect()
}

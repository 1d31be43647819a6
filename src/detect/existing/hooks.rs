//! Git hooks that the repository has installed by another tool.

use super::{listing, present};
use crate::detect::Tree;
use crate::detect::structured::{self, Node};
use crate::project::ExistingFile;

const GIT_HOOKS: &[&str] = &[
    "pre-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-push",
    "post-checkout",
    "post-merge",
    "pre-rebase",
    "post-rewrite",
];

/// What lefthook reads beside YAML, also with a dot before it and in `.config`.
const LEFTHOOK: &[&str] = &["lefthook.toml", "lefthook.json", "lefthook.jsonc"];

/// Configuration of husky, pre-commit, lefthook and simple-git-hooks; entries are the hooks they run.
pub(super) fn read(tree: &Tree) -> Vec<ExistingFile> {
    let mut found = Vec::new();
    for path in tree.files() {
        match path.as_str() {
            ".pre-commit-config.yaml" | ".pre-commit-config.yml" => {
                let document = structured::yaml(tree, path);
                let entries = document
                    .as_ref()
                    .and_then(|document| document.get("repos"))
                    .map(Node::items)
                    .unwrap_or_default()
                    .iter()
                    .flat_map(|repository| {
                        repository.get("hooks").map(Node::items).unwrap_or_default()
                    })
                    .filter_map(|hook| {
                        let id = hook.entry("id")?;
                        Some((id.line, id.node.text()?.to_owned()))
                    })
                    .collect();
                found.push(listing(path, "pre-commit", entries));
            }
            "lefthook.yml"
            | "lefthook.yaml"
            | ".lefthook.yml"
            | ".lefthook.yaml"
            | ".config/lefthook.yml"
            | ".config/lefthook.yaml" => {
                let entries = structured::yaml(tree, path)
                    .map(|document| {
                        document
                            .entries()
                            .iter()
                            .filter(|entry| GIT_HOOKS.contains(&entry.key.as_str()))
                            .map(|entry| (entry.line, entry.key.clone()))
                            .collect()
                    })
                    .unwrap_or_default();
                found.push(listing(path, "lefthook", entries));
            }
            _ if path.parent().as_str() == ".husky" && GIT_HOOKS.contains(&path.file_name()) => {
                found.push(listing(
                    path,
                    "husky",
                    vec![(0, path.file_name().to_owned())],
                ));
            }
            "package.json" => {
                let package = structured::json(tree, path);
                let keys = package.iter().flat_map(|package| package.entries());
                for entry in keys.filter(|entry| !entry.node.entries().is_empty()) {
                    let kind = match entry.key.as_str() {
                        "husky" => "husky",
                        "simple-git-hooks" => "simple-git-hooks",
                        _ => continue,
                    };
                    let hooks = entry.node.get("hooks").unwrap_or(&entry.node);
                    let entries = hooks.entries().iter();
                    let entries = entries.filter(|hook| GIT_HOOKS.contains(&hook.key.as_str()));
                    let entries = entries.map(|hook| (hook.line, hook.key.clone()));
                    found.push(listing(path, kind, entries.collect()));
                }
            }
            name => {
                let kind = match name {
                    "prek.toml" => "pre-commit",
                    ".huskyrc" | ".huskyrc.json" | ".huskyrc.yaml" | ".huskyrc.yml"
                    | ".huskyrc.js" => "husky",
                    _ if LEFTHOOK.iter().any(|known| {
                        name.strip_prefix(".config/")
                            .unwrap_or(name)
                            .trim_start_matches('.')
                            == *known
                    }) =>
                    {
                        "lefthook"
                    }
                    _ => continue,
                };
                found.push(present(path, kind));
            }
        }
    }
    found
}

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

/// Configuration of husky, pre-commit and lefthook; entries are the hooks they run.
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
            "lefthook.yml" | "lefthook.yaml" | ".lefthook.yml" | ".lefthook.yaml" => {
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
            "lefthook.toml" | "lefthook.json" | ".huskyrc" | ".huskyrc.json" => {
                let kind = if path.as_str().contains("husky") {
                    "husky"
                } else {
                    "lefthook"
                };
                found.push(present(path, kind));
            }
            _ => {}
        }
    }
    found
}

//! Devcontainer configurations, at each of the places that the specification names.

use super::listing;
use crate::detect::Tree;
use crate::detect::structured::{self, Node};
use crate::project::{ExistingFile, RelPath};

/// `.devcontainer/devcontainer.json`, `.devcontainer.json` and
/// `.devcontainer/<folder>/devcontainer.json`; entries are the image, Dockerfile, compose file
/// and Features that each names.
pub(super) fn read(tree: &Tree) -> Vec<ExistingFile> {
    tree.files()
        .filter(|path| is_configuration(path))
        .map(|path| {
            let entries = structured::jsonc(tree, path)
                .map(|document| named(&document))
                .unwrap_or_default();
            listing(path, "devcontainer", entries)
        })
        .collect()
}

/// What the configuration builds on, each with its line.
fn named(document: &Node) -> Vec<(usize, String)> {
    let value = |key: &str| document.get(key);
    let direct = ["image", "dockerFile", "dockerComposeFile", "service"]
        .into_iter()
        .filter_map(value)
        .chain(value("build").and_then(|build| build.get("dockerfile")));
    let texts = direct.flat_map(|node| {
        let one = node.text().map(|text| (node.line, text.to_owned()));
        let several = node
            .items()
            .iter()
            .filter_map(|item| Some((item.line, item.text()?.to_owned())));
        one.into_iter().chain(several).collect::<Vec<_>>()
    });
    let features = value("features").map(Node::entries).unwrap_or_default();
    texts
        .chain(features.iter().map(|entry| (entry.line, entry.key.clone())))
        .collect()
}

fn is_configuration(path: &RelPath) -> bool {
    let parts: Vec<&str> = path.as_str().split('/').collect();
    matches!(
        parts[..],
        [".devcontainer.json"]
            | [".devcontainer", "devcontainer.json"]
            | [".devcontainer", _, "devcontainer.json"]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_the_editor_builds_on() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".devcontainer")).unwrap();
        std::fs::write(
            folder.path().join(".devcontainer/devcontainer.json"),
            "// comment\n{\n  \"dockerComposeFile\": [\"../compose.yaml\",\n    \"compose.yaml\"],\n  \"features\": {\n    \"ghcr.io/x/y:1\": {},\n  },\n}\n",
        )
        .unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        let found = read(&tree);
        let entries: Vec<(usize, &str)> = found[0]
            .entries
            .iter()
            .map(|entry| (entry.line, entry.excerpt.as_str()))
            .collect();
        assert_eq!(
            entries,
            [
                (3, "../compose.yaml"),
                (4, "compose.yaml"),
                (6, "ghcr.io/x/y:1")
            ]
        );
    }
}

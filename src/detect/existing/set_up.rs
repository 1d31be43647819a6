//! What the workflows of GitHub set up, whatever language it is for.

use crate::detect::Tree;
use crate::detect::structured::{self, Node};
use crate::project::{Evidence, Existing};

/// What every step that uses `action` is told as its `input`, in the order of the files.
pub(in super::super) fn set_up(
    tree: &Tree,
    existing: &Existing,
    action: &str,
    input: &str,
) -> Vec<(String, Evidence)> {
    let mut found = Vec::new();
    let names_it = |text: &str| text.contains(action);
    for file in existing.ci.iter().filter(|file| file.kind == "github") {
        if !tree.text(&file.path).is_some_and(|text| names_it(&text)) {
            continue;
        }
        let Some(document) = structured::yaml(tree, &file.path) else {
            continue;
        };
        let jobs = document.entries_at(&["jobs"]).iter();
        let steps = jobs.flat_map(|job| job.node.get("steps").map_or(&[][..], Node::items));
        for step in steps {
            let uses = step.get("uses").and_then(Node::text).unwrap_or_default();
            if let Some(entry) = step.entry_at(&["with", input])
                && uses.split_once('@').is_some_and(|(name, _)| name == action)
                && let Some(text) = entry.node.text()
            {
                found.push((text.to_owned(), tree.at(&file.path, entry.line)));
            }
        }
    }
    found
}

/// The first of `versions` where all of them are the same.
pub(in super::super) fn alike<T: PartialEq>(
    mut versions: impl Iterator<Item = (T, Evidence)>,
) -> Option<(T, Evidence)> {
    let first = versions.next()?;
    versions.all(|(one, _)| one == first.0).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_the_action_is_read_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let workflows = folder.path().join(".github/workflows");
        std::fs::create_dir_all(&workflows).unwrap();
        let step = |uses: &str, version: &str| {
            format!("      - uses: {uses}\n        with:\n          java-version: {version}\n")
        };
        let steps = [
            step("actions/setup-java@v4", "'17'"),
            step("actions/setup-java-not@v4", "8"),
            step("actions/setup-java@v4", "21"),
            "      - run: echo actions/setup-java@v4\n".to_owned(),
        ];
        let text = format!("jobs:\n  a:\n    steps:\n{}", steps.concat());
        std::fs::write(workflows.join("ci.yml"), text).unwrap();
        std::fs::write(workflows.join("broken.yml"), "actions/setup-java@v4: [\n").unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        let existing = super::super::read(&tree);
        let found = set_up(&tree, &existing, "actions/setup-java", "java-version");
        let lines: Vec<_> = found
            .iter()
            .map(|(text, at)| (text.as_str(), at.line))
            .collect();
        assert_eq!(lines, [("17", 6), ("21", 12)]);
        assert!(alike(found.clone().into_iter()).is_none());
        assert_eq!(alike(found.into_iter().take(1)).unwrap().0, "17");
        assert!(alike(std::iter::empty::<(u32, Evidence)>()).is_none());
    }
}

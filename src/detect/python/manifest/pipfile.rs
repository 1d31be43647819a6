//! Pipfile.

use super::pyproject::{extras, from_git, pep440};
use super::requirement::loose;
use super::{Package, Script};
use crate::detect::python::code::Code;
use crate::detect::structured::{self, Node};
use crate::project::{RelPath, Requirement};

/// Reads it; false where it is broken.
pub(super) fn read(code: &Code<'_>, path: &RelPath, package: &mut Package) -> bool {
    let Some(root) = structured::toml(code.tree, path) else {
        return false;
    };
    let at = |line: usize| code.tree.at(path, line);
    for (table, development) in [("packages", false), ("dev-packages", true)] {
        for entry in root.entries_at(&[table]) {
            let version = entry
                .node
                .text()
                .or_else(|| entry.node.get("version").and_then(Node::text))
                .unwrap_or("*");
            let one = loose(&entry.key, version, false, at(entry.line), development);
            package.add(vec![Requirement {
                extras: extras(&entry.node),
                ..from_git(one, &entry.node)
            }]);
        }
    }
    for key in ["python_version", "python_full_version"] {
        if let Some(entry) = root.entry_at(&["requires", key])
            && let Some(version) = entry.node.text()
        {
            package.python(version, &pep440(version), at(entry.line));
        }
    }
    for entry in root.entries_at(&["scripts"]) {
        if let Some(command) = entry.node.text() {
            package.scripts.push(Script {
                name: entry.key.clone(),
                command: command.to_owned(),
                at: at(entry.line),
            });
        }
    }
    true
}

//! Pipfile.

use super::pyproject::pep440;
use super::requirement::loose;
use super::{Package, Script, report};
use crate::detect::python::code::Code;
use crate::detect::python::markup::{self, Data, Node};
use crate::project::{Evidence, RelPath};

/// Reads it; false where it is broken.
pub(super) fn read(code: &Code<'_>, path: &RelPath, package: &mut Package) -> bool {
    let Some(text) = code.tree.text(path) else {
        return false;
    };
    let root = match markup::toml(&text) {
        Ok(root) => root,
        Err(broken) => {
            report(code, "invalid-toml", path, broken.line, &broken.message);
            return false;
        }
    };
    let at = |line: usize| {
        Evidence::new(
            path.clone(),
            line,
            text.lines().nth(line.saturating_sub(1)).unwrap_or(""),
        )
    };
    for (table, development) in [("packages", false), ("dev-packages", true)] {
        for (name, node) in root.get(&[table]).map_or(&[][..], Node::table) {
            let version = match &node.data {
                Data::Text(text) => text.as_str(),
                _ => node.get(&["version"]).and_then(Node::text).unwrap_or("*"),
            };
            package.add(vec![loose(
                name,
                version,
                false,
                at(node.line),
                development,
            )]);
        }
    }
    for key in ["python_version", "python_full_version"] {
        if let Some(node) = root.get(&["requires", key])
            && let Some(version) = node.text()
        {
            if version.starts_with(|first: char| first.is_ascii_digit()) {
                package
                    .pinned_python
                    .push((version.to_owned(), at(node.line)));
            } else {
                package
                    .requires_python
                    .push((pep440(version), at(node.line)));
            }
        }
    }
    for (name, node) in root.get(&["scripts"]).map_or(&[][..], Node::table) {
        if let Some(command) = node.text() {
            package.scripts.push(Script {
                name: name.clone(),
                command: command.to_owned(),
                at: at(node.line),
            });
        }
    }
    true
}

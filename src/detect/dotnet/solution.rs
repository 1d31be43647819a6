//! Which projects are built and tested as one: those that a solution lists, else those that name each other.

use super::project::Project;
use crate::detect::Tree;
use crate::detect::beside::{beside_or_hidden, pattern};
use crate::detect::structured::{self, Node};
use crate::project::RelPath;
use std::collections::{BTreeMap, BTreeSet};

/// Projects that belong together.
pub(super) struct Build<'p> {
    /// The folder that commands are started in.
    pub(super) home: RelPath,
    /// The solution that lists them.
    pub(super) solution: Option<RelPath>,
    /// Sorted by file.
    pub(super) projects: Vec<&'p Project>,
}

/// The builds of a tree, each with its projects; sorted by folder.
pub(super) fn builds<'p>(tree: &Tree, projects: &'p [Project]) -> Vec<Build<'p>> {
    let mut open: BTreeMap<&RelPath, &Project> =
        projects.iter().map(|one| (&one.path, one)).collect();
    let mut found: Vec<Build> = Vec::new();
    for (path, listed) in solutions(tree) {
        let own: Vec<&Project> = listed.iter().filter_map(|one| open.remove(one)).collect();
        if own.is_empty() {
            continue;
        }
        found.push(Build {
            home: path.parent(),
            solution: Some(path),
            projects: own,
        });
    }
    while let Some((_, first)) = open.pop_first() {
        let mut own = vec![first];
        // Whatever names one of them, or is named by one, until nothing new is found.
        loop {
            let next: Vec<&RelPath> = open
                .values()
                .filter(|other| {
                    own.iter()
                        .any(|one| one.uses.contains(&other.path) || other.uses.contains(&one.path))
                })
                .map(|other| &other.path)
                .collect();
            if next.is_empty() {
                break;
            }
            own.extend(next.into_iter().filter_map(|path| open.remove(path)));
        }
        found.push(Build {
            home: common(&own),
            solution: None,
            projects: own,
        });
    }
    for build in &mut found {
        build.projects.sort_by(|a, b| a.path.cmp(&b.path));
    }
    found.sort_by(|a, b| a.home.cmp(&b.home));
    found
}

/// The folder that all of them lie in.
fn common(projects: &[&Project]) -> RelPath {
    let mut folder = projects
        .first()
        .map_or_else(RelPath::root, |first| first.root.clone());
    while !projects.iter().all(|one| one.root.is_within(&folder)) {
        folder = folder.parent();
    }
    folder
}

/// Every solution with the projects that it lists: the outermost first, of one folder the one that lists most.
fn solutions(tree: &Tree) -> Vec<(RelPath, BTreeSet<RelPath>)> {
    let files = ["sln", "slnx"]
        .iter()
        .flat_map(|extension| tree.with_extension(extension));
    let mut found: Vec<(RelPath, BTreeSet<RelPath>)> = files
        .filter(|path| !beside_or_hidden(&path.parent()) && !pattern(&path.parent()))
        .map(|path| (path.clone(), listed(tree, path)))
        .collect();
    found.sort_by_key(|(path, listed)| {
        let most = std::cmp::Reverse(listed.len());
        (path.depth(), path.parent(), most, path.clone())
    });
    found
}

fn listed(tree: &Tree, path: &RelPath) -> BTreeSet<RelPath> {
    let mut names: Vec<String> = Vec::new();
    if path.extension() == "slnx" {
        if let Some(node) = structured::xml_with_attributes(tree, path) {
            collect(&node, &mut names);
        }
    } else if let Some(text) = tree.text(path) {
        // `Project("{kind}") = "name", "path", "{id}"`
        // https://learn.microsoft.com/visualstudio/extensibility/internals/solution-dot-sln-file
        let lines = text.lines().filter(|line| line.starts_with("Project("));
        names.extend(lines.filter_map(|line| line.split('"').nth(5).map(str::to_owned)));
    }
    names
        .iter()
        .filter_map(|name| path.parent().join(&name.replace('\\', "/")).ok())
        .collect()
}

fn collect(node: &Node, names: &mut Vec<String>) {
    for entry in node.entries() {
        if entry.key == "Project" {
            let path = entry.node.get("@Path").and_then(Node::text);
            names.extend(path.map(str::to_owned));
        }
        collect(&entry.node, names);
    }
}

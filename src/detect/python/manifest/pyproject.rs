//! pyproject.toml: PEP 621, dependency groups, and the tables of Poetry, PDM and uv.

use super::requirement::{loose, normalise, pep508};
use super::{EntryPoint, Package, Script};
use crate::detect::python::code::Code;
use crate::detect::secret;
use crate::detect::structured::{self, Entry, Node};
use crate::project::{Evidence, Fact, PackageManager, RelPath, Requirement};

/// Groups and extras that are for those who work on the project.
const DEVELOPMENT: &[&str] = &[
    "dev",
    "develop",
    "development",
    "test",
    "tests",
    "testing",
    "lint",
    "docs",
    "doc",
    "typing",
    "style",
    "types",
    "ci",
    "coverage",
    "build",
    "release",
];

/// Reads it; None where it is broken or only configures tools.
pub(super) fn read(
    code: &Code<'_>,
    path: &RelPath,
    package: &mut Package,
) -> Option<PackageManager> {
    let root = structured::toml(code.tree, path)?;
    let at = |line: usize| code.tree.at(path, line);
    let poetry = root.at(&["tool", "poetry"]);
    let project = root.get("project");
    let declares = project.is_some() || poetry.is_some() || root.get("dependency-groups").is_some();
    if let Some(project) = project {
        read_project(project, package, &at);
    }
    for group in root.entries_at(&["dependency-groups"]) {
        let development = !matches!(group.key.as_str(), "prod" | "production" | "main");
        add(package, &group.node, development, &at);
    }
    if let Some(poetry) = poetry {
        read_poetry(poetry, package, &at);
    }
    for group in root.entries_at(&["tool", "pdm", "dev-dependencies"]) {
        add(package, &group.node, true, &at);
    }
    if let Some(list) = root.at(&["tool", "uv", "dev-dependencies"]) {
        add(package, list, true, &at);
    }
    for source in root.entries_at(&["tool", "uv", "sources"]) {
        let name = normalise(&source.key);
        for one in package
            .requirements
            .iter_mut()
            .filter(|one| one.name == name)
        {
            *one = from_git(one.clone(), &source.node);
        }
    }
    scripts(&root, package, &at);
    for keys in [
        ["project", "scripts"].as_slice(),
        &["tool", "poetry", "scripts"],
    ] {
        for entry in root.entries_at(keys) {
            if let Some(target) = entry.node.text() {
                package.entry_points.push(EntryPoint {
                    name: entry.key.clone(),
                    target: target.to_owned(),
                });
            }
        }
    }
    let unpackaged = [
        ["tool", "uv", "package"],
        ["tool", "poetry", "package-mode"],
        ["tool", "pdm", "distribution"],
    ]
    .iter()
    .find_map(|keys| root.at(keys))
    .is_some_and(|node| node.text() == Some("false"));
    if let Some(system) = root.entry("build-system")
        && declares
        && !unpackaged
    {
        package.built = Some(at(system.line));
    }
    // Poetry 2 reads [project]; its own table may then hold build settings alone.
    let manager = if poetry.is_some() {
        PackageManager::Poetry
    } else if root.at(&["tool", "pdm"]).is_some() {
        PackageManager::Pdm
    } else if root.at(&["tool", "uv"]).is_some() {
        PackageManager::Uv
    } else {
        PackageManager::Pip
    };
    package.pyproject = Some((path.clone(), root));
    declares.then_some(manager)
}

/// Commands that a task runner knows by name.
fn scripts(root: &Node, package: &mut Package, at: &dyn Fn(usize) -> Evidence) {
    for keys in [
        &["tool", "pdm", "scripts"][..],
        &["tool", "taskipy", "tasks"],
        &["tool", "poe", "tasks"],
        &["tool", "hatch", "envs", "default", "scripts"],
    ] {
        for entry in root.entries_at(keys) {
            let node = &entry.node;
            let command = node.text().or_else(|| {
                ["cmd", "shell"]
                    .iter()
                    .find_map(|key| node.get(key).and_then(Node::text))
            });
            if let Some(command) = command {
                package.scripts.push(Script {
                    name: entry.key.clone(),
                    command: command.to_owned(),
                    at: at(entry.line),
                });
            }
        }
    }
}

fn named(entry: Option<&Entry>, at: &dyn Fn(usize) -> Evidence) -> Option<Fact<String>> {
    let entry = entry?;
    Some(Fact::certain(entry.node.text()?.to_owned(), at(entry.line)))
}

fn read_project(project: &Node, package: &mut Package, at: &dyn Fn(usize) -> Evidence) {
    package.name = named(project.entry("name"), at);
    if let Some(entry) = project.entry("requires-python")
        && let Some(text) = entry.node.text()
    {
        package
            .requires_python
            .push((text.to_owned(), at(entry.line)));
    }
    if let Some(list) = project.get("dependencies") {
        add(package, list, false, at);
    }
    for extra in project.entries_at(&["optional-dependencies"]) {
        // Extras are not installed unless asked for.
        add(package, &extra.node, true, at);
    }
}

fn add(package: &mut Package, list: &Node, development: bool, at: &dyn Fn(usize) -> Evidence) {
    let found = list
        .items()
        .iter()
        .filter_map(|item| pep508(item.text()?, at(item.line), development))
        .collect();
    package.add(found);
}

fn read_poetry(poetry: &Node, package: &mut Package, at: &dyn Fn(usize) -> Evidence) {
    if package.name.is_none() {
        package.name = named(poetry.entry("name"), at);
    }
    read_poetry_table(poetry.get("dependencies"), false, package, at);
    read_poetry_table(poetry.get("dev-dependencies"), true, package, at);
    for group in poetry.entries_at(&["group"]) {
        let optional = group.node.get("optional").and_then(Node::text) == Some("true");
        let development = DEVELOPMENT.contains(&group.key.as_str()) || optional;
        read_poetry_table(group.node.get("dependencies"), development, package, at);
    }
}

fn read_poetry_table(
    table: Option<&Node>,
    development: bool,
    package: &mut Package,
    at: &dyn Fn(usize) -> Evidence,
) {
    for entry in table.map_or(&[][..], Node::entries) {
        let version = entry
            .node
            .text()
            .or_else(|| entry.node.get("version").and_then(Node::text))
            .unwrap_or("*");
        if entry.key == "python" {
            package
                .requires_python
                .push((pep440(version), at(entry.line)));
            continue;
        }
        let one = loose(&entry.key, version, true, at(entry.line), development);
        package.add(vec![Requirement {
            extras: extras(&entry.node),
            ..from_git(one, &entry.node)
        }]);
    }
}

/// `one`, where `{ git = "…", rev = "…" }` says that it comes from there: as PEP 508 writes that.
pub(super) fn from_git(one: Requirement, node: &Node) -> Requirement {
    let Some(url) = node.get("git").and_then(Node::text) else {
        return one;
    };
    let named = ["rev", "ref", "tag", "branch"];
    let at = named.iter().find_map(|key| node.get(key)?.text());
    let at = at.map_or_else(String::new, |at| format!("@{at}"));
    let shown = if secret::url_has_password(url) {
        "…"
    } else {
        url
    };
    Requirement {
        specifier: format!(" @ git+{shown}{at}"),
        exact: true,
        ..one
    }
}

/// The extras in `{ version = "^5", extras = ["redis"] }`, as names are normalised.
pub(super) fn extras(node: &Node) -> Vec<String> {
    let named = node.get("extras").map_or(&[][..], Node::items);
    named
        .iter()
        .filter_map(|item| item.text().map(normalise))
        .collect()
}

/// Poetry's `^3.11`, `~3.11`, `3.11` and `3.11.*` as PEP 440 writes them.
pub(super) fn pep440(version: &str) -> String {
    version
        .split("||")
        .next()
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .map(|part| {
            if let Some(rest) = part.strip_prefix('^') {
                let major: u64 = rest
                    .split('.')
                    .next()
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(3);
                format!(">={rest},<{}", major + 1)
            } else if let Some(rest) = part.strip_prefix('~').filter(|rest| !rest.starts_with('='))
            {
                let mut parts = rest.split('.');
                let major = parts.next().unwrap_or("3");
                let minor = parts.next().unwrap_or("0");
                format!("=={major}.{minor}.*,>={rest}")
            } else if part.starts_with(|first: char| first.is_ascii_digit()) {
                let parts: Vec<&str> = part.split('.').collect();
                format!("=={}.*", parts[..parts.len().min(2)].join("."))
            } else {
                part.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(",")
}

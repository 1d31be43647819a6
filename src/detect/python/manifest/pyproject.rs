//! pyproject.toml: PEP 621, dependency groups, and the tables of Poetry, PDM and uv.

use super::requirement::{loose, pep508};
use super::{Package, Script, report};
use crate::detect::python::code::Code;
use crate::detect::python::markup::{self, Data, Node};
use crate::project::{Evidence, Fact, PackageManager, RelPath};

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
    let text = code.tree.text(path)?;
    let root = match markup::toml(&text) {
        Ok(root) => root,
        Err(broken) => {
            report(code, "invalid-toml", path, broken.line, &broken.message);
            return None;
        }
    };
    let at = |line: usize| {
        Evidence::new(
            path.clone(),
            line,
            text.lines().nth(line.saturating_sub(1)).unwrap_or(""),
        )
    };
    let project = root.get(&["project"]);
    let poetry = root.get(&["tool", "poetry"]);
    let declares =
        project.is_some() || poetry.is_some() || root.get(&["dependency-groups"]).is_some();
    if let Some(project) = project {
        read_project(project, package, &at);
    }
    for (group, list) in root
        .get(&["dependency-groups"])
        .map_or(&[][..], Node::table)
    {
        add(
            package,
            list,
            !matches!(group.as_str(), "prod" | "production" | "main"),
            &at,
        );
    }
    if let Some(poetry) = poetry {
        read_poetry(poetry, package, &at);
    }
    for list in root
        .get(&["tool", "pdm", "dev-dependencies"])
        .map_or(&[][..], Node::table)
    {
        add(package, &list.1, true, &at);
    }
    if let Some(list) = root.get(&["tool", "uv", "dev-dependencies"]) {
        add(package, list, true, &at);
    }
    for (name, script) in root
        .get(&["tool", "pdm", "scripts"])
        .map_or(&[][..], Node::table)
    {
        let command = script
            .text()
            .or_else(|| script.get(&["cmd"]).and_then(Node::text))
            .or_else(|| script.get(&["shell"]).and_then(Node::text));
        if let Some(command) = command {
            package.scripts.push(Script {
                name: name.clone(),
                command: command.to_owned(),
                at: at(script.line),
            });
        }
    }
    let unpackaged = root
        .get(&["tool", "uv", "package"])
        .or_else(|| root.get(&["tool", "poetry", "package-mode"]))
        .or_else(|| root.get(&["tool", "pdm", "distribution"]))
        .is_some_and(|node| node.is(false));
    if let Some(system) = root.get(&["build-system"])
        && declares
        && !unpackaged
    {
        package.built = Some(at(system.line));
    }
    // Poetry 2 reads [project]; its own table may then hold build settings alone.
    let poetry = poetry.is_some();
    let pdm = root.get(&["tool", "pdm"]).is_some();
    let uv = root.get(&["tool", "uv"]).is_some();
    package.pyproject = Some((path.clone(), root));
    if !declares {
        return None;
    }
    Some(if poetry {
        PackageManager::Poetry
    } else if pdm {
        PackageManager::Pdm
    } else if uv {
        PackageManager::Uv
    } else {
        PackageManager::Pip
    })
}

fn read_project(project: &Node, package: &mut Package, at: &dyn Fn(usize) -> Evidence) {
    if let Some(name) = project.get(&["name"]) {
        package.name = name
            .text()
            .map(|text| Fact::certain(text.to_owned(), at(name.line)));
    }
    if let Some(node) = project.get(&["requires-python"])
        && let Some(text) = node.text()
    {
        package
            .requires_python
            .push((text.to_owned(), at(node.line)));
    }
    if let Some(list) = project.get(&["dependencies"]) {
        add(package, list, false, at);
    }
    for (_, list) in project
        .get(&["optional-dependencies"])
        .map_or(&[][..], Node::table)
    {
        // Extras are not installed unless asked for.
        add(package, list, true, at);
    }
}

fn add(package: &mut Package, list: &Node, development: bool, at: &dyn Fn(usize) -> Evidence) {
    let found = list
        .list()
        .iter()
        .filter_map(|item| pep508(item.text()?, at(item.line), development))
        .collect();
    package.add(found);
}

fn read_poetry(poetry: &Node, package: &mut Package, at: &dyn Fn(usize) -> Evidence) {
    if package.name.is_none()
        && let Some(name) = poetry.get(&["name"])
    {
        package.name = name
            .text()
            .map(|text| Fact::certain(text.to_owned(), at(name.line)));
    }
    read_poetry_table(poetry.get(&["dependencies"]), false, package, at);
    read_poetry_table(poetry.get(&["dev-dependencies"]), true, package, at);
    for (group, node) in poetry.get(&["group"]).map_or(&[][..], Node::table) {
        let development = DEVELOPMENT.contains(&group.as_str())
            || node.get(&["optional"]).is_some_and(|node| node.is(true));
        read_poetry_table(node.get(&["dependencies"]), development, package, at);
    }
}

fn read_poetry_table(
    table: Option<&Node>,
    development: bool,
    package: &mut Package,
    at: &dyn Fn(usize) -> Evidence,
) {
    for (name, node) in table.map_or(&[][..], Node::table) {
        let version = match &node.data {
            Data::Text(text) => text.clone(),
            Data::Table(_) => node
                .get(&["version"])
                .and_then(Node::text)
                .unwrap_or("*")
                .to_owned(),
            _ => "*".to_owned(),
        };
        if name == "python" {
            package
                .requires_python
                .push((pep440(&version), at(node.line)));
            continue;
        }
        package.add(vec![loose(
            name,
            &version,
            true,
            at(node.line),
            development,
        )]);
    }
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

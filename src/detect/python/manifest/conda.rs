//! environment.yml of conda.

use super::Package;
use super::requirement::{loose, normalise, pep508};
use crate::detect::python::code::Code;
use crate::detect::structured;
use crate::project::{Fact, RelPath};

/// Packages that conda lists beside what the application imports.
const DEVELOPMENT: &[&str] = &[
    "pytest",
    "pytest-cov",
    "black",
    "ruff",
    "mypy",
    "flake8",
    "pylint",
    "isort",
    "jupyter",
    "jupyterlab",
    "notebook",
    "ipykernel",
    "pre-commit",
    "coverage",
];
/// Packages of conda that are no Python distribution.
const NOT_PYTHON: &[&str] = &["pip", "setuptools", "wheel", "conda", "mamba"];

/// Whether it is named like an environment of conda: `environment.yml`, `environment-dev.yaml`,
/// `shop-env.yaml`, `conda.yml`.
pub(super) fn is_environment(path: &RelPath) -> bool {
    let stem = path.stem();
    matches!(path.extension(), "yml" | "yaml")
        && (stem.starts_with("environment")
            || stem == "conda"
            || stem
                .split(['-', '_'])
                .any(|word| word == "env" || word == "conda"))
}

/// Reads it; false where it declares no dependencies.
pub(super) fn read(code: &Code<'_>, path: &RelPath, package: &mut Package) -> bool {
    let Some(root) = structured::yaml(code.tree, path) else {
        return false;
    };
    let Some(dependencies) = root.get("dependencies") else {
        return false;
    };
    let at = |line: usize| code.tree.at(path, line);
    for item in dependencies.items() {
        if let Some(pip) = item.get("pip") {
            let found = pip
                .items()
                .iter()
                .filter_map(|one| pep508(one.text()?, at(one.line), false))
                .collect();
            package.add(found);
            continue;
        }
        let Some(text) = item.text() else {
            continue;
        };
        let text = text.rsplit("::").next().unwrap_or(text);
        let end = text
            .find(['=', '<', '>', '!', ' ', '~'])
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let rest = rest.trim();
        // `name=1.2=build` names a build; `=1.2` means 1.2.*.
        let version = if rest.starts_with("==") || !rest.starts_with('=') {
            rest.to_owned()
        } else {
            let version = rest[1..].split('=').next().unwrap_or_default();
            format!("=={version}.*")
        };
        if name == "python" {
            let digits = version.trim_start_matches('=').trim_end_matches(".*");
            package.python(digits, &version, at(item.line));
            continue;
        }
        let normal = normalise(name);
        if NOT_PYTHON.contains(&normal.as_str()) {
            continue;
        }
        let development = DEVELOPMENT.contains(&normal.as_str());
        package.add(vec![loose(
            name,
            &version,
            false,
            at(item.line),
            development,
        )]);
    }
    if package.name.is_none() {
        package.name = root
            .entry("name")
            .and_then(|name| Some(Fact::certain(name.node.text()?.to_owned(), at(name.line))));
    }
    true
}

//! The jobs of a component of Python: its linters or the usual ones on what changed, and its tests with their coverage.

use super::super::component::{self, Component, Lint};
use super::super::{Input, backing};
use super::{LintJob, Setup, Step, TestJob, command, folder, setup};
use crate::project::{PackageManager, RelPath};

/// The Python that the jobs set up.
pub(super) fn version(part: &Component) -> String {
    part.version
        .map_or_else(|| "3.x".to_owned(), |fact| fact.value.clone())
}

/// The lines that make `.venv` in the component's folder and fill it.
fn environment(part: &Component) -> Vec<String> {
    let mut lines = Vec::new();
    if part.manager() == PackageManager::Conda {
        lines.push(
            "\"$CONDA/bin/conda\" env create --prefix .venv --file ENVIRONMENT".replace(
                "ENVIRONMENT",
                &part.manifest.map_or_else(
                    || "environment.yml".to_owned(),
                    |file| component::word(&file.relative_to(&part.root)),
                ),
            ),
        );
        lines.extend(part.add(".venv", &part.workbench()));
        return lines;
    }
    if !part.makes_environment() {
        lines.push("python -m venv .venv".to_owned());
    }
    // Absolute: poetry, pdm and pipenv take VIRTUAL_ENV as it is.
    lines.extend(
        part.install(".venv")
            .into_iter()
            .map(|line| line.replace("VIRTUAL_ENV=.venv", "VIRTUAL_ENV=\"$PWD/.venv\"")),
    );
    lines
}

pub(super) fn lint_job(input: &Input, part: &Component, id: String, title: String) -> LintJob {
    match component::lint(input.project, part, input.pins) {
        Lint::Own { commands, packages } => {
            // Type checkers and pylint look at what is imported, so everything is installed.
            let mut install = environment(part);
            install.extend(part.add(".venv", &packages));
            LintJob {
                id,
                title,
                setup: setup(input, part, true),
                changed: false,
                install,
                commands: commands
                    .iter()
                    .map(|text| command(text, &part.root))
                    .collect(),
            }
        }
        Lint::Changed { packages } => LintJob {
            id,
            title,
            setup: Setup {
                root: ".".to_owned(),
                ..setup(input, part, false)
            },
            changed: true,
            install: vec![
                "python -m venv .venv".to_owned(),
                format!(
                    ".venv/bin/python -m pip install --quiet --disable-pip-version-check {}",
                    if packages.is_empty() {
                        "ruff black mypy".to_owned()
                    } else {
                        packages.join(" ")
                    }
                ),
            ],
            commands: [
                "ruff check --output-format=github",
                "black --check",
                "mypy --explicit-package-bases --follow-imports=silent --ignore-missing-imports",
            ]
            .map(|text| command(text, &RelPath::root()))
            .into(),
        },
    }
}

pub(super) fn test_job(
    input: &Input,
    part: &Component,
    id: String,
    title: String,
) -> Option<TestJob> {
    let test = part.test?;
    let artifact = if id == "test" {
        "coverage".to_owned()
    } else {
        format!("coverage-{}", part.name)
    };
    let directory = folder(&test.working_dir);
    let matrix = if part.services.is_empty() {
        supported(part)
    } else {
        Vec::new()
    };
    let mut packages = Vec::new();
    let (commands, measured) = match test.command.split_once(' ') {
        _ if test.runner == "pytest" && test.command.contains("pytest") => {
            // With a matrix one pin would have to fit the oldest Python.
            let name = |package: &str| {
                if matrix.is_empty() {
                    part.tool(package, input.pins)
                } else {
                    Some(package.to_owned())
                }
            };
            packages.extend(name("pytest").filter(|_| !part.requires("pytest")));
            packages.extend(name("pytest-cov").filter(|_| !part.requires("pytest-cov")));
            let command = format!(
                "{} --cov=. --cov-report=term --cov-report=xml",
                test.command
            );
            (vec![command], true)
        }
        Some(("python", rest)) => {
            packages.extend(part.tool("coverage", input.pins));
            let commands = vec![
                format!("coverage run --source=. {rest}"),
                "coverage report".to_owned(),
                "coverage xml".to_owned(),
            ];
            (commands, true)
        }
        _ => (vec![test.command.clone()], false),
    };
    let mut install = environment(part);
    install.extend(part.add(".venv", &packages));
    let needed = backing::needed(input, part);
    let notes = backing::notes(&needed);
    let (services, containers) = needed.into_iter().partition(|backing| backing.pinned);
    Some(TestJob {
        id,
        title,
        setup: setup(input, part, true),
        matrix,
        env: backing::env(input, part),
        notes,
        services,
        containers,
        install,
        coverage: measured.then(|| {
            if directory == "." {
                "coverage.xml".to_owned()
            } else {
                format!("{directory}/coverage.xml")
            }
        }),
        steps: vec![Step {
            name: "Test".to_owned(),
            directory,
            python_path: (!part.services.is_empty()).then(|| part.python_path()),
            commands,
        }],
        artifact,
    })
}

/// The Pythons that a library says it runs on, of those that setup-python has; empty where it
/// says nothing or where it is only one.
fn supported(part: &Component) -> Vec<String> {
    use std::str::FromStr;
    let Some(fact) = part.version else {
        return Vec::new();
    };
    let range = fact.evidence.iter().find_map(|evidence| {
        let (key, range) = evidence.excerpt.split_once('=')?;
        matches!(key.trim(), "requires-python" | "python_requires" | "python")
            .then(|| range.trim().trim_matches(|c| "\"',".contains(c)).to_owned())
    });
    let Some(range) = range.and_then(|range| pep440_rs::VersionSpecifiers::from_str(&range).ok())
    else {
        return Vec::new();
    };
    let all: Vec<String> = (9..=14)
        .filter(|minor| {
            // The last patch release there could be: `>=3.10.2` takes 3.10.
            pep440_rs::Version::from_str(&format!("3.{minor}.99"))
                .is_ok_and(|version| range.contains(&version))
        })
        .map(|minor| format!("3.{minor}"))
        .collect();
    if all.len() > 1 { all } else { Vec::new() }
}

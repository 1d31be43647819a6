//! How the project's tests are run.

use super::code::Code;
use super::django::Django;
use super::manifest::{Package, Section};
use super::role;
use crate::project::{Confidence, Evidence, Fact, PackageManager, RelPath, TestCommand};

/// The test command of a project, None where it has no tests.
pub(super) fn find(
    code: &Code<'_>,
    package: &Package,
    others: &[RelPath],
    django: Option<&Django>,
) -> Option<Fact<TestCommand>> {
    let root = &package.root;
    let manager = package.manager.as_ref().map(|fact| fact.value);
    if let Some(script) = package.scripts.iter().find(|script| script.name == "test") {
        let prefix = match manager {
            Some(PackageManager::Pdm) => "pdm run",
            Some(PackageManager::Pipenv) => "pipenv run",
            _ => "",
        };
        if !prefix.is_empty() {
            let runner = if script.command.contains("pytest") {
                "pytest"
            } else {
                "unittest"
            };
            return Some(Fact::certain(
                command(&format!("{prefix} test"), root, runner),
                script.at.clone(),
            ));
        }
    }
    let tests: Vec<&RelPath> = code
        .tree
        .with_extension("py")
        .filter(|path| {
            path.is_within(root)
                && role::is_test(path)
                && !others
                    .iter()
                    .any(|other| other != root && other.is_within(root) && path.is_within(other))
        })
        .collect();
    let prefix = match manager {
        Some(PackageManager::Uv) if package.lock.is_some() => "uv run ",
        Some(PackageManager::Poetry) => "poetry run ",
        Some(PackageManager::Pdm) => "pdm run ",
        Some(PackageManager::Pipenv) => "pipenv run ",
        _ => "",
    };
    let configured = configuration(code, package);
    if let Some(at) = configured {
        return Some(Fact::certain(
            command(&format!("{prefix}pytest"), root, "pytest"),
            at,
        ));
    }
    let first = (*tests
        .iter()
        .find(|path| path.file_name() != "conftest.py")?)
    .clone();
    let manage = django.map(|django| &django.manage);
    let pytest = package
        .requirements
        .iter()
        .find(|r| r.name == "pytest" || r.name == "pytest-django");
    if let Some(requirement) = pytest
        && (manage.is_none() || package.any("pytest-django").is_some())
    {
        return Some(Fact::certain(
            command(&format!("{prefix}pytest"), root, "pytest"),
            requirement.declared.clone(),
        ));
    }
    if let Some(manage) = manage {
        return Some(Fact::certain(
            command(
                &format!("{prefix}python manage.py test"),
                &manage.parent(),
                "django",
            ),
            Evidence::file(manage.clone()),
        ));
    }
    let (mut classes, mut functions) = (0, 0);
    for path in &tests {
        if let Some(text) = code.tree.text(path) {
            classes += usize::from(text.contains("unittest"));
            functions += usize::from(text.contains("def test_") && !text.contains("TestCase"));
        }
    }
    if classes > 0 && functions == 0 {
        return Some(Fact::likely(
            command(&format!("{prefix}python -m unittest"), root, "unittest"),
            Evidence::file(first),
        ));
    }
    Some(Fact::new(
        command(&format!("{prefix}pytest"), root, "pytest"),
        Confidence::Likely,
        vec![Evidence::file(first)],
    ))
}

fn command(text: &str, root: &RelPath, runner: &str) -> TestCommand {
    TestCommand {
        command: text.to_owned(),
        working_dir: root.clone(),
        runner: runner.to_owned(),
    }
}

/// Where pytest is configured.
pub(super) fn configuration(code: &Code<'_>, package: &Package) -> Option<Evidence> {
    let root = &package.root;
    if let Ok(path) = root.join("pytest.ini")
        && code.tree.has(&path)
    {
        return Some(Evidence::file(path));
    }
    if let Some((path, node)) = &package.pyproject
        && let Some(section) = node.entry_at(&["tool", "pytest"])
    {
        return Some(Evidence::new(
            path.clone(),
            section.line,
            "[tool.pytest.ini_options]",
        ));
    }
    for (name, header) in [("setup.cfg", "tool:pytest"), ("tox.ini", "pytest")] {
        let path = root.join(name).ok()?;
        if let Some(text) = code.tree.text(&path)
            && let Some(section) = Section::read_all(&text)?
                .into_iter()
                .find(|section| section.name == header)
        {
            return Some(Evidence::new(path, section.line, &format!("[{header}]")));
        }
    }
    None
}

//! What a Python file is for, by its place and name: application, test, example, migration.

use crate::project::RelPath;

/// Folders beside the application: nothing in them is a service.
const BESIDE: &[&str] = &[
    "test",
    "tests",
    "testing",
    "doc",
    "docs",
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "benchmark",
    "benchmarks",
    "bench",
    "fixtures",
    "notebooks",
    "tutorial",
    "tutorials",
    "docs_src",
    "playground",
    "integration_tests",
    "e2e",
    "cookbook",
    "recipes",
];

/// Whether a folder is one of those, or hidden.
pub(super) fn beside(folder: &RelPath) -> bool {
    folder.as_str().split('/').any(|part| {
        let part = part.to_lowercase();
        BESIDE.contains(&part.as_str())
            || part.starts_with('.') && part.len() > 1
            || part.ends_with("-tests")
            || part.ends_with("_tests")
    })
}

pub(super) fn is_test(path: &RelPath) -> bool {
    let name = path.file_name();
    name == "conftest.py"
        || name == "tests.py"
        || name.starts_with("test_")
        || name.ends_with("_test.py")
        || path
            .parent()
            .as_str()
            .split('/')
            .any(|part| matches!(part, "test" | "tests" | "testing"))
}

pub(super) fn is_migration(path: &RelPath) -> bool {
    path.parent()
        .as_str()
        .split('/')
        .any(|part| matches!(part, "migrations" | "alembic"))
}

/// Files that build, test or document the project.
pub(super) fn is_tooling(path: &RelPath) -> bool {
    matches!(
        path.file_name(),
        "setup.py" | "noxfile.py" | "fabfile.py" | "conf.py" | "dodo.py" | "versioneer.py"
    )
}

/// Whether an application may be found in it.
pub(super) fn is_application(path: &RelPath) -> bool {
    !is_test(path) && !is_migration(path) && !is_tooling(path) && !beside(&path.parent())
}

//! What a Python file is for, by its place and name: application, test, example, migration.

use crate::project::RelPath;

pub(super) use crate::detect::beside::beside_or_hidden as beside;

pub(super) fn is_test(path: &RelPath) -> bool {
    let name = path.file_name();
    name == "conftest.py"
        || matches!(name, "tests.py" | "test.py" | "testing.py")
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

/// Whether it is code that runs, whatever its folder is called.
pub(super) fn runs(path: &RelPath) -> bool {
    !is_test(path) && !is_migration(path) && !is_tooling(path)
}

/// Whether an application may be found in it.
pub(super) fn is_application(path: &RelPath) -> bool {
    runs(path) && !beside(&path.parent())
}

//! What a Python file is for, by its place and name: application, test, example, migration.

use super::parse::Module;
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
            .any(|part| matches!(part, "test" | "tests" | "testing") || part.starts_with("tests_"))
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

/// Whether a module is part of how the package is built: by its name, or by what it imports.
pub(super) fn builds(module: &Module) -> bool {
    let path = &module.path;
    // Settings are called `conf.py` as well.
    let by_name = is_tooling(path) && path.stem() != "conf"
        || matches!(
            path.stem(),
            "_build" | "hatch_build" | "build_backend" | "build_hooks"
        )
        || path
            .parent()
            .as_str()
            .split('/')
            .any(|part| matches!(part, "_build" | "build_backend"));
    by_name
        || module.imports.iter().any(|import| {
            let below = |name: &str| {
                import.module == name || import.module.starts_with(&format!("{name}."))
            };
            import.level == 0
                && (["setuptools", "hatchling", "pdm.backend", "flit_core"]
                    .into_iter()
                    .any(below)
                    || below("distutils.command")
                    || below("distutils.core"))
        })
}

/// Whether it is code that runs, whatever its folder is called.
pub(super) fn runs(path: &RelPath) -> bool {
    !is_test(path) && !is_migration(path) && !is_tooling(path)
}

/// Whether an application may be found in it.
pub(super) fn is_application(path: &RelPath) -> bool {
    runs(path) && !beside(&path.parent())
}

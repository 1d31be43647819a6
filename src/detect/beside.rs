//! Folders beside the application: tests, examples, documentation.

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
    "template",
    "skeleton",
    "scaffold",
    "scaffolding",
    "cookiecutter",
];

/// Whether a folder holds a project to be copied, not one that is: a manifest there is a pattern.
pub(super) fn pattern(folder: &RelPath) -> bool {
    folder
        .as_str()
        .split('/')
        .any(|part| part == "templates" || part.contains("{{"))
}

/// Whether a folder is one of those, or hidden.
pub(super) fn beside_or_hidden(folder: &RelPath) -> bool {
    beside(folder)
        || folder
            .as_str()
            .split('/')
            .any(|part| part.starts_with('.') && part.len() > 1)
}

/// Whether a folder holds what is no part of the application.
pub(super) fn beside(folder: &RelPath) -> bool {
    folder.as_str().split('/').any(|part| {
        let part = part.to_lowercase();
        let hidden = part.strip_prefix('.');
        BESIDE.contains(&part.as_str())
            || hidden.is_some_and(|part| part.starts_with("example"))
            || ["-tests", "_tests", "-e2e"]
                .iter()
                .any(|end| part.ends_with(end))
            || [
                "test-", "tests-", "tests_", "e2e-", "e2e_", "archive-", "archive_", "archived",
            ]
            .iter()
            .any(|start| part.starts_with(start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_no_part_of_the_application() {
        let folder = |text: &str| RelPath::parse(text).unwrap();
        assert!(beside(&folder("examples/shop/backend")));
        assert!(beside(&folder("scripts/test-environments/postgres")));
        assert!(beside(&folder(".examples/compose")));
        assert!(beside(&folder("e2e-playwright")));
        assert!(beside(&folder("archive_march2020")));
        assert!(!beside(&folder("archive/src")));
        assert!(!beside(&folder("testimony/src")));
        assert!(!beside(&folder("backend/example_data")));
        assert!(!beside(&folder(".docker")));
        assert!(beside_or_hidden(&folder(".docker")));
    }
}

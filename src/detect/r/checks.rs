//! The tests of a project of R and what looks at its code.

use super::project::RProject;
use crate::project::{Evidence, Fact, LintCommand, TestCommand};

pub(super) fn test(project: &RProject<'_>) -> Option<Fact<TestCommand>> {
    let is_package = project.is_library();
    let folder = |name: &str| {
        let folder = project.root.join(name).ok()?;
        let all = project.tree.with_extension("R");
        all.into_iter()
            .find(|path| path.is_within(&folder))
            .cloned()
    };
    let command = |command: &str, runner: &str, at: Evidence| {
        Fact::certain(
            TestCommand {
                command: command.to_owned(),
                working_dir: project.root.clone(),
                runner: runner.to_owned(),
            },
            at,
        )
    };
    let inside = folder("tests/testthat");
    if is_package && let Some(path) = inside.clone() {
        return Some(command(
            "Rscript -e 'testthat::test_local()'",
            "testthat",
            Evidence::file(path),
        ));
    }
    // rhino::test_r() runs what it lays out.
    if project.path("rhino.yml").is_some()
        && let Some(path) = inside.clone()
    {
        let text = "Rscript -e 'rhino::test_r()'";
        return Some(command(text, "testthat", Evidence::file(path)));
    }
    if let Some(path) = project.path("tests/testthat.R") {
        return Some(command(
            "Rscript tests/testthat.R",
            "testthat",
            Evidence::file(path),
        ));
    }
    if let Some(path) = inside {
        return Some(command(
            "Rscript -e 'testthat::test_dir(\"tests/testthat\")'",
            "testthat",
            Evidence::file(path),
        ));
    }
    let pipeline = project.path("_targets.R")?;
    Some(command(
        "Rscript -e 'targets::tar_validate()'",
        "targets",
        Evidence::file(pipeline),
    ))
}

/// lintr, where it is configured; what it finds ends the command where the variable says so.
/// <https://lintr.r-lib.org/articles/lintr.html>
pub(super) fn lint(project: &RProject<'_>) -> Vec<Fact<LintCommand>> {
    let Some(path) = project.path(".lintr") else {
        return Vec::new();
    };
    let call = if project.is_library() {
        "lint_package"
    } else {
        "lint_dir"
    };
    vec![Fact::certain(
        LintCommand {
            command: format!("LINTR_ERROR_ON_LINT=true Rscript -e 'lintr::{call}()'"),
            working_dir: project.root.clone(),
        },
        Evidence::file(path),
    )]
}

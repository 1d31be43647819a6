//! The tests of a project and what looks at its code.

use super::project::Project;
use crate::project::{Evidence, Fact, LintCommand, TestCommand};

pub(super) fn test(project: &Project<'_>) -> Option<Fact<TestCommand>> {
    let of = |command: &str| TestCommand {
        command: command.to_owned(),
        working_dir: project.manifest.root.clone(),
        runner: "deno".to_owned(),
    };
    if let Some(task) = project.manifest.task("test") {
        return Some(Fact::certain(of("deno task test"), task.at.clone()));
    }
    let fact = Fact::likely(
        of("deno test --allow-all"),
        Evidence::file(project.test()?.clone()),
    );
    Some(fact.because("the permissions that its tests need are written nowhere"))
}

/// Deno brings both; a project uses them where its settings, a task or a workflow says so.
pub(super) fn lint(project: &Project<'_>) -> Vec<Fact<LintCommand>> {
    let mut found = Vec::new();
    for (section, command) in [("fmt", "deno fmt --check"), ("lint", "deno lint")] {
        let words = format!("deno {section}");
        let set = [project.manifest, project.home]
            .into_iter()
            .find_map(|one| {
                Some(
                    project
                        .tree
                        .at(&one.path, one.document.entry(section)?.line),
                )
            });
        let task = || {
            let mut all = project.manifest.tasks.iter().chain(&project.home.tasks);
            all.find(|task| task.command.contains(&words))
                .map(|task| task.at.clone())
        };
        let workflow = || {
            project.existing.ci.iter().find_map(|file| {
                let text = project.tree.text(&file.path)?;
                let line = text.lines().position(|line| line.contains(&words))?;
                Some(project.tree.at(&file.path, line + 1))
            })
        };
        if let Some(at) = set.or_else(task).or_else(workflow) {
            let command = LintCommand {
                command: command.to_owned(),
                working_dir: project.manifest.root.clone(),
            };
            found.push(Fact::certain(command, at));
        }
    }
    found
}

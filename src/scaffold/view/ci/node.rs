//! The jobs of a component of Node.js: what its packages name to lint, build and test.

use super::super::component::{Component, Run};
use super::super::node::{Installer, NODE};
use super::super::{Input, backing};
use super::{LintJob, Step, TestJob, command, folder, setup};
use serde::Serialize;

/// The runtime, and what installs packages.
#[derive(Debug, Serialize)]
pub(super) struct Runtime {
    version: String,
    /// The file that names the version, where the action reads it.
    file: Option<String>,
    manager: &'static str,
    /// The command that gets the package manager, where it does not come with Node.js.
    get: Option<String>,
}

/// Files that the action reads a version from as Node.js's own tools do.
const VERSION_FILES: &[&str] = &[".nvmrc", ".node-version", ".tool-versions"];

pub(super) fn runtime(input: &Input, part: &Component) -> Option<Runtime> {
    let installer = part.node.as_ref()?;
    let named = part.version.map(|fact| fact.value.as_str());
    let at = part.version.and_then(|fact| fact.evidence.first());
    Some(Runtime {
        version: named.unwrap_or(NODE).to_owned(),
        file: at
            .filter(|at| VERSION_FILES.contains(&at.file.file_name()))
            .map(|at| at.file.to_string()),
        manager: installer.program(),
        get: installer.get(input.pins, named),
    })
}

/// Whether a script of the root runs prettier.
pub(super) fn is_formatted(input: &Input, parts: &[Component]) -> bool {
    let uses = input
        .project
        .tools
        .iter()
        .any(|tool| tool.name == "prettier");
    let at_root = |part: &Component| {
        let lints = &part.scripts.lints;
        lints.iter().any(|run| run.directory.is_root())
    };
    uses && parts.iter().any(at_root)
}

/// The generated files that prettier knows the form of.
pub(super) fn formatted(input: &Input) -> Vec<String> {
    const FORMS: &[&str] = &["cjs", "json", "md", "ts", "yaml", "yml"];
    let known = |path: &&String| {
        let end = path.rsplit('.').next();
        end.is_some_and(|end| FORMS.contains(&end))
    };
    let mut paths: Vec<String> = input.paths.values().filter(known).cloned().collect();
    paths.sort();
    paths.dedup();
    paths
}

/// A job without commands of its own, for tools that come with the packages.
pub(super) fn installed(input: &Input, part: &Component, installer: &Installer) -> LintJob {
    LintJob {
        id: String::new(),
        title: String::new(),
        setup: setup(input, part, true),
        changed: false,
        install: vec![installer.install().to_owned()],
        commands: Vec::new(),
    }
}

pub(super) fn lint_job(
    input: &Input,
    part: &Component,
    installer: &Installer,
    id: String,
    title: String,
) -> Option<LintJob> {
    let lints = &part.scripts.lints;
    (!lints.is_empty()).then(|| LintJob {
        id,
        title,
        setup: setup(input, part, true),
        changed: false,
        install: vec![installer.install().to_owned()],
        commands: lints
            .iter()
            .map(|run| command(run.command, run.directory))
            .collect(),
    })
}

pub(super) fn test_job(
    input: &Input,
    part: &Component,
    installer: &Installer,
    id: String,
    title: String,
) -> Option<TestJob> {
    let scripts = &part.scripts;
    let tests = !scripts.tests.is_empty();
    if !tests && scripts.builds.is_empty() {
        return None;
    }
    let needed = if tests {
        backing::needed(input, part)
    } else {
        Vec::new()
    };
    let notes = backing::notes(&needed);
    let (services, containers) = needed.into_iter().partition(|backing| backing.pinned);
    let mut steps = Vec::new();
    for run in &scripts.builds {
        steps.push(step("Build", run, &scripts.builds, Vec::new()));
    }
    for run in &scripts.tests {
        let browsers = (run.runner == "playwright").then(|| {
            let program = match installer.program() {
                "npm" => "npx",
                "pnpm" => "pnpm exec",
                "bun" => "bunx",
                other => other,
            };
            format!("{program} playwright install --with-deps")
        });
        let before = browsers.into_iter().collect();
        steps.push(step("Test", run, &scripts.tests, before));
    }
    Some(TestJob {
        artifact: String::new(),
        title: if tests {
            title
        } else {
            title.replacen("Test", "Build", 1)
        },
        id: if tests {
            id
        } else {
            id.replacen("test", "build", 1)
        },
        setup: setup(input, part, true),
        matrix: Vec::new(),
        services,
        containers,
        env: backing::env(input, part),
        notes,
        install: vec![installer.install().to_owned()],
        steps,
        coverage: None,
    })
}

/// `name` says in which folder where it stands more than once.
fn step(name: &str, run: &Run, all: &[Run], before: Vec<String>) -> Step {
    let directory = folder(run.directory);
    let mut commands = before;
    commands.push(run.command.to_owned());
    Step {
        name: if all.len() > 1 {
            format!("{name} {directory}")
        } else {
            name.to_owned()
        },
        directory,
        python_path: None,
        commands,
    }
}

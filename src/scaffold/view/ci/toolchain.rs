//! The jobs of a module of Go, a workspace of Rust, a build of Java or .NET, a package of PHP, a project of Ruby, R,
//! Elixir or Deno: what the toolchain or the build finds wrong, and the tests.

use super::super::component::{self, Component};
use super::super::{Input, backing, container};
use super::{LintJob, Step, TestJob, command, folder, setup};
use serde::Serialize;

/// An SDK of .NET.
#[derive(Debug, Serialize)]
pub(super) struct Sdk {
    /// `channel` or `version`, as the installer is told.
    by: &'static str,
    version: String,
    /// The beginning of the lines by which `dotnet --list-sdks` shows that it is there.
    listed: String,
}

/// The SDK that builds `part`.
pub(super) fn sdk(part: &Component) -> Sdk {
    let asked = part
        .services
        .iter()
        .find_map(|one| one.build_version.as_ref());
    let asked = asked.map(|fact| fact.value.as_str());
    let image = container::dotnet_sdk(part.version.map(|fact| fact.value.as_str()), asked);
    let version = image.rsplit(':').next().unwrap_or_default().to_owned();
    let exact = version.matches('.').count() > 1;
    Sdk {
        by: if exact { "version" } else { "channel" },
        listed: format!("^{}[. ]", version.replace('.', "[.]")),
        version,
    }
}

/// Whether the jobs of a part are these.
pub(super) fn is_of(part: &Component) -> bool {
    let known = [
        "deno", "dotnet", "elixir", "go", "java", "nextflow", "php", "r", "ruby", "rust",
    ];
    known.contains(&part.ecosystem)
}

/// Commands that install what the others do not install by themselves.
fn install(part: &Component) -> Vec<String> {
    if let Some(commands) = part.restores() {
        return commands;
    }
    if part.ecosystem == "ruby" {
        return vec![
            "bundle config set --global path \"$HOME/bundle\"".to_owned(),
            "bundle install --jobs 4".to_owned(),
        ];
    }
    if part.ecosystem == "nextflow" {
        return component::NEXTFLOW.map(str::to_owned).to_vec();
    }
    if let Some(command) = part.r_packages() {
        return vec![command];
    }
    if part.ecosystem == "elixir" {
        return vec!["mix deps.get".to_owned()];
    }
    part.composer().into_iter().map(str::to_owned).collect()
}

pub(super) fn lint_job(
    input: &Input,
    part: &Component,
    id: String,
    title: String,
) -> Option<LintJob> {
    let lints = part.scripts.lints.iter();
    (!part.scripts.lints.is_empty()).then(|| LintJob {
        id,
        title,
        setup: setup(input, part, true),
        changed: false,
        install: install(part),
        commands: lints
            .map(|run| command(run.command, run.directory))
            .collect(),
    })
}

pub(super) fn test_job(
    input: &Input,
    part: &Component,
    id: String,
    title: String,
) -> Option<TestJob> {
    let test = part.test?;
    let needed = backing::needed(input, part);
    let notes = backing::notes(&needed);
    let (services, containers) = needed.into_iter().partition(|backing| backing.pinned);
    Some(TestJob {
        artifact: String::new(),
        id,
        title,
        setup: setup(input, part, true),
        matrix: Vec::new(),
        services,
        containers,
        env: backing::env(input, part),
        notes,
        install: install(part),
        steps: vec![Step {
            name: "Test".to_owned(),
            directory: folder(&test.working_dir),
            python_path: None,
            commands: vec![part.test_command(test)],
        }],
        coverage: None,
    })
}

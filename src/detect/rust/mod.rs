//! Rust: the programs of each workspace, those that serve and those that work, with everything that
//! builds and runs them; what is none of that is a library.

mod cargo;
mod manifest;
mod migration;
mod packages;
mod paths;
mod program;
mod reader;
mod reads;
mod serve;
mod service;
mod settings;
mod source;
mod toolchain;
mod value;
mod variables;

use super::{Found, Tree};
use crate::project::{
    Evidence, Existing, Fact, Library, LintCommand, PackageManager, RelPath, TestCommand, Tool,
};
use cargo::Workspace;
use std::collections::BTreeSet;

/// Adds each workspace and each package for itself.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    if tree.named("Cargo.toml").next().is_some() {
        workspaces(tree, existing, found);
    }
}

/// Out of line, so that a tree without a package of Rust loads none of this.
#[inline(never)]
fn workspaces(tree: &Tree, existing: &Existing, found: &mut Found) {
    let workspaces = cargo::workspaces(tree, existing);
    let mut roots: Vec<&RelPath> = Vec::new();
    for workspace in &workspaces {
        let search = service::Search {
            tree,
            existing,
            workspace,
            alone: workspaces.len() == 1,
        };
        let services = search.services(found);
        let is_inside = roots.iter().any(|outer| workspace.root.is_within(outer));
        if services.is_empty() && !is_inside {
            found.libraries.push(library(workspace));
            roots.push(&workspace.root);
        }
        found.services.extend(services);
    }
    if let Some(first) = workspaces.first() {
        add_tools(&first.manifest, found);
    }
}

/// A workspace without a program that runs as a container.
fn library(workspace: &Workspace) -> Library {
    Library {
        name: workspace.name.clone(),
        ecosystem: "rust",
        framework: None,
        package_manager: Some(manager(workspace)),
        runtime_version: workspace.version.clone(),
        test: Some(test(workspace)),
        lint: lint(workspace),
        build: None,
        root: workspace.root.clone(),
    }
}

fn manager(workspace: &Workspace) -> Fact<PackageManager> {
    let manifest = Evidence::file(workspace.manifest.clone());
    let mut fact = Fact::certain(PackageManager::Cargo, manifest);
    fact.evidence
        .extend(workspace.lock.clone().map(Evidence::file));
    fact
}

/// `command` with what every command of cargo needs that builds the whole workspace: the features that
/// an image of the repository names, and no database where the macros of sqlx have what they ask for.
fn of_all(workspace: &Workspace, command: &str) -> String {
    let features: BTreeSet<&str> = workspace
        .packages
        .iter()
        .flat_map(|package| package.features.iter().map(String::as_str))
        .collect();
    let mut command = command.to_owned();
    if !features.is_empty() {
        let features: Vec<&str> = features.into_iter().collect();
        command.push_str(" --features ");
        command.push_str(&features.join(","));
    }
    match &workspace.offline {
        Some(_) => format!("SQLX_OFFLINE=true {command}"),
        None => command,
    }
}

fn test(workspace: &Workspace) -> Fact<TestCommand> {
    let command = if workspace.is_workspace {
        "cargo test --workspace"
    } else {
        "cargo test"
    };
    Fact::certain(
        TestCommand {
            command: of_all(workspace, command),
            working_dir: workspace.root.clone(),
            runner: "cargo".to_owned(),
        },
        Evidence::file(workspace.manifest.clone()),
    )
    .because("cargo runs the tests of every package")
}

fn lint(workspace: &Workspace) -> Vec<Fact<LintCommand>> {
    let locked = if workspace.lock.is_some() {
        " --locked"
    } else {
        ""
    };
    let clippy = format!("cargo clippy --workspace --all-targets{locked}");
    let clippy = of_all(workspace, &clippy) + " -- --deny warnings";
    ["cargo fmt --all --check".to_owned(), clippy]
        .into_iter()
        .map(|command| {
            let lint = LintCommand {
                command,
                working_dir: workspace.root.clone(),
            };
            Fact::likely(lint, Evidence::file(workspace.manifest.clone()))
                .because("it comes with the Rust toolchain")
        })
        .collect()
}

/// clippy and rustfmt come with the toolchain.
fn add_tools(manifest: &RelPath, found: &mut Found) {
    let shown = Evidence::file(manifest.clone());
    for (name, purpose) in [("clippy", "lint"), ("rustfmt", "format")] {
        found.tools.push(Tool {
            name: name.to_owned(),
            purpose,
            found: Fact::likely(true, shown.clone()).because("it comes with the Rust toolchain"),
            version: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(files: &[(&str, &str)]) -> Found {
        let (_folder, tree) = Tree::laid_out(files);
        let mut found = Found::default();
        look(&tree, &Existing::default(), &mut found);
        found
    }

    #[test]
    fn a_crate_with_its_version_and_line() {
        let found = looked(&[
            (
                "Cargo.toml",
                "[package]\nname = \"ferry\"\nrust-version = \"1.95\"\n",
            ),
            ("Cargo.lock", ""),
            ("inner/Cargo.toml", "[package]\nname = \"inner\"\n"),
        ]);
        assert_eq!(found.libraries.len(), 1);
        let library = &found.libraries[0];
        assert_eq!(library.name.value, "ferry");
        let version = library.runtime_version.as_ref().unwrap();
        assert_eq!(
            (version.value.as_str(), version.evidence[0].line),
            ("1.95", 3)
        );
        assert_eq!(library.test.as_ref().unwrap().value.command, "cargo test");
    }

    #[test]
    fn the_toolchain_file_wins_and_a_workspace_is_one() {
        let found = looked(&[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"a\"]\n[workspace.package]\nrust-version = \"1.80\"\n",
            ),
            ("a/Cargo.toml", "[package]\nname = \"a\"\n"),
            ("rust-toolchain.toml", "[toolchain]\nchannel = \"1.95.0\"\n"),
        ]);
        assert_eq!(found.libraries.len(), 1);
        assert_eq!(
            found.libraries[0].runtime_version.as_ref().unwrap().value,
            "1.95.0"
        );
        assert_eq!(
            found.libraries[0].test.as_ref().unwrap().value.command,
            "cargo test --workspace"
        );
    }
}

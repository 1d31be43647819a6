//! Rust: the programs of each workspace, those that serve and those that work, with everything that
//! builds and runs them; what is none of that is a library.

mod cargo;
mod migration;
mod packages;
mod program;
mod reads;
mod serve;
mod service;
mod settings;
mod source;
mod value;
mod variables;

use super::{Found, Tree};
use crate::project::{
    Confidence, Evidence, Existing, Fact, Library, LintCommand, PackageManager, RelPath,
    TestCommand, Tool,
};
use cargo::Workspace;

/// Adds each workspace and each package for itself.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
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
            found.libraries.push(library(tree, workspace));
            roots.push(&workspace.root);
        }
        found.services.extend(services);
    }
    if let Some(first) = workspaces.first() {
        add_tools(&first.manifest, found);
    }
}

/// A workspace without a program that runs as a container.
fn library(tree: &Tree, workspace: &Workspace) -> Library {
    Library {
        name: workspace.name.clone(),
        ecosystem: "rust",
        package_manager: Some(manager(workspace)),
        runtime_version: workspace.version.clone(),
        test: Some(test(tree, workspace)),
        lint: lint(tree, workspace),
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

/// What the macros of sqlx find in the place of a database: `.sqlx`, or the file of older versions.
/// <https://docs.rs/sqlx/latest/sqlx/macro.query.html#offline-mode>
fn offline(tree: &Tree, workspace: &Workspace) -> Option<Evidence> {
    let packages = workspace.packages.iter().map(|package| &package.root);
    std::iter::once(&workspace.root)
        .chain(packages)
        .find_map(|root| {
            let folder = root.join(".sqlx").ok()?;
            let first = tree
                .with_extension("json")
                .find(|path| path.is_within(&folder))
                .cloned();
            let older = root
                .join("sqlx-data.json")
                .ok()
                .filter(|path| tree.has(path));
            first.or(older).map(Evidence::file)
        })
}

/// `command` where the macros of sqlx have what they ask for.
fn without_database(tree: &Tree, workspace: &Workspace, command: &str) -> String {
    match offline(tree, workspace) {
        Some(_) => format!("SQLX_OFFLINE=true {command}"),
        None => command.to_owned(),
    }
}

fn test(tree: &Tree, workspace: &Workspace) -> Fact<TestCommand> {
    let command = if workspace.is_workspace {
        "cargo test --workspace"
    } else {
        "cargo test"
    };
    Fact::new(
        TestCommand {
            command: without_database(tree, workspace, command),
            working_dir: workspace.root.clone(),
            runner: "cargo".to_owned(),
        },
        Confidence::Certain,
        vec![Evidence::file(workspace.manifest.clone())],
    )
    .because("cargo runs the tests of every package")
}

fn lint(tree: &Tree, workspace: &Workspace) -> Vec<Fact<LintCommand>> {
    let locked = if workspace.lock.is_some() {
        " --locked"
    } else {
        ""
    };
    let clippy = format!("cargo clippy --workspace --all-targets{locked} -- --deny warnings");
    [
        "cargo fmt --all --check".to_owned(),
        without_database(tree, workspace, &clippy),
    ]
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
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let tree = Tree::read(folder.path()).unwrap();
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

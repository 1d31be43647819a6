//! Rust packages: built, tested and linted by cargo. None gets a Dockerfile.

use super::structured::{self, Node};
use super::{Found, Tree};
use crate::project::{
    Confidence, Evidence, Existing, Fact, Library, PackageManager, RelPath, TestCommand, Tool,
};

/// Adds each outermost package or workspace.
pub(super) fn look(tree: &Tree, _existing: &Existing, found: &mut Found) {
    let mut roots: Vec<RelPath> = Vec::new();
    let mut manifests: Vec<&RelPath> = tree.named("Cargo.toml").collect();
    manifests.sort_by_key(|path| (path.depth(), (*path).clone()));
    for manifest in manifests {
        let root = manifest.parent();
        if roots.iter().any(|outer| root.is_within(outer)) {
            continue;
        }
        if let Some(library) = package(tree, manifest) {
            found.libraries.push(library);
            roots.push(root);
        }
    }
    if let Some(root) = roots.first() {
        add_tools(root, found);
    }
}

fn package(tree: &Tree, manifest: &RelPath) -> Option<Library> {
    let document = structured::toml(tree, manifest)?;
    let package = document.get("package");
    let workspace = document.get("workspace");
    let value = |table: Option<&Node>, key: &str| {
        let entry = table?.entry(key)?;
        Some((entry.node.text()?.to_owned(), tree.at(manifest, entry.line)))
    };
    let root = manifest.parent();
    let name = match value(package, "name") {
        Some((name, evidence)) => Fact::certain(name, evidence),
        None if workspace.is_some() => {
            let name = if root.is_root() {
                "workspace"
            } else {
                root.file_name()
            };
            Fact::new(
                name.to_owned(),
                Confidence::Likely,
                vec![Evidence::file(manifest.clone())],
            )
        }
        None => return None,
    };
    let shared = workspace.and_then(|table| table.get("package"));
    let version = toolchain(tree, &root).or_else(|| {
        value(package, "rust-version")
            .or_else(|| value(shared, "rust-version"))
            .map(|(version, evidence)| Fact::certain(version, evidence))
    });
    let lock = root.join("Cargo.lock").ok().filter(|lock| tree.has(lock));
    let mut manager = Fact::certain(PackageManager::Cargo, Evidence::file(manifest.clone()));
    manager.evidence.extend(lock.map(Evidence::file));
    let command = if workspace.is_some() {
        "cargo test --workspace"
    } else {
        "cargo test"
    };
    Some(Library {
        name,
        ecosystem: "rust",
        package_manager: Some(manager),
        runtime_version: version,
        test: Some(
            Fact::new(
                TestCommand {
                    command: command.to_owned(),
                    working_dir: root.clone(),
                    runner: "cargo".to_owned(),
                },
                Confidence::Certain,
                vec![Evidence::file(manifest.clone())],
            )
            .because("cargo runs the tests of every package"),
        ),
        lint: Vec::new(),
        build: None,
        root,
    })
}

/// The channel in `rust-toolchain.toml`, which rustup takes over everything else.
fn toolchain(tree: &Tree, root: &RelPath) -> Option<Fact<String>> {
    let path = root.join("rust-toolchain.toml").ok()?;
    let document = structured::toml(tree, &path)?;
    let channel = document.entry_at(&["toolchain", "channel"])?;
    Some(Fact::certain(
        channel.node.text()?.to_owned(),
        tree.at(&path, channel.line),
    ))
}

/// clippy and rustfmt come with the toolchain.
fn add_tools(root: &RelPath, found: &mut Found) {
    let Some(shown) = root.join("Cargo.toml").ok().map(Evidence::file) else {
        return;
    };
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

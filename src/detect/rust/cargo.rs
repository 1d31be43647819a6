//! The workspaces of a tree: which packages are built with one lock.
//! <https://doc.rust-lang.org/cargo/reference/workspaces.html>

use super::manifest::Package;
use super::toolchain;
use crate::detect::Tree;
use crate::detect::beside::{beside_or_hidden, pattern};
use crate::detect::structured::{self, Node};
use crate::project::{Dockerfile, Evidence, Existing, Fact, RelPath};
use globset::{GlobBuilder, GlobSetBuilder};
use std::collections::BTreeSet;

/// Packages that are built with one lock: a workspace, or a package for itself.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) root: RelPath,
    pub(super) manifest: RelPath,
    pub(super) name: Fact<String>,
    /// Whether the manifest has a table `[workspace]`.
    pub(super) is_workspace: bool,
    pub(super) version: Option<Fact<String>>,
    pub(super) lock: Option<RelPath>,
    /// Members, sorted by folder.
    pub(super) packages: Vec<Package>,
    /// Names of all packages in the lock, those that only others need included.
    pub(super) locked: BTreeSet<String>,
    /// Where an image of the repository names the features that its packages are built with.
    pub(super) told: Option<Evidence>,
    /// What the macros of sqlx find in the place of a database.
    pub(super) offline: Option<Evidence>,
}

/// Every workspace and package that is part of what the tree is about, outermost first.
pub(super) fn workspaces(tree: &Tree, existing: &Existing) -> Vec<Workspace> {
    let mut manifests: Vec<&RelPath> = tree
        .named("Cargo.toml")
        .filter(|path| {
            let folder = path.parent();
            !beside_or_hidden(&folder) && !pattern(&folder)
        })
        .collect();
    manifests.sort_by_key(|path| (path.depth(), (*path).clone()));
    let mut taken: BTreeSet<RelPath> = BTreeSet::new();
    let mut found = Vec::new();
    for &manifest in &manifests {
        if taken.contains(manifest) {
            continue;
        }
        let Some(document) = structured::toml(tree, manifest) else {
            continue;
        };
        let members = members(tree, manifest, &document, &manifests);
        taken.extend(members.iter().cloned());
        taken.insert(manifest.clone());
        found.extend(read(tree, existing, manifest, &document, &members));
    }
    found
}

/// The manifests that belong to the workspace of `manifest`, its own first if it is a package.
fn members(
    tree: &Tree,
    manifest: &RelPath,
    document: &Node,
    manifests: &[&RelPath],
) -> Vec<RelPath> {
    let root = manifest.parent();
    let mut members = Vec::new();
    if document.get("package").is_some() {
        members.push(manifest.clone());
    }
    let Some(workspace) = document.get("workspace") else {
        return members;
    };
    let globs = |key: &str| {
        let mut set = GlobSetBuilder::new();
        for text in workspace.get(key).map(Node::items).unwrap_or_default() {
            let text = text.text().unwrap_or_default();
            let text = text.trim_start_matches("./").trim_end_matches('/');
            // As in cargo, `*` is one folder.
            let glob = GlobBuilder::new(text).literal_separator(true).build();
            if let Ok(glob) = glob {
                set.add(glob);
            }
        }
        set.build().unwrap_or_default()
    };
    let (wanted, left_out) = (globs("members"), globs("exclude"));
    for &other in manifests {
        let Some(below) = other.parent().below(&root) else {
            continue;
        };
        if other != manifest
            && !left_out.is_match(below.as_str())
            && wanted.is_match(below.as_str())
        {
            members.push(other.clone());
        }
    }
    // What a member depends on by its path belongs to it, too; members may name what the root does.
    let mut of_root: Vec<RelPath> = Vec::new();
    for entry in document.entries_at(&["workspace", "dependencies"]) {
        let path = entry.node.get("path").and_then(Node::text);
        let place = path.and_then(|path| root.join(path).ok());
        of_root.extend(place.and_then(|place| place.join("Cargo.toml").ok()));
    }
    for other in of_root {
        let below = other.parent().below(&root);
        let out = below.is_none_or(|below| left_out.is_match(below.as_str()));
        if !out && manifests.contains(&&other) && !members.contains(&other) {
            members.push(other);
        }
    }
    let mut at = 0;
    while at < members.len() {
        let folder = members[at].parent();
        let document = structured::toml(tree, &members[at]);
        at += 1;
        for path in document.iter().flat_map(|document| paths(document)) {
            let Ok(place) = folder.join(path) else {
                continue;
            };
            let out = place
                .below(&root)
                .is_none_or(|below| left_out.is_match(below.as_str()));
            if let Ok(other) = place.join("Cargo.toml")
                && !out
                && manifests.contains(&&other)
                && !members.contains(&other)
            {
                members.push(other);
            }
        }
    }
    members
}

/// Paths of the dependencies that lie in the tree.
fn paths(document: &Node) -> impl Iterator<Item = &str> {
    [
        document.entries_at(&["dependencies"]),
        document.entries_at(&["build-dependencies"]),
        document.entries_at(&["workspace", "dependencies"]),
    ]
    .into_iter()
    .flatten()
    .filter_map(|entry| entry.node.get("path")?.text())
}

fn read(
    tree: &Tree,
    existing: &Existing,
    manifest: &RelPath,
    document: &Node,
    members: &[RelPath],
) -> Option<Workspace> {
    let root = manifest.parent();
    let workspace = document.get("workspace");
    let told = told(existing, &root);
    let words: Vec<&str> = told
        .iter()
        .flat_map(|at| at.excerpt.split([',', ' ']))
        .collect();
    let packages: Vec<Package> = members
        .iter()
        .filter_map(|member| {
            let own = structured::toml(tree, member)?;
            Package::read(tree, member, &own, (manifest, document), &words)
        })
        .collect();
    let named = document.entry_at(&["package", "name"]);
    let name = match named.and_then(|entry| Some((entry.node.text()?, entry.line))) {
        Some((name, line)) => Fact::certain(name.to_owned(), tree.at(manifest, line)),
        None if workspace.is_some() => {
            let name = if root.is_root() {
                "workspace"
            } else {
                root.file_name()
            };
            Fact::likely(name.to_owned(), Evidence::file(manifest.clone()))
        }
        None => return None,
    };
    let lock = root.join("Cargo.lock").ok().filter(|lock| tree.has(lock));
    Some(Workspace {
        locked: lock.iter().flat_map(|lock| locked(tree, lock)).collect(),
        version: toolchain::version(tree, existing, manifest, document),
        is_workspace: workspace.is_some(),
        offline: offline(tree, &root, &packages),
        told: told.filter(|_| packages.iter().any(|package| !package.features.is_empty())),
        manifest: manifest.clone(),
        root,
        name,
        lock,
        packages,
    })
}

/// The features that an image of the repository tells cargo to build with.
fn told(existing: &Existing, root: &RelPath) -> Option<Evidence> {
    let about = |file: &&Dockerfile| {
        let folder = file.path.parent();
        root.is_within(&folder) || folder.is_within(root) && !beside_or_hidden(&folder)
    };
    let mut images = existing.dockerfiles.iter().filter(about);
    images.find_map(|file| file.features.first().cloned())
}

/// `.sqlx`, or the file of older versions.
/// <https://docs.rs/sqlx/latest/sqlx/macro.query.html#offline-mode>
fn offline(tree: &Tree, root: &RelPath, packages: &[Package]) -> Option<Evidence> {
    let packages = packages.iter().map(|package| &package.root);
    std::iter::once(root).chain(packages).find_map(|root| {
        let folder = root.join(".sqlx").ok()?;
        let first = tree
            .with_extension("json")
            .find(|path| path.is_within(&folder))
            .cloned();
        let older = root.join("sqlx-data.json").ok();
        let found = first.or(older.filter(|path| tree.has(path)));
        found.map(Evidence::file)
    })
}

/// Names of the packages in a lock. Its form is fixed, and a parser takes its time over large ones.
fn locked(tree: &Tree, lock: &RelPath) -> Vec<String> {
    let text = tree.text(lock).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        .map(str::to_owned)
        .collect()
}

impl Workspace {
    /// `package` and every package of this workspace that it depends on.
    pub(super) fn closure<'w>(&'w self, package: &'w Package) -> Vec<&'w Package> {
        let mut found = vec![package];
        let mut at = 0;
        while at < found.len() {
            let one = found[at];
            at += 1;
            for requirement in one.requirements.iter().filter(|one| !one.development) {
                let other = self
                    .packages
                    .iter()
                    .find(|other| other.name == requirement.name);
                if let Some(other) = other
                    && !found.iter().any(|known| known.name == other.name)
                {
                    found.push(other);
                }
            }
        }
        found
    }

    /// Whether something of this name is built in, however far down.
    pub(super) fn locks(&self, name: &str) -> bool {
        self.locked.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(files: &[(&str, &str)]) -> Workspace {
        let (_folder, tree) = Tree::laid_out(files);
        workspaces(&tree, &Existing::default()).remove(0)
    }

    #[test]
    fn a_star_is_one_folder_and_what_is_left_out_is_no_member() {
        let workspace = first(&[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"crates/left\"]\n",
            ),
            (
                "crates/a/Cargo.toml",
                "[package]\nname = \"a\"\n[dependencies]\nleft = { path = \"../left\" }\nb = { path = \"../../b\" }\n",
            ),
            ("crates/a/inner/Cargo.toml", "[package]\nname = \"inner\"\n"),
            ("crates/left/Cargo.toml", "[package]\nname = \"left\"\n"),
            ("b/Cargo.toml", "[package]\nname = \"b\"\n"),
        ]);
        let names: Vec<&str> = workspace
            .packages
            .iter()
            .map(|package| package.name.as_str())
            .collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn what_the_root_names_by_its_path_is_a_member() {
        let workspace = first(&[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"a\"]\n[workspace.dependencies]\nb = { path = \"./crates/b\" }\n",
            ),
            (
                "a/Cargo.toml",
                "[package]\nname = \"a\"\n[dependencies]\nb = { workspace = true }\n",
            ),
            ("crates/b/Cargo.toml", "[package]\nname = \"b\"\n"),
        ]);
        let names = workspace.packages.iter().map(|one| one.name.as_str());
        assert_eq!(names.collect::<Vec<&str>>(), ["a", "b"]);
    }

    #[test]
    fn a_program_keeps_the_features_that_are_no_default_ones() {
        let workspace = first(&[
            (
                "Cargo.toml",
                "[package]\nname = \"a\"\n[features]\ndefault = [\"web\"]\nweb = []\nadmin = []\n\
                 [[bin]]\nname = \"a\"\npath = \"src/main.rs\"\nrequired-features = [\"web\", \"admin\"]\n",
            ),
            ("src/main.rs", "fn main() {}\n"),
        ]);
        assert_eq!(workspace.packages[0].bins[0].features, ["admin"]);
        assert!(workspace.told.is_none());
    }
}

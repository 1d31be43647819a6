//! The workspaces and packages of a tree: what each `Cargo.toml` says, and which targets it makes.
//! <https://doc.rust-lang.org/cargo/reference/manifest.html>

use super::toolchain;
use crate::detect::Tree;
use crate::detect::beside::{beside_or_hidden, pattern};
use crate::detect::structured::{self, Node};
use crate::project::{Dockerfile, Evidence, Existing, Fact, RelPath, Requirement};
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

/// One package.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) manifest: RelPath,
    pub(super) root: RelPath,
    pub(super) name: String,
    /// As code names its library: `tide_store`.
    pub(super) library: String,
    /// The first file of the library.
    pub(super) lib: Option<RelPath>,
    pub(super) bins: Vec<Bin>,
    pub(super) build_script: Option<RelPath>,
    /// Every target that the manifest names with a file of its own: benches, examples, tests.
    pub(super) others: Vec<RelPath>,
    pub(super) requirements: Vec<Requirement>,
    /// Those of its features that an image of the repository builds it with beside the default ones.
    pub(super) features: Vec<String>,
}

/// One program.
#[derive(Debug, Clone)]
pub(super) struct Bin {
    pub(super) name: String,
    pub(super) path: RelPath,
    /// Features without which cargo does not build it.
    pub(super) features: Vec<String>,
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
    // What a member depends on by its path belongs to it, too.
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
            package(tree, member, &own, (manifest, document), &words)
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

fn package(
    tree: &Tree,
    manifest: &RelPath,
    document: &Node,
    workspace: (&RelPath, &Node),
    told: &[&str],
) -> Option<Package> {
    let root = manifest.parent();
    let table = document.get("package")?;
    let name = table.get("name")?.text()?.to_owned();
    let at = |path: &str| root.join(path).ok().filter(|path| tree.has(path));
    let text = |keys: &[&str]| document.at(keys).and_then(Node::text);
    let automatic = |key: &str| table.get(key).and_then(Node::text) != Some("false");
    let lib = match text(&["lib", "path"]) {
        Some(path) => at(path),
        None => at("src/lib.rs"),
    };
    let library = text(&["lib", "name"]).unwrap_or(&name).replace('-', "_");
    let features: Vec<String> = told
        .iter()
        .map(|feature| {
            let own = feature
                .split_once('/')
                .filter(|(package, _)| *package == name);
            own.map_or(*feature, |(_, feature)| feature)
        })
        .filter(|feature| has_feature(document, feature))
        .map(str::to_owned)
        .collect();
    let enabled = enabled(document, &features);
    let mut bins: Vec<Bin> = Vec::new();
    for bin in document.get("bin").map(Node::items).unwrap_or_default() {
        let Some(bin_name) = bin.get("name").and_then(Node::text) else {
            continue;
        };
        let usual = [
            format!("src/bin/{bin_name}.rs"),
            format!("src/bin/{bin_name}/main.rs"),
            "src/main.rs".to_owned(),
        ];
        let path = match bin.get("path").and_then(Node::text) {
            Some(path) => at(path),
            None => usual.iter().find_map(|path| at(path)),
        };
        let required = bin.get("required-features").map(Node::items);
        let required = required.unwrap_or_default().iter().filter_map(Node::text);
        bins.extend(path.map(|path| {
            Bin {
                name: bin_name.to_owned(),
                path,
                features: required
                    .filter(|feature| !enabled.contains(*feature))
                    .map(str::to_owned)
                    .collect(),
            }
        }));
    }
    if automatic("autobins") {
        let mut add = |name: &str, path: RelPath| {
            if bins.iter().all(|bin| bin.path != path && bin.name != name) {
                bins.push(Bin {
                    name: name.to_owned(),
                    path,
                    features: Vec::new(),
                });
            }
        };
        if let Some(path) = at("src/main.rs") {
            add(&name, path);
        }
        if let Ok(folder) = root.join("src/bin") {
            for path in tree
                .with_extension("rs")
                .filter(|path| path.is_within(&folder))
            {
                if path.parent() == folder {
                    add(path.stem(), path.clone());
                } else if path.file_name() == "main.rs" && path.parent().parent() == folder {
                    add(path.parent().file_name(), path.clone());
                }
            }
        }
    }
    let build_script = match table.get("build").and_then(Node::text) {
        Some("false") => None,
        Some(path) => at(path),
        None => at("build.rs"),
    };
    let others = ["bench", "example", "test"]
        .iter()
        .zip(["benches", "examples", "tests"])
        .flat_map(|(key, folder)| {
            let items = document.get(key).map(Node::items).unwrap_or_default();
            items.iter().filter_map(move |item| {
                let name = item.get("name").and_then(Node::text)?;
                let path = item.get("path").and_then(Node::text);
                let path = path.map_or_else(|| format!("{folder}/{name}.rs"), str::to_owned);
                Some(path)
            })
        })
        .filter_map(|path| at(&path))
        .collect();
    Some(Package {
        requirements: requirements(tree, manifest, document, workspace, &enabled),
        manifest: manifest.clone(),
        root,
        name,
        library,
        lib,
        bins,
        build_script,
        others,
        features,
    })
}

/// What the package depends on when it is built with the features `enabled`.
fn requirements(
    tree: &Tree,
    manifest: &RelPath,
    document: &Node,
    (shared_at, shared): (&RelPath, &Node),
    enabled: &BTreeSet<String>,
) -> Vec<Requirement> {
    let mut found = Vec::new();
    let mut take = |table: Option<&Node>, development: bool| {
        for entry in table.map(Node::entries).unwrap_or_default() {
            let inherited = entry.node.get("workspace").is_some();
            let common = shared
                .entry_at(&["workspace", "dependencies", &entry.key])
                .filter(|_| inherited);
            let said = |key: &str| {
                let own = entry.node.get(key);
                own.or_else(|| common?.node.get(key))
            };
            let optional = entry.node.get("optional").and_then(Node::text) == Some("true");
            if optional && !enabled.contains(entry.key.as_str()) {
                continue;
            }
            let features = |node: Option<&Node>| -> Vec<String> {
                let items = node.and_then(|node| node.get("features")).map(Node::items);
                let texts = items.unwrap_or_default().iter().filter_map(Node::text);
                texts.map(str::to_owned).collect()
            };
            let mut extras = features(Some(&entry.node));
            extras.extend(features(common.map(|entry| &entry.node)));
            // `sqlx/postgres` among the default features.
            let through = enabled.iter().filter_map(|feature| {
                let (name, feature) = feature.split_once('/')?;
                (name.trim_end_matches('?') == entry.key).then(|| feature.to_owned())
            });
            extras.extend(through);
            if said("default-features").and_then(Node::text) == Some("false") {
                extras.push("no-default-features".to_owned());
            }
            extras.sort();
            extras.dedup();
            let version = [Some(&entry.node), common.map(|entry| &entry.node)]
                .into_iter()
                .flatten()
                .find_map(|node| node.text().or_else(|| node.get("version")?.text()));
            let declared = match common {
                Some(common) => tree.at(shared_at, common.line),
                None => tree.at(manifest, entry.line),
            };
            found.push(Requirement {
                name: said("package")
                    .and_then(Node::text)
                    .unwrap_or(&entry.key)
                    .to_owned(),
                extras,
                specifier: version.unwrap_or_default().to_owned(),
                exact: version.is_some_and(|version| version.starts_with('=')),
                development,
                direct: true,
                declared,
                imported: None,
            });
        }
    };
    take(document.get("dependencies"), false);
    for target in document.entries_at(&["target"]) {
        if is_for_linux(&target.key) {
            take(target.node.get("dependencies"), false);
        }
    }
    take(document.get("build-dependencies"), true);
    take(document.get("dev-dependencies"), true);
    found
}

/// Whether dependencies under this key of `[target]` are built for Linux: a triple or a `cfg(…)`.
pub(super) fn is_for_linux(target: &str) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| target.contains(name));
    if has(&["windows", "macos", "darwin", "wasm", "ios", "android"]) {
        has(&["not("])
    } else {
        !(has(&["not("]) && has(&["linux", "unix"]))
    }
}

/// Whether the package has this feature: one of the table, or an optional dependency.
fn has_feature(document: &Node, feature: &str) -> bool {
    document.at(&["features", feature]).is_some()
        || document
            .at(&["dependencies", feature, "optional"])
            .is_some()
}

/// The default features and `told` with all that they switch on, optional dependencies under their
/// names.
fn enabled(document: &Node, told: &[String]) -> BTreeSet<String> {
    let mut enabled: BTreeSet<String> = told.iter().cloned().collect();
    let mut next = told.to_vec();
    next.push("default".to_owned());
    while let Some(feature) = next.pop() {
        let items = document.at(&["features", &feature]).map(Node::items);
        for item in items.unwrap_or_default().iter().filter_map(Node::text) {
            let plain = item.trim_start_matches("dep:");
            if enabled.insert(plain.to_owned()) {
                next.push(plain.to_owned());
            }
            if let Some((name, _)) = plain.split_once('/')
                && !name.ends_with('?')
            {
                enabled.insert(name.to_owned());
            }
        }
    }
    enabled
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

impl Package {
    pub(super) fn requires(&self, name: &str) -> Option<&Requirement> {
        self.requirements
            .iter()
            .find(|one| one.name == name && !one.development)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(files: &[(&str, &str)]) -> Workspace {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let tree = Tree::read(folder.path()).unwrap();
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
    fn what_is_only_for_other_systems_is_not_depended_on() {
        for (target, expected) in [
            ("x86_64-unknown-linux-musl", true),
            ("x86_64-pc-windows-msvc", false),
            ("cfg(unix)", true),
            ("cfg(not(unix))", false),
            ("cfg(windows)", false),
            ("cfg(not(windows))", true),
            ("cfg(not(target_os = \"macos\"))", true),
            ("cfg(not(target_os = \"linux\"))", false),
            ("cfg(target_arch = \"wasm32\")", false),
            ("cfg(tokio_unstable)", true),
        ] {
            assert_eq!(is_for_linux(target), expected, "{target}");
        }
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

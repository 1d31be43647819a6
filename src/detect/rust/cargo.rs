//! The workspaces and packages of a tree: what each `Cargo.toml` says, and which targets it makes.
//! <https://doc.rust-lang.org/cargo/reference/manifest.html>

use crate::detect::Tree;
use crate::detect::beside::{beside_or_hidden, pattern};
use crate::detect::structured::{self, Node};
use crate::project::{Dockerfile, Evidence, Existing, Fact, RelPath, Requirement};
use globset::{Glob, GlobSetBuilder};
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
}

/// One program.
#[derive(Debug, Clone)]
pub(super) struct Bin {
    pub(super) name: String,
    pub(super) path: RelPath,
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
            if let Ok(glob) = Glob::new(text) {
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
            let other = folder
                .join(&path)
                .and_then(|folder| folder.join("Cargo.toml"));
            if let Ok(other) = other
                && manifests.contains(&&other)
                && other.is_within(&root)
                && !members.contains(&other)
            {
                members.push(other);
            }
        }
    }
    members
}

/// Paths of the dependencies that lie in the tree.
fn paths(document: &Node) -> Vec<String> {
    let mut tables = vec![
        document.get("dependencies"),
        document.get("build-dependencies"),
    ];
    tables.push(document.at(&["workspace", "dependencies"]));
    let entries = tables.into_iter().flatten().flat_map(Node::entries);
    entries
        .filter_map(|entry| entry.node.get("path")?.text().map(str::to_owned))
        .collect()
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
    let packages: Vec<Package> = members
        .iter()
        .filter_map(|member| {
            let own = structured::toml(tree, member)?;
            package(tree, member, &own, (manifest, document))
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
        version: version(tree, existing, manifest, document),
        is_workspace: workspace.is_some(),
        manifest: manifest.clone(),
        root,
        name,
        lock,
        packages,
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
        bins.extend(path.map(|path| Bin {
            name: bin_name.to_owned(),
            path,
        }));
    }
    if automatic("autobins") {
        let mut add = |name: &str, path: RelPath| {
            if bins.iter().all(|bin| bin.path != path && bin.name != name) {
                bins.push(Bin {
                    name: name.to_owned(),
                    path,
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
        requirements: requirements(tree, manifest, document, workspace),
        manifest: manifest.clone(),
        root,
        name,
        library,
        lib,
        bins,
        build_script,
        others,
    })
}

/// What the package depends on when it is built with its default features.
fn requirements(
    tree: &Tree,
    manifest: &RelPath,
    document: &Node,
    (shared_at, shared): (&RelPath, &Node),
) -> Vec<Requirement> {
    let enabled = default_features(document);
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
    for target in document
        .get("target")
        .map(Node::entries)
        .unwrap_or_default()
    {
        if !target.key.contains("windows") && !target.key.contains("macos") {
            take(target.node.get("dependencies"), false);
        }
    }
    take(document.get("build-dependencies"), true);
    take(document.get("dev-dependencies"), true);
    found
}

/// The default features with all that they switch on, optional dependencies under their names.
fn default_features(document: &Node) -> BTreeSet<String> {
    let mut enabled = BTreeSet::new();
    let mut next = vec!["default".to_owned()];
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

/// Which Rust builds it: what rustup is told goes before an image of the repository, and that before
/// the least version.
fn version(
    tree: &Tree,
    existing: &Existing,
    manifest: &RelPath,
    document: &Node,
) -> Option<Fact<String>> {
    let root = manifest.parent();
    let mut claims: Vec<(String, Evidence)> = Vec::new();
    // rustup looks upwards from the folder that it is called in.
    let folders = [root.clone(), RelPath::root()];
    for folder in &folders {
        claims.extend(toolchain(tree, folder));
    }
    let images = existing.dockerfiles.iter().filter(|file| {
        let folder = file.path.parent();
        folder == root || root.is_within(&folder)
    });
    claims.extend(images.filter_map(|file| builder(tree, file)));
    let least = document
        .entry_at(&["package", "rust-version"])
        .filter(|entry| entry.node.text().is_some())
        .or_else(|| document.entry_at(&["workspace", "package", "rust-version"]));
    let least = least.and_then(|entry| {
        let text = entry.node.text()?.to_owned();
        Some((text, tree.at(manifest, entry.line)))
    });
    // The least version says nothing against a newer one.
    if claims.is_empty() {
        claims.extend(least);
    }
    let fact = Fact::first_of(crate::project::Confidence::Certain, claims)?;
    Some(if fact.against.is_empty() {
        fact
    } else {
        fact.because("rustup takes what rust-toolchain.toml says wherever cargo is called")
    })
}

/// The channel that rustup takes over everything else.
fn toolchain(tree: &Tree, folder: &RelPath) -> Option<(String, Evidence)> {
    let path = folder.join("rust-toolchain.toml").ok()?;
    if let Some(document) = structured::toml(tree, &path) {
        let channel = document.entry_at(&["toolchain", "channel"])?;
        return Some((
            channel.node.text()?.to_owned(),
            tree.at(&path, channel.line),
        ));
    }
    let path = folder.join("rust-toolchain").ok()?;
    let text = tree.text(&path)?;
    if text.contains("[toolchain]") {
        let line = text
            .lines()
            .position(|line| line.trim_start().starts_with("channel"))?;
        let channel = text.lines().nth(line)?.split('"').nth(1)?;
        return Some((channel.to_owned(), tree.at(&path, line + 1)));
    }
    let channel = text.lines().next()?.trim();
    (!channel.is_empty()).then(|| (channel.to_owned(), tree.at(&path, 1)))
}

/// The version of Rust that a Dockerfile builds with.
fn builder(tree: &Tree, file: &Dockerfile) -> Option<(String, Evidence)> {
    let text = tree.text(&file.path)?;
    text.lines().enumerate().find_map(|(index, line)| {
        let mut words = line.split_whitespace();
        let from = words.next()?.eq_ignore_ascii_case("from");
        let image = words
            .find(|word| !word.starts_with("--"))
            .filter(|_| from)?;
        let (name, tag) = image.split('@').next()?.rsplit_once(':')?;
        let version = match name.rsplit('/').next()? {
            "rust" => tag.split('-').next()?,
            // `lukemathwalker/cargo-chef:latest-rust-1.80.1-bookworm`.
            "cargo-chef" => tag.split_once("rust-")?.1.split('-').next()?,
            _ => return None,
        };
        let is_version =
            version.contains('.') && version.chars().all(|c| c.is_ascii_digit() || c == '.');
        is_version.then(|| (version.to_owned(), tree.at(&file.path, index + 1)))
    })
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

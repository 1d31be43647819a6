//! The package manager of a package: by its lock, by what the manifest names, by the workspace
//! that it is a member of.

use super::manifest::Package;
use crate::detect::Tree;
use crate::detect::structured::{self, Node};
use crate::project::{Claim, Evidence, Fact, PackageManager, RelPath};
use globset::{GlobBuilder, GlobSet};
use std::collections::BTreeMap;

/// How a package's dependencies are installed.
#[derive(Debug)]
pub(super) struct Managed {
    pub(super) manager: Fact<PackageManager>,
    pub(super) lock: Option<RelPath>,
    /// The folder that dependencies are installed in.
    pub(super) home: RelPath,
    /// Files beside manifest and lock that an installation reads.
    pub(super) includes: Vec<RelPath>,
}

/// Lock files, in the order in which one wins over another.
const LOCKS: &[(&str, PackageManager)] = &[
    ("pnpm-lock.yaml", PackageManager::Pnpm),
    ("yarn.lock", PackageManager::Yarn),
    ("bun.lock", PackageManager::Bun),
    ("bun.lockb", PackageManager::Bun),
    ("package-lock.json", PackageManager::Npm),
    ("npm-shrinkwrap.json", PackageManager::Npm),
];

const ORDER: &str =
    "the field packageManager decides, then a lock file: pnpm's, yarn's, bun's, npm's";

/// The folders that have a workspace, each with the manifests of its members.
pub(super) struct Workspaces(BTreeMap<RelPath, Vec<RelPath>>);

impl Workspaces {
    pub(super) fn of(tree: &Tree) -> Self {
        let manifests = tree.named("package.json");
        let folders = manifests.chain(tree.named("pnpm-workspace.yaml"));
        let found = folders.map(RelPath::parent).filter_map(|folder| {
            let patterns = GlobSet::new(members(tree, &folder).iter().filter_map(|text| {
                let text = text.trim_start_matches("./").trim_end_matches('/');
                GlobBuilder::new(text).literal_separator(true).build().ok()
            }));
            let patterns = patterns.ok().filter(|patterns| !patterns.is_empty())?;
            let inside = tree.named("package.json").filter(|path| {
                let below = path.parent().below(&folder);
                below.is_some_and(|below| patterns.is_match(below.as_str()))
            });
            let inside = inside.cloned().collect();
            Some((folder, inside))
        });
        Self(found.collect())
    }

    fn members(&self, home: &RelPath) -> &[RelPath] {
        self.0.get(home).map_or(&[], Vec::as_slice)
    }

    /// The folder that dependencies are installed in: of the workspace that `package` is a member
    /// of, else its own.
    pub(super) fn home(&self, package: &Package) -> RelPath {
        let mut folder = package.root.clone();
        while !folder.is_root() {
            folder = folder.parent();
            if self.members(&folder).contains(&package.path) {
                return folder;
            }
        }
        package.root.clone()
    }
}

/// Finds it for `package`; without any sign it is npm.
pub(super) fn find(tree: &Tree, package: &Package, workspaces: &Workspaces) -> Managed {
    let home = workspaces.home(package);
    let locks: Vec<(RelPath, PackageManager)> = LOCKS
        .iter()
        .filter_map(|(name, manager)| Some((home.join(name).ok()?, *manager)))
        .filter(|(path, _)| tree.has(path))
        .collect();
    let named = named(tree, &package.path).or_else(|| {
        let outer = home.join("package.json").ok()?;
        named(tree, &outer)
    });
    let chosen = match &named {
        Some((manager, _)) => locks.iter().find(|(_, of)| of == manager),
        None => locks.first(),
    };
    let mut fact = match (&named, chosen) {
        (Some((manager, at)), _) => Fact::certain(*manager, at.clone()),
        (None, Some((path, manager))) => Fact::certain(*manager, shown(tree, path)),
        (None, None) => Fact::new(
            PackageManager::Npm,
            crate::project::Confidence::Likely,
            vec![Evidence::file(package.path.clone())],
        )
        .because("no lock file and no packageManager: npm comes with Node.js"),
    };
    for (path, manager) in &locks {
        if *manager == fact.value {
            if !fact.evidence.iter().any(|at| at.file == *path) {
                fact.evidence.push(shown(tree, path));
            }
        } else {
            fact = fact.against(Claim {
                value: format!("{manager:?}").to_lowercase(),
                evidence: vec![Evidence::file(path.clone())],
            });
        }
    }
    if !fact.against.is_empty() {
        fact = fact.because(ORDER);
    }
    if fact.value == PackageManager::Yarn {
        // Yarn reads it from version 2 on.
        let settings = home.join(".yarnrc.yml").ok();
        let settings = settings.filter(|path| tree.has(path));
        fact.evidence.extend(settings.map(Evidence::file));
    }
    let lock = chosen.map(|(path, _)| path.clone());
    let beside = [".npmrc", ".yarnrc.yml", "pnpm-workspace.yaml"]
        .iter()
        .filter_map(|name| home.join(name).ok());
    let outer = home
        .join("package.json")
        .ok()
        .filter(|_| home != package.root);
    // An installation of a workspace reads the manifests of all its members.
    let others = workspaces
        .members(&home)
        .iter()
        .filter(|path| **path != package.path);
    Managed {
        includes: beside
            .chain(outer)
            .filter(|path| tree.has(path))
            .chain(others.cloned())
            .collect(),
        lock,
        home,
        manager: fact,
    }
}

/// A lock file, with the version of its form where it begins with that: pnpm's tells by it which
/// versions of pnpm read it.
fn shown(tree: &Tree, path: &RelPath) -> Evidence {
    let text = tree.text(path);
    let lines = text.iter().flat_map(|text| text.lines().take(5));
    lines
        .enumerate()
        .find(|(_, line)| line.starts_with("lockfileVersion:"))
        .map_or_else(
            || Evidence::file(path.clone()),
            |(index, line)| Evidence::new(path.clone(), index + 1, line),
        )
}

/// `pnpm` of `"packageManager": "pnpm@9.1.0"`.
fn named(tree: &Tree, path: &RelPath) -> Option<(PackageManager, Evidence)> {
    let document = structured::json(tree, path)?;
    let entry = document.entry("packageManager")?;
    let manager = match entry.node.text()?.split('@').next()? {
        "npm" => PackageManager::Npm,
        "pnpm" => PackageManager::Pnpm,
        "yarn" => PackageManager::Yarn,
        "bun" => PackageManager::Bun,
        _ => return None,
    };
    Some((manager, tree.at(path, entry.line)))
}

/// The patterns of a workspace's members, as package.json or pnpm-workspace.yaml has them.
fn members(tree: &Tree, folder: &RelPath) -> Vec<String> {
    let file = |name: &str| folder.join(name).ok().filter(|path| tree.has(path));
    let texts = |node: &Node| -> Vec<String> {
        node.items()
            .iter()
            .filter_map(|item| item.text().map(str::to_owned))
            .collect()
    };
    let mut found = Vec::new();
    if let Some(document) =
        file("pnpm-workspace.yaml").and_then(|path| structured::yaml(tree, &path))
    {
        found.extend(document.get("packages").map(texts).unwrap_or_default());
    }
    if let Some(document) = file("package.json").and_then(|path| structured::json(tree, &path))
        && let Some(workspaces) = document.get("workspaces")
    {
        found.extend(texts(workspaces));
        found.extend(workspaces.get("packages").map(texts).unwrap_or_default());
    }
    found
}

//! The package manager of a package: by its lock, by what the manifest names, by the workspace
//! that it is a member of.

use super::manifest::Package;
use crate::detect::Tree;
use crate::detect::structured::{self, Node};
use crate::project::{Claim, Evidence, Fact, PackageManager, RelPath};
use globset::Glob;

/// How a package's dependencies are installed.
#[derive(Debug)]
pub(super) struct Managed {
    pub(super) manager: Fact<PackageManager>,
    pub(super) lock: Option<RelPath>,
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

/// Finds it for `package`; without any sign it is npm.
pub(super) fn find(tree: &Tree, package: &Package) -> Managed {
    let home = home(tree, &package.root);
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
        (None, Some((path, manager))) => Fact::certain(*manager, Evidence::file(path.clone())),
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
                fact.evidence.push(Evidence::file(path.clone()));
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
    let lock = chosen.map(|(path, _)| path.clone());
    let beside = [".npmrc", ".yarnrc.yml", "pnpm-workspace.yaml"]
        .iter()
        .filter_map(|name| home.join(name).ok());
    let outer = home
        .join("package.json")
        .ok()
        .filter(|_| home != package.root);
    // An installation of a workspace reads the manifests of all its members.
    let patterns = members(tree, &home);
    let others = tree.named("package.json").filter(|path| {
        **path != package.path
            && patterns
                .iter()
                .any(|pattern| is_member(&home, pattern, &path.parent()))
    });
    Managed {
        includes: beside
            .chain(outer)
            .filter(|path| tree.has(path))
            .chain(others.cloned())
            .collect(),
        lock,
        manager: fact,
    }
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

/// The folder that dependencies are installed in: of the workspace that `root` is a member of,
/// else `root` itself.
pub(super) fn home(tree: &Tree, root: &RelPath) -> RelPath {
    let mut folder = root.clone();
    while !folder.is_root() {
        folder = folder.parent();
        if members(tree, &folder)
            .iter()
            .any(|pattern| is_member(&folder, pattern, root))
        {
            return folder;
        }
    }
    root.clone()
}

/// The patterns of a workspace's members, as package.json or pnpm-workspace.yaml has them.
pub(super) fn members(tree: &Tree, folder: &RelPath) -> Vec<String> {
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

fn is_member(folder: &RelPath, pattern: &str, root: &RelPath) -> bool {
    let Some(below) = root.below(folder) else {
        return false;
    };
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(below.as_str()))
}

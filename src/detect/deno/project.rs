//! A project of Deno: its manifest, the workspace around it, its sources and images.

use super::manifest::Manifest;
use crate::detect::beside::beside_or_hidden;
use crate::detect::{Tree, existing};
use crate::project::{Dockerfile, Existing, RelPath};

/// Folders of a project that hold nothing which runs.
const ASIDE: &[&str] = &[
    "node_modules",
    "tasks",
    "scripts",
    "tools",
    "bench",
    "benches",
    "docs",
    "vendor",
    "_fresh",
    "static",
    "public",
    "dist",
    "npm",
    "cov",
    "coverage",
];

const EXTENSIONS: &[&str] = &["ts", "tsx", "js", "jsx", "mjs", "mts"];

/// A project with everything around it.
pub(super) struct Project<'a> {
    pub(super) tree: &'a Tree,
    pub(super) existing: &'a Existing,
    pub(super) manifest: &'a Manifest,
    /// The workspace that it is a member of, else itself.
    pub(super) home: &'a Manifest,
    pub(super) alone: bool,
    pub(super) lock: Option<RelPath>,
    /// Manifests of the workspace.
    pub(super) members: Vec<RelPath>,
    pub(super) files: Vec<RelPath>,
    pub(super) images: Vec<&'a Dockerfile>,
}

impl<'a> Project<'a> {
    pub(super) fn of(
        tree: &'a Tree,
        existing: &'a Existing,
        manifest: &'a Manifest,
        all: &'a [Manifest],
    ) -> Self {
        let around = all.iter().filter(|other| {
            other.workspace && other.root != manifest.root && manifest.root.is_within(&other.root)
        });
        let home = around
            .max_by_key(|other| other.root.depth())
            .unwrap_or(manifest);
        let lock = home
            .root
            .join("deno.lock")
            .ok()
            .filter(|path| tree.has(path) && !home.is_unlocked());
        let alone = all.len() == 1;
        let mut images: Vec<&Dockerfile> = existing
            .dockerfiles
            .iter()
            .filter(|file| existing::is_about(file, &manifest.root, alone))
            .filter(|file| file.runtime.as_ref().is_none_or(|(name, _)| name == "deno"))
            .filter(|file| !existing::is_for_developers(file))
            .collect();
        existing::nearest_first(&mut images, &manifest.root);
        let members = all
            .iter()
            .filter(|other| home.workspace && other.root.is_within(&home.root));
        let members = members.map(|other| other.path.clone()).collect();
        Self {
            tree,
            existing,
            manifest,
            home,
            alone,
            lock,
            members,
            files: files(tree, manifest, all),
            images,
        }
    }

    /// A file or folder of the project that is there.
    pub(super) fn path(&self, name: &str) -> Option<RelPath> {
        let path = self
            .manifest
            .root
            .join(name.trim_start_matches("./"))
            .ok()?;
        (self.tree.has(&path) || self.tree.has_folder(&path)).then_some(path)
    }

    /// The first source that is a test.
    pub(super) fn test(&self) -> Option<&'a RelPath> {
        let tests =
            sources(self.tree).filter(|path| path.is_within(&self.manifest.root) && is_test(path));
        tests.min()
    }
}

fn sources(tree: &Tree) -> impl Iterator<Item = &RelPath> {
    let of = |extension: &&str| tree.with_extension(extension);
    EXTENSIONS.iter().flat_map(of)
}

fn is_test(path: &RelPath) -> bool {
    path.stem().ends_with("_test") || path.stem().ends_with(".test") || path.stem() == "test"
}

/// The sources of what runs, sorted; those of other projects inside are none.
fn files(tree: &Tree, manifest: &Manifest, all: &[Manifest]) -> Vec<RelPath> {
    let inside: Vec<&RelPath> = all
        .iter()
        .map(|other| &other.root)
        .filter(|root| **root != manifest.root && root.is_within(&manifest.root))
        .collect();
    let runs = |path: &&RelPath| {
        let Some(below) = path.below(&manifest.root) else {
            return false;
        };
        let folder = below.parent();
        !is_test(path)
            && !beside_or_hidden(&folder)
            && !folder.as_str().split('/').any(|part| ASIDE.contains(&part))
            && !path.as_str().contains("supabase/functions")
            && !matches!(
                path.stem(),
                "dev" | "bench" | "build" | "build_npm" | "vite.config"
            )
            && !inside.iter().any(|root| path.is_within(root))
    };
    let mut found: Vec<RelPath> = sources(tree).filter(runs).cloned().collect();
    found.sort();
    found
}

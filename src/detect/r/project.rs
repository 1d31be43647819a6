//! A project of R: its folder, what declares its packages, and the sources that run.

use super::app::{self, App, Kind};
use super::description::{self, Description};
use super::lock::{self, Lock};
use super::source;
use crate::detect::{Tree, existing};
use crate::project::{Dockerfile, Existing, RelPath, Requirement};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::collections::{BTreeMap, BTreeSet};

/// A folder with a manifest of R, or with an application.
pub(super) struct RProject<'a> {
    pub(super) tree: &'a Tree,
    pub(super) existing: &'a Existing,
    pub(super) root: RelPath,
    pub(super) description: Option<Description>,
    pub(super) lock: Option<Lock>,
    /// Whether there is no other one.
    pub(super) alone: bool,
    /// Sources of what runs, sorted: no tests, nothing that is run by hand.
    pub(super) files: Vec<RelPath>,
    /// What DESCRIPTION, the lock and the sources ask for, each once.
    pub(super) requirements: Vec<Requirement>,
}

/// Packages that come with R.
const BASE: &[&str] = &[
    "base",
    "compiler",
    "datasets",
    "graphics",
    "grDevices",
    "grid",
    "methods",
    "parallel",
    "splines",
    "stats",
    "stats4",
    "tcltk",
    "tools",
    "utils",
];

/// Every project of the tree, by folder.
pub(super) fn all<'a>(tree: &'a Tree, existing: &'a Existing, apps: &[App]) -> Vec<RProject<'a>> {
    // Shiny shows what a DESCRIPTION without a package says beside an example.
    let declares = |path: &RelPath| {
        path.file_name() == "renv.lock"
            || description::read(tree, path)
                .is_some_and(|one| one.package.is_some() || !one.requirements.is_empty())
    };
    let manifests = tree.named("DESCRIPTION").chain(tree.named("renv.lock"));
    let mut roots: BTreeSet<RelPath> = manifests
        .filter(|path| !app::is_aside(&path.parent()) && declares(path))
        .map(RelPath::parent)
        .collect();
    let declared = roots.clone();
    for app in apps {
        // Of several folders that hold it, the one next to it.
        if !declared.iter().any(|root| app.folder.is_within(root)) {
            roots.insert(app.folder.clone());
        }
    }
    // Applications beside each other without a manifest are one project of the folder that holds them.
    if roots.difference(&declared).count() > super::GALLERY {
        roots = declared;
        roots.insert(RelPath::root());
    }
    let alone = roots.len() == 1;
    roots
        .iter()
        .map(|root| read(tree, existing, root, &roots, alone))
        .collect()
}

fn read<'a>(
    tree: &'a Tree,
    existing: &'a Existing,
    root: &RelPath,
    roots: &BTreeSet<RelPath>,
    alone: bool,
) -> RProject<'a> {
    let path = |name: &str| root.join(name).ok().filter(|path| tree.has(path));
    let inner: Vec<&RelPath> = roots
        .iter()
        .filter(|other| *other != root && other.is_within(root))
        .collect();
    let sources = tree.with_extension("R").chain(tree.with_extension("r"));
    let mut files: Vec<RelPath> = sources
        .filter(|path| {
            path.is_within(root)
                && !app::is_aside(&path.parent())
                && !inner.iter().any(|other| path.is_within(other))
        })
        .cloned()
        .collect();
    files.sort();
    let mut project = RProject {
        tree,
        existing,
        root: root.clone(),
        description: path("DESCRIPTION").and_then(|path| description::read(tree, &path)),
        lock: path("renv.lock").map(|path| lock::read(tree, &path)),
        alone,
        files,
        requirements: Vec::new(),
    };
    project.requirements = requirements(&project);
    project
}

/// What DESCRIPTION asks for, what the lock adds, and what the sources load of neither.
fn requirements(project: &RProject<'_>) -> Vec<Requirement> {
    let tree = project.tree;
    let mut known: BTreeMap<String, Requirement> = BTreeMap::new();
    let declared = project.description.iter().flat_map(|one| &one.requirements);
    for one in declared {
        known.entry(one.name.clone()).or_insert_with(|| one.clone());
    }
    for one in project.lock.iter().flat_map(|lock| &lock.packages) {
        let entry = known.entry(one.name.clone()).or_insert_with(|| one.clone());
        // The lock says which version, DESCRIPTION that it is wanted.
        entry.specifier.clone_from(&one.specifier);
        entry.exact = one.exact;
    }
    let loaded: Vec<(&RelPath, Vec<(String, usize)>)> = project
        .files
        .par_iter()
        .filter_map(|path| {
            let words = ["library", "require", "::", "loadNamespace", "p_load"];
            let loads = source::with_tree(tree, path, &words, |source, root| {
                source::loads(source, root)
            })?;
            Some((path, loads))
        })
        .collect();
    for (path, loads) in loaded {
        for (name, line) in loads {
            if BASE.contains(&name.as_str()) {
                continue;
            }
            let entry = known.entry(name).or_insert_with_key(|name| {
                description::required(name, "", false, tree.at(path, line))
            });
            entry.direct = true;
            entry.development = false;
        }
    }
    let own = project
        .description
        .as_ref()
        .and_then(|one| one.package.as_ref());
    known.retain(|name, _| own.is_none_or(|(own, _)| own != name));
    known.into_values().collect()
}

impl RProject<'_> {
    pub(super) fn path(&self, name: &str) -> Option<RelPath> {
        let path = self.root.join(name).ok();
        path.filter(|path| self.tree.has(path))
    }

    /// Whether an application belongs to this project and to none within it.
    pub(super) fn is_of(&self, app: &App) -> bool {
        app.folder.is_within(&self.root)
            && (app.kind == Kind::Golem
                || app.kind == Kind::Document
                || self.files.contains(&app.entry))
    }

    pub(super) fn has_manifest(&self) -> bool {
        self.lock.is_some() || self.description.is_some()
    }

    /// Whether it is laid out as a package that R installs.
    pub(super) fn is_library(&self) -> bool {
        let Some(description) = &self.description else {
            return false;
        };
        let is_package = description.kind.as_deref() == Some("Package");
        description.package.is_some() && (is_package || self.path("NAMESPACE").is_some())
    }

    /// Whether production installs this package.
    pub(super) fn installs(&self, name: &str) -> bool {
        let mut all = self.requirements.iter();
        all.any(|one| !one.development && one.name == name)
    }

    /// The requirement, for whoever it is.
    pub(super) fn any(&self, name: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|one| one.name == name)
    }

    /// The images of the repository that are about this project, the nearest first.
    pub(super) fn images(&self) -> Vec<&Dockerfile> {
        let all = self.existing.dockerfiles.iter();
        let mut images: Vec<&Dockerfile> = all
            .filter(|file| {
                let folder = file.path.parent();
                existing::is_about(file, &self.root, self.alone)
                    || self.alone && folder.is_within(&self.root) && !app::is_aside(&folder)
            })
            .collect();
        existing::nearest_first(&mut images, &self.root);
        images
    }
}

//! The Python projects of a tree: folders with a manifest, and what the manifests say.

mod conda;
mod ini;
mod pipfile;
mod pyproject;
mod requirement;
mod requirements;
mod setup;

pub(super) use ini::Section;
use requirement::pep508;
pub(super) use requirement::{allows, normalise};

use super::code::Code;
use super::role;
use crate::detect::beside::pattern;
use crate::detect::structured::{self, Node};
use crate::project::{Claim, Evidence, Existing, Fact, PackageManager, RelPath, Requirement};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the manifests of one folder say.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) root: RelPath,
    pub(super) name: Option<Fact<String>>,
    pub(super) manager: Option<Fact<PackageManager>>,
    pub(super) manifest: Option<Fact<RelPath>>,
    pub(super) includes: Vec<RelPath>,
    /// Files whose requirements are installed beside the manifest's.
    pub(super) also: Vec<RelPath>,
    pub(super) lock: Option<Fact<RelPath>>,
    pub(super) requirements: Vec<Requirement>,
    /// Version ranges that the runtime must satisfy, as PEP 440.
    pub(super) requires_python: Vec<(String, Evidence)>,
    /// Runtime versions that a manifest names exactly.
    pub(super) pinned_python: Vec<(String, Evidence)>,
    /// Where it says that it is built and installed as a package.
    pub(super) built: Option<Evidence>,
    /// Commands that the package manager runs by name: `test`, `start`.
    pub(super) scripts: Vec<Script>,
    /// Programs that the package installs.
    pub(super) entry_points: Vec<EntryPoint>,
    /// The parsed pyproject.toml.
    pub(super) pyproject: Option<(RelPath, Arc<Node>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) name: String,
    pub(super) command: String,
    pub(super) at: Evidence,
}

/// A program that a package installs: `name = "module:function"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntryPoint {
    pub(super) name: String,
    /// `module:function`, or the path of a script.
    pub(super) target: String,
}

impl EntryPoint {
    /// Parses `name = module:function`, as setup scripts write it.
    fn parse(text: &str) -> Option<Self> {
        let (name, target) = text.split_once('=')?;
        Some(Self {
            name: name.trim().to_owned(),
            target: target.trim().to_owned(),
        })
    }
}

impl Package {
    pub(super) fn new(root: RelPath) -> Self {
        Self {
            root,
            name: None,
            manager: None,
            manifest: None,
            includes: Vec::new(),
            also: Vec::new(),
            lock: None,
            requirements: Vec::new(),
            requires_python: Vec::new(),
            pinned_python: Vec::new(),
            built: None,
            scripts: Vec::new(),
            entry_points: Vec::new(),
            pyproject: None,
        }
    }

    /// The runtime requirement with this normalised name.
    pub(super) fn runtime(&self, name: &str) -> Option<&Requirement> {
        self.requirements
            .iter()
            .find(|requirement| requirement.name == name && !requirement.development)
    }

    pub(super) fn any(&self, name: &str) -> Option<&Requirement> {
        self.requirements
            .iter()
            .find(|requirement| requirement.name == name)
    }

    /// A version of Python that a manifest names: `exact` where that is a number, else `range`.
    fn python(&mut self, exact: &str, range: &str, at: Evidence) {
        if exact.starts_with(|first: char| first.is_ascii_digit()) {
            self.pinned_python.push((exact.to_owned(), at));
        } else if !range.is_empty() {
            self.requires_python.push((range.to_owned(), at));
        }
    }

    fn add(&mut self, more: Vec<Requirement>) {
        for requirement in more {
            let known = self
                .requirements
                .iter_mut()
                .find(|known| known.name == requirement.name);
            match known {
                Some(known) if known.development && !requirement.development => {
                    *known = requirement;
                }
                Some(known) => {
                    if known.specifier.is_empty() && !requirement.specifier.is_empty() {
                        known.specifier = requirement.specifier;
                        known.exact = requirement.exact;
                    }
                }
                None => self.requirements.push(requirement),
            }
        }
    }
}

/// Every folder of the tree that is a Python project, sorted by folder.
///
/// `existing` tells which requirements files a Dockerfile installs.
pub(super) fn packages(code: &Code<'_>, existing: &Existing) -> Vec<Package> {
    let mut folders: BTreeMap<RelPath, Vec<RelPath>> = BTreeMap::new();
    for path in code.tree.files() {
        if let Some(folder) = home(path)
            && !role::beside(&folder)
            && !pattern(&folder)
        {
            folders.entry(folder).or_default().push(path.clone());
        }
    }
    let installed: BTreeSet<String> = existing
        .dockerfiles
        .iter()
        .flat_map(|file| &file.requirements)
        .filter_map(|named| named.excerpt.rsplit('/').next().map(str::to_owned))
        .collect();
    let mut packages: Vec<Package> = with_their_project(code, &folders)
        .into_iter()
        .filter_map(|(root, files)| package(code, root, &files, &installed))
        .collect();
    if packages.is_empty() {
        packages.extend(without_manifest(code));
    }
    let alone = packages.len() == 1;
    for package in &mut packages {
        of_dockerfile(existing, alone, package);
    }
    packages
}

/// What the project's Dockerfile installs by name and no manifest requires.
fn of_dockerfile(existing: &Existing, alone: bool, package: &mut Package) {
    let files = super::commands::dockerfiles(existing, &package.root, alone);
    let named = files.first().map_or(&[][..], |file| &file.installs);
    for evidence in named {
        let Some(requirement) = pep508(&evidence.excerpt, evidence.clone(), false) else {
            continue;
        };
        let itself = package
            .name
            .as_ref()
            .is_some_and(|name| requirement::normalise(&name.value) == requirement.name);
        if !itself && package.runtime(&requirement.name).is_none() {
            package.add(vec![requirement]);
        }
    }
}

/// A folder that holds requirements files and no Python speaks for the project above it.
fn with_their_project(
    code: &Code<'_>,
    folders: &BTreeMap<RelPath, Vec<RelPath>>,
) -> BTreeMap<RelPath, Vec<RelPath>> {
    let has_python = |folder: &RelPath| {
        code.tree
            .with_extension("py")
            .any(|path| path.is_within(folder))
    };
    let mut all: BTreeMap<RelPath, Vec<RelPath>> = BTreeMap::new();
    for (folder, files) in folders {
        let lists = files.iter().all(requirements::is_requirements);
        let mut home = folder.clone();
        if lists && !has_python(folder) {
            home = std::iter::successors(Some(folder.parent()), |up| {
                (!up.is_root()).then(|| up.parent())
            })
            .find(|up| folders.contains_key(up) || has_python(up))
            .unwrap_or(home);
        }
        all.entry(home).or_default().extend(files.iter().cloned());
    }
    all
}

/// The folder that a manifest speaks for.
fn home(path: &RelPath) -> Option<RelPath> {
    let name = path.file_name();
    let folder = path.parent();
    if requirements::is_requirements(path) {
        if folder.file_name() == "requirements" {
            return Some(folder.parent());
        }
        return Some(folder);
    }
    let known = matches!(
        name,
        "pyproject.toml" | "setup.py" | "setup.cfg" | "Pipfile"
    );
    (known || conda::is_environment(path)).then_some(folder)
}

/// A tree of Python files that declares nothing: its topmost folder with Python in it.
fn without_manifest(code: &Code<'_>) -> Option<Package> {
    code.tree
        .with_extension("py")
        .filter(|path| !role::is_test(path) && !role::beside(&path.parent()))
        .map(RelPath::parent)
        .min_by_key(RelPath::depth)
        .map(Package::new)
}

fn package(
    code: &Code<'_>,
    root: RelPath,
    files: &[RelPath],
    installed: &BTreeSet<String>,
) -> Option<Package> {
    let mut package = Package::new(root);
    let named = |name: &str| {
        files
            .iter()
            .find(|path| path.file_name() == name && path.parent() == package.root)
            .cloned()
    };
    let pyproject = named("pyproject.toml");
    let setup_py = named("setup.py");
    let setup_cfg = named("setup.cfg");
    let pipfile = named("Pipfile");
    let conda = files
        .iter()
        .filter(|path| conda::is_environment(path))
        .min_by_key(|path| (path.stem() != "environment", (*path).clone()))
        .cloned();
    let texts: Vec<RelPath> = files
        .iter()
        .filter(|path| requirements::is_requirements(path))
        .cloned()
        .collect();

    // In the order in which a manifest wins where none has a lock.
    let mut claims: Vec<(PackageManager, RelPath, String)> = Vec::new();
    if let Some(path) = &pyproject
        && let Some(manager) = pyproject::read(code, path, &mut package)
    {
        claims.push((manager, path.clone(), format!("{path} declares them")));
    }
    if let Some(path) = &pipfile
        && pipfile::read(code, path, &mut package)
    {
        claims.push((
            PackageManager::Pipenv,
            path.clone(),
            format!("{path} is there"),
        ));
    }
    if let Some(path) = requirements::read(code, &texts, installed, &mut package) {
        // A list of pinned requirements wins over the open ranges of a pyproject.toml that
        // belongs to no package manager.
        let at = claims
            .iter()
            .position(|(manager, ..)| *manager == PackageManager::Pip)
            .unwrap_or(claims.len());
        claims.insert(
            at,
            (
                PackageManager::Pip,
                path.clone(),
                format!("{path} is there"),
            ),
        );
    }
    if let Some(path) = &setup_py
        && setup::read(code, path, &mut package)
    {
        claims.push((
            PackageManager::Pip,
            path.clone(),
            format!("{path} is there"),
        ));
    }
    if let Some(path) = &setup_cfg
        && ini::read_setup(code, path, &mut package)
    {
        claims.push((
            PackageManager::Pip,
            path.clone(),
            format!("{path} is there"),
        ));
    }
    if let Some(path) = &conda
        && conda::read(code, path, &mut package)
    {
        claims.push((
            PackageManager::Conda,
            path.clone(),
            format!("{path} is there"),
        ));
    }
    choose(code, &mut package, &claims)?;
    Some(package)
}

const LOCKS: &[(&str, PackageManager, &str)] = &[
    ("uv.lock", PackageManager::Uv, "pyproject.toml"),
    ("poetry.lock", PackageManager::Poetry, "pyproject.toml"),
    ("pdm.lock", PackageManager::Pdm, "pyproject.toml"),
    ("Pipfile.lock", PackageManager::Pipenv, "Pipfile"),
];

/// A lock file decides the package manager; without one the first manifest does.
fn choose(
    code: &Code<'_>,
    package: &mut Package,
    claims: &[(PackageManager, RelPath, String)],
) -> Option<()> {
    let lock = LOCKS.iter().find_map(|(name, manager, manifest)| {
        let path = package.root.join(name).ok()?;
        let manifest = package.root.join(manifest).ok()?;
        (code.tree.has(&path) && claims.iter().any(|(_, claimed, _)| *claimed == manifest))
            .then_some((path, *manager, manifest))
    });
    let lock = lock.or_else(|| workspace(code, package, claims));
    let (manager, manifest, evidence) = if let Some((path, manager, manifest)) = &lock {
        (*manager, manifest.clone(), Evidence::file(path.clone()))
    } else {
        let (manager, manifest, _) = claims.first()?;
        (*manager, manifest.clone(), Evidence::file(manifest.clone()))
    };
    let mut fact = Fact::certain(manager, evidence);
    for (other, path, _) in claims {
        if *other != manager && *path != manifest {
            fact = fact.against(Claim {
                value: format!("{other:?}").to_lowercase(),
                evidence: vec![Evidence::file(path.clone())],
            });
        }
    }
    if !fact.against.is_empty() {
        fact.because = Some(if lock.is_some() {
            "a lock file decides".to_owned()
        } else {
            "the first of the package manager's own manifest, requirements files, setup.py, environment.yml".to_owned()
        });
    }
    package.manager = Some(fact);
    package.manifest = Some(Fact::certain(manifest.clone(), Evidence::file(manifest)));
    if let Some((path, ..)) = lock {
        package.lock = Some(Fact::certain(path.clone(), Evidence::file(path)));
    }
    Some(())
}

/// The lock file of a uv workspace that the project is a member of.
fn workspace(
    code: &Code<'_>,
    package: &mut Package,
    claims: &[(PackageManager, RelPath, String)],
) -> Option<(RelPath, PackageManager, RelPath)> {
    let (_, manifest, _) = claims
        .first()
        .filter(|(_, manifest, _)| manifest.file_name() == "pyproject.toml")?;
    let mut folder = package.root.clone();
    while !folder.is_root() {
        folder = folder.parent();
        let lock = folder.join("uv.lock").ok()?;
        let top = folder.join("pyproject.toml").ok()?;
        if code.tree.has(&lock) && code.tree.has(&top) {
            structured::toml(code.tree, &top)?.at(&["tool", "uv", "workspace"])?;
            package.includes.push(top);
            return Some((lock, PackageManager::Uv, manifest.clone()));
        }
    }
    None
}

//! The Python projects of a tree: folders with a manifest, and what the manifests say.

mod conda;
mod ini;
mod pipfile;
mod pyproject;
mod requirement;
mod requirements;
mod setup;

pub(super) use ini::Section;

use super::code::Code;
use super::markup::Node;
use super::role;
use crate::project::{
    Claim, Evidence, Fact, Finding, PackageManager, RelPath, Requirement, Severity,
};
use std::collections::BTreeMap;

/// What the manifests of one folder say.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) root: RelPath,
    pub(super) name: Option<Fact<String>>,
    pub(super) manager: Option<Fact<PackageManager>>,
    pub(super) manifest: Option<Fact<RelPath>>,
    pub(super) includes: Vec<RelPath>,
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
    /// The parsed pyproject.toml.
    pub(super) pyproject: Option<(RelPath, Node)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) name: String,
    pub(super) command: String,
    pub(super) at: Evidence,
}

impl Package {
    pub(super) fn new(root: RelPath) -> Self {
        Self {
            root,
            name: None,
            manager: None,
            manifest: None,
            includes: Vec::new(),
            lock: None,
            requirements: Vec::new(),
            requires_python: Vec::new(),
            pinned_python: Vec::new(),
            built: None,
            scripts: Vec::new(),
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
pub(super) fn packages(code: &Code<'_>) -> Vec<Package> {
    let mut folders: BTreeMap<RelPath, Vec<RelPath>> = BTreeMap::new();
    for path in code.tree.files() {
        if let Some(folder) = home(path)
            && !role::beside(&folder)
        {
            folders.entry(folder).or_default().push(path.clone());
        }
    }
    let mut packages: Vec<Package> = folders
        .into_iter()
        .filter_map(|(root, files)| package(code, root, &files))
        .collect();
    if packages.is_empty() {
        packages.extend(without_manifest(code));
    }
    packages
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
        "pyproject.toml"
            | "setup.py"
            | "setup.cfg"
            | "Pipfile"
            | "environment.yml"
            | "environment.yaml"
    );
    known.then_some(folder)
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

fn package(code: &Code<'_>, root: RelPath, files: &[RelPath]) -> Option<Package> {
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
    let conda = named("environment.yml").or_else(|| named("environment.yaml"));
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
    if let Some(path) = requirements::read(code, &texts, &mut package) {
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
    choose(code, &mut package, claims)?;
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
    claims: Vec<(PackageManager, RelPath, String)>,
) -> Option<()> {
    let lock = LOCKS.iter().find_map(|(name, manager, manifest)| {
        let path = package.root.join(name).ok()?;
        let manifest = package.root.join(manifest).ok()?;
        (code.tree.has(&path) && claims.iter().any(|(_, claimed, _)| *claimed == manifest))
            .then_some((path, *manager, manifest))
    });
    let lock = lock.or_else(|| workspace(code, package, &claims));
    let (manager, manifest, evidence) = match &lock {
        Some((path, manager, manifest)) => {
            (*manager, manifest.clone(), Evidence::file(path.clone()))
        }
        None => {
            let (manager, manifest, _) = claims.first()?;
            (*manager, manifest.clone(), Evidence::file(manifest.clone()))
        }
    };
    let mut fact = Fact::certain(manager, evidence);
    for (other, path, _) in &claims {
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
            let text = code.tree.text(&top)?;
            super::markup::toml(&text)
                .ok()?
                .get(&["tool", "uv", "workspace"])?;
            package.includes.push(top);
            return Some((lock, PackageManager::Uv, manifest.clone()));
        }
    }
    None
}

/// Reports a manifest that cannot be parsed.
fn report(code: &Code<'_>, id: &'static str, path: &RelPath, line: usize, message: &str) {
    let text = code.tree.text(path);
    let excerpt = text
        .as_deref()
        .and_then(|text| text.lines().nth(line.saturating_sub(1)))
        .unwrap_or("");
    code.tree.report(Finding {
        id,
        severity: Severity::Error,
        message: format!(
            "{path}:{line} cannot be parsed: {}",
            message.lines().next().unwrap_or("").trim()
        ),
        evidence: vec![Evidence::new(path.clone(), line, excerpt)],
        mend: format!("correct line {line} of {path}"),
    });
}

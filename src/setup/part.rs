//! What is installed as one: a manifest, its package manager and the environment it goes to.

use crate::doctor::Machine;
use crate::project::{PackageManager, Project, RelPath, Requirement};
use std::path::{Path, PathBuf};

/// One set of dependencies. Services that share a manifest share it.
#[derive(Debug)]
pub(super) struct Part<'a> {
    /// The first service's name.
    pub(super) name: &'a str,
    pub(super) folder: &'a RelPath,
    pub(super) manager: PackageManager,
    pub(super) manifest: Option<&'a RelPath>,
    /// Requirements files that are installed beside it.
    pub(super) also: &'a [RelPath],
    pub(super) locked: bool,
    /// Every file that says what is installed, sorted.
    pub(super) inputs: Vec<&'a RelPath>,
    pub(super) requirements: &'a [Requirement],
    /// `major.minor`.
    pub(super) version: Option<&'a str>,
    /// The virtual environment, absolute.
    pub(super) venv: PathBuf,
}

/// The parts written in Python, in order of name.
pub(super) fn parts<'a>(project: &'a Project, root: &Path, machine: &Machine) -> Vec<Part<'a>> {
    let venv = |name: &str, folder: &RelPath| match machine.variable("SHIPWAY_VENVS") {
        Some(venvs) => root.join(venvs).join(crate::project::identifier(name)),
        None => folder.under(root).join(".venv"),
    };
    let mut parts: Vec<Part> = Vec::new();
    for service in &project.services {
        let manifest = service.manifest.as_ref().map(|fact| &fact.value);
        let known = parts
            .iter()
            .any(|part| part.folder == &service.root && part.manifest == manifest);
        if service.ecosystem != "python" || known {
            continue;
        }
        let lock = service.lock.as_ref().map(|fact| &fact.value);
        let development = service
            .requirements
            .iter()
            .filter(|requirement| requirement.development)
            .map(|requirement| &requirement.declared.file);
        let mut inputs: Vec<&RelPath> = manifest
            .into_iter()
            .chain(lock)
            .chain(&service.manifest_includes)
            .chain(&service.manifest_also)
            .chain(development)
            .collect();
        inputs.sort();
        inputs.dedup();
        parts.push(Part {
            name: &service.name,
            folder: &service.root,
            manager: service
                .package_manager
                .as_ref()
                .map_or(PackageManager::Pip, |fact| fact.value),
            manifest,
            also: &service.manifest_also,
            locked: lock.is_some(),
            inputs,
            requirements: &service.requirements,
            version: service
                .runtime_version
                .as_ref()
                .map(|fact| fact.value.as_str()),
            venv: venv(&service.name, &service.root),
        });
    }
    for library in &project.libraries {
        if library.ecosystem != "python" || parts.iter().any(|part| part.folder == &library.root) {
            continue;
        }
        let mut inputs: Vec<&RelPath> = library
            .package_manager
            .iter()
            .flat_map(|fact| &fact.evidence)
            .chain(&library.name.evidence)
            .map(|evidence| &evidence.file)
            .filter(|file| file.is_within(&library.root))
            .collect();
        inputs.sort();
        inputs.dedup();
        parts.push(Part {
            name: &library.name.value,
            folder: &library.root,
            manager: library
                .package_manager
                .as_ref()
                .map_or(PackageManager::Pip, |fact| fact.value),
            manifest: None,
            also: &[],
            locked: inputs.iter().any(|file| file.extension() == "lock"),
            inputs,
            requirements: &[],
            version: library
                .runtime_version
                .as_ref()
                .map(|fact| fact.value.as_str()),
            venv: venv(&library.name.value, &library.root),
        });
    }
    parts
}

impl Part<'_> {
    /// Whether the package manager makes the environment by itself.
    pub(super) fn makes_environment(&self) -> bool {
        self.is_uv_project() || self.manager == PackageManager::Conda
    }

    pub(super) fn is_uv_project(&self) -> bool {
        self.manager == PackageManager::Uv && !self.manifest.is_some_and(is_requirements)
    }

    /// The environment's interpreter.
    pub(super) fn python(&self) -> PathBuf {
        self.venv.join(if cfg!(windows) {
            "Scripts/python.exe"
        } else {
            "bin/python"
        })
    }

    /// The environment's folder of programs.
    pub(super) fn programs(&self) -> PathBuf {
        self.venv
            .join(if cfg!(windows) { "Scripts" } else { "bin" })
    }
}

/// Whether pip takes it with `-r`.
pub(super) fn is_requirements(file: &RelPath) -> bool {
    matches!(file.extension(), "txt" | "in")
}

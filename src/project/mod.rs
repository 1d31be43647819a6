//! The model: what detection found a repository to be.
//!
//! Plain values that every room may use. This room imports no other; `detect` fills it,
//! `scaffold`, `cli` and the later rooms read it.

mod backing;
mod env;
mod existing;
mod explain;
mod fact;
mod finding;
mod path;
mod service;

pub use backing::{BackingKind, BackingService, Need, Other, Sign, Sought, SupabasePart};
pub use env::{EnvFile, EnvRole, EnvVar};
pub use existing::{
    Built, ComposeFile, ComposeService, Copied, Dockerfile, Existing, ExistingFile,
};
pub use explain::{Answer, Explanation, NameError, explanations, named};
pub use fact::{Claim, Confidence, Evidence, Fact};
pub use finding::{Finding, Severity, Unknown};
pub use path::{PathError, RelPath};
pub use service::{
    Capacity, FrontEnd, InImage, LintCommand, Made, Migration, PackageManager, Port, Requirement,
    ServerInterface, Service, ServiceKind, Single, TestCommand, identifier,
};

use serde::Serialize;

/// What a repository is: its services, what they need, what is there already.
#[derive(Debug, Clone, Serialize)]
pub struct Project {
    /// Name in the form that compose accepts: `[a-z0-9][a-z0-9_-]*`.
    pub name: Fact<String>,
    /// What runs as a container, sorted by name.
    pub services: Vec<Service>,
    /// Packages that others install and nobody runs; they get no Dockerfile.
    pub libraries: Vec<Library>,
    /// Packages beside the services that are built, tested or linted: of a workspace, or a front
    /// end that a service hands out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Library>,
    /// What the services need that is not the user's code, sorted by kind.
    pub backing: Vec<BackingService>,
    /// What they need beside that and nothing generated here starts, sorted by kind.
    pub needs: Vec<Need>,
    /// Developer tools that the project uses already (ruff, black, mypy, pytest, eslint, …).
    pub tools: Vec<Tool>,
    /// The project's own scripts for recurring work.
    pub scripts: Scripts,
    /// What lies in the tree already and would be taken over or respected.
    pub existing: Existing,
    /// Every `.env*` file in the tree, tracked or not.
    pub env_files: Vec<EnvFile>,
    /// Things that the maintainers should know: an insecure default, committed bytecode, …
    pub findings: Vec<Finding>,
    /// Facts that were looked for and not found, each with what was looked at.
    pub unknown: Vec<Unknown>,
}

impl Project {
    /// Whether there is nothing that runs or is built, tested or linted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && self.libraries.is_empty() && self.packages.is_empty()
    }
}

/// A package that nobody runs: others install it, or it is a part of what runs.
#[derive(Debug, Clone, Serialize)]
pub struct Library {
    pub name: Fact<String>,
    /// Folder of its manifest.
    pub root: RelPath,
    /// `python`, `node`, …
    pub ecosystem: &'static str,
    /// The tool that it is made for: `snakemake`, `nextflow`, `dvc`, `quarto`, `jupyter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub framework: Option<Fact<String>>,
    pub package_manager: Option<Fact<PackageManager>>,
    /// Runtime version as `major.minor`, e.g. `3.12`.
    pub runtime_version: Option<Fact<String>>,
    pub test: Option<Fact<TestCommand>>,
    /// What checks its code, where the manifest names the commands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lint: Vec<Fact<LintCommand>>,
    /// Command that builds it, started in `root`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<Fact<String>>,
}

/// A developer tool that the project uses.
#[derive(Debug, Clone, Serialize)]
pub struct Tool {
    /// The tool's own name: `ruff`, `black`, `mypy`, `eslint`, …
    pub name: String,
    /// `lint`, `format`, `types`, `test`, `security`.
    pub purpose: &'static str,
    /// Where its use shows: a configuration file, a section, a development requirement.
    pub found: Fact<bool>,
    /// Version where one is pinned exactly.
    pub version: Option<String>,
}

/// The project's own scripts, each as a command relative to the root.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Scripts {
    pub seed: Option<Fact<String>>,
    pub backup: Option<Fact<String>>,
}

//! The part of a project that something can be generated for, and what is said of the rest.

use super::view::container;
use crate::project::{Evidence, Fact, Finding, Library, Project, Service, Severity};

/// Ecosystems whose packages are built, tested and linted by what is generated.
const TESTED: &[&str] = &[
    "deno", "dotnet", "elixir", "go", "java", "nextflow", "node", "php", "python", "r", "ruby",
    "rust",
];

/// Whether workflow, Makefile and dev container are made for an ecosystem.
pub(super) fn is_tested(ecosystem: &str) -> bool {
    TESTED.contains(&ecosystem)
}

/// `project` without the services that no image can be made for, and without the backing services
/// that only those use; a note names them.
pub(super) fn only(mut project: Project) -> (Project, Vec<Finding>) {
    let (made, left): (Vec<_>, Vec<_>) = project
        .services
        .drain(..)
        .partition(|service| service.ecosystem == "python" || container::is_made(service));
    project.services = made;
    project.libraries.extend(left.iter().filter_map(tested));
    let stays = |name: &String| left.iter().all(|service| service.name != *name);
    project
        .backing
        .retain(|backing| backing.used_by.is_empty() || backing.used_by.iter().any(stays));
    for backing in &mut project.backing {
        backing.used_by.retain(stays);
    }
    (project, left_out(&left).into_iter().collect())
}

/// What no image is made of is tested and linted all the same.
fn tested(service: &Service) -> Option<Library> {
    // Packages of Node.js are that beside their services.
    if !is_tested(service.ecosystem) || service.ecosystem == "node" {
        return None;
    }
    let at = service.package_manager.as_ref()?.evidence.first()?.clone();
    Some(Library {
        name: Fact::certain(service.name.clone(), at),
        root: service.root.clone(),
        ecosystem: service.ecosystem,
        framework: None,
        package_manager: service.package_manager.clone(),
        runtime_version: service.runtime_version.clone(),
        test: service.test.clone(),
        lint: service.lint.clone(),
        build: None,
    })
}

/// What is said of the services that nothing is generated for.
fn left_out(services: &[Service]) -> Option<Finding> {
    let names: Vec<String> = services
        .iter()
        .map(|service| format!("{} ({})", service.name, service.ecosystem))
        .collect();
    let evidence = services
        .iter()
        .filter_map(|service| service.manifest.as_ref())
        .map(|fact| Evidence::file(fact.value.clone()))
        .collect();
    (!names.is_empty()).then(|| Finding {
        id: "not-generated",
        severity: Severity::Warning,
        message: format!(
            "no image is generated for {}: what runs there stays as it is",
            names.join(", ")
        ),
        evidence,
        mend: "keep the Dockerfile and the commands that the repository has for it, or name its command in shipway.toml"
            .to_owned(),
    })
}

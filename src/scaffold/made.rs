//! The part of a project that something can be generated for, and what is said of the rest.

use super::view::container;
use crate::project::{Evidence, Finding, Project, Service, Severity};

/// Ecosystems whose packages are built, tested and linted by what is generated.
const TESTED: &[&str] = &["python", "rust"];

/// Whether workflow, Makefile and dev container are made for an ecosystem.
pub(super) fn is_tested(ecosystem: &str) -> bool {
    TESTED.contains(&ecosystem)
}

/// `project` without the services that no image can be made for, and without the backing services
/// that only those use; notes name them, and those that nothing generated tests.
pub(super) fn only(mut project: Project) -> (Project, Vec<Finding>) {
    let (made, left): (Vec<_>, Vec<_>) = project
        .services
        .drain(..)
        .partition(|service| service.ecosystem == "python" || container::is_made(service));
    project.services = made;
    let stays = |name: &String| left.iter().all(|service| service.name != *name);
    project
        .backing
        .retain(|backing| backing.used_by.is_empty() || backing.used_by.iter().any(stays));
    for backing in &mut project.backing {
        backing.used_by.retain(stays);
    }
    let mut findings = Vec::new();
    findings.extend(note(
        "not-generated",
        &left,
        |names| format!("no image is generated for {names}: what runs there stays as it is"),
        "keep the Dockerfile and the commands that the repository has for it, or name its command in shipway.toml",
    ));
    let untested: Vec<Service> = project
        .services
        .iter()
        .filter(|service| service.ecosystem != "static" && !is_tested(service.ecosystem))
        .cloned()
        .collect();
    findings.extend(note(
        "not-tested",
        &untested,
        |names| {
            format!("the generated workflow, Makefile and dev container do not test {names} yet")
        },
        "keep the scripts and the workflow that the repository has for it",
    ));
    (project, findings)
}

fn note(
    id: &'static str,
    services: &[Service],
    message: impl Fn(&str) -> String,
    mend: &str,
) -> Option<Finding> {
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
        id,
        severity: Severity::Warning,
        message: message(&names.join(", ")),
        evidence,
        mend: mend.to_owned(),
    })
}

//! The part of a project that something can be generated for, and what is said of the rest.

use crate::project::{Evidence, Finding, Project, Severity};

/// Ecosystems whose services get files; others are detected and left to the repository.
const MADE: &[&str] = &["python", "rust", "static"];

/// `project` without the services and libraries that nothing is generated for, and without the
/// backing services that only those use; a note names them.
pub(super) fn only(mut project: Project) -> (Project, Option<Finding>) {
    let (made, left): (Vec<_>, Vec<_>) = project
        .services
        .drain(..)
        .partition(|service| MADE.contains(&service.ecosystem));
    project.services = made;
    project
        .libraries
        .retain(|library| MADE.contains(&library.ecosystem));
    if left.is_empty() {
        return (project, None);
    }
    let stays = |name: &String| left.iter().all(|service| service.name != *name);
    project
        .backing
        .retain(|backing| backing.used_by.is_empty() || backing.used_by.iter().any(stays));
    for backing in &mut project.backing {
        backing.used_by.retain(stays);
    }
    let names: Vec<String> = left
        .iter()
        .map(|service| format!("{} ({})", service.name, service.ecosystem))
        .collect();
    let evidence: Vec<Evidence> = left
        .iter()
        .filter_map(|service| service.manifest.as_ref())
        .map(|fact| Evidence::file(fact.value.clone()))
        .collect();
    let finding = Finding {
        id: "not-generated",
        severity: Severity::Note,
        message: format!(
            "nothing is generated yet for {}: what runs there stays as it is",
            names.join(", ")
        ),
        evidence,
        mend: "keep the Dockerfile and the commands that the repository has for it".to_owned(),
    };
    (project, Some(finding))
}

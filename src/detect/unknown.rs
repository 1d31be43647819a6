//! Says which facts every service should have and does not.

use super::Found;
use crate::project::{Service, ServiceKind, Unknown};

/// Adds to `found` what no ecosystem reported as unknown itself.
pub(super) fn complete(found: &mut Found) {
    if found.services.is_empty() && found.libraries.is_empty() {
        found.unknown.push(Unknown {
            fact: "services".to_owned(),
            looked_at: vec![
                "Python manifests (pyproject.toml, requirements*.txt, Pipfile, environment.yml)"
                    .to_owned(),
                "Python sources".to_owned(),
                "index.html".to_owned(),
            ],
            answer_with: "[[service]] with name, entry and port".to_owned(),
            root: None,
        });
    }
    let missing: Vec<Unknown> = found.services.iter().flat_map(missing).collect();
    for unknown in missing {
        if !found.unknown.iter().any(|known| known.fact == unknown.fact) {
            found.unknown.push(unknown);
        }
    }
}

fn missing(service: &Service) -> Vec<Unknown> {
    if service.kind.value == ServiceKind::Static {
        return Vec::new();
    }
    let mut unknown = Vec::new();
    let mut say = |fact: &str, looked_at: &[&str]| {
        unknown.push(Unknown {
            fact: format!("{}.{fact}", service.name),
            looked_at: looked_at.iter().map(|&place| place.to_owned()).collect(),
            answer_with: format!("[[service]] name = \"{}\", {fact} = …", service.name),
            root: Some(service.root.clone()),
        });
    };
    if service.kind.value == ServiceKind::Web && service.port.is_none() {
        say("port", &["the source", "Dockerfile EXPOSE", "Procfile"]);
    }
    if service.runtime_version.is_none() {
        say(
            "runtime_version",
            &["version files", "the manifest", "Dockerfile FROM"],
        );
    }
    if service.entry.is_none() && service.server_command.is_none() {
        say("entry", &["the source", "Procfile", "Dockerfile CMD"]);
    }
    if service.test.is_none() {
        say("test", &["the manifest", "tests folders"]);
    }
    unknown
}

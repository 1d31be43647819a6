//! What only the adopted file said of the project, as answers in `shipway.toml`.

use super::Rule;
use super::dockerfile::asked;
use crate::project::{Dockerfile, Port, Project, RelPath, Service};
use crate::scaffold::answer::{Answers, ServiceAnswers};

/// What `with` knows by the file at `path` and `without` does not, and a line on each.
///
/// # Errors
/// The name of a service that nothing else tells of.
pub fn answers(
    with: &Project,
    without: &Project,
    path: &RelPath,
) -> Result<(Answers, Vec<String>), String> {
    let mut answers = Answers::default();
    let mut said = Vec::new();
    for service in &with.services {
        let other = without.services.iter().find(|one| one.name == service.name);
        let Some(other) = other else {
            return Err(service.name.clone());
        };
        let mut of_service = differences(service, other);
        if service.health.is_none() && tells_of(with, path, service) {
            let image = with
                .existing
                .dockerfiles
                .iter()
                .find(|one| one.path == *path);
            let check = image.and_then(|image| image.healthcheck.as_ref());
            of_service.health = check.and_then(|check| asked(&check.excerpt));
        }
        let image = with
            .existing
            .dockerfiles
            .iter()
            .find(|one| one.path == *path);
        if let Some(image) = image.filter(|_| tells_of(with, path, service)) {
            for folder in kept_by(image, service) {
                if !of_service.volumes.contains(&folder) && !keeps(other, &folder) {
                    of_service.volumes.push(folder);
                }
            }
        }
        if of_service == ServiceAnswers::default() {
            continue;
        }
        let mut say = |fact: &str, value: String| {
            said.push(format!(
                "{}.{fact} = {value}, in shipway.toml",
                service.name
            ));
        };
        if let Some(port) = of_service.port {
            say("port", port.to_string());
        }
        for (fact, value) in [
            ("runtime_version", &of_service.runtime_version),
            ("entry", &of_service.entry),
            ("health", &of_service.health),
        ] {
            if let Some(value) = value {
                say(fact, value.clone());
            }
        }
        for (fact, values) in [
            ("system_packages", &of_service.system_packages),
            ("volumes", &of_service.volumes),
        ] {
            if !values.is_empty() {
                say(fact, values.join(" "));
            }
        }
        answers.services.insert(service.name.clone(), of_service);
    }
    Ok((answers, said))
}

/// The one command of a rule for `test` is how the only service is tested.
pub fn test_of(rule: &Rule, project: &Project, answers: &mut Answers, said: &mut Vec<String>) {
    let ([service], "test", Some(command)) =
        (&project.services[..], rule.target.as_str(), rule.command())
    else {
        return;
    };
    let runs_at_root = service.working_dir.value.is_root();
    let is_known = (service.test.as_ref()).is_some_and(|fact| fact.value.command == command);
    if runs_at_root && !is_known {
        let of_service = answers.services.entry(service.name.clone()).or_default();
        of_service.test = Some(command.to_owned());
        said.push(format!(
            "{}.test = {command}, in shipway.toml",
            service.name
        ));
    }
}

/// Whether the Dockerfile at `path` is the one of `service`.
fn tells_of(project: &Project, path: &RelPath, service: &Service) -> bool {
    let makes_one = project.services.len() == 1;
    let suffix = path.file_name().strip_prefix("Dockerfile.");
    makes_one || suffix == Some(service.name.as_str()) || path.parent() == service.root
}

/// The folders that the image keeps in volumes, as `[[service]] volumes` names them.
fn kept_by(image: &Dockerfile, service: &Service) -> Vec<String> {
    let home = image.workdir.as_ref().map_or("/", |at| at.excerpt.as_str());
    let home = format!("{}/", home.trim_end_matches('/'));
    let named = image
        .volumes
        .iter()
        .map(|at| at.excerpt.trim_end_matches('/'));
    named
        .filter_map(|folder| match folder.strip_prefix(&home) {
            Some(below) if home != "/" => {
                let path = service.working_dir.value.join(below).ok()?;
                Some(path.to_string())
            }
            _ => Some(folder.to_owned()),
        })
        .filter(|folder| !folder.is_empty())
        .collect()
}

fn keeps(service: &Service, folder: &str) -> bool {
    (service.volumes.iter()).any(|fact| fact.value == folder)
        || (service.writable.iter()).any(|fact| fact.value.as_str() == folder)
}

fn differences(service: &Service, other: &Service) -> ServiceAnswers {
    let text = |fact: &Option<crate::project::Fact<String>>,
                old: &Option<crate::project::Fact<String>>| {
        let value = fact.as_ref().map(|fact| fact.value.clone());
        value.filter(|value| old.as_ref().is_none_or(|old| old.value != *value))
    };
    let port = service.port.as_ref().map(|fact| fact.value);
    let port = port.filter(|port| other.port.as_ref().is_none_or(|old| old.value != *port));
    let packages = service.system_packages.iter().map(|fact| &fact.value);
    let kept = service.volumes.iter().map(|fact| fact.value.clone());
    let written = service.writable.iter().map(|fact| fact.value.to_string());
    let known: Vec<String> = (other.volumes.iter().map(|fact| fact.value.clone()))
        .chain(other.writable.iter().map(|fact| fact.value.to_string()))
        .collect();
    ServiceAnswers {
        test: None,
        port: port.map(Port::get),
        runtime_version: text(&service.runtime_version, &other.runtime_version),
        entry: text(&service.entry, &other.entry),
        health: text(&service.health, &other.health),
        system_packages: packages
            .filter(|name| {
                other
                    .system_packages
                    .iter()
                    .all(|fact| fact.value != **name)
            })
            .cloned()
            .collect(),
        volumes: kept
            .chain(written)
            .filter(|one| !known.contains(one))
            .collect(),
    }
}

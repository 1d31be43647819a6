//! Which services of the compose files run a project of the tree itself, and what they publish of it.

use crate::detect::variable::{Read, Variables};
use crate::detect::{Tree, structured, variable};
use crate::project::{
    ComposeFile, ComposeService, Dockerfile, EnvVar, Evidence, Existing, Port, RelPath,
};

/// Services of the compose files that run the project in `root`, which is called `name`; `alone`
/// where it is the only one of the tree.
pub(in super::super) fn own_services<'e>(
    existing: &'e Existing,
    root: &RelPath,
    name: Option<&str>,
    alone: bool,
) -> Vec<(&'e ComposeFile, &'e ComposeService)> {
    let is_for_tests = |file: &ComposeFile| {
        file.path
            .stem()
            .split(['.', '-', '_'])
            .any(|word| matches!(word, "test" | "tests" | "ci" | "e2e"))
    };
    let mut found = Vec::new();
    for file in existing
        .compose_files
        .iter()
        .filter(|file| !is_for_tests(file))
    {
        let builds = |service: &ComposeService| {
            service.builds(root)
                || service
                    .build
                    .as_ref()
                    .is_some_and(|context| root.is_within(context) && (alone || !context.is_root()))
        };
        let images: Vec<&str> = file
            .services
            .iter()
            .filter(|service| builds(service))
            .filter_map(|service| service.image.as_deref())
            .collect();
        for service in &file.services {
            let image = service.image.as_deref().unwrap_or_default();
            let is_named = name.is_some_and(|name| is_image_of(image, name));
            if builds(service) || images.contains(&image) || is_named {
                found.push((file, service));
            }
        }
    }
    found
}

/// Gives to `known` what the first of `images`, those of the project in `root`, and its compose services set.
pub(in super::super) fn set(
    known: &mut [EnvVar],
    existing: &Existing,
    images: &[&Dockerfile],
    root: &RelPath,
    alone: bool,
) {
    let composed = own_services(existing, root, None, alone);
    variable::set(
        known,
        images.iter().take(1).flat_map(|image| &image.env),
        composed.iter().flat_map(|(_, one)| &one.settings),
    );
}

/// Names that say how a program is run, and nothing of the project's own.
const GENERAL: &[&str] = &[
    "NODE_ENV",
    "NODE_OPTIONS",
    "TZ",
    "DEBUG",
    "PUID",
    "PGID",
    "UMASK",
];

/// Adds what compose services hand to the project and none of its sources was seen to read: a library, or
/// a file that it is configured by, reads it.
pub(in super::super) fn add_passed(
    composed: &[(&ComposeFile, &ComposeService)],
    known: &mut Variables,
) {
    let built = composed.iter().filter(|(_, one)| one.build.is_some());
    for (file, service) in built {
        for name in &service.environment {
            let is_plain = name
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            if !is_plain || known.contains_key(name) || GENERAL.contains(&name.as_str()) {
                continue;
            }
            let read = Read {
                name: name.clone(),
                line: 1,
                default: None,
                required: false,
            };
            variable::add(known, &file.path, "", read);
            if let Some(one) = known.get_mut(name) {
                one.read_at = vec![Evidence::new(file.path.clone(), service.line, name)];
            }
        }
    }
}

/// Names that tell nothing of whose image it is: `mcr.microsoft.com/mssql/server`.
const ANYBODYS: &[&str] = &[
    "api", "app", "backend", "client", "frontend", "server", "service", "web", "worker",
];

/// Whether an image is called like the project: `ghcr.io/owner/name:tag`.
fn is_image_of(image: &str, name: &str) -> bool {
    if ANYBODYS.contains(&name.to_lowercase().as_str()) {
        return false;
    }
    let path = image.split(['@', '$']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    path.contains('/')
        && last
            .split(':')
            .next()
            .is_some_and(|image| image.eq_ignore_ascii_case(name))
}

/// The port inside the container that a service publishes first.
pub(in super::super) fn published(
    tree: &Tree,
    file: &ComposeFile,
    service: &ComposeService,
) -> Option<(Port, Evidence)> {
    let written = service.ports.first()?;
    let inside = super::compose::parts(written).next_back()?;
    let inside = inside.split('/').next()?;
    let port = Port::new(inside.parse().ok()?)?;
    let line = structured::yaml(tree, &file.path)
        .and_then(|document| {
            let service = document.at(&["services", &service.name])?;
            Some(service.get("ports")?.items().first()?.line)
        })
        .unwrap_or(service.line);
    Some((port, Evidence::new(file.path.clone(), line, written)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_of_the_project_by_its_last_part() {
        assert!(is_image_of("reef/Moss:1", "moss"));
        assert!(is_image_of("ghcr.io/reef/moss@sha256:0", "moss"));
        assert!(!is_image_of("moss", "moss"));
        assert!(!is_image_of("reef/moss-ui", "moss"));
        assert!(!is_image_of(
            "mcr.microsoft.com/mssql/server:2022",
            "Server"
        ));
    }
}

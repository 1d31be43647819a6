//! Node.js and Bun: servers, sites that are built, workers and libraries, with everything that
//! runs them.

mod command;
mod framework;
mod manager;
mod manifest;
mod migration;
mod service;
mod settings;
mod source;
mod version;

use super::{Found, Tree, unknown};
use crate::project::{Existing, Fact, Finding, Library, RelPath, Service, ServiceKind, Severity};
use manager::Workspaces;
use manifest::Package;
use service::Surroundings;

/// Looks for everything of Node.js in `tree`.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    let packages = manifest::packages(tree);
    let workspaces = Workspaces::of(tree);
    let others = !found.services.is_empty();
    let mut services: Vec<Service> = Vec::new();
    for package in &packages {
        let alone = packages.len() == 1;
        let files = source::files(tree, package, &packages);
        let listening: Vec<source::Listening> = files
            .iter()
            .flat_map(|path| source::listens(tree, path))
            .collect();
        let images = service::images(existing, &package.root, alone);
        let managed = manager::find(tree, package, &workspaces);
        let of_package = Surroundings {
            tree,
            package,
            managed: &managed,
            files: &files,
            listening: &listening,
            images: &images,
            served: is_served(existing, found, package),
            beside: others || !services.is_empty(),
        }
        .services();
        let fastify = of_package.iter().find(|service| {
            service
                .framework
                .as_ref()
                .is_some_and(|fact| fact.value == "fastify")
        });
        if let Some(service) = fastify
            && let Some(at) = files
                .iter()
                .find_map(|path| source::on_loopback(tree, path))
        {
            found.findings.push(Finding {
                id: "listens-on-loopback",
                severity: Severity::Warning,
                message: format!(
                    "{at} names no host, and Fastify then listens on loopback alone: in a container nobody reaches {}",
                    service.name
                ),
                evidence: vec![at],
                mend: "listen({ port, host: process.env.HOST ?? \"127.0.0.1\" }); the image sets HOST=0.0.0.0".to_owned(),
            });
        }
        services.extend(of_package);
    }
    for service in &services {
        missing(service, found);
    }
    if services.is_empty() && !others {
        found.libraries.extend(
            packages
                .iter()
                .filter_map(|package| library(tree, existing, package, &workspaces)),
        );
    }
    found.services.append(&mut services);
}

/// Whether what the package builds is handed out by another service: one in the same folder, or
/// one whose image takes the files from a stage that builds them.
fn is_served(existing: &Existing, found: &Found, package: &Package) -> bool {
    let same = found
        .services
        .iter()
        .any(|service| service.root == package.root && service.kind.value == ServiceKind::Web);
    let built_in = existing.dockerfiles.iter().any(|file| {
        file.runtime
            .as_ref()
            .is_some_and(|(name, _)| name != "node")
            && file.assets.iter().any(|copied| {
                RelPath::parse(
                    copied
                        .excerpt
                        .trim_start_matches("./")
                        .trim_end_matches('/'),
                )
                .is_ok_and(|path| {
                    !package.root.is_root() && !path.is_root() && path.is_within(&package.root)
                })
            })
    });
    same || built_in
}

/// What others install from a registry.
fn library(
    tree: &Tree,
    existing: &Existing,
    package: &Package,
    workspaces: &Workspaces,
) -> Option<Library> {
    if !package.is_published() {
        return None;
    }
    let name = match package.text(tree, &["name"]) {
        Some((name, at)) => Fact::certain(name, at),
        None => Fact::guess(
            package.root.file_name().to_owned(),
            "the name of its folder",
        ),
    };
    let managed = manager::find(tree, package, workspaces);
    let images = service::images(existing, &package.root, true);
    let test = Surroundings {
        tree,
        package,
        managed: &managed,
        files: &[],
        listening: &[],
        images: &images,
        served: false,
        beside: false,
    }
    .test();
    Some(Library {
        name,
        root: package.root.clone(),
        ecosystem: "node",
        package_manager: Some(managed.manager.clone()),
        runtime_version: version::find(tree, package, &managed.home, &images),
        test,
    })
}

/// What was looked for and not found.
fn missing(service: &Service, found: &mut Found) {
    let mut say = |fact: &str, looked_at: &[&str]| {
        found.unknown.push(unknown::of(service, fact, looked_at));
    };
    if service.runtime_version.is_none() {
        say(
            "runtime_version",
            &[
                ".nvmrc",
                ".node-version",
                ".tool-versions",
                "volta",
                "Dockerfile",
                "engines",
            ],
        );
    }
    if service.kind.value == ServiceKind::Web {
        if service.entry.is_none() {
            say("entry", &["Dockerfile", "Procfile", "scripts", "main"]);
        }
        if service.port.is_none() {
            say("port", &["Dockerfile", "scripts", "the code"]);
        }
    }
}

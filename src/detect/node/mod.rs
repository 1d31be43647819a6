//! Node.js and Bun: servers, sites that are built, workers and libraries, with everything that
//! runs them.

mod checks;
mod command;
mod configuration;
mod env_file;
mod framework;
mod front_end;
mod health;
mod in_image;
mod manager;
mod manifest;
mod migration;
mod output;
mod service;
mod settings;
pub(super) mod source;
mod variables;
mod version;

use super::{Found, Tree, existing, shell, unknown};
use crate::project::{
    Dockerfile, Evidence, Existing, Fact, Finding, Library, RelPath, Service, ServiceKind, Severity,
};
use front_end::{Handed, Search};
use manager::{Managed, Workspaces};
use manifest::Package;
use service::Surroundings;
use std::collections::BTreeMap;

/// Looks for everything of Node.js in `tree`.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    if tree.named("package.json").next().is_some() {
        projects(tree, existing, found);
    }
}

/// Apart, because every start runs [`look`], and most find nothing of Node.js: this need not come into memory then.
#[inline(never)]
fn projects(tree: &Tree, existing: &Existing, found: &mut Found) {
    let mut packages = manifest::packages(tree);
    // What Deno runs is none of Node.js, though a package.json lies beside its manifest.
    packages.retain(|package| {
        let mut of_deno = found.services.iter().filter(|one| one.ecosystem == "deno");
        !of_deno.any(|one| one.root == package.root)
    });
    let workspaces = Workspaces::of(tree);
    let others = !found.services.is_empty();
    // What is installed together, by the folder that it is installed in.
    let mut homes: BTreeMap<RelPath, Vec<&Package>> = BTreeMap::new();
    for package in &packages {
        homes
            .entry(workspaces.home(package))
            .or_default()
            .push(package);
    }
    let managed: Vec<Managed> = packages
        .iter()
        .map(|package| manager::find(tree, package, &workspaces))
        .collect();
    let all: Vec<Installed> = packages
        .iter()
        .zip(&managed)
        .map(|(package, managed)| Installed {
            tree,
            existing,
            package,
            managed,
            members: homes.get(&managed.home).map_or(&[], Vec::as_slice),
        })
        .collect();
    let handed: Vec<Option<Handed>> = all
        .iter()
        .map(|one| {
            let search = Search {
                tree,
                existing,
                services: &found.services,
                packages: &packages,
                package: one.package,
                managed: one.managed,
            };
            search.find(&one.surroundings(&[]).checks())
        })
        .collect();
    let mut services: Vec<Service> = Vec::new();
    for (one, handed) in all.iter().zip(&handed) {
        let package = one.package;
        let alone = packages.len() == 1;
        let files = source::files(tree, package, &packages);
        let listening: Vec<source::Listening> = files
            .iter()
            .flat_map(|path| source::listens(tree, path))
            .collect();
        let of_package = Surroundings {
            files: &files,
            listening: &listening,
            alone,
            served: handed.is_some()
                || is_served(tree, existing, found, package)
                || one.is_built_in(),
            beside: others || !services.is_empty(),
            ..one.surroundings(&service::images(existing, &package.root, alone))
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
    for (one, handed) in all.iter().zip(handed) {
        let package = one.package;
        if services.iter().any(|service| service.root == package.root) {
            continue;
        }
        if let Some(handed) = handed {
            let images: Vec<&Dockerfile> = handed.maker.iter().collect();
            let package = one
                .surroundings(&images)
                .service("front-end", handed.kind());
            let front_ends = &mut found.services[handed.service].front_ends;
            front_ends.push(handed.into_front_end(package));
        } else if let Some(build) = one.surroundings(&[]).checks().build() {
            if let Some(at) = built_by_image(existing, package) {
                found.findings.push(not_built(package, at, &build.value));
            } else if let Some(at) = named(found, package).cloned()
                && framework::builder(package).is_some()
            {
                found.findings.push(opened(package, &at, &build.value));
            }
        }
        if services.is_empty() && !others && package.is_published() {
            found.libraries.push(one.library());
        } else if one.surroundings(&[]).checks().says_something() {
            found.packages.push(one.library());
        }
    }
    found.services.append(&mut services);
}

/// A package and what it is installed with.
struct Installed<'a> {
    tree: &'a Tree,
    existing: &'a Existing,
    package: &'a Package,
    managed: &'a Managed,
    members: &'a [&'a Package],
}

/// Whether what the package builds is handed out by another service: one in the same folder, or
/// one whose image takes the files from a stage that builds them.
fn is_served(tree: &Tree, existing: &Existing, found: &Found, package: &Package) -> bool {
    let same = found
        .services
        .iter()
        .any(|service| service.root == package.root && service.kind.value == ServiceKind::Web);
    let made: Vec<RelPath> = output::of(tree, package, &checks::built_by(package))
        .into_iter()
        .map(|fact| fact.value)
        .chain(moved(tree, existing, package))
        .collect();
    let held = found.embedded.iter().any(|folder| {
        let makes = |made: &RelPath| made.is_within(folder) || folder.is_within(made);
        !package.root.is_root() && folder.is_within(&package.root) || made.iter().any(makes)
    });
    same || held
        || named(found, package).is_some()
        || !package.root.is_root() && built_by_image(existing, package).is_some()
}

/// Where the code of a service in a compiled language names the package, or what holds it, as files that
/// it opens.
fn named<'f>(found: &'f Found, package: &Package) -> Option<&'f Evidence> {
    let compiled = |service: &&Service| {
        matches!(service.ecosystem, "go" | "rust") && service.kind.value == ServiceKind::Web
    };
    let mut files = (found.services.iter().filter(compiled)).flat_map(|one| &one.static_dirs);
    let fact = files.find(|fact| {
        !package.root.is_root()
            && !fact.value.is_root()
            && (package.root.is_within(&fact.value) || fact.value.is_within(&package.root))
    })?;
    fact.evidence.first()
}

/// Where recipes of make put what the package makes: `cd web && npm run build && mv build ../server/site`.
fn moved(tree: &Tree, existing: &Existing, package: &Package) -> Vec<RelPath> {
    let mut found = Vec::new();
    if package.root.is_root() {
        return found;
    }
    let makefile = existing
        .makefile
        .as_ref()
        .and_then(|file| tree.text(&file.path));
    for (_, recipe) in makefile.iter().flat_map(|text| existing::recipes(text)) {
        let commands = shell::commands(&recipe);
        let mut here = RelPath::root();
        for command in &commands {
            let words = command.texts();
            let plain = || words.iter().skip(1).filter(|word| !word.starts_with('-'));
            match words.first().map(String::as_str) {
                Some("cd") => {
                    let folder = plain().next().and_then(|folder| here.join(folder).ok());
                    here = folder.unwrap_or_default();
                }
                Some("mv" | "cp" | "rsync") => {
                    let mut places: Vec<RelPath> =
                        plain().filter_map(|word| here.join(word).ok()).collect();
                    let target = places.pop();
                    let own = |path: &RelPath| path.is_within(&package.root);
                    found.extend(target.filter(|to| !own(to) && places.iter().any(own)));
                }
                _ => {}
            }
        }
    }
    found
}

/// What a stage with Node.js copies of the package, in an image that runs something else.
fn built_by_image<'e>(existing: &'e Existing, package: &Package) -> Option<&'e Evidence> {
    let is_of_package = |copied: &&Evidence| {
        let path = copied
            .excerpt
            .trim_start_matches("./")
            .trim_end_matches('/');
        RelPath::parse(path).is_ok_and(|path| {
            if package.root.is_root() {
                path == package.path
            } else {
                !path.is_root() && path.is_within(&package.root)
            }
        })
    };
    existing
        .dockerfiles
        .iter()
        .filter(|file| {
            let runtime = file.runtime.as_ref();
            runtime.is_some_and(|(name, _)| name != "node")
        })
        .find_map(|file| file.assets.iter().find(is_of_package))
}

/// A front end that the repository's own image builds and a service of another kind hands out: the
/// image that is made for that service leaves it out.
fn not_built(package: &Package, at: &Evidence, command: &str) -> Finding {
    let folder = match package.root.as_str() {
        "" => "the root".to_owned(),
        folder => folder.to_owned(),
    };
    Finding {
        id: "front-end-not-built",
        severity: Severity::Warning,
        message: format!(
            "an image of the repository builds the front end in {folder} ({command}); the image that is generated does not"
        ),
        evidence: vec![at.clone()],
        mend: format!(
            "add the stage of {} and the COPY of what it makes to the generated Dockerfile; edits there are kept",
            at.file
        ),
    }
}

/// A front end whose files a service opens when it runs: the image that is made for that service has none.
fn opened(package: &Package, at: &Evidence, command: &str) -> Finding {
    Finding {
        id: "front-end-not-built",
        severity: Severity::Warning,
        message: format!(
            "{at} opens what the front end in {} makes ({command}); the image that is generated does not build it",
            package.root
        ),
        evidence: vec![at.clone()],
        mend: "build it in a stage of the generated Dockerfile and COPY what it makes; edits there are kept"
            .to_owned(),
    }
}

impl Installed<'_> {
    fn surroundings<'s>(&'s self, images: &'s [&'s Dockerfile]) -> Surroundings<'s> {
        Surroundings {
            tree: self.tree,
            package: self.package,
            members: self.members,
            managed: self.managed,
            files: &[],
            listening: &[],
            images,
            existing: self.existing,
            alone: true,
            served: false,
            beside: false,
        }
    }

    /// Whether it is a front end that another package of its workspace hands out.
    fn is_built_in(&self) -> bool {
        let mut others = self
            .members
            .iter()
            .filter(|other| other.path != self.package.path);
        others.any(|other| output::into(self.tree, self.package, &other.root).is_some())
    }

    fn library(&self) -> Library {
        let package = self.package;
        let name = match package.text(self.tree, &["name"]) {
            Some((name, at)) => Fact::certain(name, at),
            None => Fact::guess(
                package.root.file_name().to_owned(),
                "the name of its folder",
            ),
        };
        let images = service::images(self.existing, &package.root, true);
        let surroundings = self.surroundings(&images);
        let checks = surroundings.checks();
        Library {
            name,
            root: package.root.clone(),
            ecosystem: "node",
            framework: None,
            package_manager: Some(self.managed.manager.clone()),
            runtime_version: version::find(self.tree, package, &self.managed.home, &images),
            test: checks.test(),
            lint: checks.lint(),
            build: checks.build(),
        }
    }
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

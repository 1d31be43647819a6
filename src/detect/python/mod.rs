//! Python: applications, workers, scripts and libraries, with everything that runs them.

mod application;
mod capacity;
mod celery;
mod choice;
mod code;
mod commands;
mod convert;
mod distribution;
mod django;
mod environment;
mod files;
mod finding;
mod framework;
mod health;
mod manifest;
mod mention;
mod migration;
mod parse;
mod paste;
mod paths;
mod place;
mod port;
mod process;
mod program;
mod reader;
mod reading;
mod requirement_use;
mod role;
mod script;
mod server;
mod service;
mod settings;
mod sign;
mod start;
mod syntax;
mod testing;
mod tool;
mod version;

use super::{Found, Tree};
use crate::project::{
    Evidence, Existing, Fact, Library, PackageManager, RelPath, Service, ServiceKind, TestCommand,
    Unknown,
};
use code::Code;
use manifest::Package;
use service::Surroundings;

/// A project with more files than this is read only where its services lead.
const PARSED: usize = 2000;

/// What was parsed is kept from one project to the next up to this number of files: a large tree with
/// many projects is never in memory as a whole.
const KEPT: usize = 400;

/// Looks for everything of Python in `tree`.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    let code = Code::new(tree);
    let mut packages = manifest::packages(&code, existing);
    let roots: Vec<RelPath> = packages
        .iter()
        .map(|package| package.root.clone())
        .collect();
    let mut all: Vec<(RelPath, Vec<Service>)> = Vec::new();
    for package in &mut packages {
        let python = all_python(&code, &package.root);
        if python.len() <= PARSED {
            code.read_ahead(&python);
        }
        let services = project(&code, existing, package, &roots, found);
        all.push((package.root.clone(), services));
        finding::invalid(&code, found);
        code.forget(KEPT);
    }
    finding::misnamed(&code, found);
    let mut services = named(all);
    for service in &services {
        unknown(service, found);
    }
    found.services.append(&mut services);
}

/// What the manifests say of the environment for something that is no program of Python's own.
#[derive(Default)]
pub(super) struct Declared {
    pub(super) manager: Option<Fact<PackageManager>>,
    /// `major.minor`.
    pub(super) version: Option<Fact<String>>,
    pub(super) test: Option<Fact<TestCommand>>,
}

/// The environment that is declared in `root`, or anywhere below where it is the only one.
pub(super) fn declared(tree: &Tree, existing: &Existing, root: &RelPath) -> Declared {
    let code = Code::new(tree);
    let packages = manifest::packages(&code, existing);
    let inside = packages.iter().filter(|one| one.root.is_within(root));
    let nearest = inside.min_by_key(|one| (one.root.depth(), one.root.clone()));
    let alone = packages.len() == 1;
    let Some(package) = nearest.filter(|one| one.root == *root || alone) else {
        return Declared::default();
    };
    let roots: Vec<RelPath> = packages.iter().map(|one| one.root.clone()).collect();
    let manager = package.manager.as_ref().zip(package.manifest.as_ref());
    let manager = manager.map(|(manager, manifest)| {
        let mut fact = manager.clone();
        // What is installed from stands first.
        let first = Evidence::file(manifest.value.clone());
        fact.evidence.retain(|at| at.file != first.file);
        fact.evidence.insert(0, first);
        fact
    });
    Declared {
        manager,
        version: version::find(&code, existing, package, alone),
        test: testing::find(&code, package, &roots, None),
    }
}

/// The services of one project; a project without any may be a library.
fn project(
    code: &Code<'_>,
    existing: &Existing,
    package: &mut Package,
    roots: &[RelPath],
    found: &mut Found,
) -> Vec<Service> {
    let alone = roots.len() == 1;
    let files = application::files(code, package, roots);
    let mentions = commands::Commands {
        code,
        existing,
        package,
        alone,
    }
    .gather();
    let django = django::find(code, package, &files);
    let (mut applications, uncallable) = application::Search {
        code,
        package,
        files: &files,
        mentions: &mentions,
    }
    .find();
    if let Some(django) = &django {
        applications.clear();
        applications.push(django.application.clone());
    }
    let program = if applications.is_empty() {
        program::find(code, package, &files, &mentions)
    } else {
        None
    };
    let celery = celery::find(code, package, &files, &mentions);
    let mut processes = process::find(code, package, &mentions);
    if let Some(application) = applications.first() {
        process::name_application(&mut processes, &application.entry);
    }
    let serves = !applications.is_empty() || program.is_some();
    if !serves && celery.is_none() && processes.is_empty() {
        processes.extend(process::installed(package, existing, &mentions, code));
    }
    let script = if !serves && celery.is_none() && processes.is_empty() {
        script::find(code, package, &files, &mentions)
    } else {
        None
    };
    let test = testing::find(code, package, roots, django.as_ref());
    let mut services = Vec::new();
    {
        let surroundings = Surroundings {
            code,
            existing,
            package,
            alone,
            mentions: &mentions,
            files: &files,
        };
        let webs = applications
            .iter()
            .map(|application| surroundings.web(application, django.as_ref()))
            .chain(program.iter().map(|program| surroundings.program(program)));
        for (service, files) in webs {
            finding::web(code, &service, &files, found);
            services.push(service);
        }
        let like = applications
            .first()
            .map(|one| (&one.place, std::slice::from_ref(&one.file)));
        for process in &processes {
            services.push(surroundings.process(process, like, django.as_ref()));
        }
        if let Some(celery) = &celery {
            services.extend(surroundings.celery(celery, &processes, django.as_ref()));
        }
        services.extend(script.iter().map(|script| surroundings.script(script)));
    }
    let dashboard = processes
        .iter()
        .any(|process| process.framework == Some("celery") && process.port.is_some());
    if let (Some(celery), Some(flower), false) = (&celery, package.runtime("flower"), dashboard) {
        found.unknown.push(Unknown {
            fact: "flower".to_owned(),
            looked_at: vec![format!(
                "{} installs flower, and no command in the repository starts it",
                flower.declared
            )],
            answer_with: format!(
                "[[service]] name = \"flower\", command = \"celery -A {} flower\"",
                celery.name
            ),
            root: Some(package.root.clone()),
        });
    }
    if !serves {
        for factory in uncallable {
            found.unknown.push(Unknown {
                fact: "web.entry".to_owned(),
                looked_at: vec![format!(
                    "{} makes an application but needs arguments, and no module calls it",
                    factory.at
                )],
                answer_with: format!(
                    "[[service]] name = \"web\", entry = … (a module that calls {})",
                    factory.name
                ),
                root: Some(package.root.clone()),
            });
        }
    }
    let mut python = all_python(code, &package.root);
    let whole = python.len() <= PARSED;
    if whole {
        python.extend(code.bare_scripts(&package.root));
        // An application of ordinary size is read whole, so that a broken file is told of.
        for path in &python {
            code.module(path);
        }
    }
    requirement_use::fill(code, package, &python, whole);
    // Notebooks, or scripts that nothing starts, may need what no module imports.
    if !services.is_empty() || package.built.is_some() {
        finding::unused(package, found);
    }
    if !services.is_empty() {
        finding::pins(package, found);
        finding::old_lock(code, package, found);
    }
    tool::find(code, package, found);
    for service in &mut services {
        service.requirements.clone_from(&package.requirements);
        service.test.clone_from(&test);
    }
    if services.is_empty() && package.built.is_some() {
        found.libraries.push(Library {
            name: package.name.clone().unwrap_or_else(|| {
                Fact::guess(
                    package.root.file_name().to_owned(),
                    "the name of its folder",
                )
            }),
            root: package.root.clone(),
            ecosystem: "python",
            framework: None,
            package_manager: package.manager.clone(),
            runtime_version: version::find(code, existing, package, alone),
            test,
            lint: Vec::new(),
            build: None,
        });
    }
    services
}

fn all_python(code: &Code<'_>, root: &RelPath) -> Vec<RelPath> {
    code.tree
        .with_extension("py")
        .filter(|path| path.is_within(root))
        .cloned()
        .collect()
}

/// Gives every service a name of its own, fit for compose.
fn named(all: Vec<(RelPath, Vec<Service>)>) -> Vec<Service> {
    let projects = all
        .iter()
        .filter(|(_, services)| !services.is_empty())
        .count();
    let mut taken = std::collections::BTreeSet::new();
    let mut named = Vec::new();
    for (root, services) in all {
        for (index, mut service) in services.into_iter().enumerate() {
            let folder = slug(root.file_name());
            let base = if projects > 1 && index == 0 && !folder.is_empty() {
                folder
            } else if projects > 1 && !folder.is_empty() {
                format!("{folder}-{}", service.name)
            } else {
                slug(&service.name)
            };
            let mut name = base.clone();
            let mut number = 2;
            while !taken.insert(name.clone()) {
                name = format!("{base}-{number}");
                number += 1;
            }
            service.name = name;
            named.push(service);
        }
    }
    named
}

/// `[a-z0-9][a-z0-9_-]*`.
fn slug(text: &str) -> String {
    let lower: String = text
        .to_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    lower.trim_matches(['-', '_']).to_owned()
}

/// What was looked for and not found.
fn unknown(service: &Service, found: &mut Found) {
    let mut say = |fact: &str, looked_at: &[&str]| {
        found
            .unknown
            .push(crate::detect::unknown::of(service, fact, looked_at));
    };
    if service.runtime_version.is_none() {
        say(
            "runtime_version",
            &[
                ".python-version",
                "runtime.txt",
                ".tool-versions",
                "Pipfile",
                "environment.yml",
                "Dockerfile",
                "requires-python",
            ],
        );
    }
    if service.kind.value == ServiceKind::Web && service.port.is_none() {
        say(
            "port",
            &["Dockerfile", "gunicorn.conf.py", "commands", "the code"],
        );
    }
    if service.package_manager.is_none() {
        say(
            "manifest",
            &[
                "requirements.txt",
                "pyproject.toml",
                "Pipfile",
                "environment.yml",
                "setup.py",
            ],
        );
    }
    if service.entry.is_none() {
        say("entry", &["the code", "Dockerfile", "Procfile"]);
    }
}

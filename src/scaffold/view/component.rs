//! What is built, tested and linted as one: a manifest, its folder and its tools.
//!
//! Services that share a manifest are one component. make, ci and devcontainer are made of these.

mod node;
mod python;
pub(super) mod r;

use super::super::made;
use super::node::Installer;
use crate::project::{
    EnvVar, Fact, Library, PackageManager, Project, RelPath, Requirement, Service, ServiceKind,
    TestCommand,
};

pub(super) use node::{Run, Scripts};
pub(super) use python::{Lint, lint};

/// A part of the project with one set of dependencies.
#[derive(Debug, Clone)]
pub(super) struct Component<'a> {
    /// Unique, `[a-z0-9_]+`; usable as a job id and as part of a make variable.
    pub name: String,
    pub ecosystem: &'static str,
    /// What notebooks and pipelines are made for.
    pub framework: Option<&'a str>,
    /// Folder of the manifest; for Node.js the one that dependencies are installed in.
    pub root: RelPath,
    pub working_dir: &'a RelPath,
    pub manager: Option<PackageManager>,
    pub manifest: Option<&'a RelPath>,
    pub lock: Option<&'a RelPath>,
    /// The manifest, what it includes, the lock and files of development requirements.
    pub inputs: Vec<&'a RelPath>,
    pub requirements: &'a [Requirement],
    pub version: Option<&'a Fact<String>>,
    pub test: Option<&'a TestCommand>,
    /// For Node.js: what installs it, and what its packages run.
    pub node: Option<Installer>,
    pub scripts: Scripts<'a>,
    /// Empty for a library.
    pub services: Vec<&'a Service>,
}

/// The components, services first, in order of name.
pub(super) fn components(project: &Project) -> Vec<Component<'_>> {
    let mut all: Vec<Component> = Vec::new();
    for service in &project.services {
        if !made::is_tested(service.ecosystem) || service.ecosystem == "node" {
            continue;
        }
        let manifest = service.manifest.as_ref().map(|fact| &fact.value);
        let known = all.iter_mut().find(|component| {
            component.ecosystem == service.ecosystem
                && component.root == service.root
                // A build of Java or .NET runs the tests and checks of all that it builds.
                && (component.manifest == manifest
                    || matches!(service.ecosystem, "dotnet" | "java"))
        });
        match known {
            Some(component) => {
                // What answers requests gives it its name.
                if service.ecosystem == "php" && service.kind.value == ServiceKind::Web {
                    component.name.clone_from(&service.name);
                }
                component.services.push(service);
                component.test = component
                    .test
                    .or_else(|| service.test.as_ref().map(|fact| &fact.value));
            }
            None => all.push(of_service(service)),
        }
    }
    let libraries = project
        .libraries
        .iter()
        .chain(&project.packages)
        .filter(|library| made::is_tested(library.ecosystem) && library.ecosystem != "node");
    for library in libraries {
        if all.iter().all(|component| {
            component.root != library.root || component.ecosystem != library.ecosystem
        }) {
            all.push(of_library(library));
        }
    }
    all.extend(node::components(project));
    all.sort_by(|a, b| (a.services.is_empty(), &a.name).cmp(&(b.services.is_empty(), &b.name)));
    for index in 0..all.len() {
        let name = crate::project::identifier(&all[index].name);
        let taken = all[..index].iter().any(|other| other.name == name);
        all[index].name = if taken {
            format!("{name}_{index}")
        } else {
            name
        };
    }
    all
}

fn of_service(service: &Service) -> Component<'_> {
    let manifest = service.manifest.as_ref().map(|fact| &fact.value);
    let lock = service.lock.as_ref().map(|fact| &fact.value);
    let mut inputs: Vec<&RelPath> = manifest.into_iter().chain(lock).collect();
    inputs.extend(&service.manifest_includes);
    inputs.extend(&service.manifest_also);
    inputs.extend(
        service
            .requirements
            .iter()
            .filter(|requirement| requirement.development)
            .map(|requirement| &requirement.declared.file),
    );
    // Cargo is told of the first files of its targets, but fetches nothing by them.
    inputs.retain(|file| file.extension() != "rs");
    inputs.sort();
    inputs.dedup();
    Component {
        name: service.name.clone(),
        ecosystem: service.ecosystem,
        framework: None,
        root: service.root.clone(),
        working_dir: &service.working_dir.value,
        manager: service.package_manager.as_ref().map(|fact| fact.value),
        manifest,
        lock,
        inputs,
        requirements: &service.requirements,
        version: service.runtime_version.as_ref(),
        test: service.test.as_ref().map(|fact| &fact.value),
        services: vec![service],
        node: None,
        scripts: Scripts::of(&service.root, service.test.as_ref(), &service.lint),
    }
}

fn of_library(library: &Library) -> Component<'_> {
    let mut inputs: Vec<&RelPath> = library
        .package_manager
        .iter()
        .flat_map(|fact| &fact.evidence)
        .chain(&library.name.evidence)
        .map(|evidence| &evidence.file)
        .filter(|file| file.is_within(&library.root))
        .collect();
    inputs.sort();
    inputs.dedup();
    Component {
        // `@scope/name` of npm.
        name: library
            .name
            .value
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned(),
        ecosystem: library.ecosystem,
        framework: library.framework.as_ref().map(|fact| fact.value.as_str()),
        root: library.root.clone(),
        working_dir: &library.root,
        manager: library.package_manager.as_ref().map(|fact| fact.value),
        // A package of Python is installed as such; what is run by hand needs what is declared beside it.
        manifest: library
            .package_manager
            .iter()
            .filter(|_| library.framework.is_some())
            .filter_map(|fact| Some(&fact.evidence.first()?.file))
            .find(|file| file.is_within(&library.root)),
        lock: inputs
            .iter()
            .copied()
            .find(|file| file.extension() == "lock"),
        inputs,
        requirements: &[],
        version: library.runtime_version.as_ref(),
        test: library.test.as_ref().map(|fact| &fact.value),
        services: Vec::new(),
        node: None,
        scripts: Scripts::of(&library.root, library.test.as_ref(), &library.lint),
    }
}

/// Commands that put Nextflow where programs of one's own are. <https://www.nextflow.io/docs/latest/install.html>
pub(super) const NEXTFLOW: [&str; 5] = [
    "mkdir -p \"$HOME/.local/bin\"",
    "cd \"$HOME/.local/bin\"",
    "curl --fail --silent --show-error --location --output install-nextflow https://get.nextflow.io",
    "bash install-nextflow",
    "rm install-nextflow",
];

impl Component<'_> {
    pub(super) fn is_python(&self) -> bool {
        self.ecosystem == "python"
    }

    /// The command of `test` as a machine is told it: with the versions that the lock names.
    pub(super) fn test_command(&self, test: &TestCommand) -> String {
        match self.ecosystem {
            "rust" if self.lock.is_some() => format!("{} --locked", test.command),
            "ruby" => self.ruby_test(test),
            _ => test.command.clone(),
        }
    }

    /// The tests of Ruby in their own environment. Rails empties the database of its tests, so that is
    /// another one than the application's.
    fn ruby_test(&self, test: &TestCommand) -> String {
        let migrates = |service: &&&Service| {
            let migration = service.migration.as_ref();
            migration.is_some_and(|fact| fact.value.tool == "rails")
        };
        let command = &test.command;
        match self.services.iter().find(migrates) {
            None => format!("APP_ENV=test RACK_ENV=test RAILS_ENV=test {command}"),
            Some(service) => {
                let build = service
                    .migration
                    .as_ref()
                    .and_then(|fact| fact.value.command.as_deref());
                let program = if build.is_some_and(|command| command.starts_with("bin/rails")) {
                    "bin/rails"
                } else {
                    "bundle exec rails"
                };
                format!(
                    "export RAILS_ENV=test && if [ -n \"$DATABASE_URL\" ]; then export DATABASE_URL=\"${{DATABASE_URL%/*}}/test\"; fi && {program} db:test:prepare && {command}"
                )
            }
        }
    }

    /// The program that builds it, where that is Maven or Gradle: the wrapper or what is installed.
    pub(super) fn builder(&self) -> Option<String> {
        let usual = match self.manager {
            Some(PackageManager::Maven) => "mvn",
            Some(PackageManager::Gradle) => "gradle",
            _ => return None,
        };
        let build = self
            .services
            .iter()
            .find_map(|service| service.build.as_ref());
        let command = build
            .map(|fact| &fact.value)
            .or(self.test.map(|test| &test.command));
        let first = command.and_then(|text| text.split(' ').next());
        Some(first.unwrap_or(usual).to_owned())
    }

    /// The commands that get the packages of .NET and the tools of its manifest; None for others.
    pub(super) fn restores(&self) -> Option<Vec<String>> {
        if self.ecosystem != "dotnet" {
            return None;
        }
        let tools = self
            .inputs
            .iter()
            .any(|file| file.file_name() == "dotnet-tools.json");
        let mut found = Vec::new();
        if tools {
            found.push("dotnet tool restore".to_owned());
        }
        let entries = self.services.iter().filter_map(|one| one.entry.as_ref());
        match self.test {
            // What the tests need is more than what the programs do.
            Some(test) => found.push(test.command.replace("dotnet test", "dotnet restore")),
            None => found.extend(entries.map(|fact| format!("dotnet restore {}", fact.value))),
        }
        Some(found)
    }

    /// The command of Composer that installs what the lock names; None but for PHP.
    pub(super) fn composer(&self) -> Option<&'static str> {
        let command = "composer install --no-interaction --no-progress";
        (self.ecosystem == "php").then_some(command)
    }

    /// Package manager, pip where none was found.
    pub(super) fn manager(&self) -> PackageManager {
        self.manager.unwrap_or(PackageManager::Pip)
    }

    /// The variables that its services read, without duplicates.
    pub(super) fn env(&self) -> Vec<&EnvVar> {
        let mut all: Vec<&EnvVar> = self
            .services
            .iter()
            .flat_map(|service| &service.env)
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.dedup_by(|a, b| a.name == b.name);
        all
    }

    /// Whether `package` is among the declared requirements.
    pub(super) fn requires(&self, package: &str) -> bool {
        self.requirements
            .iter()
            .any(|requirement| requirement.name == package)
    }
}

/// `text` as one word of a POSIX shell.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./@-:+=,%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

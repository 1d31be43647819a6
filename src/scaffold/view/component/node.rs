//! Components of Node.js: what is installed into one folder, and what its packages run there.

use super::super::node::{Installer, lock_of};
use super::{Component, of_library, of_service};
use crate::project::{Fact, Library, LintCommand, Project, RelPath, Service, TestCommand};

/// What the packages of one folder name in their manifests.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Scripts<'a> {
    pub(in super::super) builds: Vec<Run<'a>>,
    pub(in super::super) tests: Vec<Run<'a>>,
    pub(in super::super) lints: Vec<Run<'a>>,
    /// The folders of the packages.
    roots: Vec<&'a RelPath>,
}

/// A command and the folder that it runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Run<'a> {
    pub(in super::super) command: &'a str,
    pub(in super::super) directory: &'a RelPath,
    /// Of tests: what runs them.
    pub(in super::super) runner: &'a str,
}

/// The components of Node.js, in order of the first service's name, those without one last.
pub(super) fn components(project: &Project) -> Vec<Component<'_>> {
    let mut all: Vec<Component> = Vec::new();
    for service in project
        .services
        .iter()
        .filter(|one| one.ecosystem == "node")
    {
        let lock = service.lock.as_ref().map(|fact| &fact.value);
        let home = lock.map_or_else(|| service.root.clone(), RelPath::parent);
        let part = at(&mut all, home, || of_service(service));
        part.node
            .get_or_insert_with(|| Installer::of_service(service));
        if !part.services.iter().any(|known| known.name == service.name) {
            part.services.push(service);
        }
        part.inputs.extend(inputs_of(service));
        part.scripts.take(
            &service.root,
            service.build.as_ref(),
            service.test.as_ref(),
            &service.lint,
        );
    }
    let packages = project.libraries.iter().chain(&project.packages);
    for package in packages.filter(|one| one.ecosystem == "node") {
        let lock = package.package_manager.as_ref().and_then(lock_of);
        let home = lock.map_or_else(|| package.root.clone(), RelPath::parent);
        let whole = package.root == home;
        let part = at(&mut all, home, || of_library(package));
        part.node
            .get_or_insert_with(|| Installer::of_library(package));
        part.inputs.extend(files_of(package));
        if whole && package.build.is_some() {
            // The workspace's own script builds all its members.
            part.scripts.builds.clear();
        }
        let built = part
            .scripts
            .builds
            .iter()
            .any(|run| *run.directory == part.root);
        part.scripts.take(
            &package.root,
            package.build.as_ref().filter(|_| !built),
            package.test.as_ref(),
            &package.lint,
        );
    }
    for part in &mut all {
        part.inputs.sort();
        part.inputs.dedup();
        part.test = None;
        if part.scripts.roots.len() > 1 {
            part.name = match part.root.file_name() {
                "" | "." => "node".to_owned(),
                name => name.to_owned(),
            };
        }
    }
    all
}

/// The component of what is installed into `home`, made where there is none yet.
fn at<'c, 'a>(
    all: &'c mut Vec<Component<'a>>,
    home: RelPath,
    make: impl FnOnce() -> Component<'a>,
) -> &'c mut Component<'a> {
    let known = all.iter().position(|part| part.root == home);
    let index = known.unwrap_or_else(|| {
        all.push(Component {
            root: home,
            ..make()
        });
        all.len() - 1
    });
    &mut all[index]
}

fn inputs_of(service: &Service) -> impl Iterator<Item = &RelPath> {
    let manifest = service.manifest.iter().chain(&service.lock);
    manifest
        .map(|fact| &fact.value)
        .chain(&service.manifest_includes)
}

/// What says what a package installs.
fn files_of(package: &Library) -> impl Iterator<Item = &RelPath> {
    let manager = package.package_manager.iter();
    manager
        .flat_map(|fact| &fact.evidence)
        .chain(&package.name.evidence)
        .map(|at| &at.file)
}

impl<'a> Scripts<'a> {
    /// Of one manifest.
    pub(in super::super) fn of(
        root: &'a RelPath,
        test: Option<&'a Fact<TestCommand>>,
        lint: &'a [Fact<LintCommand>],
    ) -> Self {
        let mut scripts = Self::default();
        scripts.take(root, None, test, lint);
        scripts
    }

    fn take(
        &mut self,
        root: &'a RelPath,
        build: Option<&'a Fact<String>>,
        test: Option<&'a Fact<TestCommand>>,
        lint: &'a [Fact<LintCommand>],
    ) {
        let add = |list: &mut Vec<Run<'a>>, command: &'a str, directory, runner| {
            let run = Run {
                command,
                directory,
                runner,
            };
            if !list.contains(&run) {
                list.push(run);
            }
        };
        if let Some(fact) = build {
            add(&mut self.builds, &fact.value, root, "");
        }
        if let Some(fact) = test {
            let TestCommand {
                command,
                working_dir,
                runner,
            } = &fact.value;
            add(&mut self.tests, command, working_dir, runner);
        }
        for fact in lint {
            let value = &fact.value;
            add(&mut self.lints, &value.command, &value.working_dir, "");
        }
        if !self.roots.contains(&root) {
            self.roots.push(root);
        }
    }
}

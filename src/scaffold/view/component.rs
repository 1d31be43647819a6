//! What is built, tested and linted as one: a manifest, its folder and its tools.
//!
//! Services that share a manifest are one component. make, ci and devcontainer are made of these.

mod node;
pub(super) mod r;

use super::super::{made, pins::Pins};
use super::node::Installer;
use crate::project::{
    EnvVar, Fact, Library, PackageManager, Project, RelPath, Requirement, Service, ServiceKind,
    TestCommand,
};

pub(super) use node::{Run, Scripts};

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

    /// PYTHONPATH as seen from the folder that tests run in.
    pub(super) fn python_path(&self) -> String {
        let from = self.test.map_or(self.working_dir, |test| &test.working_dir);
        let mut parts = vec![self.working_dir.relative_to(from)];
        for service in &self.services {
            for root in &service.import_roots {
                let part = root.value.relative_to(from);
                if !parts.contains(&part) {
                    parts.push(part);
                }
            }
        }
        parts.join(":")
    }

    /// Whether `package` is among the declared requirements.
    pub(super) fn requires(&self, package: &str) -> bool {
        self.requirements
            .iter()
            .any(|requirement| requirement.name == package)
    }

    /// `package==version` as pinned by us, the bare name where this Python is too old for it
    /// (or where the component has its own version, then None).
    pub(super) fn tool(&self, package: &str, pins: &Pins) -> Option<String> {
        if self.requires(package) {
            return None;
        }
        Some(
            match pins.tool(package).filter(|_| !self.is_older_than(10)) {
                Some(version) => format!("{package}=={version}"),
                None => package.to_owned(),
            },
        )
    }

    fn is_older_than(&self, minor: u32) -> bool {
        self.version
            .and_then(|fact| fact.value.strip_prefix("3."))
            .and_then(|text| text.parse::<u32>().ok())
            .is_some_and(|present| present < minor)
    }

    /// Commands that install what is declared, run in `root` with the environment `venv` made
    /// (not by uv and conda, which make it themselves) and first on PATH.
    pub(super) fn install(&self, venv: &str) -> Vec<String> {
        let mut lines = self.declared(venv);
        lines.extend(self.add(venv, &self.workbench()));
        lines
    }

    /// What a pipeline or a notebook of Python is run with, which may be declared as well.
    pub(super) fn workbench(&self) -> Vec<String> {
        let names: &[&str] = match self.framework {
            // As the package of Bioconda does: most workflows read their samples with it.
            Some("snakemake") => &["snakemake", "pandas"],
            Some("dvc") => &["dvc"],
            Some("jupyter") => &["jupyterlab", "ipykernel"],
            Some("quarto") => &["ipykernel", "nbclient", "nbformat", "pyyaml"],
            _ => &[],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn declared(&self, venv: &str) -> Vec<String> {
        let seen = |file: &RelPath| word(&file.relative_to(&self.root));
        match self.manager() {
            PackageManager::Uv if !self.manifest.is_some_and(is_requirements) => {
                vec![format!(
                    "UV_PROJECT_ENVIRONMENT={venv} uv sync{}",
                    if self.lock.is_some() { " --locked" } else { "" }
                )]
            }
            PackageManager::Poetry => vec![format!(
                "VIRTUAL_ENV={venv} poetry install --no-interaction"
            )],
            PackageManager::Pdm => vec![format!(
                "PDM_IGNORE_SAVED_PYTHON=1 VIRTUAL_ENV={venv} pdm install"
            )],
            PackageManager::Pipenv => vec![format!(
                "VIRTUAL_ENV={venv} pipenv {} --dev",
                if self.lock.is_some() {
                    "sync"
                } else {
                    "install"
                }
            )],
            PackageManager::Conda => vec![format!(
                "conda env update --prefix {venv} --file {}",
                self.manifest
                    .map_or_else(|| "environment.yml".to_owned(), seen)
            )],
            _ => self.pip(venv),
        }
    }

    fn pip(&self, venv: &str) -> Vec<String> {
        let pip = format!("{venv}/bin/python -m pip install --quiet --disable-pip-version-check");
        let seen = |file: &RelPath| word(&file.relative_to(&self.root));
        let mut lines = Vec::new();
        match self.manifest {
            Some(file) if is_requirements(file) => lines.push(format!("{pip} -r {}", seen(file))),
            None if self.framework.is_some() => {}
            _ => lines.push(format!("{pip} -e .")),
        }
        let mut loose = Vec::new();
        let mut files: Vec<&RelPath> = self
            .services
            .iter()
            .flat_map(|service| &service.manifest_also)
            .collect();
        files.sort();
        files.dedup();
        for requirement in self
            .requirements
            .iter()
            .filter(|requirement| requirement.development)
        {
            let file = &requirement.declared.file;
            if !is_requirements(file) {
                loose.push(word(&requirement.text()));
            } else if Some(file) != self.manifest && !files.contains(&file) {
                files.push(file);
            }
        }
        for file in files {
            lines.push(format!("{pip} -r {}", seen(file)));
        }
        if !loose.is_empty() {
            lines.push(format!("{pip} {}", loose.join(" ")));
        }
        lines
    }

    /// What `install` cannot do without: `("uv", "how to get it")`.
    pub(super) fn installer(&self) -> Option<(&'static str, &'static str)> {
        match self.manager() {
            PackageManager::Uv => Some((
                "uv",
                "https://docs.astral.sh/uv/getting-started/installation/",
            )),
            PackageManager::Poetry => Some(("poetry", "pipx install poetry")),
            PackageManager::Pdm => Some(("pdm", "pipx install pdm")),
            PackageManager::Pipenv => Some(("pipenv", "pipx install pipenv")),
            PackageManager::Conda => Some(("conda", "https://github.com/conda-forge/miniforge")),
            _ => None,
        }
    }

    /// The package manager itself as requirements for pip, the tool before what it needs in one
    /// certain version; none for pip and conda.
    pub(super) fn installer_requirements(&self, pins: &Pins) -> Vec<String> {
        let names: &[&str] = match self.manager() {
            PackageManager::Uv => &["uv"],
            PackageManager::Poetry => &["poetry"],
            PackageManager::Pdm => &["pdm", "hishel"],
            PackageManager::Pipenv => &["pipenv"],
            _ => &[],
        };
        names.iter().map(|name| pins.requirement(name)).collect()
    }

    /// Whether `install` makes the virtual environment by itself.
    pub(super) fn makes_environment(&self) -> bool {
        self.is_uv_project() || self.manager() == PackageManager::Conda
    }

    fn is_uv_project(&self) -> bool {
        self.manager() == PackageManager::Uv && !self.manifest.is_some_and(is_requirements)
    }

    /// The command that adds `packages` to the environment.
    pub(super) fn add(&self, venv: &str, packages: &[String]) -> Option<String> {
        let words: Vec<String> = packages.iter().map(|package| word(package)).collect();
        if words.is_empty() {
            None
        } else if self.is_uv_project() {
            Some(format!(
                "uv pip install --quiet --python {venv}/bin/python {}",
                words.join(" ")
            ))
        } else {
            Some(format!(
                "{venv}/bin/python -m pip install --quiet --disable-pip-version-check {}",
                words.join(" ")
            ))
        }
    }
}

/// How the project is linted.
#[derive(Debug)]
pub(super) enum Lint {
    /// With the tools that it uses already, over everything.
    Own {
        commands: Vec<String>,
        packages: Vec<String>,
    },
    /// With ruff, black and mypy, over what changed: a project that never ran them would be red
    /// from the first day otherwise, and everybody would learn to ignore it.
    Changed { packages: Vec<String> },
}

/// The linters of a Python component.
pub(super) fn lint(project: &Project, component: &Component, pins: &Pins) -> Lint {
    let mut commands = Vec::new();
    let mut packages = Vec::new();
    let mut seen = Vec::new();
    let own = component.scripts.lints.iter();
    commands.extend(own.map(|run| run.command.to_owned()));
    for tool in &project.tools {
        let command = match (tool.name.as_str(), tool.purpose) {
            ("ruff", "format") => "ruff format --check .",
            ("ruff", _) => "ruff check .",
            ("black", _) => "black --check .",
            ("isort", _) => "isort --check-only .",
            ("flake8", _) => "flake8",
            ("pylint", _) => "git ls-files -z '*.py' | xargs -0 pylint",
            ("mypy", _) => "mypy .",
            ("pyright", _) => "pyright",
            ("bandit", _) => "git ls-files -z '*.py' | xargs -0 bandit -q",
            _ => continue,
        };
        if seen.contains(&command) {
            continue;
        }
        seen.push(command);
        commands.push(command.to_owned());
        let package = match &tool.version {
            Some(_) if component.requires(&tool.name) => None,
            Some(version) => Some(format!("{}=={version}", tool.name)),
            None => component.tool(&tool.name, pins),
        };
        packages.extend(package.filter(|package| !packages.contains(package)));
    }
    if commands.is_empty() {
        let packages = ["ruff", "black", "mypy"]
            .iter()
            .filter_map(|tool| component.tool(tool, pins))
            .collect();
        return Lint::Changed { packages };
    }
    Lint::Own { commands, packages }
}

fn is_requirements(file: &RelPath) -> bool {
    file.extension() == "txt" || file.extension() == "in"
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

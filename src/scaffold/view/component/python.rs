//! Components of Python: how their environment is made and what goes into it, and what looks at their code.

use super::super::super::pins::Pins;
use super::{Component, word};
use crate::project::{PackageManager, Project, RelPath};

impl Component<'_> {
    /// PYTHONPATH as seen from the folder that tests run in.
    pub(in super::super) fn python_path(&self) -> String {
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

    /// `package==version` as pinned by us, the bare name where this Python is too old for it
    /// (or where the component has its own version, then None).
    pub(in super::super) fn tool(&self, package: &str, pins: &Pins) -> Option<String> {
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
    pub(in super::super) fn install(&self, venv: &str) -> Vec<String> {
        let mut lines = self.declared(venv);
        lines.extend(self.add(venv, &self.workbench()));
        lines
    }

    /// What a pipeline or a notebook of Python is run with, which may be declared as well.
    pub(in super::super) fn workbench(&self) -> Vec<String> {
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
    pub(in super::super) fn installer(&self) -> Option<(&'static str, &'static str)> {
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
    pub(in super::super) fn installer_requirements(&self, pins: &Pins) -> Vec<String> {
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
    pub(in super::super) fn makes_environment(&self) -> bool {
        self.is_uv_project() || self.manager() == PackageManager::Conda
    }

    fn is_uv_project(&self) -> bool {
        self.manager() == PackageManager::Uv && !self.manifest.is_some_and(is_requirements)
    }

    /// The command that adds `packages` to the environment.
    pub(in super::super) fn add(&self, venv: &str, packages: &[String]) -> Option<String> {
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
pub(in super::super) enum Lint {
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
pub(in super::super) fn lint(project: &Project, component: &Component, pins: &Pins) -> Lint {
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

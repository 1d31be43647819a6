//! What the make templates see: the recipes of the Makefile.

use super::super::pins::Pins;
use super::Input;
use super::component::{self, Component, Lint, Run, components, word};
use crate::project::{Fact, PackageManager, RelPath, ServiceKind};
use serde::Serialize;
use std::collections::BTreeMap;

/// The targets, with the names that they go by in this Makefile.
const TARGETS: &[&str] = &[
    "help",
    "dev-setup",
    "up",
    "down",
    "test",
    "lint",
    "deploy-local",
    "seed",
    "backup",
];

#[derive(Debug, Serialize)]
pub(super) struct Make {
    /// The Makefile that make reads in this repository.
    path: String,
    /// Whether the Makefile is the user's, so that nothing in it may change its meaning.
    shared: bool,
    /// The name of each target, `-` written as `_`: its own, or with `shipway-` before it where
    /// the user's Makefile has that target.
    names: BTreeMap<String, String>,
    /// Targets that stay the user's.
    taken: Vec<&'static str>,
    compose: Option<Compose>,
    /// Whether there is something to reach on loopback in the local deployment.
    local: bool,
    urls: Vec<Url>,
    parts: Vec<Part>,
    env_example: Option<String>,
    /// The script that makes `.env`.
    env_script: Option<String>,
    /// Whether the rule that makes `.env` is ours to write: a second one would replace the user's.
    env_rule: bool,
    /// Comparison for what changed.
    branch: String,
    seed: Option<Script>,
    backup: Option<Script>,
}

#[derive(Debug, Serialize)]
struct Compose {
    /// Words after `docker compose`; empty where it finds its files by itself.
    files: String,
    /// Those of the local deployment.
    production: Option<String>,
    /// The script that writes the secrets that production mounts.
    secret_files: Option<String>,
    /// Name of the compose project.
    project: String,
    /// Services that answer HTTP: name and port in the container.
    urls: Vec<Url>,
}

#[derive(Debug, Serialize)]
struct Url {
    service: String,
    port: u16,
}

#[derive(Debug, Serialize)]
struct Script {
    command: String,
    /// Variable prefix of the environment it runs in.
    part: Option<String>,
    /// The service in whose container it finds its packages and the database.
    service: Option<String>,
    /// As in [`Compose`].
    files: String,
    /// The container to work in, which has what backups call and reaches the database.
    workspace: Option<Workspace>,
}

#[derive(Debug, Serialize)]
struct Workspace {
    /// Words after `docker compose` that name all its files.
    files: String,
    /// Where the work tree is in it.
    folder: String,
}

#[derive(Debug, Serialize)]
struct Part {
    name: String,
    python: bool,
    rust: bool,
    node: bool,
    /// The command that fetches what is required, where it is kept beside the tree.
    fetch: Option<String>,
    /// The target that is made when its dependencies are installed, as a prerequisite.
    ready: String,
    /// Whether tests and linters need that; cargo installs by itself.
    test_ready: bool,
    lint_ready: bool,
    /// As the shell sees it from the root, with a slash at its end; empty for the root.
    folder: String,
    root: String,
    inputs: Vec<String>,
    version: Option<String>,
    makes_environment: bool,
    installer: Option<&'static str>,
    installer_from: String,
    install: Vec<String>,
    tests: Vec<Test>,
    lints: Vec<Recipe>,
    /// Commands that are given the names of files.
    file_lints: Vec<String>,
}

/// A command and the folder that it runs in.
#[derive(Debug, Serialize)]
struct Recipe {
    directory: String,
    command: String,
}

#[derive(Debug, Serialize)]
struct Test {
    directory: String,
    python_path: Option<String>,
    command: String,
}

pub(super) fn view(input: &Input) -> Make {
    let makefile = input.project.existing.makefile.as_ref();
    let has = |target: &str| {
        makefile.is_some_and(|file| {
            file.entries
                .iter()
                .any(|entry| is_rule_of(&entry.excerpt, target))
        })
    };
    let taken: Vec<&'static str> = TARGETS
        .iter()
        .copied()
        .filter(|target| has(target))
        .collect();
    let parts: Vec<Part> = components(input.project)
        .iter()
        .map(|part| part_of(input, part))
        .collect();
    let compose = compose(input);
    let script = |command: &str| Script {
        service: input
            .project
            .services
            .iter()
            .find(|service| compose.is_some() && service.kind.value == ServiceKind::Web)
            .map(|service| service.name.clone()),
        files: compose
            .as_ref()
            .map_or_else(String::new, |compose| compose.files.clone()),
        workspace: workspace(input),
        command: command.to_owned(),
        part: parts
            .iter()
            .find(|part| part.python)
            .map(|part| part.name.clone()),
    };
    // A script of a service that is left out is none of this project.
    let scripts = (!input.project.services.is_empty()).then_some(&input.project.scripts);
    // One that is a target of the user's Makefile has its name already.
    let own = |fact: Option<&Fact<String>>| {
        fact.filter(|fact| !fact.value.starts_with("make "))
            .map(|fact| script(&fact.value))
    };
    let seed = own(scripts.and_then(|scripts| scripts.seed.as_ref()));
    let backup = own(scripts.and_then(|scripts| scripts.backup.as_ref()));
    Make {
        compose,
        seed,
        backup,
        path: makefile.map_or_else(|| "Makefile".to_owned(), |file| file.path.to_string()),
        shared: makefile.is_some(),
        names: TARGETS
            .iter()
            .map(|target| {
                let name = if taken.contains(target) {
                    format!("shipway-{target}")
                } else {
                    (*target).to_owned()
                };
                (target.replace('-', "_"), name)
            })
            .collect(),
        taken,
        local: input.has("compose") && !urls(input).is_empty(),
        urls: urls(input),
        env_example: input
            .path("env_example")
            .filter(|_| input.has("env"))
            .map(str::to_owned),
        env_script: input
            .path("env_script")
            .filter(|_| input.has("env"))
            .map(str::to_owned),
        env_rule: input.path("env_example").is_some() && input.has("env") && !has(".env"),
        branch: super::ci::branch(input),
        parts,
    }
}

/// The excerpt is the rule's line, or the target alone.
fn is_rule_of(excerpt: &str, target: &str) -> bool {
    excerpt
        .split(':')
        .next()
        .is_some_and(|targets| targets.split_whitespace().any(|word| word == target))
}

fn compose(input: &Input) -> Option<Compose> {
    let main = input.path("compose")?;
    let development: Vec<&str> = [Some(main), input.path("compose_override")]
        .into_iter()
        .flatten()
        .collect();
    Some(Compose {
        // docker compose itself reads these two, as does every other tool.
        files: if development == ["compose.yaml", "compose.override.yaml"] {
            String::new()
        } else {
            format!(" {}", files(&development))
        },
        production: input.path("compose_production").map(|production| {
            let all: Vec<&str> = [Some(main), Some(production), input.path("compose_local")]
                .into_iter()
                .flatten()
                .collect();
            format!(" {}", files(&all))
        }),
        secret_files: input.path("secret_files").map(str::to_owned),
        project: input.project.name.value.clone(),
        urls: urls(input),
    })
}

/// The `--file` options that name these paths.
fn files(paths: &[&str]) -> String {
    paths
        .iter()
        .map(|path| format!("--file {}", word(path)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// None where the dev container is none of the compose project's.
fn workspace(input: &Input) -> Option<Workspace> {
    let mut all = vec![input.path("compose")?];
    all.extend(input.path("compose_override"));
    all.push(
        input
            .path("devcontainer_compose")
            .filter(|_| input.has("devcontainer"))?,
    );
    Some(Workspace {
        files: format!(" {}", files(&all)),
        folder: super::devcontainer::workspace(input),
    })
}

/// The services that answer HTTP.
fn urls(input: &Input) -> Vec<Url> {
    input
        .project
        .services
        .iter()
        .filter(|service| matches!(service.kind.value, ServiceKind::Web | ServiceKind::Static))
        .filter_map(|service| {
            Some(Url {
                service: service.name.clone(),
                port: service.port.as_ref()?.value.get(),
            })
        })
        .collect()
}

fn part_of(input: &Input, part: &Component) -> Part {
    let root = if part.root.is_root() {
        ".".to_owned()
    } else {
        part.root.to_string()
    };
    let mut made = Part {
        name: part.name.clone(),
        python: part.is_python(),
        rust: part.ecosystem == "rust",
        node: part.node.is_some(),
        fetch: match part.ecosystem {
            "rust" if part.lock.is_some() => Some("cargo fetch --locked".to_owned()),
            "rust" => Some("cargo fetch".to_owned()),
            "go" => Some("go mod download".to_owned()),
            // Neither fetches what tests need without compiling them.
            "java" => part.builder().map(|program| match part.manager() {
                PackageManager::Gradle => format!("{program} --quiet testClasses"),
                _ => format!("{program} --batch-mode --quiet test-compile"),
            }),
            "dotnet" => part.restores().map(|all| all.join(" && ")),
            "ruby" => Some("{ bundle check > /dev/null 2>&1 || bundle install; }".to_owned()),
            "nextflow" => Some(
                "{ command -v nextflow > /dev/null || { echo 'nextflow is not on PATH: https://www.nextflow.io/docs/latest/install.html' >&2; exit 1; }; }"
                    .to_owned(),
            ),
            "r" => part.r_packages(),
            "deno" => Some("deno install".to_owned()),
            // Hex comes with no Elixir.
            "elixir" => Some(
                "mix local.hex --force --if-missing && mix local.rebar --force --if-missing && mix deps.get".to_owned(),
            ),
            _ => part.composer().map(str::to_owned),
        },
        ready: ready(part),
        test_ready: false,
        lint_ready: part.is_python(),
        folder: if part.root.is_root() {
            String::new()
        } else {
            format!("{root}/")
        },
        root,
        // A name with a space cannot be a prerequisite in any make.
        inputs: part
            .inputs
            .iter()
            .map(ToString::to_string)
            .filter(|file| !file.contains([' ', '\t', ':', '%', '*', '?', '[', '~']))
            .collect(),
        version: part.version.map(|fact| fact.value.clone()),
        makes_environment: part.makes_environment(),
        installer: part.installer().map(|(tool, _)| tool),
        installer_from: part
            .installer()
            .map_or_else(String::new, |(_, from)| from.to_owned()),
        install: Vec::new(),
        tests: Vec::new(),
        lints: Vec::new(),
        file_lints: Vec::new(),
    };
    // Neither tests nor linters of PHP install what they need.
    made.test_ready = part.composer().is_some() && part.test.is_some();
    made.lint_ready |= part.composer().is_some() && !part.scripts.lints.is_empty();
    if let Some(fetch) = &made.fetch {
        made.install = vec![fetch.clone()];
        let lints = part.scripts.lints.iter();
        made.lints = lints
            .map(|run| recipe(run.command, run.directory))
            .collect();
        // Neither Bundler, mix nor R installs anything by itself when something is run.
        let is_bare = matches!(part.ecosystem, "elixir" | "r" | "ruby");
        made.test_ready |= is_bare && part.test.is_some();
        // The tools of .NET are restored, not what the SDK itself fetches for tests.
        let is_bare = is_bare || part.ecosystem == "dotnet";
        made.lint_ready |= is_bare && !made.lints.is_empty();
        let tests = part.test.iter();
        made.tests = tests
            .map(|test| Test {
                directory: directory(&test.working_dir),
                python_path: None,
                command: part.test_command(test),
            })
            .collect();
        return made;
    }
    if let Some(installer) = &part.node {
        made.installer = Some(installer.program());
        made.installer_from = installer
            .get(input.pins, part.version.map(|fact| fact.value.as_str()))
            .unwrap_or_else(|| "https://nodejs.org/en/download".to_owned());
        made.install = vec![installer.install().to_owned()];
        let run = |run: &Run| recipe(run.command, run.directory);
        made.lints = part.scripts.lints.iter().map(run).collect();
        made.lint_ready = !made.lints.is_empty();
        made.test_ready = !part.scripts.tests.is_empty();
        let tests = part.scripts.tests.iter();
        made.tests = tests
            .map(|test| Test {
                directory: directory(test.directory),
                python_path: None,
                // Runners that wait for changes at a terminal do not then.
                command: format!("CI=true {}", test.command),
            })
            .collect();
        return made;
    }
    if !made.python {
        return made;
    }
    let mut packages = Vec::new();
    if let Some(test) = part.test {
        if test.runner == "pytest" {
            packages.extend(part.tool("pytest", input.pins));
        }
        made.test_ready = true;
        made.tests.push(Test {
            directory: directory(&test.working_dir),
            python_path: (!part.services.is_empty()).then(|| part.python_path()),
            command: test.command.clone(),
        });
    }
    lints(input, part, input.pins, &mut made, &mut packages);
    made.install = part.install("\"$$V\"");
    made.install.extend(part.add("\"$$V\"", &packages));
    made
}

fn lints(
    input: &Input,
    part: &Component,
    pins: &Pins,
    made: &mut Part,
    packages: &mut Vec<String>,
) {
    let more = match component::lint(input.project, part, pins) {
        Lint::Own { commands, packages } => {
            let root = &part.root;
            made.lints = commands.iter().map(|text| recipe(text, root)).collect();
            packages
        }
        Lint::Changed { packages } => {
            made.file_lints = [
                "ruff check",
                "black --check",
                "mypy --explicit-package-bases --follow-imports=silent --ignore-missing-imports",
            ]
            .map(str::to_owned)
            .to_vec();
            packages
        }
    };
    packages.extend(more);
}

fn ready(part: &Component) -> String {
    let name = &part.name;
    if part.is_python() {
        format!("$({name}_venv)/.shipway")
    } else if part.node.is_some() {
        let folder = if part.root.is_root() {
            String::new()
        } else {
            format!("{}/", part.root)
        };
        format!("{folder}node_modules/.shipway")
            .replace('$', "$$")
            .replace('#', "\\#")
    } else {
        format!("shipway-fetch-{name}")
    }
}

fn recipe(command: &str, root: &RelPath) -> Recipe {
    Recipe {
        directory: directory(root),
        command: command.to_owned(),
    }
}

fn directory(path: &RelPath) -> String {
    if path.is_root() {
        ".".to_owned()
    } else {
        path.to_string()
    }
}

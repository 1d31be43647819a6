//! What the ci templates see: the workflow that checks each commit.

mod hooks;
mod node;
mod php;
mod python;
mod toolchain;

use super::super::pins::{Action, Pins};
use super::Input;
use super::backing::Backing;
use super::component::{self, Component, components};
use super::container;
use super::node::Installer;
use crate::project::{ExistingFile, PackageManager, RelPath};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Debug, Serialize)]
pub(super) struct Ci {
    /// Whether there is anything to check.
    useful: bool,
    /// `lints, tests, builds the image`, of these what there is.
    does: String,
    /// The branch whose pushes are checked.
    branch: String,
    /// `checkout` and so on: `owner/name@sha # version`.
    uses: BTreeMap<&'static str, String>,
    lints: Vec<LintJob>,
    tests: Vec<TestJob>,
    images: Vec<Image>,
    /// Whether the linters of the root run prettier, over whatever lies there.
    formatted: bool,
    /// The generated files that prettier would look at.
    prettier: Vec<String>,
    /// What runs git's hooks; None where none are made.
    hooks: Option<hooks::HooksJob>,
    /// Workflows of the user's, for the plan.
    others: Vec<String>,
}

#[derive(Debug, Serialize)]
struct LintJob {
    id: String,
    title: String,
    setup: Setup,
    /// Only what a change touches is checked.
    changed: bool,
    install: Vec<String>,
    commands: Vec<Command>,
}

/// A command and the folder that it runs in.
#[derive(Debug, Serialize)]
struct Command {
    text: String,
    directory: String,
}

/// A step of a job that runs the project's own commands.
#[derive(Debug, Serialize)]
struct Step {
    name: String,
    directory: String,
    python_path: Option<String>,
    commands: Vec<String>,
}

impl LintJob {
    /// The same, where it stands beside others in one job, whose caches would have one name.
    fn without_cache(mut self) -> Self {
        self.setup.cache = None;
        self
    }
}

#[derive(Debug, Serialize)]
struct TestJob {
    id: String,
    title: String,
    setup: Setup,
    /// Versions of the runtime, where the tests run on several.
    matrix: Vec<String>,
    /// Backing services that run as containers of the job.
    services: Vec<Backing>,
    /// Those whose image has no known digest: a step starts them.
    containers: Vec<Backing>,
    /// In order of name.
    env: BTreeMap<String, String>,
    notes: Vec<String>,
    install: Vec<String>,
    steps: Vec<Step>,
    /// Where they leave the coverage report; absent when they measure none.
    coverage: Option<String>,
    artifact: String,
}

/// What a job needs before it can install anything.
#[derive(Debug, Serialize)]
struct Setup {
    python: Option<String>,
    node: Option<node::Runtime>,
    php: Option<php::Runtime>,
    rust: Option<String>,
    r: Option<String>,
    ruby: Option<String>,
    elixir: Option<Elixir>,
    deno: Option<String>,
    /// The go.mod that says which Go.
    go: Option<String>,
    java: Option<String>,
    dotnet: Option<toolchain::Sdk>,
    uv: Option<String>,
    /// Installed by pipx: poetry, pdm, pipenv.
    pipx: Option<Pipx>,
    cache: Option<Cache>,
    /// Folder of the manifest.
    root: String,
    /// Debian packages.
    packages: Vec<String>,
}

/// Versions as setup-beam takes them.
#[derive(Debug, Serialize)]
struct Elixir {
    elixir: String,
    otp: String,
}

#[derive(Debug, Serialize)]
struct Pipx {
    tool: &'static str,
    /// Requirement for pip, with its version.
    requirement: String,
    /// What goes into the tool's environment beside it.
    beside: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Cache {
    name: &'static str,
    paths: Vec<&'static str>,
    /// Part of the key where there is no matrix.
    version: String,
    /// Expression that names the content: a hash over the files that dependencies are read from.
    key: String,
}

#[derive(Debug, Serialize)]
struct Image {
    id: String,
    title: String,
    name: String,
    dockerfile: String,
    /// Expression: where the layers are kept, on the default branch alone.
    cache_to: String,
}

pub(super) fn view(input: &Input) -> Ci {
    let parts = components(input.project);
    let single = parts.len() == 1;
    let id = |job: &str, part: &Component| {
        if single {
            job.to_owned()
        } else {
            format!("{job}-{}", part.name)
        }
    };
    let title = |job: &str, part: &Component| {
        if single {
            job.to_owned()
        } else {
            format!("{job} {}", part.name)
        }
    };
    let lints: Vec<LintJob> = parts
        .iter()
        .filter_map(|part| lint_job(input, part, id("lint", part), title("Lint", part)))
        .collect();
    let tests: Vec<TestJob> = parts
        .iter()
        .filter_map(|part| test_job(input, part, id("test", part), title("Test", part)))
        .collect();
    let images = images(input);
    let does: Vec<&str> = [
        ("lints", !lints.is_empty()),
        ("tests", !tests.is_empty()),
        ("builds the image", !images.is_empty()),
    ]
    .into_iter()
    .filter_map(|(what, is_there)| is_there.then_some(what))
    .collect();
    Ci {
        does: if does.is_empty() {
            "runs the hooks of a commit".to_owned()
        } else {
            does.join(", ")
        },
        useful: !(lints.is_empty() && tests.is_empty() && input.project.services.is_empty()),
        branch: branch(input),
        uses: uses(input.pins),
        lints,
        tests,
        images,
        formatted: node::is_formatted(input, &parts),
        prettier: node::formatted(input),
        hooks: hooks::view(input, &parts, |part| match &part.node {
            Some(installer) => Some(node::installed(input, part, installer)),
            None => lint_job(input, part, String::new(), String::new()),
        }),
        others: input
            .project
            .existing
            .ci
            .iter()
            .map(|ExistingFile { path, .. }| path.to_string())
            .collect(),
    }
}

/// The branch that work starts in could be any; a name that is no convention is taken as a topic.
pub(super) fn branch(input: &Input) -> String {
    const TRUNKS: &[&str] = &["main", "master", "trunk", "develop", "development", "dev"];
    input
        .facts
        .branch
        .as_deref()
        .filter(|branch| TRUNKS.contains(branch))
        .unwrap_or("main")
        .to_owned()
}

fn uses(pins: &Pins) -> BTreeMap<&'static str, String> {
    const ACTIONS: &[(&str, &str, &str)] = &[
        ("checkout", "actions/checkout", ""),
        ("python", "actions/setup-python", ""),
        ("node", "actions/setup-node", ""),
        ("go", "actions/setup-go", ""),
        ("java", "actions/setup-java", ""),
        ("r", "r-lib/actions", "/setup-r"),
        ("ruby", "ruby/setup-ruby", ""),
        ("elixir", "erlef/setup-beam", ""),
        ("deno", "denoland/setup-deno", ""),
        ("uv", "astral-sh/setup-uv", ""),
        ("cache_restore", "actions/cache", "/restore"),
        ("cache_save", "actions/cache", "/save"),
        ("upload", "actions/upload-artifact", ""),
        ("buildx", "docker/setup-buildx-action", ""),
        ("build", "docker/build-push-action", ""),
    ];
    ACTIONS
        .iter()
        .filter_map(|(key, name, below)| {
            let Action { version, sha } = pins.action(name)?;
            Some((*key, format!("{name}{below}@{sha} # {version}")))
        })
        .collect()
}

fn images(input: &Input) -> Vec<Image> {
    let names: Vec<(&str, &str)> = input
        .paths
        .iter()
        .filter_map(|(id, path)| Some((id.strip_prefix("dockerfile.")?, path.as_str())))
        .collect();
    let single = names.len() == 1;
    names
        .into_iter()
        .map(|(name, dockerfile)| Image {
            id: if single { "image".to_owned() } else { format!("image-{}", crate::project::identifier(name)) },
            title: if single { "Build the image".to_owned() } else { format!("Build the image of {name}") },
            name: name.to_owned(),
            dockerfile: dockerfile.to_owned(),
            cache_to: format!(
                "github.ref_name == github.event.repository.default_branch && 'type=gha,mode=max,scope={name}' || ''"
            ),
        })
        .collect()
}

fn setup(input: &Input, part: &Component, whole: bool) -> Setup {
    let manager = part.manager();
    let python = part.is_python().then(|| python::version(part));
    let (name, path): (_, &[&str]) = match (part.ecosystem, manager) {
        ("node", _) => (
            part.node.as_ref().map_or("npm", Installer::program),
            &[part.node.as_ref().map_or("~/.npm", Installer::cache)],
        ),
        ("php", _) => ("composer", &["~/.cache/composer"]),
        ("go", _) => ("go", &["~/go/pkg/mod", "~/.cache/go-build"]),
        ("r", _) => ("r", &["~/.cache/R/renv", "~/.local/share/renv"]),
        ("ruby", _) => ("bundler", &["~/bundle"]),
        ("deno", _) => ("deno", &["~/.cache/deno"]),
        ("elixir", _) => ("mix", &["~/.hex/packages"]),
        ("dotnet", _) => ("nuget", &["~/.nuget/packages"]),
        ("rust", _) => ("cargo", &["~/.cargo/registry", "~/.cargo/git", "target"]),
        (_, PackageManager::Maven) => ("maven", &["~/.m2/repository", "~/.m2/wrapper"]),
        (_, PackageManager::Gradle) => ("gradle", &["~/.gradle/caches", "~/.gradle/wrapper"]),
        (_, PackageManager::Uv) => ("uv", &["~/.cache/uv"]),
        (_, PackageManager::Poetry) => ("poetry", &["~/.cache/pypoetry"]),
        (_, PackageManager::Pdm) => ("pdm", &["~/.cache/pdm"]),
        (_, PackageManager::Conda) => ("conda", &["~/conda_pkgs_dir"]),
        _ => ("pip", &["~/.cache/pip"]),
    };
    let mut packages: Vec<String> = part
        .services
        .iter()
        .flat_map(|service| {
            service
                .build_packages
                .iter()
                .chain(&service.system_packages)
        })
        .map(|package| package.value.clone())
        .collect();
    packages.sort();
    packages.dedup();
    Setup {
        go: (part.ecosystem == "go")
            .then(|| part.inputs.iter().find(|file| file.file_name() == "go.mod"))
            .flatten()
            .map(ToString::to_string),
        ruby: (part.ecosystem == "ruby").then(|| {
            let version = part.version.map(|fact| fact.value.clone());
            version.unwrap_or_else(|| super::container::RUBY.to_owned())
        }),
        r: (part.ecosystem == "r").then(|| {
            let version = component::r::version(part.version);
            version.unwrap_or("release").to_owned()
        }),
        deno: (part.ecosystem == "deno").then(|| {
            let known = part.version.map(|fact| fact.value.as_str());
            known.map_or_else(
                || "v2.x".to_owned(),
                |version| container::deno_version(Some(version)),
            )
        }),
        elixir: (part.ecosystem == "elixir").then(|| {
            let known = part.version.map(|fact| fact.value.as_str());
            let known = known.unwrap_or(container::ELIXIR);
            let (elixir, otp) = known.split_once("-otp-").unwrap_or((known, ""));
            Elixir {
                elixir: elixir.to_owned(),
                // The newest that this Elixir is built for.
                otp: if otp.is_empty() { "latest" } else { otp }.to_owned(),
            }
        }),
        rust: (part.ecosystem == "rust").then(|| {
            part.version
                .map_or_else(|| "stable".to_owned(), |fact| fact.value.clone())
        }),
        java: matches!(part.ecosystem, "java" | "nextflow").then(|| {
            let known = part.version.map(|fact| fact.value.as_str());
            known.unwrap_or(container::JAVA).to_owned()
        }),
        dotnet: (part.ecosystem == "dotnet").then(|| toolchain::sdk(part)),
        uv: (whole && manager == PackageManager::Uv)
            .then(|| input.pins.tool("uv").unwrap_or_default().to_owned()),
        pipx: part
            .installer()
            .map(|(tool, _)| tool)
            .filter(|tool| whole && matches!(*tool, "poetry" | "pdm" | "pipenv"))
            .and_then(|tool| {
                let mut requirements = part.installer_requirements(input.pins).into_iter();
                Some(Pipx {
                    tool,
                    requirement: requirements.next()?,
                    beside: requirements.collect(),
                })
            }),
        cache: (whole && !part.inputs.is_empty()).then(|| Cache {
            name,
            paths: path.to_vec(),
            version: part
                .version
                .map_or_else(|| "any".to_owned(), |fact| fact.value.clone()),
            key: format!(
                "hashFiles({})",
                part.inputs
                    .iter()
                    .map(|file| literal(file.as_str()))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        }),
        python,
        node: node::runtime(input, part),
        php: php::runtime(part),
        root: folder(&part.root),
        packages: if whole
            && (part.is_python() || matches!(part.ecosystem, "elixir" | "r" | "ruby"))
        {
            packages
        } else {
            Vec::new()
        },
    }
}

/// A text in an expression of GitHub's.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn command(text: &str, directory: &RelPath) -> Command {
    Command {
        text: text.to_owned(),
        directory: folder(directory),
    }
}

fn folder(path: &RelPath) -> String {
    if path.is_root() {
        ".".to_owned()
    } else {
        path.to_string()
    }
}

fn lint_job(input: &Input, part: &Component, id: String, title: String) -> Option<LintJob> {
    if toolchain::is_of(part) {
        return toolchain::lint_job(input, part, id, title);
    }
    if let Some(installer) = &part.node {
        return node::lint_job(input, part, installer, id, title);
    }
    part.is_python()
        .then(|| python::lint_job(input, part, id, title))
}

fn test_job(input: &Input, part: &Component, id: String, title: String) -> Option<TestJob> {
    if toolchain::is_of(part) {
        return toolchain::test_job(input, part, id, title);
    }
    if let Some(installer) = &part.node {
        return node::test_job(input, part, installer, id, title);
    }
    part.is_python()
        .then(|| python::test_job(input, part, id, title))
        .flatten()
}

//! What the devcontainer templates see: the development container.

mod editor;

use super::Input;
use super::component::{self, Component, components};
use super::container;
use super::node::NODE;
use crate::project::{BackingKind, PackageManager, Service, ServiceKind};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Serialize)]
pub(super) struct Devcontainer {
    name: String,
    /// Compose files, as devcontainer.json names them; ours is the last but one, before the
    /// one that is made on each machine.
    compose_files: Vec<String>,
    /// Where the work tree is in the container.
    workspace: String,
    /// The work tree and the folder of our Dockerfile, as seen from the first compose file.
    tree: String,
    context: String,
    /// The folder of our files, from the root, and the way back.
    folder: String,
    up: String,
    networks: Vec<String>,
    /// With its pinned digest where one is known.
    base: String,
    pinned: bool,
    packages: Vec<String>,
    pip: Vec<String>,
    /// Whether the base is Rust's own image.
    rust: bool,
    /// Whether the base may be Ubuntu, which has a user with the ids of most people's first one.
    ubuntu: bool,
    /// Extensions of PHP, and Composer, where PHP's own image is the base.
    php: Vec<String>,
    /// What installs them.
    php_installer: String,
    /// Whether the base is that of Node.js, which has a user of the ids that ours needs.
    node: bool,
    /// Commands that get package managers of Node.js, where its image is the base.
    npm: Vec<String>,
    /// The same where a Feature brings Node.js: they run when the container is made.
    on_create: String,
    features: Value,
    settings: Value,
    extensions: Vec<String>,
    ports: Vec<String>,
    port_labels: Value,
    /// What the first service is told of the others, for tests and a debugger in the workspace.
    environment: Vec<Variable>,
    create: String,
}

#[derive(Debug, Serialize)]
struct Variable {
    name: String,
    /// As compose reads it, `${…}` included; absent where it comes from `.env`.
    value: Option<String>,
}

/// `compose` is the context of the compose templates.
pub(super) fn view(input: &Input, compose: &Value) -> Devcontainer {
    let parts = components(input.project);
    let folder = input
        .path("devcontainer")
        .and_then(|path| path.rsplit_once('/'))
        .map_or(".devcontainer", |(folder, _)| folder)
        .to_owned();
    let up = "../".repeat(folder.split('/').count());
    let shared: Vec<&str> = [input.path("compose"), input.path("compose_override")]
        .into_iter()
        .flatten()
        .collect();
    let mut compose_files: Vec<String> = shared.iter().map(|path| format!("{up}{path}")).collect();
    compose_files.extend(["compose.yaml".to_owned(), "local.yaml".to_owned()]);
    let (tree, context) = if shared.is_empty() {
        (up.trim_end_matches('/').to_owned(), ".".to_owned())
    } else {
        (".".to_owned(), format!("./{folder}"))
    };
    let name = input.project.name.value.clone();
    let first = first(&parts);
    let (base, pinned) = base(input, first);
    let of_base = first.map_or("", |part| part.ecosystem);
    let gets = gets(input, &parts);
    let (ports, port_labels) = ports(input);
    Devcontainer {
        workspace: workspace(input),
        compose_files,
        tree,
        context,
        folder,
        up: up.trim_end_matches('/').to_owned(),
        networks: if shared.is_empty() {
            Vec::new()
        } else {
            networks(compose)
        },
        base,
        pinned,
        packages: packages(input, &parts),
        pip: pip(input, &parts),
        rust: of_base == "rust",
        ubuntu: matches!(of_base, "dotnet" | "java" | "r"),
        php: php(first, &parts),
        php_installer: input
            .pins
            .image("php-extension-installer")
            .map(super::super::pins::Image::reference)
            .unwrap_or_default(),
        node: of_base == "node",
        on_create: if of_base == "node" {
            String::new()
        } else {
            gets.iter()
                .cloned()
                .chain(nextflow(&parts))
                .collect::<Vec<_>>()
                .join(" && ")
        },
        npm: if of_base == "node" { gets } else { Vec::new() },
        features: features(input, of_base, &parts),
        settings: editor::settings(input, &parts),
        extensions: editor::extensions(input, &parts),
        ports,
        port_labels,
        environment: if shared.is_empty() {
            Vec::new()
        } else {
            environment(compose, &parts)
        },
        create: create(input),
        name,
    }
}

/// Where the work tree is in the container.
pub(super) fn workspace(input: &Input) -> String {
    format!("/workspaces/{}", input.project.name.value)
}

/// Runtimes in the order in which one goes before another as the base; the rest come as Features.
const RUNTIMES: &[&str] = &[
    "python", "ruby", "elixir", "rust", "go", "java", "dotnet", "php", "r", "node", "deno",
];

/// The component whose runtime is the base.
fn first<'p, 'a>(parts: &'p [Component<'a>]) -> Option<&'p Component<'a>> {
    RUNTIMES
        .iter()
        .find_map(|name| parts.iter().find(|part| part.ecosystem == *name))
}

/// What is installed beside PHP itself, a debugger included, where it is the base.
fn php(first: Option<&Component>, parts: &[Component]) -> Vec<String> {
    if first.is_none_or(|part| part.ecosystem != "php") {
        return Vec::new();
    }
    let of_php = parts.iter().filter(|part| part.ecosystem == "php");
    let services: Vec<&Service> = of_php
        .flat_map(|part| part.services.iter().copied())
        .collect();
    let mut all = container::extensions(&services);
    all.extend(["xdebug", "@composer"].map(str::to_owned));
    all
}

/// The commands that get the package managers of Node.js, each once.
fn gets(input: &Input, parts: &[Component]) -> Vec<String> {
    let all: BTreeSet<String> = parts
        .iter()
        .filter_map(|part| {
            let version = part.version.map(|fact| fact.value.as_str());
            part.node.as_ref()?.get(input.pins, version)
        })
        .collect();
    all.into_iter().collect()
}

/// The command that gets Nextflow, where a pipeline wants it.
fn nextflow(parts: &[Component]) -> Option<String> {
    let mut all = parts.iter();
    all.any(|part| part.ecosystem == "nextflow")
        .then(|| component::NEXTFLOW.join(" && "))
}

/// The image of the first runtime, the same as the application's own.
fn base(input: &Input, first: Option<&Component>) -> (String, bool) {
    let key = match first.map(|part| (part.ecosystem, part)) {
        Some(("python", part)) if part.manager() != PackageManager::Conda => {
            let version = part.version.map_or("3.13", |fact| fact.value.as_str());
            match input.pins.image(&format!("python-{version}-slim")) {
                Some(_) => format!("python-{version}-slim"),
                None => return (format!("docker.io/library/python:{version}-slim"), false),
            }
        }
        Some(("ruby", part)) => {
            let version = part
                .version
                .map_or(container::RUBY, |fact| fact.value.as_str());
            return (format!("docker.io/library/ruby:{version}-slim"), false);
        }
        Some(("r", part)) => {
            let version = component::r::version(part.version).unwrap_or(container::R);
            return (format!("docker.io/rocker/r-ver:{version}"), false);
        }
        Some(("deno", part)) => {
            let version = part.version.map(|fact| fact.value.as_str());
            let version = container::deno_version(version);
            return (format!("docker.io/denoland/deno:{version}"), false);
        }
        Some(("elixir", part)) => {
            let version = part
                .version
                .map_or(container::ELIXIR, |fact| fact.value.as_str());
            return (format!("docker.io/library/elixir:{version}-slim"), false);
        }
        Some(("rust", part)) => {
            // rustup gets channels that have no image of their own.
            let tag = part
                .version
                .map(|fact| fact.value.as_str())
                .filter(|version| version.starts_with(|first: char| first.is_ascii_digit()))
                .unwrap_or("1");
            return (format!("docker.io/library/rust:{tag}-slim-bookworm"), false);
        }
        Some(("php", part)) => {
            let version = part
                .version
                .map_or(container::PHP, |fact| fact.value.as_str());
            return (format!("docker.io/library/php:{version}-cli"), false);
        }
        Some(("go", _)) => "golang-bookworm".to_owned(),
        Some(("java", part)) => {
            let version = part.version.map(|fact| fact.value.as_str());
            let builder = part.builder().unwrap_or_default();
            return (container::java_base(&builder, version, ""), false);
        }
        Some(("dotnet", part)) => {
            let version = part.version.map(|fact| fact.value.as_str());
            let mut services = part.services.iter();
            let sdk = services.find_map(|one| one.build_version.as_ref());
            let image = container::dotnet_sdk(version, sdk.map(|fact| fact.value.as_str()));
            return (image, false);
        }
        Some(("node", part)) => {
            let version = part.version.map_or(NODE, |fact| fact.value.as_str());
            match input.pins.image(&format!("node-{version}-slim")) {
                Some(_) => format!("node-{version}-slim"),
                None => return (format!("docker.io/library/node:{version}-slim"), false),
            }
        }
        _ => "debian-slim".to_owned(),
    };
    input.pins.image(&key).map_or_else(
        || ("docker.io/library/debian:trixie-slim".to_owned(), false),
        |image| (image.reference(), image.digest.is_some()),
    )
}

/// Every network of the project: the workspace reaches what any service reaches.
fn networks(compose: &Value) -> Vec<String> {
    named(compose, "networks")
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// The elements of a list of the compose context, with their names.
fn named<'v>(compose: &'v Value, list: &str) -> impl Iterator<Item = (&'v str, &'v Value)> {
    compose
        .get(list)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|element| Some((element.get("name")?.as_str()?, element)))
}

/// Variables that the container to work in has in any case.
const OWN: &[&str] = &["HISTFILE", "PROMPT_COMMAND", "SHIPWAY_VENVS"];

/// The environment of the first component's first service in development.
fn environment(compose: &Value, parts: &[Component]) -> Vec<Variable> {
    let Some(service) = parts.iter().find_map(|part| part.services.first()) else {
        return Vec::new();
    };
    let mut all: BTreeMap<String, Option<String>> = BTreeMap::new();
    for list in ["services", "development"] {
        for (_, element) in named(compose, list).filter(|(name, _)| *name == service.name) {
            for (name, variable) in named(element, "environment") {
                let value = variable
                    .get("value")
                    .and_then(Value::as_str)
                    .map(str::to_owned);
                all.insert(name.to_owned(), value);
            }
        }
    }
    all.into_iter()
        .filter(|(name, _)| !OWN.contains(&name.as_str()))
        // A path is one of the service's own container.
        .filter(|(_, value)| !value.as_ref().is_some_and(|value| value.starts_with('/')))
        .map(|(name, value)| Variable { name, value })
        .collect()
}

fn packages(input: &Input, parts: &[Component]) -> Vec<String> {
    let mut all: BTreeSet<String> = [
        "ca-certificates",
        "curl",
        "git",
        "less",
        "make",
        "openssh-client",
        "procps",
        "sudo",
    ]
    .map(str::to_owned)
    .into();
    // A shell on the database, and what backups call.
    for (kind, package) in [
        (BackingKind::Postgres, "postgresql-client"),
        (BackingKind::Supabase, "postgresql-client"),
        (BackingKind::Redis, "redis-tools"),
        (BackingKind::Mysql, "default-mysql-client"),
    ] {
        if input
            .project
            .backing
            .iter()
            .any(|backing| backing.kind == kind)
        {
            all.insert(package.to_owned());
        }
    }
    for part in parts {
        for service in &part.services {
            all.extend(
                service
                    .build_packages
                    .iter()
                    .chain(&service.system_packages)
                    .map(|fact| fact.value.clone()),
            );
        }
        let is_base = first(parts).is_some_and(|first| first.ecosystem == "java");
        if part.ecosystem == "java" && !is_base {
            all.insert("default-jdk-headless".to_owned());
            match part.builder().as_deref() {
                Some("mvn") => all.insert("maven".to_owned()),
                Some("gradle") => all.insert("gradle".to_owned()),
                _ => false,
            };
        }
        match part.ecosystem {
            "nextflow" => {
                all.insert("default-jre-headless".to_owned());
            }
            "r" if first(parts).is_none_or(|first| first.ecosystem != "r") => {
                all.insert("r-base-dev".to_owned());
            }
            "rust" => all.extend(["build-essential", "pkg-config"].map(str::to_owned)),
            "ruby" => {
                all.extend(["build-essential", "libyaml-dev", "pkg-config"].map(str::to_owned));
            }
            // Phoenix sees by inotify what changes.
            "elixir" => all.extend(["build-essential", "inotify-tools"].map(str::to_owned)),
            _ => {}
        }
    }
    all.into_iter().collect()
}

/// What pip installs for everybody: the package manager itself.
fn pip(input: &Input, parts: &[Component]) -> Vec<String> {
    let all: BTreeSet<String> = parts
        .iter()
        .filter(|part| part.is_python())
        .flat_map(|part| part.installer_requirements(input.pins))
        .collect();
    all.into_iter().collect()
}

fn features(input: &Input, of_base: &str, parts: &[Component]) -> Value {
    let mut all = Map::new();
    if let Some(feature) = input.pins.devcontainer_feature("common-utils") {
        all.insert(
            feature.reference(),
            json!({ "username": "vscode", "installZsh": false, "upgradePackages": false }),
        );
    }
    if let Some(feature) = input.pins.devcontainer_feature("github-cli") {
        all.insert(feature.reference(), json!({}));
    }
    for ecosystem in ["go", "node", "ruby", "rust"] {
        let part = parts.iter().find(|part| part.ecosystem == ecosystem);
        let feature = input.pins.devcontainer_feature(ecosystem);
        if let (Some(part), Some(feature)) = (part, feature)
            && ecosystem != of_base
        {
            let usual = if ecosystem == "node" { NODE } else { "latest" };
            let version = part.version.map_or(usual, |fact| fact.value.as_str());
            all.insert(feature.reference(), json!({ "version": version }));
        }
    }
    Value::Object(all)
}

fn ports(input: &Input) -> (Vec<String>, Value) {
    let mut ports = Vec::new();
    let mut labels = Map::new();
    for service in &input.project.services {
        let Some(port) = &service.port else { continue };
        if !matches!(service.kind.value, ServiceKind::Web | ServiceKind::Static)
            || input.path("compose").is_none()
        {
            continue;
        }
        let port = format!("{}:{}", service.name, port.value);
        labels.insert(
            port.clone(),
            json!({ "label": service.name, "onAutoForward": "notify" }),
        );
        ports.push(port);
    }
    (ports, Value::Object(labels))
}

fn create(input: &Input) -> String {
    if input.has("make")
        || input
            .project
            .existing
            .makefile
            .as_ref()
            .is_some_and(|file| {
                file.entries
                    .iter()
                    .any(|entry| entry.excerpt == "dev-setup")
            })
    {
        "make dev-setup".to_owned()
    } else {
        "if command -v shipway; then shipway setup; fi".to_owned()
    }
}

//! Puts together what a project runs.

use super::application::{Application, Shape};
use super::mix::{Manifest, Release};
use super::server::Server;
use super::{checks, files, health, manager, migration, packages, settings, version};
use crate::detect::Found;
use crate::project::{
    BackingKind, EnvVar, Evidence, Fact, Finding, RelPath, ServerInterface, Service, ServiceKind,
    Severity, Sign, Sought,
};

/// What a project is built with, by its packages, the most telling first.
const FRAMEWORKS: &[(Shape, &str, &str)] = &[
    (Shape::Web, "phoenix", "phoenix"),
    (Shape::Web, "plug", "plug"),
    (Shape::Web, "plug_cowboy", "plug"),
    (Shape::Web, "bandit", "plug"),
    (Shape::Web, "cowboy", "cowboy"),
    (Shape::Worker, "broadway", "broadway"),
    (Shape::Worker, "broadway_rabbitmq", "broadway"),
    (Shape::Worker, "broadway_kafka", "broadway"),
    (Shape::Worker, "broadway_sqs", "broadway"),
    (Shape::Worker, "oban", "oban"),
    (Shape::Worker, "exq", "exq"),
    (Shape::Worker, "gen_stage", "gen_stage"),
    (Shape::Scheduler, "quantum", "quantum"),
];

/// The service of a project of this shape.
pub(super) fn service(
    application: &Application<'_>,
    shape: Shape,
    server: &Server,
    found: &mut Found,
) -> Option<Service> {
    let Some(release) = application.release() else {
        found.findings.push(no_release(application));
        return None;
    };
    let manifest = application.manifest.path.clone();
    let at = Evidence::file(manifest.clone());
    let (kind, name) = match shape {
        Shape::Worker => (ServiceKind::Worker, "worker"),
        Shape::Scheduler => (ServiceKind::Scheduler, "scheduler"),
        Shape::Web | Shape::Library => (ServiceKind::Web, "web"),
    };
    let start = application.starts().cloned();
    let placed = start
        .as_ref()
        .map_or_else(|| at.clone(), |(_, at)| at.clone());
    let framework =
        FRAMEWORKS
            .iter()
            .filter(|(of, ..)| *of == shape)
            .find_map(|(_, package, name)| {
                let needed = application.needs(package)?;
                Some(Fact::certain((*name).to_owned(), needed.declared.clone()))
            });
    let kind = match &framework {
        Some(fact) => Fact::certain(kind, fact.evidence[0].clone()),
        None => Fact::likely(kind, placed.clone()),
    };
    let folder = Fact::certain(application.root.clone(), at.clone());
    let mut service = Service::new(name, "elixir", application.root.clone(), kind, folder);
    service.framework = framework;
    service.entry = start.map(|(module, at)| Fact::certain(module, at));
    service.interface = Some(Fact::certain(ServerInterface::Own, placed.clone()));
    service.package_manager = Some(manager(application));
    service.manifest = Some(Fact::certain(manifest, at));
    service.lock = application
        .lock
        .clone()
        .map(|path| Fact::certain(path.clone(), Evidence::file(path)));
    service.manifest_includes = includes(application);
    let requirements = application
        .manifests()
        .flat_map(|manifest| manifest.requirements.iter().cloned());
    service.requirements = requirements.collect();
    service.runtime_version = version::find(application);
    service.sources = vec![application.root.clone()];
    let others = application.manifests().flat_map(|manifest| &manifest.paths);
    service.sources.extend(
        others
            .filter(|path| !path.is_within(&application.root))
            .cloned(),
    );
    service.server_command = Some(match migration::overlay(application, "server") {
        Some(path) => {
            let text = application.tree.text(&path).unwrap_or_default();
            let line = text.lines().position(|line| line.contains(" start"));
            let at = line.map(|index| application.tree.at(&path, index + 1));
            Fact::certain(
                "bin/server".to_owned(),
                at.unwrap_or_else(|| Evidence::file(path)),
            )
            .because("the script that the project lays over its release")
        }
        None => Fact::certain(format!("bin/{} start", release.name), release.at.clone()),
    });
    let is_phoenix = service
        .framework
        .as_ref()
        .is_some_and(|fact| fact.value == "phoenix");
    let run = if is_phoenix {
        "mix phx.server"
    } else {
        "mix run --no-halt"
    };
    service.dev_command = Some(Fact::likely(run.to_owned(), placed));
    service.env = settings::find(application, server);
    if shape == Shape::Web {
        let framework = service.framework.as_ref().map(|fact| fact.value.as_str());
        service.port = server.port(application, framework);
        service.health = health::find(application);
        // An image that sets an address is told where to listen.
        let is_set = |one: &EnvVar| {
            one.set_at.is_some() && matches!(one.default.as_deref(), Some("::" | "0.0.0.0"))
        };
        if !service.env.iter().any(is_set) {
            found.findings.extend(server.on_loopback(name));
        }
    }
    service.build = Some(build(application, &release, is_phoenix));
    packages::find(application, &mut service);
    files::find(application, &release.name, &mut service);
    service.migration = migration::find(application, &release.name);
    service.test = checks::test(application);
    service.lint = checks::lint(application);
    service.signs = files::mail(application)
        .map(|at| Sign {
            of: Sought::Backing(BackingKind::Smtp),
            at,
        })
        .into_iter()
        .collect();
    found.findings.extend(files::report(application));
    found.findings.extend(packages::not_installed(application));
    Some(service)
}

/// Files that an installation reads beside manifest and lock: the manifests of members and of folders beside
/// it, and the settings that dependencies are compiled with.
fn includes(application: &Application<'_>) -> Vec<RelPath> {
    let settings = application.files.iter().filter(|path| {
        path.extension() == "exs" && !matches!(path.file_name(), "runtime.exs" | "releases.exs")
    });
    let members = application.members.iter().map(|member| member.path.clone());
    let others = application.manifests().flat_map(|manifest| &manifest.paths);
    let others = others
        .filter_map(|path| path.join("mix.exs").ok())
        .filter(|path| application.tree.has(path));
    let mut found: Vec<RelPath> = members.chain(others).chain(settings.cloned()).collect();
    found.sort();
    found.dedup();
    found
}

/// The command that makes the release, with what browsers are given: by the alias that Phoenix writes, else the
/// digests alone.
fn build(application: &Application<'_>, release: &Release, is_phoenix: bool) -> Fact<String> {
    let manifest = &application.manifest;
    let named = manifest.releases.len() > 1 && manifest.default_release.is_none();
    let assemble = if named {
        format!("mix release {}", release.name)
    } else {
        "mix release".to_owned()
    };
    // An application of an umbrella is told by its name.
    let within = |manifest: &Manifest, tasks: &[&str]| {
        let is_member = manifest.path != application.manifest.path;
        match manifest.app.as_ref().filter(|_| is_member) {
            Some((app, _)) => {
                let told = tasks
                    .iter()
                    .map(|task| format!("mix cmd --app {app} mix {task}"));
                let told: Vec<String> = told.collect();
                format!("{} && {assemble}", told.join(" && "))
            }
            None => format!("mix {} && {assemble}", tasks.join(" && mix ")),
        }
    };
    let plain = Fact::certain(assemble.clone(), release.at.clone());
    if !is_phoenix {
        return plain;
    }
    for manifest in application.manifests() {
        let made = manifest
            .alias("assets.deploy")
            .map(|alias| ("assets.deploy", alias))
            .or_else(|| Some(("assets.build", manifest.alias("assets.build")?)));
        if let Some((name, alias)) = made {
            let setup = manifest.alias("assets.setup").map(|_| "assets.setup");
            let tasks: Vec<&str> = setup.into_iter().chain([name]).collect();
            return Fact::certain(within(manifest, &tasks), alias.at.clone());
        }
    }
    let Some((folder, path)) = application.of_any("priv/static") else {
        return plain;
    };
    let mut manifests = application.manifests();
    let Some(manifest) = manifests.find(|manifest| manifest.path.parent() == folder) else {
        return plain;
    };
    let fact = Fact::likely(within(manifest, &["phx.digest"]), Evidence::file(path));
    fact.because("Phoenix gives what lies there names by its content")
}

fn no_release(application: &Application<'_>) -> Finding {
    let path = &application.manifest.path;
    Finding {
        id: "no-release",
        severity: Severity::Warning,
        message: format!(
            "{path} names no release, and that of an umbrella cannot be told: no image is generated for it"
        ),
        evidence: vec![Evidence::file(path.clone())],
        mend: "add `releases: [web: [applications: [my_app_web: :permanent]]]` to the project"
            .to_owned(),
    }
}

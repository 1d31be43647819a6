//! The image of a project of Ruby: gems installed by Bundler in one stage, assets made in another, and
//! what runs on the same base without compilers.

use super::super::{Input, backing, component};
use super::front_end::{self, Stage};
use super::python::{install, packages, split};
use super::{copy_manifests, in_image, lock_note, outermost, port, sh};
use crate::config::Base;
use crate::project::{EnvRole, RelPath, Service};
use serde::Serialize;

/// Where the generated program lies in an image.
const START: &str = "/opt/shipway/shipway_start.rb";

#[derive(Debug, Serialize)]
pub(super) struct Ruby {
    /// Sentences on how gems are installed.
    comment: Vec<String>,
    /// Whether a lock says which gems.
    locked: bool,
    build_install: String,
    runtime_install: String,
    /// Folder of the Gemfile.
    home: String,
    pub(super) workdir: String,
    /// Arguments of COPY for what Bundler reads.
    manifests: Vec<String>,
    /// The command that makes assets, with stand-ins for what the settings insist on.
    assets: Option<String>,
    /// Whether what bootsnap compiles is kept.
    bootsnap: bool,
    pub(super) front_ends: Vec<Stage>,
    script: String,
    /// `NAME=value`: that this is production.
    env: Vec<String>,
    entrypoint: Vec<String>,
    command: Vec<String>,
    healthcheck: Option<Vec<String>>,
    writable: Vec<String>,
}

/// The image that `services` share; the first gives its command.
// Out of line: every `init` comes by here, and most repositories have no program of this kind.
#[inline(never)]
pub(super) fn image(input: &Input, services: &[&Service]) -> Ruby {
    let first = services[0];
    let build = packages(services, |service| &service.build_packages);
    let mut run = packages(services, |service| &service.system_packages);
    run.insert(0, "tini");
    Ruby {
        comment: lock_note(first.lock.is_some()),
        locked: first.lock.is_some(),
        build_install: install(Base::Slim, &build, false),
        runtime_install: install(Base::Slim, &run, true),
        home: in_image(&first.root),
        workdir: in_image(&first.working_dir.value),
        manifests: copy_manifests(first, |_| true),
        assets: assets(input, first),
        bootsnap: requires(first, "bootsnap"),
        front_ends: front_end::stages(input, services),
        script: input.path("shipway_ruby").unwrap_or_default().to_owned(),
        env: environment(first),
        entrypoint: [
            "/usr/bin/tini",
            "-e",
            "143",
            "--",
            "ruby",
            "--disable-gems",
            START,
        ]
        .map(str::to_owned)
        .to_vec(),
        command: super::command(first).unwrap_or_default(),
        healthcheck: super::probe(first),
        writable: writable(services).iter().map(in_image).collect(),
    }
}

fn requires(service: &Service, gem: &str) -> bool {
    let mut requirements = service.requirements.iter();
    requirements.any(|one| !one.development && one.name == gem)
}

/// What tells the frameworks that this is production, and Rails where its output goes.
fn environment(service: &Service) -> Vec<String> {
    let mut found = vec![
        "APP_ENV=production".to_owned(),
        "RACK_ENV=production".to_owned(),
    ];
    if is_rails(service) {
        found.extend(
            [
                "RAILS_ENV=production",
                "RAILS_LOG_TO_STDOUT=1",
                "RAILS_SERVE_STATIC_FILES=1",
            ]
            .map(str::to_owned),
        );
    }
    found
}

fn is_rails(service: &Service) -> bool {
    requires(service, "rails") || requires(service, "railties")
}

/// The command that makes assets. What it is told is for this step alone: no database and no secret is
/// there when an image is built.
fn assets(input: &Input, service: &Service) -> Option<String> {
    let build = service.build.as_ref()?;
    let parts = component::components(input.project);
    let part = parts
        .iter()
        .find(|part| part.services.iter().any(|one| one.name == service.name))?;
    let mut given = backing::env(input, part);
    given.retain(|name, _| {
        let known = service.env.iter().find(|variable| variable.name == *name);
        !known.is_some_and(|variable| {
            matches!(
                variable.role,
                Some(EnvRole::AppEnvironment | EnvRole::ListenPort)
            )
        })
    });
    given.insert("RAILS_ENV".to_owned(), "production".to_owned());
    given.insert("SECRET_KEY_BASE".to_owned(), "build".to_owned());
    given.insert("SECRET_KEY_BASE_DUMMY".to_owned(), "1".to_owned());
    if !service.front_ends.is_empty() {
        // The stage of Node.js made those.
        for name in ["SKIP_CSS_BUILD", "SKIP_JS_BUILD", "SKIP_YARN_INSTALL"] {
            given.insert(name.to_owned(), "1".to_owned());
        }
    }
    let given: Vec<String> = given
        .iter()
        .map(|(name, value)| format!("{name}={}", sh(value)))
        .collect();
    Some(format!("env {} \\\n    {}", given.join(" "), build.value))
}

fn writable(services: &[&Service]) -> Vec<RelPath> {
    let folders = services.iter().flat_map(|service| &service.writable);
    let mut all = outermost(folders.map(|fact| &fact.value));
    all.retain(|folder| !super::holds_code(services, folder));
    all
}

/// How `service` is started for development.
pub(super) fn dev_command(service: &Service) -> Option<Vec<String>> {
    let fact = service.dev_command.as_ref();
    let command = &fact.or(service.server_command.as_ref())?.value;
    Some(split(
        &command.replace("{port}", &port(service).to_string()),
    ))
}

/// What asks whether it is well.
pub(super) fn asks() -> Vec<String> {
    ["ruby", "--disable-gems", START]
        .map(str::to_owned)
        .to_vec()
}

//! The image of a project of Deno: what it imports is fetched in one stage, what runs is that with the source.

use super::super::Input;
use super::python::{install, packages, split};
use super::{copy_manifests, environment, in_image, port, probe, sh, volumes};
use crate::config::Base;
use crate::project::Service;
use serde::Serialize;

/// The generated script that starts the command and asks whether it is well.
const START: &str = "/opt/shipway/shipway_start.sh";

/// The generated module that ends requests before the process stops.
const DRAIN: &str = "/opt/shipway/shipway_drain.ts";

#[derive(Debug, Serialize)]
pub(super) struct Deno {
    /// Sentences on how imports are fetched.
    comment: Vec<String>,
    install: String,
    build_install: Option<String>,
    /// Folder of the manifest, and of the workspace where it is a member of one.
    home: String,
    pub(super) workdir: String,
    /// Arguments of COPY for what `deno install` reads.
    manifests: Vec<String>,
    /// Option that takes what the lock names and nothing else.
    frozen: &'static str,
    build: Option<String>,
    /// The files that are started.
    entries: Vec<String>,
    script: String,
    drain: Option<String>,
    env: Vec<String>,
    entrypoint: Vec<String>,
    command: Vec<String>,
    healthcheck: Option<Vec<String>>,
    volumes: Vec<String>,
}

impl Deno {
    pub(super) fn drains(&self) -> bool {
        self.drain.is_some()
    }
}

/// The image of `services`; the first gives its command.
// Out of line: every `init` comes by here, and most repositories have no program of this kind.
#[inline(never)]
pub(super) fn image(input: &Input, services: &[&Service]) -> Deno {
    let first = services[0];
    let tools = packages(services, |service| &service.build_packages);
    let mut run = packages(services, |service| &service.system_packages);
    run.extend(["ca-certificates", "curl", "tini"]);
    run.sort_unstable();
    run.dedup();
    let mut comment = Vec::new();
    if first.lock.is_none() {
        comment.push(
            "Without a lock file in the repository two builds at different times may differ."
                .to_owned(),
        );
    }
    let script = |id: &str| input.path(id).unwrap_or_default().to_owned();
    let mut entries: Vec<String> = services
        .iter()
        .filter_map(|service| Some(sh(&service.entry.as_ref()?.value)))
        .collect();
    let drain = drains(first).then(|| script("shipway_drain"));
    entries.extend(drain.iter().map(|_| DRAIN.to_owned()));
    entries.sort();
    entries.dedup();
    Deno {
        comment,
        install: install(Base::Slim, &run, true),
        build_install: (!tools.is_empty()).then(|| install(Base::Slim, &tools, false)),
        home: in_image(&first.root),
        workdir: in_image(&first.working_dir.value),
        manifests: copy_manifests(first, |_| true),
        frozen: if first.lock.is_some() {
            " --frozen"
        } else {
            ""
        },
        build: first.build.as_ref().map(|fact| fact.value.clone()),
        entries,
        script: script("shipway_shell"),
        drain,
        env: environment(first),
        entrypoint: ["/usr/bin/tini", "-e", "143", "--", "sh", START]
            .map(str::to_owned)
            .into(),
        command: command(first).unwrap_or_default(),
        healthcheck: probe(first),
        volumes: volumes(services),
    }
}

/// How it is started, with the module that drains where this Deno loads one first.
pub(super) fn command(service: &Service) -> Option<Vec<String>> {
    let fact = service.server_command.as_ref()?;
    let mut words = split(&fact.value.replace("{port}", &port(service).to_string()));
    if drains(service) && words.len() > 2 {
        words.insert(2, format!("--preload={DRAIN}"));
    }
    Some(words)
}

/// Whether the Deno that it runs on knows `--preload`, which came with 2.4.
pub(super) fn drains(service: &Service) -> bool {
    let named = service.runtime_version.as_ref();
    let mut parts = named.map(|fact| fact.value.split('.').map(|part| part.parse().unwrap_or(0)));
    parts.as_mut().is_none_or(|parts| {
        let version: (u32, u32) = (parts.next().unwrap_or(0), parts.next().unwrap_or(u32::MAX));
        version >= (2, 4)
    })
}

/// What it is told: its port, and what the repository's own image sets.
fn environment(service: &Service) -> Vec<String> {
    let mut found = vec![
        "DENO_DIR=/deno-dir".to_owned(),
        "DENO_NO_PROMPT=1".to_owned(),
        "DENO_NO_UPDATE_CHECK=1".to_owned(),
    ];
    found.extend(environment::told(service));
    found.sort();
    found
}

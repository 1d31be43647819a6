//! The image of a release of Elixir: built by mix in one stage, run with the Erlang that it brings on a base
//! without compilers.

use super::super::Input;
use super::front_end::{self, Stage};
use super::python::{install, packages};
use super::{base, copy_manifests, environment, in_image, probe, started, volumes};
use crate::config::Base;
use crate::project::Service;
use serde::Serialize;

/// The generated script that starts the command and asks whether it is well.
const START: &str = "/opt/shipway/shipway_start.sh";

#[derive(Debug, Serialize)]
pub(super) struct Elixir {
    /// Sentences on how dependencies are installed.
    comment: Vec<String>,
    final_base: String,
    final_comment: Vec<String>,
    build_install: String,
    install: String,
    /// Folder of the manifest.
    home: String,
    pub(super) workdir: String,
    /// Arguments of COPY for what `mix deps.get` reads.
    manifests: Vec<String>,
    /// Whether there is anything to get.
    depends: bool,
    /// The command that makes what browsers are given, and the release.
    build: String,
    pub(super) front_ends: Vec<Stage>,
    script: String,
    env: Vec<String>,
    entrypoint: Vec<String>,
    command: Vec<String>,
    healthcheck: Option<Vec<String>>,
    volumes: Vec<String>,
}

/// The image of `services`; the first gives its command.
// Out of line: every `init` comes by here, and most repositories have no program of this kind.
#[inline(never)]
pub(super) fn image(input: &Input, services: &[&Service]) -> Elixir {
    let first = services[0];
    let chosen = base::pinned(input, "debian-slim");
    let mut tools = packages(services, |service| &service.build_packages);
    tools.push("ca-certificates");
    let mut run = packages(services, |service| &service.system_packages);
    // What the Erlang of a release is linked to, and what its start calls.
    run.extend([
        "ca-certificates",
        "curl",
        "libncurses6",
        "libstdc++6",
        "openssl",
        "tini",
    ]);
    for list in [&mut tools, &mut run] {
        list.sort_unstable();
        list.dedup();
    }
    let mut comment = Vec::new();
    if first.lock.is_none() && !first.requirements.is_empty() {
        comment.push(
            "Without a lock file in the repository two builds at different times may differ."
                .to_owned(),
        );
    }
    let build = first
        .build
        .as_ref()
        .map(|fact| format!("{} --path /release", fact.value));
    Elixir {
        comment,
        final_base: chosen.reference,
        final_comment: chosen.comment,
        build_install: install(Base::Slim, &tools, false),
        install: install(Base::Slim, &run, true),
        home: in_image(&first.root),
        workdir: in_image(&first.working_dir.value),
        manifests: copy_manifests(first, |_| true),
        depends: !first.requirements.is_empty(),
        build: build.unwrap_or_default(),
        front_ends: front_end::stages(input, services),
        script: input.path("shipway_shell").unwrap_or_default().to_owned(),
        env: environment(first),
        entrypoint: ["/usr/bin/tini", "-e", "143", "--", "sh", START]
            .map(str::to_owned)
            .into(),
        command: started(first).unwrap_or_default(),
        healthcheck: probe(first),
        volumes: volumes(services),
    }
}

/// What the release is told: that it serves, where it may write, and what the repository's own image sets.
fn environment(service: &Service) -> Vec<String> {
    let mut found = vec![
        "ERL_CRASH_DUMP=/tmp/erl_crash.dump".to_owned(),
        "HOME=/tmp".to_owned(),
        "LANG=C.UTF-8".to_owned(),
        "RELEASE_TMP=/tmp".to_owned(),
    ];
    let framework = service.framework.as_ref();
    if framework.is_some_and(|fact| fact.value == "phoenix") {
        found.push("PHX_SERVER=true".to_owned());
    }
    found.extend(environment::told(service));
    found.sort();
    found
}

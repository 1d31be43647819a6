//! The image of an application of R: packages installed in one stage, and what runs on the same base without
//! compilers.

use super::super::{Input, component};
use super::python::{install, packages};
use super::{copy_manifests, in_image, lock_note, port, probe, started, volumes};
use crate::config::Base;
use crate::project::{EnvRole, Service};
use serde::Serialize;

/// The generated script that starts the command and asks whether it is well.
const START: &str = "/opt/shipway/shipway_start.sh";

/// Where what is installed lies, beside R's own packages.
const LIBRARY: &str = "/opt/library";

#[derive(Debug, Serialize)]
pub(super) struct R {
    /// Sentences on how packages are installed.
    comment: Vec<String>,
    /// Absent where nothing is compiled.
    build_install: Option<String>,
    runtime_install: String,
    /// Folder of the manifest.
    home: String,
    pub(super) workdir: String,
    /// Arguments of COPY for what the installation reads.
    manifests: Vec<String>,
    library: &'static str,
    /// The command that installs what the manifest names.
    packages: String,
    /// The command that installs the application itself, where it is a package.
    build: Option<String>,
    script: String,
    profile: String,
    /// `NAME=value` of what the application is told.
    env: Vec<String>,
    entrypoint: Vec<String>,
    command: Vec<String>,
    healthcheck: Option<Vec<String>>,
    volumes: Vec<String>,
}

/// The image that `services` share; the first gives its command.
// Out of line: every `init` comes by here, and most repositories have no program of this kind.
#[inline(never)]
pub(super) fn image(input: &Input, services: &[&Service]) -> R {
    let first = services[0];
    let build = packages(services, |service| &service.build_packages);
    let mut run = packages(services, |service| &service.system_packages);
    run.extend(["curl", "tini"]);
    R {
        comment: lock_note(first.lock.is_some()),
        build_install: (!build.is_empty()).then(|| install(Base::Slim, &build, false)),
        runtime_install: install(Base::Slim, &run, true),
        home: in_image(&first.root),
        workdir: in_image(&first.working_dir.value),
        manifests: copy_manifests(first, |_| true),
        library: LIBRARY,
        packages: component::r::command(&component::r::steps(first, Some(LIBRARY))),
        build: first.build.as_ref().map(|fact| {
            fact.value.replace(
                "INSTALL",
                &format!("INSTALL --no-multiarch --library={LIBRARY}"),
            )
        }),
        script: input.path("shipway_shell").unwrap_or_default().to_owned(),
        profile: input.path("shipway_r").unwrap_or_default().to_owned(),
        env: environment(first),
        entrypoint: entrypoint(),
        command: started(first).unwrap_or_default(),
        healthcheck: probe(first),
        volumes: volumes(services),
    }
}

/// tini, the script that reads secrets, and a shell that tells R to end after what is under way: R itself
/// ends at once.
fn entrypoint() -> Vec<String> {
    let waits = "trap ': > /tmp/.shipway-stop' TERM; \"$@\" & child=$!; \
                 while kill -0 $child 2> /dev/null; do wait $child; code=$?; done; exit $code";
    [
        "/usr/bin/tini",
        "-e",
        "143",
        "--",
        "sh",
        START,
        "sh",
        "-c",
        waits,
        "sh",
    ]
    .map(str::to_owned)
    .into()
}

/// Where the server listens, in the variables that the application reads for it.
fn environment(service: &Service) -> Vec<String> {
    let port = port(service);
    let mut found = vec![format!("PORT={port}")];
    for variable in service.env.iter().filter(|one| one.name != "PORT") {
        match variable.role {
            Some(EnvRole::ListenPort) => found.push(format!("{}={port}", variable.name)),
            Some(EnvRole::ListenHost) => found.push(format!("{}=0.0.0.0", variable.name)),
            _ => {}
        }
    }
    found
}

/// The command that asks whether it is well, without what is asked.
pub(super) fn asks() -> Vec<String> {
    vec!["sh".to_owned(), START.to_owned()]
}

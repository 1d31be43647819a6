//! The image of a program of .NET: published by the SDK in one stage, run on the runtime alone.

use super::super::Input;
use super::python::{install, packages};
use super::{base, copies, copy_manifests, environment, in_image, probe, sh, started, volumes};
use crate::config::Base;
use crate::project::Service;
use serde::Serialize;

/// The generated script that starts the command and asks whether it is well.
const START: &str = "/opt/shipway/shipway_start.sh";

/// Who runs what: the user that Microsoft's images have for it since .NET 8, and ours before.
const USER: (u32, u32) = (1654, 10001);

#[derive(Debug, Serialize)]
pub(super) struct Dotnet {
    final_base: String,
    final_comment: Vec<String>,
    /// Folder that the build is started in.
    home: String,
    pub(super) workdir: String,
    /// Arguments of COPY for what a restore reads.
    manifests: Vec<String>,
    build_install: Option<String>,
    /// Arguments of COPY for everything else that the build reads.
    sources: Vec<String>,
    restore: String,
    publish: String,
    install: String,
    script: String,
    env: Vec<String>,
    user: u32,
    entrypoint: Vec<String>,
    command: Vec<String>,
    healthcheck: Option<Vec<String>>,
    volumes: Vec<String>,
}

/// The image that `services` share; the first gives its command.
// Out of line: every `init` comes by here, and most repositories have no program of this kind.
#[inline(never)]
pub(super) fn image(input: &Input, services: &[&Service]) -> Dotnet {
    let first = services[0];
    let (_, run) = base::dotnet(input, first);
    let kind = base::dotnet_kind(input);
    let mut system = packages(services, |service| &service.system_packages);
    system.extend(["curl", "tini"]);
    if kind == Base::Alpine {
        // Without them it knows no culture and no time zone.
        system.extend(["icu-libs", "tzdata"]);
    }
    let tini = match kind {
        Base::Alpine => "/sbin/tini",
        _ => "/usr/bin/tini",
    };
    let workdir = in_image(&first.working_dir.value);
    let build = first.build.as_ref().map_or("", |fact| fact.value.as_str());
    let entry = first.entry.as_ref().map_or("", |fact| fact.value.as_str());
    let locked = if first.lock.is_some() {
        " --locked-mode"
    } else {
        ""
    };
    let build_packages = packages(services, |service| &service.build_packages);
    Dotnet {
        final_base: run.reference,
        final_comment: run.comment,
        home: in_image(&first.root),
        manifests: copy_manifests(first, |_| true),
        build_install: (!build_packages.is_empty())
            .then(|| install(Base::Slim, &build_packages, false)),
        sources: copies(
            services
                .iter()
                .flat_map(|service| &service.sources)
                .filter(|path| !first.manifest_includes.contains(path)),
        ),
        restore: format!("dotnet restore {}{locked}", sh(entry)),
        publish: format!(
            "{build} --no-restore --output {} -p:UseAppHost=false",
            sh(&format!("/final{workdir}"))
        ),
        workdir,
        install: install(kind, &system, is_before_8(first)),
        script: input.path("shipway_shell").unwrap_or_default().to_owned(),
        env: environment(first, kind),
        user: if is_before_8(first) { USER.1 } else { USER.0 },
        entrypoint: [tini, "-e", "143", "--", "sh", START]
            .map(str::to_owned)
            .into(),
        command: started(first).unwrap_or_default(),
        healthcheck: probe(first),
        volumes: volumes(services),
    }
}

/// Whether it runs on a .NET whose images have no user of their own, and that knows no list of ports.
fn is_before_8(service: &Service) -> bool {
    let fact = service.runtime_version.as_ref();
    let major = fact.and_then(|fact| fact.value.split('.').next()?.parse::<u32>().ok());
    major.is_some_and(|major| major < 8)
}

/// What the program is told: where to listen, and what the repository sets.
fn environment(service: &Service, kind: Base) -> Vec<String> {
    let mut found: Vec<String> = environment::told(service).collect();
    if kind == Base::Alpine {
        found.push("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=false".to_owned());
    }
    found.sort();
    found
}

//! The image of the programs of a Go module: built in one stage, run on a base without a shell.

use super::super::Input;
use super::python::install;
use super::{base, copy, copy_manifests, in_image, outermost, probe, started, volumes};
use crate::config::Base;
use crate::project::{RelPath, Service};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Go {
    final_base: String,
    final_comment: Vec<String>,
    /// `1` where libraries of C are compiled in.
    cgo: &'static str,
    build_install: String,
    /// Where the init lies in the first stage.
    tini: &'static str,
    /// Folder of the module.
    home: String,
    pub(super) workdir: String,
    /// Arguments of COPY for what `go mod download` reads.
    manifests: Vec<String>,
    /// Whether the repository holds the modules that are required.
    vendored: bool,
    build: String,
    script: String,
    /// Arguments of COPY for what the programs open when they run.
    kept: Vec<String>,
    /// Folders that are volumes.
    volumes: Vec<String>,
    command: Vec<String>,
    healthcheck: Option<Vec<String>>,
}

/// The image that `services` share; the first gives its command.
// Out of line: every `init` comes by here, and most repositories have no program of this kind.
#[inline(never)]
pub(super) fn image(input: &Input, services: &[&Service]) -> Go {
    let first = services[0];
    let cgo = is_cgo(first);
    let kind = base::go_kind(input, first);
    let chosen = match kind {
        Base::Alpine => base::pinned(input, "alpine"),
        _ if cgo => base::pinned(input, "debian-slim"),
        _ => base::pinned(input, "distroless-static"),
    };
    let mut packages = vec![if kind == Base::Alpine {
        "tini-static"
    } else {
        "tini"
    }];
    packages.extend(first.build_packages.iter().map(|fact| fact.value.as_str()));
    let folders = services.iter().flat_map(|service| &service.static_dirs);
    let kept = outermost(folders.map(|fact| &fact.value));
    Go {
        final_base: chosen.reference,
        final_comment: chosen.comment,
        cgo: if cgo { "1" } else { "0" },
        build_install: install(kind, &packages, false),
        tini: if kind == Base::Alpine {
            "/sbin/tini-static"
        } else {
            "/usr/bin/tini-static"
        },
        home: in_image(&first.root),
        workdir: in_image(&first.working_dir.value),
        manifests: copy_manifests(first, |path| path.file_name() != "modules.txt"),
        vendored: is_vendored(first),
        build: build(services),
        script: input.path("shipway_go").unwrap_or_default().to_owned(),
        kept: kept
            .iter()
            .map(|path| copy(&[path.to_string()], &in_image(path)))
            .collect(),
        volumes: volumes(services),
        command: started(first).unwrap_or_default(),
        healthcheck: probe(first),
    }
}

/// Whether a compiler of C is needed.
pub(super) fn is_cgo(service: &Service) -> bool {
    !service.build_packages.is_empty()
}

fn is_vendored(service: &Service) -> bool {
    let vendored = |path: &RelPath| path.file_name() == "modules.txt";
    service.manifest_includes.iter().any(vendored)
}

/// The command that builds every program that runs from this image.
fn build(services: &[&Service]) -> String {
    let program = |command: &str| command.split(' ').next().unwrap_or_default().to_owned();
    let started: Vec<String> = services
        .iter()
        .filter_map(|service| Some(program(&service.server_command.as_ref()?.value)))
        .collect();
    let migrates = services
        .iter()
        .filter_map(|service| service.migration.as_ref()?.value.command.as_deref())
        .any(|command| !started.contains(&program(command)));
    let mut packages: Vec<&str> = services
        .iter()
        .filter_map(|service| Some(service.entry.as_ref()?.value.as_str()))
        .collect();
    packages.sort_unstable();
    packages.dedup();
    // A program of the module that is no service of its own.
    if migrates {
        packages = vec!["./..."];
    }
    let packages: Vec<String> = packages.into_iter().map(super::sh).collect();
    format!(
        "go build -trimpath -buildvcs=false -ldflags='-s -w' -o /out/ {}",
        packages.join(" ")
    )
}

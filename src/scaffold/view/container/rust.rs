//! The image of the programs of a Rust workspace: what is depended on is built before the source is
//! there, and what runs lies on a slim base.

use super::super::Input;
use super::python::{install, split};
use super::{
    base, copy, copy_manifests, environment, in_image, outermost, probe, sh, started, volumes,
};
use crate::config::Base;
use crate::project::{RelPath, Service};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Rust {
    final_base: String,
    final_comment: Vec<String>,
    build_install: String,
    /// What is installed where it runs; empty for nothing.
    final_install: String,
    /// Whether rustup would get another toolchain than the base brings.
    one_toolchain: bool,
    /// Folder of the workspace.
    home: String,
    pub(super) workdir: String,
    /// Arguments of COPY for what cargo reads before any source.
    manifests: Vec<String>,
    /// Makes empty targets; empty where the dependencies are not built for themselves.
    stubs: Vec<String>,
    build: String,
    /// The files that it makes.
    programs: Vec<String>,
    script: String,
    /// Arguments of COPY for what the programs open when they run.
    kept: Vec<String>,
    /// Folders that are volumes.
    volumes: Vec<String>,
    /// `NAME=value`: that the programs listen on every address, on which port, and what the repository
    /// itself sets.
    env: Vec<String>,
    command: Vec<String>,
    healthcheck: Option<Vec<String>>,
}

/// The image that `services` share; the first gives its command.
// Out of line: every `init` comes by here, and most repositories have no program of this kind.
#[inline(never)]
pub(super) fn image(input: &Input, services: &[&Service]) -> Rust {
    let first = services[0];
    let chosen = base::pinned(input, "debian-bookworm-slim");
    let mut packages = vec!["tini".to_owned()];
    let mut run: Vec<&str> = Vec::new();
    for service in services {
        for fact in &service.build_packages {
            if !packages.contains(&fact.value) {
                packages.push(fact.value.clone());
            }
        }
        for fact in &service.system_packages {
            if !run.contains(&fact.value.as_str()) {
                run.push(&fact.value);
            }
        }
    }
    let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
    let opened = services
        .iter()
        .flat_map(|service| service.static_dirs.iter().chain(&service.templates));
    let kept = outermost(opened.map(|fact| &fact.value));
    let (build, programs) = build(services);
    Rust {
        final_base: chosen.reference,
        final_comment: chosen.comment,
        build_install: install(Base::Slim, &packages, false),
        final_install: if run.is_empty() {
            String::new()
        } else {
            install(Base::Slim, &run, false)
        },
        one_toolchain: base::rust_toolchain(input, first),
        home: in_image(&first.root),
        workdir: in_image(&first.working_dir.value),
        manifests: copy_manifests(first, |path| !is_source(path)),
        stubs: stubs(first),
        build,
        programs,
        script: input.path("shipway_rust").unwrap_or_default().to_owned(),
        kept: kept
            .iter()
            .map(|path| copy(&[path.to_string()], &in_image(path)))
            .collect(),
        volumes: volumes(services),
        env: environment::told(first).collect(),
        command: started(first).unwrap_or_default(),
        healthcheck: probe(first),
    }
}

fn is_source(path: &RelPath) -> bool {
    path.extension() == "rs"
}

/// The words that make an empty source in the place of every target: `main` in programs, nothing in
/// libraries.
fn stubs(service: &Service) -> Vec<String> {
    if service.lock.is_none() {
        return Vec::new();
    }
    let sources: Vec<&RelPath> = service
        .manifest_includes
        .iter()
        .filter(|path| is_source(path))
        .collect();
    let place = |path: &RelPath| {
        let below = path.below(&service.root).unwrap_or_else(|| path.clone());
        sh(&below.to_string())
    };
    let mut folders: Vec<String> = sources
        .iter()
        .map(|path| place(&path.parent()))
        .filter(|folder| folder != ".")
        .collect();
    folders.sort();
    folders.dedup();
    let (libraries, programs): (Vec<&RelPath>, Vec<&RelPath>) = sources
        .into_iter()
        .partition(|path| path.file_name() == "lib.rs");
    let joined = |paths: &[&RelPath]| {
        let places: Vec<String> = paths.iter().map(|path| place(path)).collect();
        places.join(" ")
    };
    let mut found = Vec::new();
    if !folders.is_empty() {
        found.push(format!("mkdir -p {}", folders.join(" ")));
    }
    if !libraries.is_empty() {
        found.push(format!("touch {}", joined(&libraries)));
    }
    match programs.as_slice() {
        [] => {}
        [one] => found.push(format!("echo 'fn main() {{}}' > {}", place(one))),
        several => found.push(format!(
            "for source in {}; do echo 'fn main() {{}}' > \"$source\"; done",
            joined(several)
        )),
    }
    found
}

/// The command that builds every program that runs from this image, and the files that it makes.
fn build(services: &[&Service]) -> (String, Vec<String>) {
    let mut words: Vec<String> = Vec::new();
    let mut programs: Vec<String> = Vec::new();
    let commands = services.iter().filter_map(|service| service.build.as_ref());
    for command in commands {
        let all = split(&command.value);
        let is_own = |word: &String| matches!(word.as_str(), "--features" | "--package");
        let first = all.iter().position(is_own);
        let (common, targets) = all.split_at(first.unwrap_or(all.len()));
        if words.is_empty() {
            words.extend_from_slice(common);
        }
        for pair in targets.chunks(2) {
            let [option, name] = pair else { continue };
            let known = words.windows(2).any(|known| known == pair);
            if !known {
                words.extend([option.clone(), name.clone()]);
            }
            let made = format!("/target/release/{name}");
            if option == "--bin" && !programs.contains(&made) {
                programs.push(made);
            }
        }
    }
    let words: Vec<String> = words.iter().map(|word| sh(word)).collect();
    (words.join(" "), programs)
}

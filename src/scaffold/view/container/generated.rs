//! The stage that builds a site with its generator, before nginx hands out what that made.

use super::super::Input;
use super::python::install;
use super::{base, copies, copy_manifests, in_image};
use crate::config::Base;
use crate::project::Service;
use serde::Serialize;

/// Versions of generators where nothing in the repository names one.
const HUGO: &str = "0.148.2";
const ZOLA: &str = "0.21.0";
const MDBOOK: &str = "0.4.52";
const QUARTO: &str = "1.7.34";

#[derive(Debug, Serialize)]
pub(super) struct Generated {
    /// The name of its base in the Dockerfile.
    argument: &'static str,
    base: String,
    comment: Vec<String>,
    /// Sentences on how packages are installed.
    note: Vec<String>,
    /// Whether its own user is not root.
    root: bool,
    /// Packages of the system.
    system: Option<String>,
    home: String,
    /// Arguments of COPY for what an installation reads.
    manifests: Vec<String>,
    /// The command that installs the generator, where the base does not bring it.
    install: Option<String>,
    sources: Vec<String>,
    /// As RUN has it: in the form of JSON where the base has no shell.
    build: String,
    output: String,
}

/// None for pages that lie in the repository as they are.
pub(super) fn site(input: &Input, service: &Service) -> Option<Generated> {
    if service.ecosystem != "static" {
        return None;
    }
    let build = &service.build.as_ref()?.value;
    let output = &service.output.as_ref()?.value;
    let generator = service.framework.as_ref()?.value.as_str();
    let version = service.runtime_version.as_ref();
    let version = version.map(|fact| fact.value.as_str());
    let mut made = Generated {
        argument: "GENERATOR_BASE",
        base: String::new(),
        comment: Vec::new(),
        note: Vec::new(),
        root: generator == "hugo",
        system: None,
        home: in_image(&service.root),
        manifests: copy_manifests(service, |_| true),
        install: None,
        sources: copies(service.sources.iter()),
        build: build.clone(),
        output: in_image(output),
    };
    match generator {
        "hugo" | "zola" => {
            let usual = if generator == "hugo" { HUGO } else { ZOLA };
            let owner = if generator == "hugo" {
                "gohugoio"
            } else {
                "getzola"
            };
            let tag = version.unwrap_or(usual);
            made.base = format!("ghcr.io/{owner}/{generator}:v{tag}");
            made.comment = base::unpinned(false);
            made.guess(generator, version.is_none(), usual);
            let words: Vec<&str> = build.split(' ').collect();
            made.build = serde_json::to_string(&words).unwrap_or_default();
        }
        "quarto" => {
            made.base = format!("ghcr.io/quarto-dev/quarto:{}", version.unwrap_or(QUARTO));
            made.comment = base::unpinned(false);
            made.guess("Quarto", version.is_none(), QUARTO);
        }
        "myst" => {
            let chosen = base::pinned(input, "node-22-slim");
            (made.base, made.comment) = (chosen.reference, chosen.comment);
            made.install = Some("npm install --global mystmd".to_owned());
        }
        "mdbook" => {
            let chosen = base::pinned(input, "rust-slim-bookworm");
            (made.base, made.comment) = (chosen.reference, chosen.comment);
            made.guess(generator, version.is_none(), MDBOOK);
            made.install = Some(format!(
                "cargo install --locked --version {} mdbook",
                version.unwrap_or(MDBOOK)
            ));
        }
        "jekyll" => {
            let tag = version.unwrap_or(super::RUBY);
            made.base = format!("docker.io/library/ruby:{tag}-slim");
            made.comment = base::unpinned(false);
            made.guess("Ruby", version.is_none(), super::RUBY);
            made.system = Some(install(Base::Slim, &["build-essential", "git"], false));
            made.install = Some(if service.manifest.is_some() {
                "bundle install".to_owned()
            } else {
                "gem install --no-document jekyll".to_owned()
            });
        }
        _ => {
            let chosen = base::python(input, service);
            (made.base, made.comment) = (chosen.reference, chosen.comment);
            made.argument = "PYTHON_BASE";
            made.install = Some(made.pip(service));
        }
    }
    Some(made)
}

impl Generated {
    fn guess(&mut self, what: &str, is_guess: bool, usual: &str) {
        if is_guess {
            self.comment.insert(0, base::guess(what, usual));
        }
    }

    /// What the file of requirements says, else what the configuration names.
    fn pip(&mut self, service: &Service) -> String {
        let pip = "python -m pip install --disable-pip-version-check --root-user-action=ignore";
        if let Some(manifest) = &service.manifest {
            return format!(
                "{pip} --requirement {}",
                super::sh(&in_image(&manifest.value))
            );
        }
        self.note.push(
            "No file of requirements says what it is built with: these are what its configuration names, in the newest versions."
                .to_owned(),
        );
        let names: Vec<String> = service
            .requirements
            .iter()
            .map(|one| super::sh(&one.text()))
            .collect();
        format!("{pip} {}", names.join(" "))
    }
}

//! Elixir: applications of Phoenix, of Plug and of OTP alone, released by mix, umbrellas, and packages for
//! hex.pm.

mod application;
mod checks;
mod files;
mod health;
mod migration;
mod mix;
mod packages;
mod read;
mod server;
mod service;
mod settings;
mod source;
mod version;

use super::{Found, Tree};
use crate::project::{Evidence, Existing, Fact, Library, PackageManager};
use application::{Application, Shape};

pub(crate) use version::USUAL;

/// Looks for everything of Elixir in `tree`.
pub(super) fn look(tree: &Tree, existing: &Existing, found: &mut Found) {
    if tree.named("mix.exs").next().is_some() {
        projects(tree, existing, found);
    }
}

/// Out of line, so that a tree without a project of Elixir loads none of this.
#[inline(never)]
fn projects(tree: &Tree, existing: &Existing, found: &mut Found) {
    for application in &application::all(tree, existing) {
        let server = server::find(application);
        match application.shape(server.is_own()) {
            // A part of a project around it, which that builds or uses by hand.
            Shape::Library if application.inside => {}
            Shape::Library => found.libraries.push(library(application)),
            shape => {
                let service = service::service(application, shape, &server, found);
                found.services.extend(service);
            }
        }
    }
}

fn manager(application: &Application<'_>) -> Fact<PackageManager> {
    let mut fact = Fact::certain(
        PackageManager::Mix,
        Evidence::file(application.manifest.path.clone()),
    );
    fact.evidence
        .extend(application.lock.clone().map(Evidence::file));
    fact
}

/// A package: nothing of it runs as a container.
fn library(application: &Application<'_>) -> Library {
    Library {
        name: match &application.manifest.app {
            Some((name, at)) => Fact::certain(name.clone(), at.clone()),
            None => Fact::guess(
                application.root.file_name().to_owned(),
                "the name of its folder",
            ),
        },
        root: application.root.clone(),
        ecosystem: "elixir",
        framework: None,
        package_manager: Some(manager(application)),
        runtime_version: version::find(application),
        test: checks::test(application),
        lint: checks::lint(application),
        build: None,
    }
}
